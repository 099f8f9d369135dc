"""One booking or request: where it stands, what happened to it, and what else was booked."""

from collections.abc import Sequence
from typing import Any

import msgspec
from litestar import Response
from litestar.response import Redirect

from projections.meetings import Entry, Meeting
from projections.queries.meetings import bookings, conversation_of, meeting, persons_of
from projections.queries.people import Named
from tracker.database import Connection
from tracker.errors import NotFound
from web.ids import encode_id
from web.pages.appointments import TO, Appointment, appointments, short_day, theirs_of
from web.pages.frame import Asked, Given, record_id, seen_by, show
from web.pages.places import place_of
from web.times import local_time
from web.viewer import Viewer


class Change(msgspec.Struct, frozen=True):
    """One event of a meeting: its time before, if it moved, and after it."""

    entry: Entry
    before: str | None
    after: str | None


class MeetingPage(msgspec.Struct, frozen=True, kw_only=True):
    """One booking or request, what happened to it, and the others of its conversation."""

    meeting: Meeting
    title: str
    when: str | None
    theirs: str | None
    day: str | None
    changes: list[Change]
    person: Named | None
    conversation_id: str | None
    replaced_by: str | None
    others: list[Appointment]
    topics: str


def meeting_page(request: Asked, services: Given) -> Response[Any]:
    """A booking by its id; an entity of the views leads to its conversation or its bookings."""
    asked = record_id(request, "/meetings/")
    with services.views.read() as connection:
        try:
            detail = meeting(connection, asked)
        except NotFound:
            return Redirect(_of_entity(connection, asked), status_code=303)
        row, viewer = detail.row, seen_by(request, services)
        siblings = [one for one in bookings(connection, row.entity) if one.id != row.id]
        persons = persons_of(connection, siblings)
        talk = conversation_of(connection, row.conversation_id or row.entity)
    name = detail.person.name if detail.person else None
    context = MeetingPage(
        meeting=row,
        title=row.title or (f"Meeting with {name}" if name else "Meeting"),
        when=_span(row.starts_at, row.ends_at, viewer),
        theirs=theirs_of(row.starts_at, row.ends_at, row.timezone, viewer),
        day=None if row.starts_at is None else str(local_time(row.starts_at, viewer.zone).date()),
        changes=_changes(row.history, viewer),
        person=detail.person,
        conversation_id=talk,
        replaced_by=f"/meetings/{encode_id(row.superseded_by)}" if row.superseded_by else None,
        others=appointments(siblings, viewer, persons),
        topics=encode_id(f"meetings:{row.entity}"),
    )
    return show(request, services, "calendar/one.html", "calendar/detail.html", context)


def _of_entity(connection: Connection, entity: str) -> str:
    """Where the bookings of an entity are shown; raises NotFound."""
    talk = conversation_of(connection, entity)
    if talk is not None:
        return place_of("conversations", talk)
    found = bookings(connection, entity)
    if not found:
        raise NotFound(f"There is no meeting {entity!r}")
    return f"/meetings/{encode_id(found[-1].id)}"


def _span(starts_at: int | None, ends_at: int | None, viewer: Viewer) -> str | None:
    """The whole time in the viewer's zone: with its day, year and end."""
    if starts_at is None:
        return None
    starts = local_time(starts_at, viewer.zone)
    text = f"{short_day(starts.date())} {starts.year}, {starts:%H:%M}"
    if ends_at is None:
        return text
    ends = local_time(ends_at, viewer.zone)
    day = "" if ends.date() == starts.date() else f"{short_day(ends.date())}, "
    return f"{text}{TO}{day}{ends:%H:%M}"


def _changes(history: Sequence[Entry], viewer: Viewer) -> list[Change]:
    changes: list[Change] = []
    known: str | None = None
    for entry in history:
        after = _span(entry.starts_at, entry.ends_at, viewer)
        changes.append(Change(entry, known if known != after else None, after))
        known = after or known
    return changes
