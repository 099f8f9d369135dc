"""Conversations: the list with its counts, and one with its story, meetings and person."""

import json
from collections.abc import Sequence
from typing import Final

import msgspec

from projections import conversations
from projections.queries.filters import ConversationFilter, MeetingFilter
from projections.queries.meetings import MeetingRow, list_meetings
from projections.queries.organizations import with_tally
from projections.queries.paging import Listing, Page, Where, select_one, select_page
from projections.queries.people import Named, named, of_candidate
from tracker.database import Connection
from tracker.errors import NotFound
from tracker.timing import DAY

CONVERSATIONS: Final = Listing("conversations", key=("id",), nullable=frozenset({"score"}))
STAGES: Final = ("queued", "started", "completed", "passed")
COMPLETED: Final = STAGES[STAGES.index("completed") :]


class ConversationRow(msgspec.Struct, frozen=True, kw_only=True):
    """What a list shows of a conversation."""

    id: str
    organization_id: str
    status: str
    stage: str
    outcome: str | None
    candidate_id: str | None
    candidate_name: str | None
    external_id: str | None
    campaign_external_id: str | None
    score: float | None
    url: str | None
    first_at: int
    started_at: int | None
    ended_at: int | None
    status_since: int
    last_event_at: int
    reason: str | None
    anomalies: tuple[str, ...]
    anomaly_count: int


class ConversationDetail(msgspec.Struct, frozen=True):
    """One conversation as folded, its meetings by time, and whose it is."""

    row: conversations.Conversation
    meetings: list[MeetingRow]
    person: Named | None


class ConversationCounts(msgspec.Struct, frozen=True):
    """How many conversations a filter lists, by status, by outcome and by stage reached.

    `endings` are the outcomes of those that completed.
    """

    total: int
    statuses: dict[str, int]
    outcomes: dict[str, int]
    stages: dict[str, int]
    endings: dict[str, int]


def list_conversations(
    connection: Connection, wanted: ConversationFilter, only: Sequence[str] | None = None
) -> Page[ConversationRow]:
    """The conversations that fit a filter; `only` those with some ids, when they are given."""
    where = conditions(connection, wanted).one_of("id", only)
    return select_page(
        connection,
        ConversationRow,
        CONVERSATIONS,
        where,
        wanted.sort,
        wanted.limit,
        wanted.cursor,
    )


def conversation(connection: Connection, conversation_id: str) -> ConversationDetail:
    """One conversation with what belongs to it; raises NotFound."""
    by_id = "FROM conversations WHERE id = ?"
    row = select_one(connection, conversations.Conversation, by_id, (conversation_id,))
    if row is None:
        raise NotFound(f"There is no conversation {conversation_id!r}")
    booked = list_meetings(connection, MeetingFilter(conversation_id=conversation_id, limit=500))
    persons = named(connection, "conversations", [conversation_id])
    return ConversationDetail(row, booked.items, persons.get(conversation_id))


def count_conversations(connection: Connection, wanted: ConversationFilter) -> ConversationCounts:
    """How many conversations fit a filter; its own status, outcome and stage are put aside."""
    wanted = wanted.model_copy(update={"status": (), "outcome": None, "stage": None})
    rows = _from_tallies(connection, wanted)
    if rows is None:
        where = conditions(connection, wanted)
        query = f"""
            SELECT status, ifnull(outcome, ''), stage, count(*) FROM conversations
            WHERE {where.sql} GROUP BY 1, 2, 3
        """
        rows = connection.execute(query, where.values).fetchall()
    return _added_up(rows)


def _added_up(rows: list[tuple[str, str, str, int]]) -> ConversationCounts:
    statuses = {str(status): 0 for status in conversations.Status}
    outcomes = {"passed": 0, "failed": 0, "closed": 0, "none": 0}
    endings = dict(outcomes)
    stages = dict.fromkeys(STAGES, 0)
    for status, outcome, stage, number in rows:
        statuses[status] += number
        outcomes[outcome or "none"] += number
        if stage in COMPLETED:
            endings[outcome or "none"] += number
        for reached in STAGES[: STAGES.index(stage) + 1]:
            stages[reached] += number
    return ConversationCounts(sum(statuses.values()), statuses, outcomes, stages, endings)


TALLIED: Final = frozenset({"campaign", "organization_id", "since", "until"})
NOT_FILTERS: Final = frozenset({"limit", "cursor", "sort", "status", "outcome", "stage"})


def _from_tallies(
    connection: Connection, wanted: ConversationFilter
) -> list[tuple[str, str, str, int]] | None:
    """The counts where tallies can answer: whole days, and nothing that they don't tell apart."""
    fields = ConversationFilter.model_fields.keys() - NOT_FILTERS
    asked = {name for name in fields if getattr(wanted, name) is not None}
    whole_days = all(m is None or m % DAY == 0 for m in (wanted.since, wanted.until))
    if not (asked <= TALLIED and whole_days):
        return None
    where = _tallied(connection, "conversations", wanted)
    query = f"""
        SELECT item, outcome, target, sum(count) FROM tallies WHERE {where.sql} GROUP BY 1, 2, 3
    """
    return connection.execute(query, where.values).fetchall()


def _tallied(connection: Connection, name: str, wanted: ConversationFilter) -> Where:
    """The tallies of a name that a filter's campaign, organization and days cover."""
    organizations = with_tally(connection, name)
    if wanted.organization_id is not None:
        organizations = [wanted.organization_id]
    where = Where().equal("name", name).equal("subject", wanted.campaign)
    where.add("organization_id IN (SELECT value FROM json_each(?))", json.dumps(organizations))
    since, until = (None if m is None else m // DAY for m in (wanted.since, wanted.until))
    return where.between("day", since, until)


def conditions(connection: Connection, wanted: ConversationFilter) -> Where:
    """What a filter demands of a conversation."""
    where = Where().among("status", wanted.status)
    if wanted.outcome == "none":
        where.add("outcome IS NULL")
    else:
        where.equal("outcome", wanted.outcome)
    if wanted.stage is not None:
        where.among("stage", STAGES[STAGES.index(wanted.stage) :])
    if wanted.campaign is not None:
        where.equal("campaign_external_id", wanted.campaign)
    where.equal("organization_id", wanted.organization_id)
    if wanted.anomalies is not None:
        where.add("anomaly_count > 0" if wanted.anomalies else "anomaly_count = 0")
    where.between("first_at", wanted.since, wanted.until)
    return of_candidate(connection, where, "conversations", "id", wanted.candidate)
