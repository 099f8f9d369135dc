"""Who is who: the identities of a person, the names known, and the list of all people."""

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence

import msgspec

from projections.projection import candidate, customer, through_conversation
from projections.queries.filters import PersonFilter
from projections.queries.organizations import organizations
from projections.queries.paging import Listing, Page, Where, select_page
from projections.queries.restricted import is_masked
from projections.queries.search import words_of
from tracker.database import Connection

PEOPLE = Listing(
    "(SELECT person AS identity, name_order AS name, last_event_at FROM persons)",
    key=("identity",),
    nullable=frozenset({"name"}),
)


# CROSS JOIN holds SQLite to the order of the tables as written: from few rows to their
# relatives. Left free, it walks whole tables where nobody has measured them for it.


class Named(msgspec.Struct, frozen=True):
    """The person that an entity belongs to, with the name if one is known."""

    person: str
    name: str | None


class PersonLine(msgspec.Struct, frozen=True):
    """A person in a list; `entities` counts what is known of them by projection."""

    person: str
    name: str | None
    identities: list[str]
    entities: dict[str, int]
    last_event_at: int


def find_person(connection: Connection, value: str) -> str | None:
    """The canonical identity of the person of an identity or a raw id, None if there is none."""
    if not value:
        return None
    exact = _person_of(connection, [value, *candidate(value), *through_conversation(value)])
    if exact is not None:
        return exact
    customers = [customer(o, value)[0] for o in organizations(connection)]
    return _person_of(connection, customers)


def _person_of(connection: Connection, identities: Sequence[str]) -> str | None:
    query = """
        SELECT person FROM json_each(?) AS wanted CROSS JOIN people ON identity = wanted.value
        ORDER BY wanted.key LIMIT 1
    """
    row = connection.execute(query, (json.dumps(identities),)).fetchone()
    return str(row[0]) if row else None


def entities_of(connection: Connection, projection: str, value: str) -> list[str]:
    """The entities of a projection that belong to the person of an id; none if nobody has it."""
    known = find_person(connection, value)
    query = """
        SELECT DISTINCT entity FROM people CROSS JOIN links USING (identity)
        WHERE person = ? AND projection = ?
    """
    return [entity for (entity,) in connection.execute(query, (known, projection))]


def of_candidate(
    connection: Connection, where: Where, projection: str, column: str, value: str | None
) -> Where:
    """Demand of a list that its rows belong to a person, unless `value` is None."""
    if value is None:
        return where
    where.few = True
    entities = json.dumps(entities_of(connection, projection, value))
    return where.add(f"{column} IN (SELECT value FROM json_each(?))", entities)


def named(connection: Connection, projection: str, entities: Iterable[str]) -> dict[str, Named]:
    """The persons of entities with their names; an entity without a person is left out."""
    query = """
        SELECT entity, min(person) FROM links CROSS JOIN people USING (identity)
        WHERE projection = ? AND entity IN (SELECT value FROM json_each(?)) GROUP BY entity
    """
    wanted = json.dumps(sorted(set(entities)))
    persons = dict(connection.execute(query, (projection, wanted)).fetchall())
    known = names(connection, persons.values())
    return {entity: Named(found, known.get(found)) for entity, found in persons.items()}


def names(connection: Connection, persons: Iterable[str]) -> dict[str, str]:
    """The name of each person that has one. Who was erased is called so, with the day."""
    query = """
        SELECT person, name, 1 AS rank, 0 AS at FROM persons
        WHERE name IS NOT NULL AND person IN (SELECT value FROM json_each(:persons))
        UNION ALL
        SELECT person, 'Erased person (' || date(at / 1000000, 'unixepoch') || ')', 2, at
        FROM people CROSS JOIN erased USING (identity)
        WHERE person IN (SELECT value FROM json_each(:persons))
        ORDER BY rank, at
    """
    rows = connection.execute(query, {"persons": json.dumps(sorted(set(persons)))})
    return {found: name for found, name, _, _ in rows}


def erased_at(connection: Connection, person: str) -> int | None:
    """When a person was last erased, None for one who is not."""
    query = "SELECT max(at) FROM people CROSS JOIN erased USING (identity) WHERE person = ?"
    found: int | None = connection.execute(query, (person,)).fetchone()[0]
    return found


class _Row(msgspec.Struct, frozen=True):
    identity: str
    last_event_at: int


def people(
    connection: Connection, wanted: PersonFilter, only: Sequence[str] | None = None
) -> Page[PersonLine]:
    """People, those with whom something happened last first unless asked otherwise.

    `only` narrows them to some, named by their canonical identities.
    """
    where = Where().one_of("identity", only)
    if wanted.q is not None and is_masked(connection):
        where.one_of("identity", [find_person(connection, wanted.q.strip()) or ""])
    elif wanted.q is not None:
        where.few = True
        where.add(
            """
            identity IN (
                SELECT person FROM search_index(?) AS found
                CROSS JOIN search ON search.id = found.rowid
                CROSS JOIN links USING (projection, entity) CROSS JOIN people USING (identity)
            )
            """,
            words_of(wanted.q),
        )
    page = select_page(connection, _Row, PEOPLE, where, wanted.sort, wanted.limit, wanted.cursor)
    return page.of(_lines(connection, page.items))


def _lines(connection: Connection, rows: Sequence[_Row]) -> list[PersonLine]:
    query = """
        SELECT person, identity, projection, entity FROM people CROSS JOIN links USING (identity)
        WHERE person IN (SELECT value FROM json_each(?))
    """
    persons = json.dumps([row.identity for row in rows])
    called = names(connection, [row.identity for row in rows])
    identities: defaultdict[str, set[str]] = defaultdict(set)
    entities: defaultdict[str, set[tuple[str, str]]] = defaultdict(set)
    for person, identity, *entity in connection.execute(query, (persons,)):
        identities[person].add(identity)
        entities[person].add((entity[0], entity[1]))
    return [
        PersonLine(
            person=row.identity,
            name=called.get(row.identity),
            identities=sorted(identities[row.identity]),
            entities=_counts(entities[row.identity]),
            last_event_at=row.last_event_at,
        )
        for row in rows
    ]


def _counts(entities: Iterable[tuple[str, str]]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for projection, _ in sorted(entities):
        counts[projection] = counts.get(projection, 0) + 1
    return counts
