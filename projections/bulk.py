"""Builds a whole generation at once, with as many processes as help.

1. Workers read ranges of the log and say which entities each event belongs to; this
   goes into a scratch file, ordered by entity.
2. Workers fold whole entities, in that order; the rows come back sorted by key.
3. Indexes, people and digests are made at the end.

Memory does not grow with the log, but for the identities of people.
"""

import os
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from contextlib import ExitStack
from itertools import groupby
from multiprocessing import get_context
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from projections import generation
from projections.catalogue import PROJECTIONS
from projections.codec import MODULUS, Columns, digest_of
from projections.entities import HEARD, SELECT_ROW, entities_of, read_at
from projections.folding import Folded, fold_entity, pack_positions
from projections.people import joined
from projections.projection import by_record
from tracker.database import Connection, open_reader, open_writer, transaction
from tracker.events import read_event
from tracker.timing import HOUR

RANGE = 10_000  # events whose entities one task names
CHUNK = 4_000  # events that one task folds, unless a single entity has more
FEW = 20_000  # a log so short that starting processes would take longer than folding it

NUMBERS = {projection.name: number for number, projection in enumerate(PROJECTIONS)}
# Types whose entities are told by the record alone, so that the payload need not be read.
BY_RECORD = {
    name: [NUMBERS[projection.name] for projection in hearing]
    for name, hearing in HEARD.items()
    if all(projection.key is by_record for projection in hearing)
}

Progress = Callable[[str, int, int], None]
Members = list[tuple[int, str, int]]
Task = list[tuple[int, str, list[int]]]
Result = TypeVar("Result")


class Chunk(msgspec.Struct):
    """The rows that a worker folded, by view, and what they add to tallies and digests."""

    rows: dict[str, list[Columns]]
    entities: list[tuple[str, str, bytes, str | None]]
    tallies: dict[Columns, tuple[int, int]]
    digests: dict[str, int]
    positions: int


def build(data: Path, path: Path, until: int, processes: int | None, progress: Progress) -> None:
    """Fold the log up to a position into a new file.

    `progress` is told the stage, and how many positions of how many are done.
    """
    with ExitStack() as stack:
        views = open_writer(path)
        stack.callback(views.close)
        views.execute("PRAGMA journal_mode = OFF")
        views.execute("PRAGMA synchronous = OFF")
        workers = _workers(data, until, processes)
        stack.callback(workers.shutdown, wait=True, cancel_futures=True)
        with transaction(views):
            generation.create_tables(views)
            members, feed = _group(stack, path, workers, until, progress)
            _fold(views, workers, members, progress)
            _finish(views, feed, until)
        views.execute("PRAGMA synchronous = FULL")
        views.execute("PRAGMA journal_mode = WAL")
    _sync(path)


