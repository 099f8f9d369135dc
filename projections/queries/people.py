"""Who is who: the identities of a person, the names known, and everything about one as a story."""

import json
from collections.abc import Iterable, Sequence
from itertools import groupby
from operator import itemgetter

import msgspec

from projections.projection import candidate, customer, through_conversation
from projections.queries.filters import PersonFilter
from projections.queries.organizations import organizations
from projections.queries.paging import Listing, Page, Where, select_all, select_page
from projections.queries.search import words_of
from tracker.database import Connection
from tracker.errors import NotFound

PEOPLE = Listing("people", key=("identity",))


# CROSS JOIN holds SQLite to the order of the tables as written: from few rows to their
# relatives. Left free, it walks whole tables where nobody has measured them for it.


class Named(msgspec.Struct, frozen=True):
    """The person that an entity belongs to, with the name if one is known."""

    person: str
    name: str | None


class Joined(msgspec.Struct, frozen=True):
    """One identity of a person and the entities, `projection:key`, that gave it.

    `system` is `candidate` (Popp's id), `customer` (the customer's, in one organization) or
    `through` (a conversation); `value` is the bare id.
    """

    identity: str
    system: str
    organization_id: str | None
    value: str
    through: list[str]


class PersonLine(msgspec.Struct, frozen=True):
    """A person in a list; `entities` counts what is known of them by projection."""

    person: str
    name: str | None
    identities: list[str]
    entities: dict[str, int]
    last_event_at: int | None


