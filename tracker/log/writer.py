"""The one writer of log.db."""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
from msgspec.structs import astuple, replace

from tracker import files
from tracker.database import (
    Connection,
    DatabaseError,
    exclusive,
    file_size,
    open_writer,
    transaction,
    truncate_wal,
)
from tracker.envelope import read_envelope, same_fact
from tracker.errors import NotFound, NotStored
from tracker.events import Event
from tracker.log import compressing, erasing
from tracker.log.compressing import Compressed
from tracker.log.erasing import Erasure
from tracker.log.erasures import ERASED, LIFTED, Erasures
from tracker.log.rows import (
    EVENT_COLUMNS,
    Incoming,
    Outcome,
    Receipt,
    StoredEvent,
    from_row,
    stored_event,
)
from tracker.log.schema import migrate
from tracker.naming import names_in, names_told
from tracker.redaction import redacted
from tracker.timing import now

MOST_DELIVERIES = 100_000
REASON_LENGTH = 300

FIND_EVENTS = f"""
    SELECT {EVENT_COLUMNS} FROM events WHERE event_id IN (SELECT value FROM json_each(?))
"""
AT_ONCE = 64  # events that one statement inserts
INSERT_DELIVERY = """
    INSERT INTO deliveries
        (received_at, outcome, reason, size, remote, key_label, event_id, position, digest)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
INSERT_QUARANTINE = """
    INSERT INTO quarantine (digest, received_at, reason, body, position) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT (digest) DO UPDATE SET deliveries = deliveries + 1
