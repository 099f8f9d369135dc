"""`tracker doctor`: what is wrong, and what to do about it, in words.

Each check is one function from the patient to its findings; none of them changes anything.
"""

import os
import shutil
import stat
from collections.abc import Callable, Iterator
from enum import StrEnum
from pathlib import Path
from typing import Final

import msgspec
import typer

from projections import generation
from projections.status import engine_status
from tracker.backup_proofs import OVERDUE, Proven
from tracker.cli.options import DataOption, JsonOption, example
from tracker.cli.output import print_json
from tracker.control import Control
from tracker.database import OLDEST_SQLITE, exclusive, open_reader, sqlite_version
from tracker.deployment import how_to_start
from tracker.errors import Busy, TrackerError
from tracker.log import LogReader
from tracker.settings import Settings, load_settings, unknown_variables
from tracker.timing import DAY, now

SHORT_SECRET: Final = 16
LITTLE_SPACE: Final = 1024**3
LONG_LAG: Final = 60


class Level(StrEnum):
    """How bad a finding is."""

    FINE = "fine"
    NOTICE = "notice"
    WRONG = "wrong"


class Finding(msgspec.Struct, frozen=True):
    """One thing that was looked at: what was found, and what to do if it is not fine."""

    level: Level
    says: str
    do: str = ""


def register(app: typer.Typer) -> None:
    """Add the command to `tracker`."""
    app.command(epilog=example("tracker doctor --data /var/lib/tracker"))(doctor)


def doctor(data: DataOption = None, json: JsonOption = False) -> None:
    """Say what is wrong and what to do. Exits 1 when something is wrong."""
    findings = list(examine(data))
    if json:
        print_json(findings)
    else:
        for finding in findings:
            typer.secho(f"{MARKS[finding.level]} {finding.says}", fg=COLOURS[finding.level])
            if finding.do:
                typer.echo(f"  → {finding.do}")
    raise typer.Exit(1 if any(f.level is Level.WRONG for f in findings) else 0)


MARKS: Final = {Level.FINE: "✓", Level.NOTICE: "!", Level.WRONG: "✗"}
COLOURS: Final = {
    Level.FINE: typer.colors.GREEN,
    Level.NOTICE: typer.colors.YELLOW,
    Level.WRONG: typer.colors.RED,
}


def examine(data: Path | None) -> Iterator[Finding]:
    """Everything that the doctor finds; an error in one check is a finding, too."""
    try:
        settings = load_settings(data)
    except TrackerError as error:
        yield Finding(Level.WRONG, str(error))
        return
    for check in CHECKS:
        try:
            yield from check(settings)
        except (TrackerError, OSError) as error:
            yield Finding(Level.WRONG, str(error))


def _sqlite(_settings: Settings) -> Iterator[Finding]:
    version = ".".join(map(str, sqlite_version()))
    if sqlite_version() < OLDEST_SQLITE:
        yield Finding(
            Level.WRONG, f"SQLite {version} can lose commits", "pip install --upgrade pysqlite3"
        )
    else:
        yield Finding(Level.FINE, f"SQLite {version}")


def _variables(_settings: Settings) -> Iterator[Finding]:
    for name in unknown_variables(os.environ):
        yield Finding(
            Level.NOTICE,
            f"{name} is set in the environment, but there is no such setting",
            "Compare it with the table of settings in the README",
        )


def _directory(settings: Settings) -> Iterator[Finding]:
    data = settings.data
    if not data.is_dir():
        yield Finding(
            Level.WRONG,
            f"There is no data directory {data}",
            "Name it with --data or TRACKER_DATA, or begin one with `tracker setup`",
        )
        return
    if stat.S_IMODE(data.stat().st_mode) & 0o077:
        yield Finding(
            Level.NOTICE,
            f"Other users of this machine can look into {data}, which holds personal data",
            f"chmod 700 {data}",
        )
    free = shutil.disk_usage(data).free
    little = free < LITTLE_SPACE
    yield Finding(
        Level.WRONG if little else Level.FINE,
        f"{free / 1024**3:,.1f} GiB are free in {data}",
        "Make room: without it deliveries are answered 503" if little else "",
    )


def _secrets(settings: Settings) -> Iterator[Finding]:
    if not settings.control_path.exists() and not settings.secrets:
        secrets = []
    else:
        secrets = Control(settings.control_path, settings.secrets).secrets()
    if not secrets:
        yield Finding(
            Level.WRONG,
            "There is no signing secret, so the service doesn't start",
            "`tracker setup` asks for it; or: tracker secret add --label popp --value -",
        )
    for secret in secrets:
        if len(secret.value) < SHORT_SECRET:
            yield Finding(
                Level.NOTICE,
                f"The secret {secret.label!r} has only {len(secret.value)} characters",
                "Make a longer one in the provider's portal, add it, then revoke this one",
            )
        if secret.last_verified_at is None:
            yield Finding(
                Level.NOTICE,
                f"The secret {secret.label!r} has not verified a delivery yet",
                "Send a test delivery from the provider's portal, or `tracker send --test`",
            )
        else:
            yield Finding(Level.FINE, f"The secret {secret.label!r} verifies deliveries")


