"""Everything that is kept of one person, for that person: what came, and what was made of it."""

from typing import Any

import msgspec

from projections.entities import stored_rows
from projections.erasing import erasure_of, file_under
from projections.layout import view_columns
from projections.queries.erasing import subject
from projections.queries.views import Views
from tracker.database import Connection
from tracker.identities import is_identity
from tracker.log import LogReader, StoredEvent
from tracker.timing import to_iso


class ExportedEvent(msgspec.Struct, frozen=True, kw_only=True):
    """One event; `body` is the exact text that was received, or what an erasure left of it."""

    position: int
    event_id: str
    type: str
    record_id: str
    organization_id: str
    occurred_at: str
    received_at: str
    body: str


class HeldBack(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery in the quarantine that speaks of the person; bytes that are no text, escaped."""

    number: int
    received_at: str
    reason: str
    body: str


class PersonExport(msgspec.Struct, frozen=True, kw_only=True):
    """One person: the ids that name them, all events, and the rows of each view."""

    person: str
    name: str | None
    exported_at: str
    erased_at: str | None
    identities: list[str]
    records: list[str]
    events: list[ExportedEvent]
    quarantine: list[HeldBack]
    views: dict[str, list[dict[str, Any]]]


def export_person(log: LogReader, views: Views, value: str, now: int) -> PersonExport:
    """What is kept of the person of an identity or a raw id; raises NotFound."""
    with views.read() as connection:
        known = subject(connection, value)
        found = log.find_person(erasure_of(known), file_under)
        rows = _rows(connection, found.entities)
    return PersonExport(
        person=known.person,
        name=known.name,
        exported_at=to_iso(now),
        erased_at=to_iso(known.erased_at) if known.erased_at else None,
        identities=sorted(name for name in {*found.names, *known.names} if is_identity(name)),
        records=sorted(name for name in found.names if not is_identity(name)),
        events=[_exported(log.event(position)) for position in sorted(found.events)],
        quarantine=[
            HeldBack(
                number=held.id,
                received_at=to_iso(held.received_at),
                reason=held.reason,
                body=held.body.decode("utf-8", "backslashreplace"),
            )
            for held in log.quarantine_about(found)
        ],
        views=rows,
    )


def _exported(event: StoredEvent) -> ExportedEvent:
    return ExportedEvent(
        position=event.position,
        event_id=event.event_id,
        type=event.type,
        record_id=event.record_id,
        organization_id=event.organization_id,
        occurred_at=to_iso(event.occurred_at),
        received_at=to_iso(event.received_at),
        body=event.body.decode(),
    )


def _rows(connection: Connection, entities: tuple[str, ...]) -> dict[str, list[dict[str, Any]]]:
    rows: dict[str, list[dict[str, Any]]] = {}
    for entity in entities:
        projection, _, key = entity.partition(":")
        for table, values in stored_rows(connection, projection, key):
            rows.setdefault(table, []).append(dict(zip(view_columns(table), values, strict=True)))
    return rows
