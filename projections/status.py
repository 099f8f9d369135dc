"""How far the views are, how they were built, and their digests."""

from collections.abc import Mapping
from pathlib import Path

import msgspec

from projections import generation
from projections.catalogue import PROJECTIONS
from projections.codec import MODULUS, digest_of, digest_text
from projections.layout import select_view, view_names
from tracker.database import Connection, open_reader, snapshot
from tracker.log import LogReader
from tracker.timing import SECOND


class ProjectionStatus(msgspec.Struct, frozen=True):
    """One projection: up to which position it is folded, and how far that is behind the log."""

    name: str
    version: int
    position: int
    lag_events: int
    lag_seconds: float
    broken: int
    digest: str


class Broken(msgspec.Struct, frozen=True):
    """An entity whose fold failed, with the traceback."""

    projection: str
    key: str
    traceback: str


class EngineStatus(msgspec.Struct, frozen=True):
    """The whole: the log's newest position, the served generation, its projections and views."""

    log_head: int
    generation: int
    projections: list[ProjectionStatus]
    views: dict[str, str]


def engine_status(views: Connection, log: LogReader, number: int, now: int) -> EngineStatus:
    """The status of generation `number` at `now`, with the digests kept with each write."""
    position = generation.position(views)
    head = log.head()
    lag = _lag_seconds(log, position, head, now)
    sums = stored_digests(views)
    return EngineStatus(
        log_head=head,
        generation=number,
        projections=[
            ProjectionStatus(
                name=projection.name,
                version=projection.version,
                position=position,
                lag_events=max(head - position, 0),
                lag_seconds=lag,
                broken=_broken_count(views, projection.name),
                digest=digest_text(sum(sums[table.name] for table in projection.tables)),
            )
            for projection in PROJECTIONS
        ],
        views={name: digest_text(total) for name, total in sums.items()},
    )


def _lag_seconds(log: LogReader, position: int, head: int, now: int) -> float:
    """Since when the oldest event that is not folded yet waits."""
    waiting = log.events(after=position, limit=1) if head > position else []
    return round(max(now - waiting[0].received_at, 0) / SECOND, 3) if waiting else 0.0


def _broken_count(views: Connection, projection: str) -> int:
    query = "SELECT count(*) FROM entities WHERE projection = ? AND broken IS NOT NULL"
    return int(views.execute(query, (projection,)).fetchone()[0])


def broken_entities(views: Connection, limit: int = 100) -> list[Broken]:
    """Entities whose fold failed."""
    query = "SELECT projection, key, broken FROM entities WHERE broken IS NOT NULL LIMIT ?"
    return [Broken(*row) for row in views.execute(query, (limit,))]


def stored_digests(views: Connection) -> Mapping[str, int]:
    """The sum of the row hashes of each view, as kept with each write."""
    rows = views.execute("SELECT name, digest FROM views").fetchall()
    return {name: int(total, 16) for name, total in rows}


def scanned_digests(views: Connection) -> dict[str, int]:
    """The same sums from the rows as they stand in the file: a proof, and a full scan."""
    return {name: digest_of(views.execute(select_view(name))) % MODULUS for name in view_names()}


class DigestReport(msgspec.Struct, frozen=True):
    """The digests of the served generation, scanned; it lags while `position` < `log_head`."""

    log_head: int
    position: int
    views: dict[str, str]


def digest_report(data: Path) -> DigestReport:
    """Scan the served generation; raises NotReady when there is none."""
    path = generation.served(data)
    views = open_reader(path if path is not None else data / generation.POINTER)
    reader = LogReader(data)
    try:
        with snapshot(views):
            sums = scanned_digests(views)
            texts = {name: digest_text(total) for name, total in sums.items()}
            return DigestReport(reader.head(), generation.position(views), texts)
    finally:
        views.close()
        reader.close()
