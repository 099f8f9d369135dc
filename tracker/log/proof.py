"""Proof that the log is what was received: no row changed, removed, added or reordered."""

import hashlib
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import msgspec

from tracker.database import Connection, DatabaseError, open_reader, snapshot
from tracker.envelope import read_envelope
from tracker.errors import InvalidEnvelope, LogDamaged
from tracker.events import event_type
from tracker.log.reader import EVENT_COLUMNS
from tracker.log.rows import GENESIS, StoredEvent, link

REPORT_EVERY = 5_000


class Verification(msgspec.Struct, frozen=True):
    """The result of a proof; `reason` says in words what is wrong at `first_bad_position`."""

    ok: bool
    events: int
    first_bad_position: int | None = None
    reason: str | None = None
    head_chain: str = ""


def verify(data: Path, progress: Callable[[int, int], None] | None = None) -> Verification:
    """Walk the whole chain of `log.db` in a data directory.

    `progress` is told how many events of how many were walked.
    """
    connection = open_reader(data / "log.db")
    try:
        with snapshot(connection):
            return _walk(connection, progress or (lambda _done, _all: None))
    except LogDamaged as damage:
        return Verification(False, damage.position - 1, damage.position, str(damage))
    finally:
        connection.close()


def _walk(connection: Connection, progress: Callable[[int, int], None]) -> Verification:
    written = connection.execute("SELECT position, chain FROM head").fetchone()
    if written is None:
        raise LogDamaged("the row that says how many events were written is missing", 1)
    head, head_chain = written
    expected, chain = 1, GENESIS
    for event in _events(connection):
        _check(event, expected, chain)
        expected, chain = expected + 1, event.chain
        if event.position % REPORT_EVERY == 0:
            progress(event.position, head)
    progress(expected - 1, head)
    if expected - 1 < head:
        raise LogDamaged(f"the last event is {expected - 1}, but {head} were written", expected)
    if expected - 1 > head:
        raise LogDamaged(f"only {head} events were written, but more follow", max(head, 0) + 1)
    if chain != head_chain:
        raise LogDamaged("the newest event is not the one that was written last", max(head, 1))
    return Verification(True, head, head_chain=chain.hex())


def _events(connection: Connection) -> Iterator[StoredEvent]:
    """All events; one that SQLite can't even read is damaged, too."""
    position = 0
    # A text that is no UTF-8 any more becomes another one, which breaks the chain.
    connection.text_factory = partial(str, encoding="utf-8", errors="replace")
    try:
        for row in connection.execute(f"SELECT {EVENT_COLUMNS} FROM events ORDER BY position"):
            position = row[0]
            yield StoredEvent(*row)
    except DatabaseError as error:
        raise LogDamaged(f"event {position + 1} can't be read: {error}", position + 1) from None


def _check(event: StoredEvent, expected: int, previous_chain: bytes) -> None:
    position = event.position
    if position != expected:
        raise LogDamaged(f"event {expected} is missing, the next one is {position}", expected)
    if hashlib.sha256(event.body).digest() != event.body_digest:
        raise LogDamaged(f"the bytes of event {position} are not those received", position)
    if link(previous_chain, event.event_id, event.body_digest, event.received_at) != event.chain:
        raise LogDamaged(f"the chain breaks at event {position}", position)
    if not _columns_agree(event):
        raise LogDamaged(f"the columns of event {position} do not say what its bytes say", position)


def _columns_agree(event: StoredEvent) -> bool:
    try:
        envelope = read_envelope(event.body, trusted=True)
    except InvalidEnvelope:
        return False
    return (
        envelope.event_id == event.event_id
        and envelope.type == event.type
        and envelope.record_id == event.record_id
        and envelope.organization_id == event.organization_id
        and envelope.occurred_at == event.occurred_at
        and event.family in {event_type(event.type).family, "unknown"}
    )
