"""What the views made of one event: the entities that it touched."""

import json
from typing import Any

import msgspec

from projections.entities import entities_of, stored_positions, stored_rows
from projections.layout import view_columns
from tracker.database import Connection
from tracker.log import StoredEvent

MOST_ROWS = 6


class Touched(msgspec.Struct, frozen=True):
    """An entity of a projection; `folded` once it is in the views, `broken` if its fold failed."""

    projection: str
    entity: str
    folded: bool
    broken: bool


def touched_by(connection: Connection, event: StoredEvent) -> list[Touched]:
    """The entities that an event belongs to, as far as they are folded."""
    query = "SELECT broken IS NOT NULL FROM entities WHERE projection = ? AND key = ?"
    found = []
    for projection, key in entities_of(event.read()):
        row = connection.execute(query, (projection, key)).fetchone()
        found.append(Touched(projection, key, row is not None, bool(row and row[0])))
    return found


class Made(msgspec.Struct, frozen=True, kw_only=True):
    """What a view holds of an entity, and where this event stands in it.

    `rows` are the entity's rows as (table, columns that have a value); `row_count` counts
    all of them. `effects` is what the rows themselves say of this event. `before` and
    `after` are the positions of the entity's events next to this one, of `events` in all.
    """

    rows: list[tuple[str, list[tuple[str, str]]]]
    row_count: int
    effects: list[tuple[str, str]]
    before: int | None
    after: int | None
    events: int


def made_of(connection: Connection, touched: Touched, event: StoredEvent) -> Made:
    """What the views hold of an entity that an event touched."""
    entity = (touched.projection, touched.entity)
    positions = stored_positions(connection, [entity]).get(entity, [])
    found = [
        (table, dict(zip(view_columns(table), values, strict=True)))
        for table, values in stored_rows(connection, *entity)
    ]
    return Made(
        rows=[(table, _told(row)) for table, row in found[:MOST_ROWS]],
        row_count=len(found),
        effects=[effect for _, row in found for effect in _effects(row, event.event_id)],
        before=max((p for p in positions if p < event.position), default=None),
        after=min((p for p in positions if p > event.position), default=None),
        events=len(positions),
    )


def _told(row: dict[str, Any]) -> list[tuple[str, str]]:
    """The columns that say something; a history stands on the entity's own page."""
    return [
        (name, str(value))
        for name, value in row.items()
        if name != "history" and value not in {None, "", "[]"}
    ]


def _effects(row: dict[str, Any], event_id: str) -> list[tuple[str, str]]:
    """What a row's history says of an event: a status reached, a note, an anomaly."""
    history = json.loads(row.get("history") or "[]")
    entries = [entry for entry in history if entry.get("event_id") == event_id]
    if row.get("event_id") == event_id:
        entries.append(row)
    wanted = ("status", "outcome", "note", "reason", "anomaly")
    return [(name, str(entry[name])) for entry in entries for name in wanted if entry.get(name)]