"""


class Log:
    """Appends deliveries; only one process at a time can open it.

    Without `checkpoints` somebody else moves the write-ahead log into the file.

    Raises Busy when another process writes this log, NotReady when its tables are those of a
    newer program. Not for use by two threads at once.
    """

    def __init__(self, data: Path, *, checkpoints: bool = True) -> None:
        with ExitStack() as opening:
            opening.enter_context(exclusive(data / "log.lock", "writing the log"))
            self._connection: Connection = open_writer(data / "log.db")
            opening.callback(self._connection.close)
            if not checkpoints:
                self._connection.execute("PRAGMA wal_autocheckpoint = 0")
            migrate(self._connection, data / "log.db")
            self._closing = opening.pop_all()
        self._path = data / "log.db"
        self._head: tuple[int, bytes] | None = None
        self._erasures: Erasures | None = Erasures.stored(self._connection)

    def close(self) -> None:
        """Close the file and release the lock."""
        self._closing.close()

    def append(self, deliveries: Sequence[Incoming]) -> list[Receipt]:
        """Store deliveries in one transaction; on return they survive a power cut.

        Raises NotStored when they could not be committed: then nothing was.
        """
        try:
            with transaction(self._connection):
                batch = self._batch()
                receipts = batch.take(deliveries)
                batch.write()
        except DatabaseError as error:
            self._forget()
            raise NotStored(f"log.db could not be written: {error}") from error
        self._head = batch.head
        return receipts

    def _batch(self) -> "_Batch":
        if self._erasures is None:
            self._erasures = Erasures.stored(self._connection)
        return _Batch(self._connection, self._head, self._erasures)

    def _forget(self) -> None:
        """What is in memory may be ahead of the file, whose transaction was rolled back."""
        self._head = self._erasures = None

    def erase(self, wanted: Erasure, file_under: Callable[[Event], Iterable[str]]) -> "Erasing":
        """Append an erasure and overwrite what is personal, in one transaction.

        Nothing is appended when nothing is left to overwrite and all names are erased already.
        Raises NotStored when it could not be committed.
        """
        try:
            with transaction(self._connection):
                return self._erase(wanted, file_under)
        except DatabaseError as error:
            self._forget()
            raise NotStored(f"log.db could not be written: {error}") from error

    def _erase(self, wanted: Erasure, file_under: Callable[[Event], Iterable[str]]) -> "Erasing":
        batch = self._batch()
        found = erasing.find(self._connection, wanted, file_under)
        changed = erasing.to_overwrite(found.events)
        texts = erasing.who_is(found.texts)
        if not changed and batch.erases(found.names):
            return Erasing(None, 0, 0, texts)
        body = erasing.body_of(wanted, found, changed)
        (receipt,) = batch.take([Incoming(body, now(), read_envelope(body, trusted=True))])
        wiped = erasing.wipe(self._connection, found)
        batch.write()
        self._head = batch.head
        return Erasing(receipt.position, len(changed), wiped, texts)

    def prune_deliveries(self, before: int) -> int:
        """Forget deliveries received before a time, and the oldest beyond a fixed number."""
        with transaction(self._connection):
            cursor = self._connection.execute(
                """
                DELETE FROM deliveries WHERE received_at < ?
                OR id <= (SELECT max(id) FROM deliveries) - ?
                """,
                (before, MOST_DELIVERIES),
            )
        return int(cursor.rowcount)

    def compress(self, older_than: int) -> Compressed:
        """Compress a few more bodies received before a time; raises NotStored.

        Nothing is left to do when no event was seen.
        """
        try:
            with transaction(self._connection):
                return compressing.compress(self._connection, older_than)
        except DatabaseError as error:
            raise NotStored(f"log.db could not be written: {error}") from error

    def shrink(self) -> int:
        """Give what is free in log.db back to the disk; gives the bytes. Deliveries wait.

        Raises NotReady without room for a second copy, NotStored when it can't be written.
        """
        before = file_size(self._connection)
        files.check_room(self._path.parent, 2 * before, "Shrinking log.db")
        try:
            self._connection.execute("VACUUM")
        except DatabaseError as error:
            raise NotStored(f"log.db could not be written: {error}") from error
        self.truncate()
        return before - file_size(self._connection)

    def settle_quarantined(self, quarantine_id: int, status: str) -> None:
        """Record that a quarantined delivery was retried or discarded; its bytes stay."""
        with transaction(self._connection):
            cursor = self._connection.execute(
                "UPDATE quarantine SET status = ? WHERE id = ?", (status, quarantine_id)
            )
        if cursor.rowcount == 0:
            raise NotFound(f"Nothing is quarantined under number {quarantine_id}")

    def truncate(self) -> bool:
        """Leave nothing in the write-ahead log; False while readers hold it."""
        return truncate_wal(self._connection)

    def checkpoint(self) -> str:
        """Move the write-ahead log into log.db; says how many pages were moved."""
        busy, pages, moved = self._connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        self.truncate()
        return f"{moved} of {pages} pages" + (", readers hold the rest" if busy else "")


class Erasing(msgspec.Struct, frozen=True):
    """What an erasure did: where it stands in the log, None when nothing was left to do.

    `texts` is what the person was called, in lower case, to be taken out of other files.
    """

    position: int | None
    events: int
    quarantined: int
    texts: frozenset[str]


class _Batch:
    """What one transaction adds, gathered first and written at once."""

    def __init__(
        self, connection: Connection, head: tuple[int, bytes] | None, erasures: Erasures
    ) -> None:
        self._connection = connection
        self._erasures = erasures
        self.head = head or connection.execute("SELECT position, chain FROM head").fetchone()
        self._before = self.head
        self._events: list[StoredEvent] = []
        self._stored: dict[str, Any] = {}  # position, body, whether erased; by event id
        self._deliveries: list[tuple[object, ...]] = []
        self._quarantine: list[tuple[object, ...]] = []

    def erases(self, names: Iterable[str]) -> bool:
        """Whether all names are erased."""
        return all(self._erasures.covering([name]) for name in names)

    def take(self, deliveries: Sequence[Incoming]) -> list[Receipt]:
        """Decide what becomes of deliveries; of an erased person's, what stays is kept."""
        asked = [d.envelope.event_id for d in deliveries if d.envelope and not d.rejected]
        # One question for all: between two the thread of the answers may take the interpreter.
        for found in self._connection.execute(FIND_EVENTS, (json.dumps(asked),)):
            first = from_row(found)
            self._stored[first.event_id] = first.position, first.body, first.erased_by is not None
        return [self._take(delivery) for delivery in deliveries]

    def _take(self, delivery: Incoming) -> Receipt:
        delivery, erased_by = self._without_erased(delivery)
        receipt = self._decide(delivery, erased_by)
        if receipt.outcome is not Outcome.ACCEPTED:
            self._deliveries.append(_delivery_row(delivery, receipt))
        if receipt.outcome in {Outcome.QUARANTINED, Outcome.CONFLICT}:
            self._quarantine.append(_quarantine_row(delivery, receipt))
        return receipt

    def _without_erased(self, delivery: Incoming) -> tuple[Incoming, int | None]:
        if not self._erasures or delivery.rejected:
            return delivery, None
        envelope = delivery.envelope
        if envelope is None:
            if erasing.mentions(delivery.body, self._erasures.knows):
                size = len(delivery.body)
                return replace(delivery, body=b"", size=size, reason=erasing.WIPED), None
            return delivery, None
        erased_by = self._erasures.covering(names_in(envelope, delivery.body))
        if erased_by is None:
            return delivery, None
        self._erasures.learn(erased_by, names_told(envelope, delivery.body))
        size = len(delivery.body) if delivery.size is None else delivery.size
        return replace(delivery, body=redacted(delivery.body), size=size), erased_by

    def _decide(self, delivery: Incoming, erased_by: int | None) -> Receipt:
        if delivery.rejected:
            return Receipt(Outcome.REJECTED, reason=delivery.reason)
        envelope = delivery.envelope
        if envelope is None:
            return Receipt(Outcome.QUARANTINED, reason=delivery.reason)
        first = self._stored.get(envelope.event_id)
        if first is None:
            position, chain = self.head
            row = stored_event(position + 1, chain, delivery, envelope, erased_by)
            self._events.append(row)
            self._stored[row.event_id] = row.position, row.body, erased_by is not None
            self.head = (row.position, row.chain)
            self._hear(row)
            return Receipt(Outcome.ACCEPTED, row.position)
        position, body, was_erased = first
        if same_fact(body, redacted(delivery.body) if was_erased else delivery.body):
            return Receipt(Outcome.DUPLICATE, position)
        reason = f"event {envelope.event_id} is at position {position} with other content"
        return Receipt(Outcome.CONFLICT, position, reason)

    def _hear(self, row: StoredEvent) -> None:
        if row.type in {ERASED, LIFTED}:
            self._erasures.hear(row.position, row.event_id, row.type, row.record_id, row.body)

    def write(self) -> None:
        run = self._connection
        for rows in _parts(self._events):
            values = [value for row in rows for value in astuple(row)]
            run.execute(_insert_events(len(rows)), values)
        run.executemany(INSERT_DELIVERY, self._deliveries)
        run.executemany(INSERT_QUARANTINE, self._quarantine)
        if self.head != self._before:
            run.execute("UPDATE head SET position = ?, chain = ?", self.head)
        for row in self._events:
            if row.type == ERASED:
                erasing.overwrite(run, row.position, row.body)


