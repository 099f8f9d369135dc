"""Makes a new generation beside the one being served, compares the two, and switches.

Pages keep answering from the old generation and ingest never waits: this only reads
the log and the old file. It can run beside the service or without it.
"""

import time
from collections.abc import Sequence
from contextlib import ExitStack, closing
from pathlib import Path

import msgspec

from projections import generation
from projections.bulk import Progress, build
from projections.catalogue import PROJECTIONS
from projections.comparison import ViewDifference, comparison
from projections.follower import Follower
from projections.layout import SHARED_VIEWS
from tracker.database import exclusive, open_reader
from tracker.errors import InvalidInput, NotReady
from tracker.log import LogReader

# Where both stood, the projections whose version was raised, and what differs view by view.
Compared = tuple[int, list[str], dict[str, ViewDifference]]


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
        shared = set(SHARED_VIEWS) if self.raised else set()
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
    if old is None:
        compared: Compared = until, [], _counted(new, names)
    else:
        compared = _compare(data, old, new, names, progress)
    position, raised, views = compared
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


def _compare(
    data: Path, old: Path, new: Path, names: Sequence[str], progress: Progress
) -> Compared:
    with comparison(old, new) as both:
        before = both.versions
        raised = [p.name for p in PROJECTIONS if before.get(p.name) != p.version]
        _follow(data, new, until=both.position)
        views, found = _compared_views(names), {}
        for done, (view, difference) in enumerate(both.differences(views), 1):
            found[view] = difference
            progress("comparing", done, len(views))
        return both.position, raised, found


def _compared_views(names: Sequence[str]) -> list[str]:
    wanted = [table.name for p in PROJECTIONS if not names or p.name in names for table in p.tables]
    return wanted + ([] if names else list(SHARED_VIEWS))


def _counted(new: Path, names: Sequence[str]) -> dict[str, ViewDifference]:
    """Of a generation that there is nothing to compare with."""
    with closing(open_reader(new)) as views:
        rows = dict(views.execute("SELECT name, rows FROM views").fetchall())
    return {view: ViewDifference(rows[view], 0) for view in _compared_views(names)}


def _catch_up(data: Path, old: Path | None, new: Path) -> None:
    """Follow the log to its end, so that nobody sees an earlier moment after the switch."""
    if old is None and not new.exists():
        raise NotReady(f"{new.name} disappeared while it was being built; run the rebuild again")
    _follow(data, new)


def _follow(data: Path, new: Path, until: int = 2**62) -> None:
    with closing(Follower(data, new)) as follower:
        while follower.step(until=until).events:
            pass
