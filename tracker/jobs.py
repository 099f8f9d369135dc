"""The jobs that run by the clock, composed from the parts that they work on."""

from collections.abc import Callable
from pathlib import Path

from projections.background import BackgroundRebuild
from tracker.control import SecretCache
from tracker.errors import TrackerError
from tracker.ingest import Ingest
from tracker.log import verify
from tracker.schedule import Job, daily, every
from tracker.settings import Settings
from tracker.timing import DAY


class ProofFailed(TrackerError):
    """The nightly proof found a difference."""


def all_jobs(
    settings: Settings,
    ingest: Ingest,
    secrets: SecretCache,
    background: BackgroundRebuild,
    clock: Callable[[], int],
) -> list[Job]:
    """Everything that the service does without being asked."""
    return [
        Job(
            "note secrets",
            "Remembers when each signing secret last verified a delivery",
            every(30),
            lambda: f"{secrets.flush()} used",
        ),
        Job(
            "checkpoint",
            "Moves the write-ahead log into log.db",
            every(300),
            lambda: ingest.with_log(lambda log: log.checkpoint()),
        ),
        Job(
            "prune deliveries",
            "Forgets deliveries that are older than the retention",
            daily(settings.proof_hour, 30),
            lambda: _prune(settings, ingest, clock()),
        ),
        Job(
            "proof",
            "Rebuilds all views aside, compares them with the served ones, walks the chain",
            daily(settings.proof_hour),
            lambda: prove(settings.data, background),
        ),
    ]


def _prune(settings: Settings, ingest: Ingest, now: int) -> str:
    before = now - settings.delivery_retention_days * DAY
    return f"{ingest.with_log(lambda log: log.prune_deliveries(before))} forgotten"


def prove(data: Path, background: BackgroundRebuild) -> str:
    """Prove that the views follow from the log and that the log was not changed.

    Gives the result in words; raises ProofFailed with what differs.
    """
    report = background.run(check=True)
    differing = {name: d.differing for name, d in report.views.items() if d.differing}
    verification = verify(data)
    if differing or not verification.ok:
        raise ProofFailed(f"Rows differ: {differing or 'none'}; log: {verification.reason or 'ok'}")
    rows = sum(difference.rows for difference in report.views.values())
    return (
        f"{report.events} events rebuilt into {rows} rows, none differs; "
        f"the chain ends in {verification.head_chain[:16]}"
    )
