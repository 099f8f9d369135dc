"""What the log's tables hold, and what goes into and comes out of an append."""

import hashlib
from collections.abc import Sequence
from enum import StrEnum
from typing import Any

import msgspec

from tracker.compression import as_received
from tracker.envelope import Envelope
from tracker.events import Event, event_type, read_event

GENESIS = bytes(32)
EVENT_COLUMNS = """
    position, event_id, type, family, record_id, organization_id,
    occurred_at, received_at, body, body_digest, chain, erased_by
"""


class Outcome(StrEnum):
    """What became of a delivery."""

    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"
    CONFLICT = "conflict"
    QUARANTINED = "quarantined"
    REJECTED = "rejected"


class Incoming(msgspec.Struct, frozen=True):
    """A delivery on its way into the log.

    Without an envelope it is quarantined for `reason`; with `rejected` set only
    the fact that it came is recorded, never its bytes; `size` is theirs where they were
    not read whole.
    """

    body: bytes
    received_at: int
    envelope: Envelope | None = None
    reason: str | None = None
    remote: str = ""
    key_label: str = ""
    rejected: bool = False
    size: int | None = None


class Receipt(msgspec.Struct, frozen=True):
    """The outcome of one delivery and the position of its event, if it has one."""

    outcome: Outcome
    position: int | None = None
    reason: str | None = None


class StoredEvent(msgspec.Struct, frozen=True):
    """One row of `events`; `body` is exactly what was received.

    Unless the person was erased: then `erased_by` is the position of the event that says so,
    and the body is what was left. The digest stays that of what was received.
    """

    position: int
    event_id: str
    type: str
    family: str
    record_id: str
    organization_id: str
    occurred_at: int
    received_at: int
    body: bytes
    body_digest: bytes
    chain: bytes
    erased_by: int | None = None

    def read(self) -> Event:
        """The event as folds see it."""
        return read_event(
            self.event_id,
            self.type,
            self.record_id,
            self.organization_id,
            self.occurred_at,
            self.body,
        )


def from_row(row: Sequence[Any]) -> StoredEvent:
    """The event of a row of `EVENT_COLUMNS`, whose body may be compressed."""
    event = StoredEvent(*row)
    plain = as_received(
        event.body,
        event.event_id,
        event.type,
        event.record_id,
        event.organization_id,
        event.occurred_at,
    )
    return event if plain is event.body else msgspec.structs.replace(event, body=plain)


class Delivery(msgspec.Struct, frozen=True):
    """One row of `deliveries`: a delivery that was not simply accepted."""

    id: int
    received_at: int
    outcome: str
    reason: str | None
    size: int
    remote: str
    key_label: str
    event_id: str | None
    position: int | None
    digest: str


class Quarantined(msgspec.Struct, frozen=True):
    """One row of `quarantine`: signed bytes that are not an event, or contradict one.

    `position` is that of the contradicted event, `deliveries` how often the same
    bytes came; `status` is waiting, retried or discarded.
    """

    id: int
    received_at: int
    reason: str
    body: bytes
    position: int | None
    deliveries: int
    status: str


class LogStats(msgspec.Struct, frozen=True):
    """How much the log holds; sizes in bytes, times in microseconds UTC."""

    events: int
    first_received_at: int | None
    last_received_at: int | None
    outcomes: dict[str, int]
    quarantine_waiting: int
    file_bytes: int


def stored_event(
    position: int,
    previous_chain: bytes,
    delivery: Incoming,
    envelope: Envelope,
    erased_by: int | None = None,
) -> StoredEvent:
    """The row that a delivery becomes at a position."""
    digest = hashlib.sha256(delivery.body).digest()
    return StoredEvent(
        position=position,
        event_id=envelope.event_id,
        type=envelope.type,
        family=event_type(envelope.type).family,
        record_id=envelope.record_id,
        organization_id=envelope.organization_id,
        occurred_at=envelope.occurred_at,
        received_at=delivery.received_at,
        body=delivery.body,
        body_digest=digest,
        chain=link(previous_chain, envelope.event_id, digest, delivery.received_at),
        erased_by=erased_by,
    )


def link(previous_chain: bytes, event_id: str, body_digest: bytes, received_at: int) -> bytes:
    """SHA-256(previous chain ‖ event id ‖ body digest ‖ received_at); only the id may vary."""
    moment = received_at.to_bytes(8, "big", signed=True)
    return hashlib.sha256(previous_chain + event_id.encode() + body_digest + moment).digest()
