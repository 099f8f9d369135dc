"""What the views made of one event: the entities that it touched."""

import msgspec

from projections.entities import entities_of
from tracker.database import Connection
from tracker.log import StoredEvent


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
