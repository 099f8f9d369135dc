"""Meetings: agenda and lists, one with its history, requests that found no slot."""

from collections.abc import Iterable
from typing import Final

import msgspec

from projections import meetings
from projections.queries.filters import MeetingFilter
from projections.queries.paging import (
    Listing,
    Page,
    Where,
    count,
    select_all,
    select_one,
    select_page,
)
from projections.queries.people import Named, named, of_candidate
from tracker.database import Connection
from tracker.errors import NotFound
from tracker.timing import DAY

MEETINGS: Final = Listing("meetings", key=("entity", "id"), nullable=frozenset({"starts_at"}))
REQUESTS: Final = (meetings.Status.UNAVAILABLE, meetings.Status.MORE_TIME_REQUESTED)
BOOKED: Final = (meetings.Status.SCHEDULED, meetings.Status.CANCELLED)
LARGEST_CALENDAR: Final = 20_000
# How far back a meeting may have begun that still goes on: one that claims to be longer
# is shown where it begins, so that a span never needs a walk over everything before it.
LONGEST_MEETING: Final = 7 * DAY


class MeetingRow(msgspec.Struct, frozen=True, kw_only=True):
    """What a list shows of a meeting."""

    entity: str
    id: str
    organization_id: str
    conversation_id: str | None
    campaign_external_id: str | None
    status: str
    title: str | None
    starts_at: int | None
    ends_at: int | None
    timezone: str | None
    video_conference: bool | None
    location: str | None
    meeting_url: str | None
    participants: tuple[meetings.Person, ...]
    revision: int
    answered_by: str | None
    notes_ready: bool
    notes_url: str | None
    reason: str | None
    first_at: int
    last_event_at: int
    history: tuple[meetings.Entry, ...]
    anomalies: tuple[str, ...]
    anomaly_count: int

    @property
    def moved_from(self) -> meetings.Entry | None:
        """The newest time before the present one, None when it was never moved."""
        times = (self.starts_at, self.ends_at)
        before = (e for e in reversed(self.history) if (e.starts_at, e.ends_at) != times)
        return next((e for e in before if e.starts_at is not None), None)


class MeetingDetail(msgspec.Struct, frozen=True):
    """One meeting as folded, and whose it is."""

    row: meetings.Meeting
    person: Named | None


class SpanAsked(msgspec.Struct, frozen=True):
    """The meetings of a time, from `since` up to but not at `until`, maybe of one organization."""

    since: int
    until: int
    organization_id: str | None = None


class Times(msgspec.Struct, frozen=True):
    """When `count` meetings begin and end."""

    starts_at: int | None
    ends_at: int | None
    count: int = 1


class Neighbours(msgspec.Struct, frozen=True):
    """When the last meeting before a span begins and the first one after it."""

    before: int | None
    after: int | None


def list_meetings(connection: Connection, wanted: MeetingFilter) -> Page[MeetingRow]:
    """The meetings that fit a filter; those without a time come last."""
    where = _where(connection, wanted)
    return select_page(
        connection, MeetingRow, MEETINGS, where, wanted.sort, wanted.limit, wanted.cursor
    )


def in_span(
    connection: Connection,
    asked: SpanAsked,
    limit: int,
    after: int = 0,
    longest: int = LONGEST_MEETING,
) -> list[MeetingRow]:
    """Booked and cancelled meetings that go on at some time of a span, by their start.

    `after` is how many of them are left out at the beginning. Where no meeting takes more
    than the `longest` time, in microseconds, none is looked for further before the span.
    """
    where = _within(asked, longest)
    rest = f"FROM meetings WHERE {where.sql} ORDER BY starts_at, entity, id LIMIT ? OFFSET ?"
    return select_all(connection, MeetingRow, rest, (*where.values, limit, after))


def times_in_span(connection: Connection, asked: SpanAsked) -> list[Times]:
    """When all meetings of a span begin and end, each pair of times once: for counting."""
    where = _within(asked, LONGEST_MEETING)
    query = f"""
        SELECT starts_at, ends_at, count(*) FROM meetings WHERE {where.sql}
        GROUP BY starts_at, ends_at
    """
    return [Times(*row) for row in connection.execute(query, where.values)]


def longest_of(times: Iterable[Times]) -> int:
    """How long the longest of some meetings takes, in microseconds; 0 where none tells."""
    known = [
        one.ends_at - one.starts_at
        for one in times
        if one.starts_at is not None and one.ends_at is not None
    ]
    return min(max([0, *known]), LONGEST_MEETING)


def _within(asked: SpanAsked, longest: int) -> Where:
    where = _booked(asked.organization_id)
    where.between("starts_at", asked.since - longest, asked.until)
    return where.add("starts_at >= ? OR ends_at > ?", asked.since, asked.since)


