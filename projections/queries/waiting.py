"""What waits for a person: the list, longest first, and its counts by reason."""

import json
from collections.abc import Iterable
from typing import Final

import msgspec

from projections.queries.filters import AttentionFilter
from projections.queries.paging import Listing, Page, Where, select_page
from projections.queries.people import names
from tracker.database import Connection

ATTENTION: Final = Listing("attention", key=("projection", "entity", "item"))


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """Something that waits for a person; `since` in microseconds."""

    projection: str
    entity: str
    item: str
    reason: str
    words: str
    since: int
    organization_id: str
    candidate_name: str | None
    identity: str | None
    url: str | None


class WaitingLine(Waiting, frozen=True, kw_only=True):
    """The same with the person it is about.

    `candidate_name` is filled in where it is known; `conversation_id` is the newest
    conversation of the matter, else of the person, and `conversation_url` leads to it in Popp.
    """

    person: str | None
    conversation_id: str | None
    conversation_url: str | None


class _Talk(msgspec.Struct, frozen=True):
    id: str
    url: str | None


def needs_you(connection: Connection, wanted: AttentionFilter) -> Page[WaitingLine]:
    """What waits for a person, longest first."""
    where = _where(wanted)
    page = select_page(connection, Waiting, ATTENTION, where, "since", wanted.limit, wanted.cursor)
    return page.of(_lines(connection, page.items))


def _lines(connection: Connection, rows: list[Waiting]) -> list[WaitingLine]:
    persons = _persons(connection, (row.identity for row in rows if row.identity))
    known = names(connection, persons.values())
    own = _conversations(connection, (row.entity for row in rows))
    theirs = _newest_conversations(connection, persons.values())
    lines = []
    for row in rows:
        person = persons.get(row.identity or "")
        talk = own.get(row.entity) if row.projection in OF_A_CONVERSATION else None
        talk = talk or theirs.get(person or "") or _Talk("", None)
        fields = msgspec.structs.asdict(row)
        fields["candidate_name"] = row.candidate_name or known.get(person or "")
        fields |= {"conversation_id": talk.id or None, "conversation_url": talk.url}
        lines.append(WaitingLine(**fields, person=person))
    return lines


OF_A_CONVERSATION: Final = frozenset({"conversations", "meetings"})


def _persons(connection: Connection, identities: Iterable[str]) -> dict[str, str]:
    query = "SELECT identity, person FROM people WHERE identity IN (SELECT value FROM json_each(?))"
    return dict(connection.execute(query, (json.dumps(sorted(set(identities))),)).fetchall())


def _conversations(connection: Connection, ids: Iterable[str]) -> dict[str, _Talk]:
    query = "SELECT id, url FROM conversations WHERE id IN (SELECT value FROM json_each(?))"
    rows = connection.execute(query, (json.dumps(sorted(set(ids))),))
    return {found: _Talk(found, url) for found, url in rows}


def _newest_conversations(connection: Connection, persons: Iterable[str]) -> dict[str, _Talk]:
    query = """
        SELECT person, id, url FROM people CROSS JOIN links USING (identity)
        CROSS JOIN conversations ON id = entity
        WHERE projection = 'conversations' AND person IN (SELECT value FROM json_each(?))
        ORDER BY last_event_at, id
    """
    rows = connection.execute(query, (json.dumps(sorted(set(persons))),))
    return {person: _Talk(found, url) for person, found, url in rows}


def waiting_reasons(connection: Connection, wanted: AttentionFilter) -> dict[str, int]:
    """How many things wait, by reason; the filter's own reasons are put aside."""
    where = _where(wanted.model_copy(update={"reason": ()}))
    query = f"""
        SELECT reason, count(*) FROM attention WHERE {where.sql}
        GROUP BY reason ORDER BY count(*) DESC, reason
    """
    return dict(connection.execute(query, where.values).fetchall())


def _where(wanted: AttentionFilter) -> Where:
    where = Where().among("reason", wanted.reason)
    return where.equal("organization_id", wanted.organization_id)
