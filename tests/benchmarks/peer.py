"""What another event store does on this machine: the package `eventsourcing`, without any HTTP.

`python -m tests.benchmarks.peer FILE DATABASE SAVED READ` saves SAVED bodies of FILE, each as
one event in one transaction, committed with `synchronous=FULL`; then READ more in large
transactions; then it reads and decodes all, without folding anything. Prints both rates.

The package is pinned beside the others, in `.ci/requirements-benchmarks.txt`.
"""

import json
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from uuid import uuid4

from eventsourcing.application import Application
from eventsourcing.domain import DomainEvent, datetime_now_with_tzinfo

BATCH = 1_000
SYNCHRONOUS_FULL = 2


@dataclass(frozen=True)
class Delivered(DomainEvent):
    """A body was received."""

    body: str


def main() -> None:
    """Print events a second as JSON."""
    file, database, saved, read = sys.argv[1:5]
    store = Application({"PERSISTENCE_MODULE": "eventsourcing.sqlite", "SQLITE_DBNAME": database})
    with store.recorder.datastore.transaction(commit=False) as cursor:
        cursor.execute("PRAGMA synchronous")
        assert cursor.fetchone()[0] == SYNCHRONOUS_FULL
    events = _events(Path(file))
    started = time.perf_counter()
    for event in islice(events, int(saved)):
        store.events.put([event])
    middle = time.perf_counter()
    rest = islice(events, int(read))
    while batch := list(islice(rest, BATCH)):
        store.events.put(batch)
    before = time.perf_counter()
    count = _read_all(store)
    rates = {
        "saved_per_second": int(saved) / (middle - started),
        "read_per_second": count / (time.perf_counter() - before),
    }
    print(json.dumps(rates))


def _events(file: Path) -> Iterator[Delivered]:
    for line in file.read_text().splitlines():
        body = line.partition("\t")[2]
        yield Delivered(uuid4(), 1, datetime_now_with_tzinfo(), body)


def _read_all(store: Application) -> int:
    last = count = 0
    while found := store.recorder.select_notifications(start=last + 1, limit=BATCH):
        for notification in found:
            store.mapper.to_domain_event(notification)
        last, count = found[-1].id, count + len(found)
    return count


if __name__ == "__main__":
    main()
