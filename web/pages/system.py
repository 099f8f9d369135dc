"""System: how the service is, for engineers."""

import shutil
from pathlib import Path
from typing import Any

import msgspec
from litestar import Response

from projections import generation
from projections.background import Rebuilding
from projections.going_back import previous
from projections.queries.arrivals import Arrivals, arrivals
from projections.rebuild import RebuildReport
from projections.status import Broken, EngineStatus, broken_entities
from tracker.log import LogStats
from tracker.release import versions
from tracker.schedule import JobStatus
from web.pages.backups import Backups, backups_of
from web.pages.frame import Asked, Given, show
from web.pages.places import place_of
from web.services import Services
from web.sparkline import Sparkline, sparkline

MOST_BROKEN = 20
MOST_REASONS = 8
RUNNABLE = frozenset({"backup", "proof"})  # jobs that somebody may want at once
OUTCOMES = ("duplicate", "conflict", "quarantined", "rejected")


class Key(msgspec.Struct, frozen=True):
    """A signing secret without its value."""

    label: str
    last_verified_at: int | None
    configured: bool


class Stored(msgspec.Struct, frozen=True):
    """Files of one kind and their size in bytes."""

    name: str
    size: int
    note: str = ""


class Disk(msgspec.Struct, frozen=True):
    """What the service has written, and the room that is left; sizes in bytes."""

    free: int
    total: int
    files: list[Stored]

    @property
    def scarce(self) -> bool:
        """Whether less than a tenth is free, or less than three times what the views take."""
        views = sum(file.size for file in self.files if file.name.startswith("views"))
        return self.free < max(self.total // 10, 3 * views)


class Refused(msgspec.Struct, frozen=True):
    """Why deliveries did not become events, and how many for this reason."""

    outcome: str
    reason: str
    count: int


class Rebuild(msgspec.Struct, frozen=True):
    """The rebuild under way, or the last one of this process."""

    progress: Rebuilding | None
    report: RebuildReport | None
    error: str | None
    previous: int | None


class Broke(msgspec.Struct, frozen=True):
    """An entity whose fold failed, and where it is shown."""

    entity: Broken
    url: str


class SystemPage(msgspec.Struct, frozen=True, kw_only=True):
    """Everything about the running service; `since_start` counts deliveries since it started."""

    status: EngineStatus
    broken: list[Broke]
    broken_count: int
    stats: LogStats
    arrivals: Arrivals
    trend: Sparkline
    refused: list[Refused]
    outcomes: dict[str, int]
    since_start: dict[str, int]
    jobs: list[JobStatus]
    runnable: frozenset[str]
    secrets: list[Key]
    rebuild: Rebuild
    backups: Backups
    disk: Disk
    versions: list[tuple[str, str]]
    writable: bool
    problem: str | None
    engine_running: bool
    engine_error: str | None
    browsers: int


def system(request: Asked, services: Given) -> Response[Any]:
    """How far the views are, what is broken, what the jobs did, which secrets are used."""
    return show(request, services, "system/page.html", "system/detail.html", _page(services))


def _page(services: Services) -> SystemPage:
    with services.views.read() as connection:
        broken = broken_entities(connection, MOST_BROKEN)
    status, stats = services.status(), services.log.stats()
    came = arrivals(services.log, services.now())
    return SystemPage(
        status=status,
        broken=[Broke(one, place_of(one.projection, one.key)) for one in broken],
        broken_count=sum(projection.broken for projection in status.projections),
        stats=stats,
        arrivals=came,
        trend=sparkline(came.hourly, "Events received in each of the last 24 hours"),
        refused=[Refused(*row) for row in services.log.reasons(MOST_REASONS)],
        outcomes={name: stats.outcomes.get(name, 0) for name in OUTCOMES},
        since_start=dict(services.ingest.outcomes),
        jobs=services.scheduler.status(),
        runnable=RUNNABLE,
        secrets=[
            Key(secret.label, secret.last_verified_at, secret.configured)
            for secret in services.control.secrets()
        ],
        rebuild=_rebuild(services),
        backups=backups_of(services),
        disk=disk_of(services.settings.data),
        versions=versions(),
        writable=services.ingest.writable,
        problem=services.ingest.problem,
        engine_running=services.engine.running,
        engine_error=services.engine.error,
        browsers=services.hub.browsers,
    )


def _rebuild(services: Services) -> Rebuild:
    rebuild, kept = services.rebuild, None
    if rebuild.progress is None:  # what is being made is not there to go back to
        kept = previous(services.settings.data)
    number = generation.number(kept) if kept else None
    return Rebuild(rebuild.progress, rebuild.report, rebuild.error, number)


def disk_of(data: Path) -> Disk:
    """The room that a data directory takes and has."""
    usage = shutil.disk_usage(data)
    served = generation.served(data)
    views = [
        Stored(f"views, generation {generation.number(path)}", _size(path), _role(path, served))
        for path in generation.generations(data)
    ]
    log = Stored("log.db", _size(data / "log.db"), "the events themselves")
    control = Stored("control.db", _size(data / "control.db"), "secrets and job results")
    return Disk(usage.free, usage.total, [log, *views, control])


def _role(path: Path, served: Path | None) -> str:
    if path == served:
        return "served"
    earlier = served is not None and generation.number(path) < generation.number(served)
    return "kept to go back to" if earlier else "not served"


def _size(path: Path) -> int:
    """With the write-ahead log; a file may go while it is looked at."""
    total = 0
    for name in (path, Path(f"{path}-wal")):
        try:
            total += name.stat().st_size
        except FileNotFoundError:
            continue
    return total
