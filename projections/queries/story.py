"""Everything about one person as one story, and why their ids belong together."""

import json
from collections.abc import Iterable, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Final

import msgspec

from projections.folding import unpack_positions
from projections.queries.organizations import organizations
from projections.queries.paging import select_all
from projections.queries.people import erased_at, find_person, names
from tracker.database import Connection
from tracker.errors import NotFound

MOST_JOINTS: Final = 20


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


class Joint(msgspec.Struct, frozen=True):
    """An entity, `projection:key`, that gave several ids and so joined them.

    `values` are the bare ids, `positions` those of its first events in the log.
    """

    entity: str
    values: list[str]
    positions: list[int]


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
    """One person: the joined identities, what joined them, the story newest first."""

    person: str
    name: str | None
    erased_at: int | None
    identities: list[Joined]
    joints: list[Joint]
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
        erased_at=erased_at(connection, known),
        identities=joined,
        joints=_joints(connection, joined),
        story=_story(connection, {entity for identity in joined for entity in identity.through}),
    )


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


def _joints(connection: Connection, identities: Iterable[Joined]) -> list[Joint]:
    """One entity for each set of ids that it gave together, at most `MOST_JOINTS`."""
    given: dict[str, list[str]] = {}
    for joined in identities:
        for entity in joined.through:
            given.setdefault(entity, []).append(joined.value)
    first: dict[tuple[str, ...], str] = {}
    for entity, together in sorted(given.items()):
        if len(together) > 1:
            first.setdefault(tuple(together), entity)
    return [
        Joint(entity, list(together), _first_positions(connection, entity))
        for together, entity in list(first.items())[:MOST_JOINTS]
    ]


FIRST_EVENTS: Final = 20


def _first_positions(connection: Connection, entity: str) -> list[int]:
    projection, _, key = entity.partition(":")
    query = "SELECT positions FROM entities WHERE projection = ? AND key = ?"
    row = connection.execute(query, (projection, key)).fetchone()
    return unpack_positions(row[0])[:FIRST_EVENTS] if row else []


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
