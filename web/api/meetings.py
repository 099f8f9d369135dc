"""Meetings: `/api/v1/meetings`."""

from datetime import datetime

import msgspec
from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromPath

from projections.queries import meetings as queries
from projections.queries.filters import MeetingFilter
from web.api.answers import Items, answer, items
from web.api.asking import Query, asks, wanted
from web.api.runs import Entry
from web.ids import decode_id
from web.services import Services


class Participant(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody invited, interviewers included."""

    name: str | None
    email: str | None


class Meeting(msgspec.Struct, frozen=True, kw_only=True):
    """One booking, or one request that found no slot; `revision` counts its changes."""

    id: str
    organization_id: str
    status: str
    title: str | None
    starts_at: datetime | None
    ends_at: datetime | None
    timezone: str | None
    location: str | None
    meeting_url: str | None
    participants: list[Participant]
    conversation_id: str | None
    revision: int
    notes_ready: bool
    notes_url: str | None
    anomalies: list[str]


class MeetingEntry(Entry, frozen=True, kw_only=True):
    """One event of a meeting with its time and place after it."""

    starts_at: datetime | None
    ends_at: datetime | None
    timezone: str | None
    place: str | None


class WholeMeeting(Meeting, frozen=True, kw_only=True):
    """One meeting with its history and, if it was replaced, the booking that did so."""

    superseded_by: str | None
    reason: str | None
    history: list[MeetingEntry]


@get(
    "/api/v1/meetings", sync_to_thread=True, operation_class=asks(MeetingFilter), tags=["Meetings"]
)
def meetings(request: Query, services: NamedDependency[Services]) -> Items[Meeting]:
    """Meetings by their start, then those without a time."""
    asked = wanted(MeetingFilter, request)
    with services.views.read() as connection:
        return items(Meeting, queries.list_meetings(connection, asked))


@get("/api/v1/meetings/{meeting_id:str}", sync_to_thread=True, tags=["Meetings"])
def meeting(meeting_id: FromPath[str], services: NamedDependency[Services]) -> WholeMeeting:
    """One meeting, a replaced one, too."""
    with services.views.read() as connection:
        return answer(WholeMeeting, queries.meeting(connection, decode_id(meeting_id)).row)


MEETING_HANDLERS = [meetings, meeting]