def _parts(rows: Sequence[StoredEvent]) -> Iterator[Sequence[StoredEvent]]:
    return (rows[start : start + AT_ONCE] for start in range(0, len(rows), AT_ONCE))


@cache
def _insert_events(count: int) -> str:
    """One statement for many rows: after each statement another thread may take its turn."""
    names = StoredEvent.__struct_fields__
    one = f"({', '.join('?' * len(names))})"
    return f"INSERT INTO events ({', '.join(names)}) VALUES {', '.join([one] * count)}"


def _delivery_row(delivery: Incoming, receipt: Receipt) -> tuple[object, ...]:
    reason = receipt.reason and receipt.reason[:REASON_LENGTH]
    event_id = delivery.envelope and delivery.envelope.event_id
    digest = hashlib.sha256(delivery.body).hexdigest()
    size = len(delivery.body) if delivery.size is None else delivery.size
    return (
        delivery.received_at,
        receipt.outcome,
        reason,
        size,
        delivery.remote,
        delivery.key_label,
        event_id,
        receipt.position,
        digest,
    )


def _quarantine_row(delivery: Incoming, receipt: Receipt) -> tuple[object, ...]:
    digest = hashlib.sha256(delivery.body).digest()
    reason = (receipt.reason or "")[:REASON_LENGTH]
    return digest, delivery.received_at, reason, delivery.body, receipt.position
