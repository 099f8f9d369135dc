"""Proof that the log is what was received: no row changed, removed, added or reordered."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import msgspec

from tracker.database import Connection, open_reader, snapshot
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
    head, head_chain = connection.execute("SELECT position, chain FROM head").fetchone()
    expected, chain = 1, GENESIS
    rows = connection.execute(f"SELECT {EVENT_COLUMNS} FROM events ORDER BY position")
    for row in rows:
        event = StoredEvent(*row)
        _check(event, expected, chain)
        expected, chain = expected + 1, event.chain
        if event.position % REPORT_EVERY == 0:
            progress(event.position, head)
    progress(expected - 1, head)
    if expected - 1 < head:
        raise LogDamaged(f"the last event is {expected - 1}, but {head} were written", expected)
    if chain != head_chain or expected - 1 > head:
        raise LogDamaged("the newest event is not the one that was written last", max(head, 1))
    return Verification(True, head, head_chain=chain.hex())


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