class StoryItem(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that happened with a person: a conversation, meeting, analysis, run or contact.

    `kind` is the projection's name, `id` what its page is found by, `at` its newest event.
    """

    kind: str
    entity: str
    id: str
    organization_id: str
    status: str | None
    outcome: str | None
    title: str | None
    reason: str | None
    score: float | None
    first_at: int
    at: int
    starts_at: int | None
    ends_at: int | None
    timezone: str | None
    url: str | None


class Person(msgspec.Struct, frozen=True):
    """One person: the joined identities and the story, newest first."""

    person: str
    name: str | None
    identities: list[Joined]
    story: list[StoryItem]


def person(connection: Connection, value: str) -> Person:
    """Everything about the person of an identity, or of a raw id of Popp's or the customer's.

    Raises NotFound.
    """
    known = find_person(connection, value)
    if known is None:
        raise NotFound(f"No person is known by the id {value!r}")
    joined = _joined(connection, known)
    return Person(
        person=known,
        name=names(connection, [known]).get(known),
        identities=joined,
        story=_story(connection, {entity for identity in joined for entity in identity.through}),
    )


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
    """The newest name of each person that has one: from conversations, else from contacts."""
    query = """
        SELECT person, candidate_name, 1 AS rank, last_event_at AS at
        FROM people CROSS JOIN links USING (identity) CROSS JOIN conversations ON id = entity
        WHERE projection = 'conversations' AND candidate_name IS NOT NULL
        AND person IN (SELECT value FROM json_each(:persons))
        UNION ALL
        SELECT person, contact_name, 0, at
        FROM people CROSS JOIN links USING (identity) CROSS JOIN contacts USING (entity)
        WHERE projection = 'contacts' AND contact_name IS NOT NULL
        AND person IN (SELECT value FROM json_each(:persons))
        ORDER BY rank, at, 2
    """
    rows = connection.execute(query, {"persons": json.dumps(sorted(set(persons)))})
    return {found: name for found, name, _, _ in rows}


def _joined(connection: Connection, known: str) -> list[Joined]:
    query = """
        SELECT identity, projection || ':' || entity FROM people CROSS JOIN links USING (identity)
        WHERE person = ? ORDER BY identity, projection, entity
    """
    rows = connection.execute(query, (known,)).fetchall()
    known_in = organizations(connection)
    return [
        Joined(identity, *_parts(identity, known_in), through=[entity for _, entity in group])
        for identity, group in groupby(rows, key=itemgetter(0))
    ]


def _parts(identity: str, known_in: Sequence[str]) -> tuple[str, str | None, str]:
    """The system, the organization and the bare id; either id may hold a slash."""
    system, _, value = identity.partition(":")
    if system != "customer":
        return system, None, value
    organization = next((o for o in known_in if value.startswith(f"{o}/")), "")
    return system, organization, value.removeprefix(f"{organization}/")


STORIES = {
    "conversations": """
        FROM (SELECT 'conversations' AS kind, id AS entity, id, organization_id, status, outcome,
            campaign_external_id AS title, reason, score, first_at, last_event_at AS at,
            NULL AS starts_at, NULL AS ends_at, NULL AS timezone, url FROM conversations)
    """,
    "meetings": """
        FROM (SELECT 'meetings' AS kind, entity, id, organization_id, status, NULL AS outcome,
            title, reason, NULL AS score, first_at, last_event_at AS at,
            starts_at, ends_at, timezone, meeting_url AS url
            FROM meetings WHERE superseded_by IS NULL)
    """,
    "analyses": """
        FROM (SELECT 'analyses' AS kind, entity, id, organization_id,
            iif(mandatory_met, 'met', iif(mandatory_met IS NULL, 'unknown', 'unmet')) AS status,
            NULL AS outcome, coalesce(analysis_external_id, analysis_id) AS title, NULL AS reason,
            score, completed_at AS first_at, completed_at AS at,
            NULL AS starts_at, NULL AS ends_at, NULL AS timezone, url FROM analyses)
    """,
    "runs": """
        FROM (SELECT 'runs' AS kind, runs.id AS entity, runs.id AS id,
            runs.organization_id AS organization_id, status, NULL AS outcome,
            coalesce(name, workflow_id) AS title, reason, NULL AS score,
            runs.first_at AS first_at, last_event_at AS at,
            NULL AS starts_at, NULL AS ends_at, NULL AS timezone, NULL AS url
            FROM runs LEFT JOIN workflows ON workflows.id = workflow_id)
    """,
    "contacts": """
        FROM (SELECT 'contacts' AS kind, entity, event_id AS id, organization_id, status,
            NULL AS outcome, contact_name AS title, coalesce(reason, resolution) AS reason,
            NULL AS score, at AS first_at, at,
            NULL AS starts_at, NULL AS ends_at, NULL AS timezone, NULL AS url FROM contacts)
    """,
}


def _story(connection: Connection, through: Iterable[str]) -> list[StoryItem]:
    entities: dict[str, list[str]] = {}
    for entity in sorted(through):
        projection, _, key = entity.partition(":")
        entities.setdefault(projection, []).append(key)
    items: list[StoryItem] = []
    for projection, source in STORIES.items():
        chosen = f"{source} WHERE entity IN (SELECT value FROM json_each(?))"
        keys = json.dumps(entities.get(projection, []))
        items += select_all(connection, StoryItem, chosen, (keys,))
    return sorted(items, key=lambda item: (item.at, item.kind, item.id), reverse=True)


class _Canonical(msgspec.Struct, frozen=True):
    identity: str


def people(connection: Connection, wanted: PersonFilter) -> Page[PersonLine]:
    """People in the order of their canonical identities."""
    where = Where().add("identity = person")
    if wanted.q is not None:
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
    page = select_page(
        connection, _Canonical, PEOPLE, where, "identity", wanted.limit, wanted.cursor
    )
    return page.of(_lines(connection, [row.identity for row in page.items]))


def _lines(connection: Connection, persons: Sequence[str]) -> list[PersonLine]:
    query = """
        SELECT person, identity, projection, entity FROM people CROSS JOIN links USING (identity)
        WHERE person IN (SELECT value FROM json_each(?))
    """
    rows = connection.execute(query, (json.dumps(persons),)).fetchall()
    known = names(connection, persons)
    newest = _newest(connection, persons)
    return [
        PersonLine(
            person=one,
            name=known.get(one),
            identities=sorted({identity for p, identity, _, _ in rows if p == one}),
            entities=_counts({(k, e) for p, _, k, e in rows if p == one}),
            last_event_at=newest.get(one),
        )
        for one in persons
    ]


def _counts(entities: Iterable[tuple[str, str]]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for projection, _ in sorted(entities):
        counts[projection] = counts.get(projection, 0) + 1
    return counts


def _newest(connection: Connection, persons: Sequence[str]) -> dict[str, int]:
    """When something last happened with each person."""
    moments = " UNION ALL ".join(
        f"""
        SELECT person, {column} AS at FROM people CROSS JOIN links USING (identity)
        CROSS JOIN {table} ON {table}.{key} = links.entity
        WHERE projection = '{table}' AND person IN (SELECT value FROM json_each(:persons))
        """
        for table, key, column in NEWEST
    )
    query = f"SELECT person, max(at) FROM ({moments}) GROUP BY person"
    return dict(connection.execute(query, {"persons": json.dumps(persons)}).fetchall())


NEWEST = (
    ("conversations", "id", "last_event_at"),
    ("meetings", "entity", "last_event_at"),
    ("analyses", "entity", "completed_at"),
    ("runs", "id", "last_event_at"),
    ("contacts", "entity", "at"),
)
