"""Meetings: agenda and lists, one with its history, requests that found no slot."""

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

MEETINGS: Final = Listing("meetings", key=("entity", "id"), nullable=frozenset({"starts_at"}))
REQUESTS: Final = (meetings.Status.UNAVAILABLE, meetings.Status.MORE_TIME_REQUESTED)
LARGEST_CALENDAR: Final = 20_000


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


def list_meetings(connection: Connection, wanted: MeetingFilter) -> Page[MeetingRow]:
    """The meetings that fit a filter; those without a time come last."""
    where = _where(connection, wanted)
    return select_page(
        connection, MeetingRow, MEETINGS, where, wanted.sort, wanted.limit, wanted.cursor
    )


def count_meetings(connection: Connection, wanted: MeetingFilter) -> int:
    """How many meetings fit a filter."""
    return count(connection, MEETINGS, _where(connection, wanted))


def open_requests(connection: Connection, limit: int = 100) -> list[MeetingRow]:
    """Requests that found no slot and that no booking answered since, longest waiting first."""
    rest = """
        FROM meetings WHERE status IN (?, ?) AND answered_by IS NULL AND superseded_by IS NULL
        ORDER BY last_event_at, entity, id LIMIT ?
    """
    return select_all(connection, MeetingRow, rest, (*REQUESTS, limit))


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
    where.equal("conversation_id", wanted.conversation_id)
    where.equal("campaign_external_id", wanted.campaign)
    where.equal("organization_id", wanted.organization_id)
    where.equal("notes_ready", wanted.notes_ready)
    if wanted.anomalies is not None:
        where.add("anomaly_count > 0" if wanted.anomalies else "anomaly_count = 0")
    return of_candidate(connection, where, "meetings", "entity", wanted.candidate)
