"""Which events belong to which entity, and reading them from the log."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing

from projections.catalogue import PROJECTIONS
from projections.folding import StoredRow, unpack_positions
from projections.layout import select_view
from tracker.database import Connection
from tracker.events import Event, read_event

Entity = tuple[str, str]
HEARD = {name: [p for p in PROJECTIONS if name in p.hears] for p in PROJECTIONS for name in p.hears}
SELECT_ROW = (
    "SELECT position, event_id, type, record_id, organization_id, occurred_at, body FROM events"
)


def entities_of(event: Event) -> list[Entity]:
    """The (projection, key) of every entity that an event belongs to."""
    hearing = PROJECTIONS if event.type.startswith("TRACKER_") else HEARD.get(event.type, ())
    return [(p.name, key) for p in hearing for key in p.entities_of(event)]


def read_after(
    log: Connection, position: int, until: int, most: int, most_bytes: int
) -> Iterator[tuple[int, Event]]:
    """The next events after a position, with their positions; ends when the bodies are large."""
    query = f"{SELECT_ROW} WHERE position > ? AND position <= ? ORDER BY position LIMIT ?"
    size = 0
    with closing(log.execute(query, (position, until, most))) as rows:
        for row in rows:
            yield row[0], read_event(*row[1:])
            size += len(row[-1])
            if size >= most_bytes:
                break


def read_at(log: Connection, positions: Iterable[int]) -> dict[int, Event]:
    """The events at positions."""
    query = f"{SELECT_ROW} WHERE position IN (SELECT value FROM json_each(?))"
    rows = log.execute(query, (json.dumps(sorted(positions)),))
    return {row[0]: read_event(*row[1:]) for row in rows}


def stored_positions(views: Connection, entities: Iterable[Entity]) -> dict[Entity, list[int]]:
    """The positions of entities that a generation already knows."""
    query = "SELECT positions FROM entities WHERE projection = ? AND key = ?"
    found = {}
    for entity in entities:
        row = views.execute(query, entity).fetchone()
        if row:
            found[entity] = unpack_positions(row[0])
    return found


def stored_rows(views: Connection, projection: str, key: str) -> list[StoredRow]:
    """The rows of an entity as they stand in the views, with the names of their tables."""
    return [
        (table, row) for table, query in ROWS_OF[projection] for row in views.execute(query, (key,))
    ]


def _queries() -> Mapping[str, Sequence[tuple[str, str]]]:
    return {
        projection.name: [
            (table.name, f"{select_view(table.name)} WHERE {table.entity} = ?")
            for table in projection.tables
        ]
        for projection in PROJECTIONS
    }


ROWS_OF = _queries()