def _workers(data: Path, until: int, processes: int | None) -> Executor:
    count = processes or os.cpu_count() or 1
    if count == 1 or (processes is None and until <= FEW):
        return _Here(data)
    return ProcessPoolExecutor(
        count, mp_context=get_context("spawn"), initializer=_open_log, initargs=(str(data),)
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


def _group(
    stack: ExitStack, path: Path, workers: Executor, until: int, progress: Progress
) -> tuple[Connection, "Counter[Columns]"]:
    """A scratch file with (projection, key, position) in that order, and the feed's counts."""
    scratch_path = path.with_suffix(".scratch")
    scratch_path.unlink(missing_ok=True)
    scratch = open_writer(scratch_path)
    stack.callback(scratch_path.unlink)
    stack.callback(scratch.close)
    scratch.execute("PRAGMA journal_mode = OFF")
    scratch.execute("PRAGMA synchronous = OFF")
    scratch.execute("PRAGMA cache_size = -65536")
    scratch.execute(
        "CREATE TABLE members (projection INTEGER, key TEXT, position INTEGER,"
        " PRIMARY KEY (projection, key, position)) WITHOUT ROWID"
    )
    feed: Counter[Columns] = Counter()
    ranges = [(start, min(start + RANGE, until)) for start in range(0, until, RANGE)]
    with transaction(scratch):
        for end, (members, counted) in zip(
            ranges, _in_order(workers, name_entities, ranges), strict=True
        ):
            scratch.executemany("INSERT INTO members VALUES (?, ?, ?)", members)
            feed.update(counted)
            progress("reading", end[1], until)
    return scratch, feed


def name_entities(span: tuple[int, int]) -> tuple[Members, "Counter[Columns]"]:
    """A worker's task: the entities of the events after one position up to another."""
    members: Members = []
    feed: Counter[Columns] = Counter()
    rows = _LOG[-1].execute(f"{SELECT_ROW} WHERE position > ? AND position <= ?", span)
    for position, event_id, type_name, record_id, organization_id, occurred_at, body in rows:
        feed[occurred_at // HOUR, type_name, organization_id] += 1
        numbers = BY_RECORD.get(type_name)
        if numbers is not None:
            members.extend((number, record_id, position) for number in numbers if record_id)
            continue
        event = read_event(event_id, type_name, record_id, organization_id, occurred_at, body)
        members.extend((NUMBERS[name], key, position) for name, key in entities_of(event))
    members.sort()
    return members, feed


def _fold(views: Connection, workers: Executor, scratch: Connection, progress: Progress) -> None:
    total = scratch.execute("SELECT count(*) FROM members").fetchone()[0]
    tallies: dict[Columns, tuple[int, int]] = {}
    digests: Counter[str] = Counter()
    rows: Counter[str] = Counter()
    done = 0
    for chunk in _in_order(workers, fold_chunk, _tasks(scratch)):
        for view, came in chunk.rows.items():
            views.executemany(generation.insert_into(view), came)
            rows[view] += len(came)
        views.executemany(
            "INSERT INTO entities (projection, key, positions, broken) VALUES (?, ?, ?, ?)",
            chunk.entities,
        )
        _add(tallies, chunk.tallies)
        digests.update(chunk.digests)
        done += chunk.positions
        progress("folding", done, total)
    counted = sorted((*key, *value) for key, value in tallies.items() if value != (0, 0))
    _store(views, "tallies", counted)
    for view in rows:
        _note_view(views, view, rows[view], digests[view])


def _tasks(scratch: Connection) -> Iterator[Task]:
    task: Task = []
    size = 0
    members = scratch.execute("SELECT projection, key, position FROM members")
    for (projection, key), group in groupby(members, key=lambda row: (row[0], row[1])):
        positions = [position for _, _, position in group]
        task.append((projection, key, positions))
        size += len(positions)
        if size >= CHUNK:
            yield task
            task, size = [], 0
    if task:
        yield task


def fold_chunk(task: Task) -> Chunk:
    """A worker's task: fold whole entities."""
    events = read_at(_LOG[-1], {p for _, _, positions in task for p in positions})
    chunk = Chunk({}, [], {}, {}, sum(len(positions) for _, _, positions in task))
    for number, key, positions in task:
        projection = PROJECTIONS[number]
        folded = fold_entity(projection, key, [events[p] for p in positions])
        chunk.entities.append((projection.name, key, pack_positions(positions), folded.broken))
        _collect(chunk, folded)
    chunk.digests = {view: digest_of(rows) for view, rows in chunk.rows.items()}
    return chunk


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
    tallies = chunk.tallies
    for key, count, total in folded.tallies:
        before = tallies.get(key, (0, 0))
        tallies[key] = (before[0] + count, before[1] + total)


def _add(tallies: dict[Columns, tuple[int, int]], more: dict[Columns, tuple[int, int]]) -> None:
    for key, (count, total) in more.items():
        before = tallies.get(key, (0, 0))
        tallies[key] = (before[0] + count, before[1] + total)


def _finish(views: Connection, feed: "Counter[Columns]", until: int) -> None:
    generation.create_indexes(views)
    _store(views, "feed", sorted((*key, count) for key, count in feed.items()))
    links = views.execute("SELECT identity, projection, entity FROM links ORDER BY 2, 3, 1")
    _store(views, "people", sorted(joined(links).items()))
    views.execute("UPDATE checkpoint SET position = ?", (until,))


def _store(views: Connection, view: str, rows: list[Columns]) -> None:
    views.executemany(generation.insert_into(view), rows)
    _note_view(views, view, len(rows), digest_of(rows))


def _note_view(views: Connection, view: str, rows: int, digest: int) -> None:
    update = "UPDATE views SET rows = ?, digest = ? WHERE name = ?"
    views.execute(update, (rows, f"{digest % MODULUS:x}", view))


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
