"""The jobs that run by the clock, composed from the parts that they work on."""

from collections.abc import Callable
from pathlib import Path

from projections.background import BackgroundRebuild
from projections.erasing import Eraser
from tracker.backups.nightly import NightlyBackup
from tracker.backups.shelf import Keep
from tracker.control import SecretCache
from tracker.errors import TrackerError
from tracker.files import readable
from tracker.ingest import Ingest
from tracker.log import verify
from tracker.log.compressing import step_by_step
from tracker.schedule import Job, daily, every
from tracker.settings import Settings
from tracker.timing import DAY


class Compressor:
    """Compresses old bodies, a few at a time; a service that stops does not wait for the rest."""

    def __init__(self, ingest: Ingest) -> None:
        self._ingest = ingest
        self._stopping = False

    def run(self, days: int, now: int) -> str:
        """Compress what was received more than so many days ago; gives the result in words."""
        if not days:
            return "nothing is compressed"
        done = step_by_step(
            lambda: self._ingest.with_log(lambda log: log.compress(now - days * DAY)),
            lambda _done: not self._stopping,
        )
        return f"{done.events} events, {readable(done.before)} became {readable(done.after)}"

    def stop(self) -> None:
        """Begin nothing more."""
        self._stopping = True


class ProofFailed(TrackerError):
    """The nightly proof found a difference."""


def all_jobs(
    settings: Settings,
    ingest: Ingest,
    secrets: SecretCache,
    background: BackgroundRebuild,
    nightly: NightlyBackup,
    eraser: Eraser,
    compressor: Compressor,
    clock: Callable[[], int],
) -> list[Job]:
    """Everything that the service does without being asked."""
    jobs = [
        Job(
            "note secrets",
            "Remembers when each signing secret last verified a delivery",
            every(30),
            lambda: f"{secrets.flush()} used",
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
        Job(
            "erasures",
            "Erases what was joined to an erased person since",
            every(300),
            lambda: f"{eraser.extend()} people",
        ),
        Job(
            "retention",
            "Erases those who were last heard of longer ago than the retention",
            daily(settings.proof_hour, 45),
            lambda: _retain(settings, eraser, clock()),
        ),
        Job(
            "compress",
            "Compresses the bytes of events that are old enough",
            daily(settings.proof_hour, 50),
            lambda: compressor.run(settings.compress_after_days, clock()),
        ),
    ]
    if settings.nightly_backup:
        jobs.append(
            Job(
                "backup",
                "Makes a backup, restores it aside, compares; then deletes what is too old",
                daily(settings.backup_hour),
                lambda: nightly.run(clock),
            )
        )
    if not settings.external_checkpoints:
        jobs.append(
            Job(
                "checkpoint",
                "Moves the write-ahead log into log.db",
                every(300),
                lambda: ingest.with_log(lambda log: log.checkpoint()),
            )
        )
    return jobs


def keep_rules(settings: Settings) -> Keep:
    """Which backups the settings keep."""
    return Keep(
        settings.backup_keep_daily, settings.backup_keep_weekly, settings.backup_keep_monthly
    )


def _prune(settings: Settings, ingest: Ingest, now: int) -> str:
    before = now - settings.delivery_retention_days * DAY
    return f"{ingest.with_log(lambda log: log.prune_deliveries(before))} forgotten"


def _retain(settings: Settings, eraser: Eraser, now: int) -> str:
    months = settings.retention_months
    if not months:
        return "everybody is kept"
    forgotten = eraser.retain(months, now, settings.retention_limit)
    return f"{forgotten} erased, who were last heard of more than {months} months ago"


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
