"""What one transaction of the log's writer adds: decided first, then written at once."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from typing import Any

from msgspec.structs import astuple, replace

from tracker.database import Connection
from tracker.envelope import same_fact
from tracker.log import erasing
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
from tracker.naming import names_in, names_told
from tracker.redaction import redacted

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


class Batch:
    """The deliveries of one transaction; `head` is the log's with them."""

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
        """Write what was decided."""
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
