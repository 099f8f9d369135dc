"""Builds a whole generation at once, with as many processes as help.

1. The log is sorted by entity (`projections.grouping`).
2. Workers fold whole entities, in that order; the rows come back sorted by key.
3. Indexes, people and digests are made at the end.

Memory does not grow with the log, but for the identities of people.
"""

import gc
import json
import os
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from contextlib import closing
from multiprocessing import get_context
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from projections.catalogue import PROJECTIONS
from projections.codec import MODULUS, Columns, digest_of
from projections.entities import read_at
from projections.folding import Folded, fold_entity, pack_positions
from projections.grouping import Groups, Span, Told, read_span, scratch_groups, spans
from projections.layout import layout
from projections.people import joined
from projections.persons import all_persons
from projections.projection import Counter
from projections.tables import create_indexes, create_tables
from tracker import files
from tracker.database import Connection, open_reader, open_writer, transaction

CHUNK = 5_000  # events that one task folds, unless a single entity has more
CACHE = 49_152  # KiB of pages kept while rows and indexes are written
FEW = 20_000  # a log so short that starting processes would take longer than folding it

Progress = Callable[[str, int, int], None]
Task = list[tuple[int, str, str]]
Result = TypeVar("Result")


class Chunk(msgspec.Struct):
    """The rows that a worker folded, by view, and what they add to tallies and digests.

    `rows` and `common` are laid out as their tables hold them.

    It travels between processes as MessagePack, in a third of the time that pickling takes.
    """

    rows: dict[str, list[Columns]]
    common: dict[str, dict[int, Columns]]
    entities: list[Columns]
    tallies: dict[Counter, tuple[int, int]]
    digests: dict[str, str]
    positions: int


_pack = msgspec.msgpack.Encoder().encode
_unpack = msgspec.msgpack.Decoder(Chunk).decode


def build(data: Path, path: Path, until: int, processes: int | None, progress: Progress) -> None:
    """Fold the log up to a position into a new file.

    `progress` is told the stage, and how many positions of how many are done.
    """
    views = open_writer(path)
    with closing(views):
        views.execute("PRAGMA journal_mode = OFF")
        views.execute("PRAGMA synchronous = OFF")
        views.execute(f"PRAGMA cache_size = -{CACHE}")
        with transaction(views):
            create_tables(views)
            feed = _fill(views, data, path.with_suffix(".scratch"), until, processes, progress)
            _finish(views, feed, until)
        views.execute("PRAGMA synchronous = FULL")
        views.execute("PRAGMA journal_mode = WAL")
    files.sync(path)


def _fill(
    views: Connection,
    data: Path,
    scratch: Path,
    until: int,
    processes: int | None,
    progress: Progress,
) -> Mapping[Columns, int]:
    """Everything but indexes, feed and people; gives the counts of the feed."""
    with (
        _workers(data, until, processes) as workers,
        scratch_groups(data / "log.db", scratch) as groups,
    ):
        _sort(groups, workers, until, progress)
        _fold(views, workers, groups, progress)
        return groups.feed


def _workers(data: Path, until: int, processes: int | None) -> Executor:
    count = processes or os.cpu_count() or 1
    if count == 1 or (processes is None and until <= FEW):
        return _Here(data)
    return ProcessPoolExecutor(
        count, mp_context=get_context("spawn"), initializer=_begin, initargs=(str(data),)
    )


class _Here(Executor):
    """Runs every task at once in this process."""

    def __init__(self, data: Path) -> None:
        _open_log(str(data))

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> "Future[Any]":
        future: Future[Any] = Future()
        future.set_result(fn(*args, **kwargs))
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: ARG002 - as its base
        _LOG.pop().close()


# The log's connection of a worker process, opened once by its initializer.
_LOG: list[Connection] = []


def _open_log(data: str) -> None:
    _LOG.append(open_reader(Path(data) / "log.db"))


def _begin(data: str) -> None:
    """A worker process: what it makes has no cycles, so it does not look for any."""
    gc.disable()
    _open_log(data)


def _in_order(
    workers: Executor, job: Callable[[Any], Result], tasks: Iterable[Any]
) -> Iterator[Result]:
    """Results in the order of the tasks, with only a few tasks on their way at a time."""
    waiting: deque[Future[Result]] = deque()
    for task in tasks:
        waiting.append(workers.submit(job, task))
        if len(waiting) > 2 * (os.cpu_count() or 1):
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()