def _booked(organization_id: str | None) -> Where:
    # The plus keeps aside the indexes by status: nearly all meetings have one of these.
    booked = Where().add("superseded_by IS NULL").among("+status", BOOKED)
    return booked.equal("organization_id", organization_id)


def neighbours(connection: Connection, asked: SpanAsked) -> Neighbours:
    """The starts of the meetings nearest to a span, on both sides of it."""
    booked = _booked(asked.organization_id)
    before, after = booked.copy(), booked.copy()
    before.between("starts_at", None, asked.since)
    after.between("starts_at", asked.until, None)
    return Neighbours(
        _first(connection, f"max(starts_at) FROM meetings WHERE {before.sql}", before),
        _first(connection, f"min(starts_at) FROM meetings WHERE {after.sql}", after),
    )


def _first(connection: Connection, query: str, where: Where) -> int | None:
    found: int | None = connection.execute(f"SELECT {query}", where.values).fetchone()[0]
    return found


def open_requests(
    connection: Connection, limit: int = 100, organization_id: str | None = None
) -> list[MeetingRow]:
    """Requests that found no slot and that no booking answered since, longest waiting first."""
    where = _open_requests(organization_id)
    rest = f"FROM meetings WHERE {where.sql} ORDER BY last_event_at, entity, id LIMIT ?"
    return select_all(connection, MeetingRow, rest, (*where.values, limit))


def count_open_requests(connection: Connection, organization_id: str | None = None) -> int:
    """How many requests found no slot and wait for one."""
    return count(connection, MEETINGS, _open_requests(organization_id))


def _open_requests(organization_id: str | None) -> Where:
    where = Where().add("status IN (?, ?)", *REQUESTS)
    where.add("answered_by IS NULL AND superseded_by IS NULL")
    return where.equal("organization_id", organization_id)


def meeting(connection: Connection, meeting_id: str) -> MeetingDetail:
    """The newest meeting with an id; raises NotFound."""
    by_id = """
        FROM meetings WHERE id = ?
        ORDER BY superseded_by IS NOT NULL, last_event_at DESC, entity
    """
    row = select_one(connection, meetings.Meeting, by_id, (meeting_id,))
    if row is None:
        raise NotFound(f"There is no meeting {meeting_id!r}")
    return MeetingDetail(row, persons_of(connection, [row]).get(row.entity))


def conversation_of(connection: Connection, entity: str) -> str | None:
    """The conversation whose bookings an entity is, None when none was heard of."""
    query = "SELECT id FROM conversations WHERE id = ?"
    row = connection.execute(query, (entity,)).fetchone()
    return str(row[0]) if row else None


def bookings(connection: Connection, entity: str) -> list[MeetingRow]:
    """All bookings and requests of an entity, in the order in which they were first heard of."""
    rest = "FROM meetings WHERE entity = ? ORDER BY first_at, id"
    return select_all(connection, MeetingRow, rest, (entity,))


def persons_of(
    connection: Connection, rows: "list[MeetingRow] | list[meetings.Meeting]"
) -> dict[str, Named]:
    """Whose the meetings are, by `entity`."""
    return named(connection, "meetings", (row.entity for row in rows))


def calendar(
    connection: Connection, since: int, until: int, organization_id: str | None = None
) -> list[meetings.Meeting]:
    """Booked and cancelled meetings that start within a time, for a calendar feed."""
    where = Where().add("superseded_by IS NULL").equal("organization_id", organization_id)
    where.between("starts_at", since, until).among("status", ("scheduled", "cancelled"))
    rest = f"FROM meetings WHERE {where.sql} ORDER BY starts_at, entity, id LIMIT ?"
    return select_all(connection, meetings.Meeting, rest, (*where.values, LARGEST_CALENDAR))


def _where(connection: Connection, wanted: MeetingFilter) -> Where:
    where = Where().add("superseded_by IS NULL").among("status", wanted.status)
    where.between("starts_at", wanted.since, wanted.until)
    if wanted.conversation_id is not None:
        # Its bookings are one entity, which is found by the primary key.
        where.equal("entity", wanted.conversation_id).few = True
        where.equal("conversation_id", wanted.conversation_id)
    where.equal("campaign_external_id", wanted.campaign)
    where.equal("organization_id", wanted.organization_id)
    where.equal("notes_ready", wanted.notes_ready)
    if wanted.anomalies is not None:
        where.add("anomaly_count > 0" if wanted.anomalies else "anomaly_count = 0")
    return of_candidate(connection, where, "meetings", "entity", wanted.candidate)
