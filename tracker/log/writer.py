"""The one writer of log.db."""

import hashlib
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from tracker.database import Connection, DatabaseError, exclusive, open_writer, transaction
from tracker.envelope import same_fact
from tracker.errors import NotFound, NotStored
from tracker.log.rows import Incoming, Outcome, Receipt, StoredEvent, stored_event
from tracker.log.schema import migrate

MOST_DELIVERIES = 100_000
REASON_LENGTH = 300

INSERT_EVENT = "INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
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
        self._head: tuple[int, bytes] | None = None

    def close(self) -> None:
        """Close the file and release the lock."""
        self._closing.close()

    def append(self, deliveries: Sequence[Incoming]) -> list[Receipt]:
        """Store deliveries in one transaction; on return they survive a power cut.

        Raises NotStored when they could not be committed: then nothing was.
        """
        try:
            with transaction(self._connection):
                batch = _Batch(self._connection, self._head)
                receipts = [batch.take(delivery) for delivery in deliveries]
                batch.write()
        except DatabaseError as error:
            self._head = None
            raise NotStored(f"log.db could not be written: {error}") from error
        self._head = batch.head
        return receipts

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

    def settle_quarantined(self, quarantine_id: int, status: str) -> None:
        """Record that a quarantined delivery was retried or discarded; its bytes stay."""
        with transaction(self._connection):
            cursor = self._connection.execute(
                "UPDATE quarantine SET status = ? WHERE id = ?", (status, quarantine_id)
            )
        if cursor.rowcount == 0:
            raise NotFound(f"Nothing is quarantined under number {quarantine_id}")

    def checkpoint(self) -> str:
        """Move the write-ahead log into log.db; says how many pages were moved."""
        busy, pages, moved = self._connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        return f"{moved} of {pages} pages" + (", readers hold the rest" if busy else "")


class _Batch:
    """What one transaction adds, gathered first and written at once."""

    def __init__(self, connection: Connection, head: tuple[int, bytes] | None) -> None:
        self._connection = connection
        self.head = head or connection.execute("SELECT position, chain FROM head").fetchone()
        self._before = self.head
        self._events: dict[str, StoredEvent] = {}
        self._deliveries: list[tuple[object, ...]] = []
        self._quarantine: list[tuple[object, ...]] = []

    def take(self, delivery: Incoming) -> Receipt:
        receipt = self._decide(delivery)
        if receipt.outcome is not Outcome.ACCEPTED:
            self._deliveries.append(_delivery_row(delivery, receipt))
        if receipt.outcome in {Outcome.QUARANTINED, Outcome.CONFLICT}:
            self._quarantine.append(_quarantine_row(delivery, receipt))
        return receipt

    def _decide(self, delivery: Incoming) -> Receipt:
        if delivery.rejected:
            return Receipt(Outcome.REJECTED, reason=delivery.reason)
        envelope = delivery.envelope
        if envelope is None:
            return Receipt(Outcome.QUARANTINED, reason=delivery.reason)
        first = self._stored(envelope.event_id)
        if first is None:
            position, chain = self.head
            row = stored_event(position + 1, chain, delivery, envelope)
            self._events[envelope.event_id] = row
            self.head = (row.position, row.chain)
            return Receipt(Outcome.ACCEPTED, row.position)
        position, body = first
        if same_fact(body, delivery.body):
            return Receipt(Outcome.DUPLICATE, position)
        reason = f"event {envelope.event_id} is at position {position} with other content"
        return Receipt(Outcome.CONFLICT, position, reason)

    def _stored(self, event_id: str) -> tuple[int, bytes] | None:
        row = self._events.get(event_id)
        if row is not None:
            return row.position, row.body
        found: tuple[int, bytes] | None = self._connection.execute(
            "SELECT position, body FROM events WHERE event_id = ?", (event_id,)
        ).fetchone()
        return found

    def write(self) -> None:
        run = self._connection
        run.executemany(INSERT_EVENT, [_columns(row) for row in self._events.values()])
        run.executemany(INSERT_DELIVERY, self._deliveries)
        run.executemany(INSERT_QUARANTINE, self._quarantine)
        if self.head != self._before:
            run.execute("UPDATE head SET position = ?, chain = ?", self.head)


def _columns(row: StoredEvent) -> tuple[object, ...]:
    return (
        row.position,
        row.event_id,
        row.type,
        row.family,
        row.record_id,
        row.organization_id,
        row.occurred_at,
        row.received_at,
        row.body,
        row.body_digest,
        row.chain,
    )


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