def _sort(groups: Groups, workers: Executor, until: int, progress: Progress) -> None:
    ranges = spans(until)
    for span, told in zip(ranges, _in_order(workers, tell, ranges), strict=True):
        groups.sort(span, told)
        progress("reading", span[1], until)


def tell(span: Span) -> Told:
    """A worker's task: what only payloads tell of a span of the log."""
    return read_span(_LOG[-1], span)


def _fold(views: Connection, workers: Executor, groups: Groups, progress: Progress) -> None:
    tallies: dict[Counter, tuple[int, int]] = {}
    digests: defaultdict[str, int] = defaultdict(int)
    rows: defaultdict[str, int] = defaultdict(int)
    known: defaultdict[str, set[int]] = defaultdict(set)
    done = 0
    for chunk in map(_unpack, _in_order(workers, fold_chunk, _tasks(groups))):
        for view, came in chunk.rows.items():
            views.executemany(layout(view).insert, came)
            rows[view] += len(came)
        for view, common in chunk.common.items():
            new = common.keys() - known[view]
            rows_in_common = [(number, *common[number]) for number in new]
            views.executemany(layout(view).insert_common, rows_in_common)
            known[view] |= new
        views.executemany(
            "INSERT INTO entities (projection, key, last_event_at, name, positions, broken)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            chunk.entities,
        )
        for key, added in chunk.tallies.items():
            _add(tallies, key, *added)
        for view, digest in chunk.digests.items():
            digests[view] += int(digest, 16)
        done += chunk.positions
        progress("folding", done, groups.size)
    counted = sorted((*key, *value) for key, value in tallies.items() if value != (0, 0))
    _store(views, "tallies", counted)
    for view in rows:
        _note_view(views, view, rows[view], digests[view])


def _tasks(groups: Groups) -> Iterator[Task]:
    task: Task = []
    size = 0
    for number, key, positions, count in groups.entities():
        task.append((number, key, positions))
        size += count
        if size >= CHUNK:
            yield task
            task, size = [], 0
    if task:
        yield task


def fold_chunk(task: Task) -> bytes:
    """A worker's task: fold whole entities, given with their positions as JSON, to a Chunk."""
    entities = [(number, key, json.loads(positions)) for number, key, positions in task]
    events = read_at(_LOG[-1], {p for _, _, positions in entities for p in positions})
    chunk = Chunk({}, {}, [], {}, {}, sum(len(positions) for _, _, positions in entities))
    for number, key, positions in entities:
        projection = PROJECTIONS[number]
        folded = fold_entity(projection, key, [events[p] for p in positions])
        told = (folded.last_event_at, folded.name)
        chunk.entities.append(
            (projection.name, key, *told, pack_positions(positions), folded.broken)
        )
        _collect(chunk, folded)
    for view, rows in chunk.rows.items():
        chunk.digests[view] = f"{digest_of(rows):x}"
        chunk.rows[view], common = layout(view).apart(rows)
        if common:
            chunk.common[view] = common
    return _pack(chunk)


def _collect(chunk: Chunk, folded: Folded) -> None:
    for view, row in folded.rows:
        chunk.rows.setdefault(view, []).append(row)
    for view, rows in (
        ("attention", folded.attention),
        ("links", folded.links),
        ("search", folded.search),
    ):
        if rows:
            chunk.rows.setdefault(view, []).extend(rows)
    for tally in folded.tallies:
        _add(chunk.tallies, *tally)


def _add(tallies: dict[Counter, tuple[int, int]], counter: Counter, count: int, total: int) -> None:
    before = tallies.get(counter)
    tallies[counter] = (before[0] + count, before[1] + total) if before else (count, total)


def _finish(views: Connection, feed: Mapping[Columns, int], until: int) -> None:
    create_indexes(views)
    _store(views, "feed", sorted((*key, count) for key, count in feed.items()))
    links = views.execute("SELECT identity, projection, entity FROM links ORDER BY 2, 3, 1")
    people = joined(links)
    _store(views, "people", sorted(people.items()))
    _store(views, "persons", all_persons(views, people))
    views.execute("UPDATE checkpoint SET position = ?", (until,))


def _store(views: Connection, view: str, rows: list[Columns]) -> None:
    views.executemany(layout(view).insert, rows)
    _note_view(views, view, len(rows), digest_of(rows))


def _note_view(views: Connection, view: str, rows: int, digest: int) -> None:
    update = "UPDATE views SET rows = ?, digest = ? WHERE name = ?"
    views.execute(update, (rows, f"{digest % MODULUS:x}", view))