def _service(settings: Settings) -> Iterator[Finding]:
    if not settings.log_path.exists():
        return
    try:
        with exclusive(settings.data / "log.lock", "writing the log"):
            start = how_to_start(settings.data)
            yield Finding(Level.NOTICE, "The service is not running", f"Start it: {start}")
    except Busy:
        yield Finding(Level.FINE, "The service is running")


def _log(settings: Settings) -> Iterator[Finding]:
    if not settings.log_path.exists():
        start = how_to_start(settings.data)
        yield Finding(Level.NOTICE, "There is no log yet", f"Start the service: {start}")
        return
    reader = LogReader(settings.data)
    try:
        stats = reader.stats()
    finally:
        reader.close()
    yield Finding(Level.FINE, f"The log holds {stats.events:,} events")
    if stats.quarantine_waiting:
        yield Finding(
            Level.NOTICE,
            f"Deliveries that wait in quarantine: {stats.quarantine_waiting:,}",
            "Look at them: tracker quarantine list",
        )
    if stats.outcomes.get("rejected"):
        yield Finding(
            Level.NOTICE,
            f"Rejected deliveries on record: {stats.outcomes['rejected']:,}",
            "If they came from the provider, its secret is missing here: tracker secret list",
        )


def _views(settings: Settings) -> Iterator[Finding]:
    if not settings.log_path.exists():
        return
    path = generation.served(settings.data)
    if path is None:
        yield Finding(Level.WRONG, "There are no views", "Make them: tracker rebuild")
        return
    views, reader = open_reader(path), LogReader(settings.data)
    try:
        status = engine_status(views, reader, generation.number(path), now())
    finally:
        views.close()
        reader.close()
    behind = max((p.lag_seconds for p in status.projections), default=0)
    if behind > LONG_LAG:
        yield Finding(
            Level.WRONG,
            f"The views are {behind:,.0f} seconds behind the log",
            f"Start the service, which folds them: {how_to_start(settings.data)}",
        )
    broken = {p.name: p.broken for p in status.projections if p.broken}
    for name, count in broken.items():
        yield Finding(
            Level.WRONG,
            f"Entities of {name} that could not be folded: {count:,}",
            "Their errors stand on the System page; after an update: tracker rebuild",
        )
    if behind <= LONG_LAG and not broken:
        yield Finding(Level.FINE, f"Generation {status.generation} of the views is up to date")


def _jobs(settings: Settings) -> Iterator[Finding]:
    if not settings.control_path.exists():
        return
    for job in Control(settings.control_path).job_results():
        if job.ok is False:
            yield Finding(
                Level.WRONG,
                f"The job {job.name} failed: {job.result}",
                "Find its traceback in the service's log lines",
            )


def _backups(settings: Settings) -> Iterator[Finding]:
    if not settings.log_path.exists():
        return
    if not settings.nightly_backup:
        yield Finding(
            Level.NOTICE,
            "No backup is made at night: nightly_backup is off",
            "Plan `tracker backup --prove` yourself, or switch it on",
        )
    newest, good = _last_backups(settings)
    if newest is not None and newest.problem:
        yield Finding(
            Level.WRONG,
            f"The last backup failed: {newest.problem}",
            "Make one and see: tracker backup --prove",
        )
    if good is None:
        yield Finding(
            Level.NOTICE,
            "No backup was proven restorable yet",
            "Wait for the night, or make one now: tracker backup --prove",
        )
        return
    age = now() - good.at
    old = age > OVERDUE
    yield Finding(
        Level.WRONG if old else Level.FINE,
        f"The last backup proven restorable is {good.file}, {age // DAY} days old",
        "Make one now: tracker backup --prove" if old else "",
    )


def _last_backups(settings: Settings) -> tuple[Proven | None, Proven | None]:
    """The last attempt, and the last one that was proven restorable."""
    if not settings.control_path.exists():
        return None, None
    proofs = Control(settings.control_path).backup_proofs
    return proofs.newest(), proofs.last_good()


CHECKS: Final[tuple[Callable[[Settings], Iterator[Finding]], ...]] = (
    _sqlite,
    _variables,
    _directory,
    _secrets,
    _service,
    _log,
    _views,
    _jobs,
    _backups,
)
