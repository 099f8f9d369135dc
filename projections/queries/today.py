"""Today: what waits for a person, what is next, whether things move, and the funnel.

Days are days in UTC, because tallies are kept by them; `now` is in microseconds.
"""

import json
from typing import Final

import msgspec

from projections.meetings import Status
from projections.queries.conversations import STAGES, count_conversations, tallied
from projections.queries.filters import (
    AttentionFilter,
    ConversationFilter,
    MeetingFilter,
    RunFilter,
)
from projections.queries.meetings import MeetingRow, list_meetings
from projections.queries.organizations import with_tally
from projections.queries.paging import Listing, Page, Where, count, select_page
from projections.queries.people import names
from projections.queries.runs import RunCounts, count_runs
from tracker.database import Connection
from tracker.timing import DAY

ATTENTION: Final = Listing("attention", key=("projection", "entity", "item"))
WEEK: Final = 7


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
    """The same with the person it is about; `candidate_name` is filled in where it is known."""

    person: str | None


class Moving(msgspec.Struct, frozen=True, kw_only=True):
    """Runs: all that stand now, and what began and ended by day, the last number being today's.

    `started` holds runs first heard of, `ended` those that ended, by status.
    """

    now: RunCounts
    first_day: int
    started: list[int]
    ended: dict[str, list[int]]


class Stage(msgspec.Struct, frozen=True):
    """A stage of the funnel: how many got here, what part of the stage before, the mean wait."""

    name: str
    count: int
    share: float
    mean_wait: int | None


class Funnel(msgspec.Struct, frozen=True):
    """How conversations went on, and by which status the others left, by name."""

    stages: list[Stage]
    exits: dict[str, int]


def needs_you(connection: Connection, wanted: AttentionFilter) -> Page[WaitingLine]:
    """What waits for a person, longest first."""
    where = _waiting(wanted)
    page = select_page(connection, Waiting, ATTENTION, where, "since", wanted.limit, wanted.cursor)
    identities = [row.identity for row in page.items if row.identity]
    query = "SELECT identity, person FROM people WHERE identity IN (SELECT value FROM json_each(?))"
    persons = dict(connection.execute(query, (json.dumps(identities),)).fetchall())
    known = names(connection, persons.values())
    return page.of([_named(row, persons, known) for row in page.items])


def _named(row: Waiting, persons: dict[str, str], known: dict[str, str]) -> WaitingLine:
    person = persons.get(row.identity or "")
    fields = msgspec.structs.asdict(row)
    fields["candidate_name"] = row.candidate_name or known.get(person or "")
    return WaitingLine(**fields, person=person)


def count_waiting(connection: Connection, wanted: AttentionFilter) -> int:
    """How many things wait for a person."""
    return count(connection, ATTENTION, _waiting(wanted))


def waiting_reasons(connection: Connection) -> dict[str, int]:
    """How many things wait for a person, by reason."""
    query = "SELECT reason, count(*) FROM attention GROUP BY reason ORDER BY reason"
    return dict(connection.execute(query).fetchall())


def _waiting(wanted: AttentionFilter) -> Where:
    where = Where().among("reason", wanted.reason)
    return where.equal("organization_id", wanted.organization_id)


def next_meetings(
    connection: Connection, now: int, until: int | None = None, limit: int = 20
) -> list[MeetingRow]:
    """Booked meetings that start from now on, by default within two days."""
    until = now + 2 * DAY if until is None else until
    wanted = MeetingFilter(status=(Status.SCHEDULED,), since=now, until=until, limit=limit)
    return list_meetings(connection, wanted).items


def moving(connection: Connection, now: int, workflow_id: str | None = None) -> Moving:
    """Runs now, and by day over the last week and today."""
    today = now // DAY
    started = _by_day(connection, "runs", workflow_id, today)
    ended = _by_day(connection, "run_ends", workflow_id, today)
    return Moving(
        now=count_runs(connection, RunFilter(workflow_id=workflow_id), now),
        first_day=today - WEEK,
        started=[sum(day) for day in zip(*started.values(), strict=True)] or [0] * (WEEK + 1),
        ended={
            status: ended.get(status, [0] * (WEEK + 1))
            for status in ("completed", "failed", "cancelled")
        },
    )


def _by_day(
    connection: Connection, name: str, workflow_id: str | None, today: int
) -> dict[str, list[int]]:
    organizations = json.dumps(with_tally(connection, name))
    where = Where().equal("name", name).equal("subject", workflow_id)
    where.add("organization_id IN (SELECT value FROM json_each(?))", organizations)
    where.between("day", today - WEEK, today + 1)
    query = f"SELECT item, day, sum(count) FROM tallies WHERE {where.sql} GROUP BY item, day"
    days: dict[str, list[int]] = {}
    for item, day, number in connection.execute(query, where.values):
        days.setdefault(item, [0] * (WEEK + 1))[day - today + WEEK] = number
    return days


def funnel(connection: Connection, wanted: ConversationFilter) -> Funnel:
    """Queued, started, completed, passed; each number is the length of the list of its stage."""
    counted = count_conversations(connection, wanted)
    waits = _mean_waits(connection, wanted)
    before = counted.total
    stages = []
    for name in STAGES:
        number = counted.stages[name]
        share = number / before if before else 0.0
        stages.append(Stage(name, number, share, waits.get(name)))
        before = number
    exits = {
        status: counted.statuses[status]
        for status in ("start_failed", "max_nudges_reached", "opted_out", "needs_review")
    }
    return Funnel(stages, exits)


def _mean_waits(connection: Connection, wanted: ConversationFilter) -> dict[str, int]:
    where = tallied(connection, "conversation_waits", wanted)
    query = f"""
        SELECT item, sum(total) / sum(count) FROM tallies WHERE {where.sql}
        GROUP BY item HAVING sum(count) > 0
    """
    return dict(connection.execute(query, where.values).fetchall())


def campaigns(connection: Connection) -> list[str]:
    """The campaigns of all conversations, by the customer's ids."""
    query = """
        SELECT DISTINCT subject FROM tallies WHERE name = 'conversations' AND subject <> ''
        ORDER BY subject LIMIT 1000
    """
    return [campaign for (campaign,) in connection.execute(query)]
