"""Makes a new generation beside the one being served, compares the two, and switches.

Pages keep answering from the old generation and ingest never waits: this only reads
the log and the old file. It can run beside the service or without it.
"""

import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import msgspec

from projections import generation
from projections.bulk import Progress, build
from projections.catalogue import PROJECTIONS
from projections.follower import Follower
from projections.generation import key_columns, view_columns
from tracker.database import Connection, exclusive, open_reader, read_only
from tracker.errors import InvalidInput, NotReady
from tracker.log import LogReader


class ViewDifference(msgspec.Struct, frozen=True):
    """How many rows a view has in the new generation and how many differ from the old one."""

    rows: int
    differing: int


class RebuildReport(msgspec.Struct, frozen=True):
    """What a rebuild did. Both generations stood at `position` when they were compared.

    `raised` lists projections whose version is newer than in the old generation: these
    are expected to differ.
    """

    position: int
    events: int
    seconds: float
    generation: int
    compared_with: int | None
    switched: bool
    raised: list[str]
    views: dict[str, ViewDifference]

    @property
    def parity(self) -> bool:
        """Whether no row differs in a view of a projection whose version stayed the same."""
        expected = {t.name for p in PROJECTIONS if p.name in self.raised for t in p.tables}
        shared = set(generation.SHARED_VIEWS) if self.raised else set()
        return all(
            difference.differing == 0
            for name, difference in self.views.items()
            if name not in expected | shared
        )


def rebuild(
    data: Path,
    *,
    names: Sequence[str] = (),
    check: bool = False,
    require_parity: bool = False,
    processes: int | None = None,
    progress: Progress = lambda _stage, _done, _total: None,
) -> RebuildReport:
    """Build, compare and, unless `check`, switch; returns what differed.

    All views are built; `names` narrows the comparison to some projections. With
    `require_parity` a generation that differs without reason is not switched to.
    Raises Busy while another rebuild runs, InvalidInput for an unknown name,
    NotReady when there is no log.
    """
    _refuse_unknown(names)
    with exclusive(data / "rebuild.lock", "rebuilding the views"), ExitStack() as stack:
        old = generation.served(data)
        generation.remove_unfinished(data, old)
        new = generation.next_file(data)
        stack.callback(_remove_unless_served, data, new)
        report = _build_and_compare(data, old, new, names, processes, progress)
        if check or (require_parity and not report.parity):
            return report
        _catch_up(data, old, new)
        generation.switch(data, new)
        generation.remove_all_but(data, old, new)
        _remove_outdated(data, old)
        return msgspec.structs.replace(report, switched=True)


def _remove_outdated(data: Path, old: Path | None) -> None:
    """Nobody goes back to a generation in which somebody who was erased still stands."""
    reader = LogReader(data)
    try:
        if old is not None and generation.position_of(old) < reader.last_erasure():
            generation.remove(old)
    finally:
        reader.close()


def _refuse_unknown(names: Sequence[str]) -> None:
    known = [projection.name for projection in PROJECTIONS]
    for name in names:
        if name not in known:
            raise InvalidInput(f"There is no projection {name!r}; there are {', '.join(known)}")


def _remove_unless_served(data: Path, new: Path) -> None:
    if generation.served(data) != new:
        generation.remove(new)


def _build_and_compare(
    data: Path,
    old: Path | None,
    new: Path,
    names: Sequence[str],
    processes: int | None,
    progress: Progress,
) -> RebuildReport:
    started = time.monotonic()
    until = _target(data, old)
    build(data, new, until, processes, progress)
    with ExitStack() as stack:
        both = open_reader(new)
        stack.callback(both.close)
        if old is not None:
            both.execute("ATTACH ? AS old", (read_only(old),))
        both.execute("BEGIN")
        raised = _raised(both) if old else []
        position = _meet(data, both, new) if old else until
        views = _compare(both, names, compare=old is not None, progress=progress)
    return RebuildReport(
        position=position,
        events=position,
        seconds=round(time.monotonic() - started, 3),
        generation=generation.number(new),
        compared_with=generation.number(old) if old else None,
        switched=False,
        raised=raised,
        views=views,
    )


def _target(data: Path, old: Path | None) -> int:
    """Never past the old generation, which could not be compared with a newer one."""
    reader = LogReader(data)
    try:
        head = reader.head()
    finally:
        reader.close()
    if old is None:
        return head
    views = open_reader(old)
    try:
        return min(head, generation.position(views))
    finally:
        views.close()


def _meet(data: Path, both: Connection, new: Path) -> int:
    """Fix the old generation at where it is now, and bring the new one to the same position.

    The snapshot of an attached file begins with its first read: first the old one's, and
    the new one's only when it has caught up.
    """
    position = int(both.execute("SELECT position FROM old.checkpoint").fetchone()[0])
    follower = Follower(data, new)
    try:
        while follower.step(until=position).events:
            pass
    finally:
        follower.close()
    return position


def _raised(both: Connection) -> list[str]:
    before = dict(both.execute("SELECT name, version FROM old.projections").fetchall())
    return [p.name for p in PROJECTIONS if before.get(p.name) != p.version]


def _compare(
    both: Connection, names: Sequence[str], *, compare: bool, progress: Progress
) -> dict[str, ViewDifference]:
    wanted = [table.name for p in PROJECTIONS if not names or p.name in names for table in p.tables]
    views = wanted + ([] if names else list(generation.SHARED_VIEWS))
    differences = {}
    for done, view in enumerate(views, 1):
        rows = both.execute(f"SELECT count(*) FROM main.{view}").fetchone()[0]
        differing = _differing(both, view, rows) if compare else 0
        differences[view] = ViewDifference(rows, differing)
        progress("comparing", done, len(views))
    return differences


def _differing(both: Connection, view: str, rows: int) -> int:
    """Rows that changed or came, and rows that went, found by primary key."""
    before = [row[1] for row in both.execute(f"PRAGMA old.table_info({view})")]
    if not set(view_columns(view)) <= set(before):
        return int(rows)
    same = " AND ".join(f"o.{name} IS n.{name}" for name in view_columns(view))
    key = " AND ".join(f"o.{name} = n.{name}" for name in key_columns(view))
    changed_or_came = f"""
        SELECT count(*) FROM main.{view} AS n
        WHERE NOT EXISTS (SELECT 1 FROM old.{view} AS o WHERE {key} AND {same})
    """
    went = f"""
        SELECT count(*) FROM old.{view} AS o
        WHERE NOT EXISTS (SELECT 1 FROM main.{view} AS n WHERE {key})
    """
    differing = int(both.execute(changed_or_came).fetchone()[0])
    (rows_before,) = both.execute(f"SELECT count(*) FROM old.{view}").fetchone()
    if differing == 0 and rows_before == rows:
        return 0  # all rows are in the old one, which has no more: none can have gone
    return differing + int(both.execute(went).fetchone()[0])


def _catch_up(data: Path, old: Path | None, new: Path) -> None:
    """Follow the log to its end, so that nobody sees an earlier moment after the switch."""
    if old is None and not new.exists():
        raise NotReady(f"{new.name} disappeared while it was being built; run the rebuild again")
    follower = Follower(data, new)
    try:
        while follower.step().events:
            pass
    finally:
        follower.close()
