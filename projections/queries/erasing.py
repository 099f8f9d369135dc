"""Where a person is: the names to erase, and the events that tell them, as the views know both."""

import json
from typing import Final

import msgspec

from projections import generation
from projections.folding import unpack_positions
from projections.queries.people import erased_at, find_person, names
from tracker.database import Connection
from tracker.errors import NotFound
from tracker.identities import record

RECORDS: Final = {"runs": "run", "contacts": "contact"}  # by the projection that files them


class Subject(msgspec.Struct, frozen=True, kw_only=True):
    """A person as the views know them; `entities` counts them by projection.

    Events after `seen` are not folded yet. `erased_at` is when they were last erased.
    """

    person: str
    name: str | None
    names: tuple[str, ...]
    positions: tuple[int, ...]
    seen: int
    entities: dict[str, int]
    erased_at: int | None


def subject(connection: Connection, value: str) -> Subject:
    """The person of an identity or a raw id; raises NotFound."""
    person = find_person(connection, value)
    if person is None:
        raise NotFound(f"No person is known by the id {value!r}")
    identities = _identities(connection, person)
    entities = _entities(connection, identities)
    records = [
        name for projection, key in entities for name in record(RECORDS.get(projection, ""), key)
    ]
    counts: dict[str, int] = {}
    for projection, _ in entities:
        counts[projection] = counts.get(projection, 0) + 1
    return Subject(
        person=person,
        name=names(connection, [person]).get(person),
        names=(*identities, *(name for name in records if not name.startswith(":"))),
        positions=_positions(connection, entities),
        seen=generation.position(connection),
        entities=counts,
        erased_at=erased_at(connection, person),
    )


def erasures_of(connection: Connection, person: str) -> list[str]:
    """The event ids of the erasures that hold for a person."""
    query = """
        SELECT DISTINCT erased.entity FROM people CROSS JOIN erased USING (identity)
        WHERE person = ? ORDER BY 1
    """
    return [event_id for (event_id,) in connection.execute(query, (person,))]


def joined_since(connection: Connection) -> list[str]:
    """The erased people who have an identity that no erasure names."""
    query = """
        SELECT DISTINCT known.person FROM erased CROSS JOIN people AS known USING (identity)
        WHERE EXISTS (
            SELECT 1 FROM people AS other WHERE other.person = known.person
            AND NOT EXISTS (SELECT 1 FROM erased WHERE erased.identity = other.identity)
        )
        ORDER BY 1
    """
    return [person for (person,) in connection.execute(query)]


def _identities(connection: Connection, person: str) -> list[str]:
    query = "SELECT identity FROM people WHERE person = ? ORDER BY identity"
    return [identity for (identity,) in connection.execute(query, (person,))]


def _entities(connection: Connection, identities: list[str]) -> list[tuple[str, str]]:
    query = """
        SELECT DISTINCT projection, entity FROM links
        WHERE identity IN (SELECT value FROM json_each(?)) ORDER BY 1, 2
    """
    return list(connection.execute(query, (json.dumps(identities),)))


def _positions(connection: Connection, entities: list[tuple[str, str]]) -> tuple[int, ...]:
    found: set[int] = set()
    for entity in entities:
        row = connection.execute(
            "SELECT positions FROM entities WHERE projection = ? AND key = ?", entity
        ).fetchone()
        found.update(unpack_positions(row[0]) if row else ())
    return tuple(sorted(found))
