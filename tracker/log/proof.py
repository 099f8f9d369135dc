"""Proof that the log is what was received: no row changed, removed, added or reordered."""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

import msgspec

from tracker.database import Connection, DatabaseError, open_reader, snapshot
from tracker.envelope import read_envelope
from tracker.errors import InvalidEnvelope, LogDamaged
from tracker.events import event_type
from tracker.log.erasures import ERASED, left_by
from tracker.log.rows import EVENT_COLUMNS, GENESIS, StoredEvent, from_row, link
from tracker.log.schema import refuse_others
from tracker.redaction import redacted

REPORT_EVERY = 5_000

Left = dict[int, dict[str, str]]  # by erasure and event id, the digest of what was left


class Verification(msgspec.Struct, frozen=True):
    """The result of a proof; `reason` says in words what is wrong at `first_bad_position`."""

    ok: bool
    events: int
    first_bad_position: int | None = None
    reason: str | None = None
    head_chain: str = ""


def verify(data: Path, progress: Callable[[int, int], None] | None = None) -> Verification:
    """Walk the whole chain of `log.db` in a data directory.

    `progress` is told how many events of how many were walked. Raises NotReady for a log
    with the tables of an earlier version.
    """
    refuse_others(data / "log.db")
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
    expected, chain, left = 1, GENESIS, _left_by_erasures(connection)
    for event in _events(connection):
        _check(event, expected, chain, left)
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
            yield from_row(row)
    except DatabaseError as error:
        raise LogDamaged(f"event {position + 1} can't be read: {error}", position + 1) from None


def _left_by_erasures(connection: Connection) -> Left:
    """What each erasure says that it left. These events themselves are proven like all."""
    rows = connection.execute("SELECT position, body FROM events WHERE type = ?", (ERASED,))
    left: Left = {}
    for position, body in rows:
        with suppress(msgspec.DecodeError):  # damaged, and found to be
            left[position] = left_by(body)
    return left


def _check(event: StoredEvent, expected: int, previous_chain: bytes, left: Left) -> None:
    position = event.position
    if position != expected:
        raise LogDamaged(f"event {expected} is missing, the next one is {position}", expected)
    _check_body(event, left)
    if link(previous_chain, event.event_id, event.body_digest, event.received_at) != event.chain:
        raise LogDamaged(f"the chain breaks at event {position}", position)
    if not _columns_agree(event):
        raise LogDamaged(f"the columns of event {position} do not say what its bytes say", position)


def body_fits(event: StoredEvent, erasure: StoredEvent | None) -> bool:
    """Whether an event's bytes are those received, or what the erasure that it names left."""
    try:
        left = {} if erasure is None else {erasure.position: left_by(erasure.body)}
        _check_body(event, left)
    except LogDamaged:
        return False
    return True


def _check_body(event: StoredEvent, left: Left) -> None:
    digest = hashlib.sha256(event.body).digest()
    if event.erased_by is not None:
        _check_erased(event, digest, left.get(event.erased_by))
    elif digest != event.body_digest:
        raise LogDamaged(
            f"the bytes of event {event.position} are not those received", event.position
        )


def _check_erased(event: StoredEvent, digest: bytes, left: dict[str, str] | None) -> None:
    """An erased event may differ from what was received only as its erasure says.

    One that came after the erasure was stored without what is personal: nothing differs.
    """
    position = event.position
    if left is None:
        raise LogDamaged(
            f"event {position} is marked as erased by event {event.erased_by}, which is no erasure",
            position,
        )
    if digest.hex() not in {event.body_digest.hex(), left.get(event.event_id)}:
        raise LogDamaged(
            f"the bytes of event {position} are not what the erasure at {event.erased_by} left",
            position,
        )
    if not _is_redacted(event):
        raise LogDamaged(f"event {position} is marked as erased, but is not", position)


def _is_redacted(event: StoredEvent) -> bool:
    try:
        return event.family != "tracker" and redacted(event.body) == event.body
    except (InvalidEnvelope, msgspec.DecodeError):
        return False


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
