"""Meetings as iCalendar (RFC 5545).

The same meetings always give the same bytes: what looks like a clock in it (DTSTAMP,
LAST-MODIFIED) is the time of the meeting's newest event.
"""

import re
from collections.abc import Iterable
from typing import Final
from urllib.parse import quote
from zoneinfo import ZoneInfo

from icalendar import Calendar, Event, Timezone, vCalAddress, vUri

from projections.meetings import Meeting, Person, Status
from tracker.timing import to_datetime
from web.timezones import vtimezone

PRODUCT: Final = "-//Workflow run tracker//Meetings//EN"
NAME: Final = "Interviews"
# Not allowed in a text, and a quotation mark not in a parameter.
CONTROLS: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
IN_ADDRESS: Final = "/:?#[]@!$&'()*+,;=%~"


def to_ics(meetings: Iterable[Meeting]) -> bytes:
    """The calendar of some meetings; one without a start has no place in it."""
    shown = [meeting for meeting in meetings if meeting.starts_at is not None]
    whole = Calendar()
    whole.add("prodid", PRODUCT)
    whole.add("version", "2.0")
    whole.add("calscale", "GREGORIAN")
    whole.add("x-wr-calname", NAME)
    for zone in _zones(shown):
        whole.add_component(zone)
    for meeting in shown:
        whole.add_component(_event(meeting))
    content: bytes = whole.to_ical()
    return content


def _zones(meetings: Iterable[Meeting]) -> list[Timezone]:
    """One VTIMEZONE a zone, over the years in which its meetings lie."""
    years: dict[str, set[int]] = {}
    for meeting in meetings:
        for moment in (meeting.starts_at, meeting.ends_at):
            if moment is not None and meeting.timezone is not None:
                years.setdefault(meeting.timezone, set()).add(to_datetime(moment).year)
    return [vtimezone(name, min(found), max(found)) for name, found in sorted(years.items())]


def _event(meeting: Meeting) -> Event:
    event = Event()
    event.add("uid", _uid(meeting))
    changed_at = to_datetime(meeting.last_event_at)
    event.add("dtstamp", changed_at)
    event.add("last-modified", changed_at)
    event.add("sequence", meeting.revision)
    cancelled = meeting.status == Status.CANCELLED
    event.add("status", "CANCELLED" if cancelled else "CONFIRMED")
    event.add("transp", "TRANSPARENT" if cancelled else "OPAQUE")
    event.add("summary", _text(meeting.title) or "Meeting")
    _add_time(event, "dtstart", meeting.starts_at, meeting.timezone)
    _add_time(event, "dtend", meeting.ends_at, meeting.timezone)
    _add_place(event, meeting)
    for person in meeting.participants:
        if person.email:
            event.add("attendee", _attendee(person), encode=False)
    return event


def _uid(meeting: Meeting) -> str:
    """The same whatever becomes of a booking, another id included; `/` is in no quoted part."""
    entity, id_ = quote(meeting.entity, safe=""), quote(meeting.first_id, safe="")
    return f"{entity}/{id_}@workflow-run-tracker"


def _add_time(event: Event, name: str, moment: int | None, zone: str | None) -> None:
    if moment is not None:
        utc = to_datetime(moment)
        event.add(name, utc if zone is None else utc.astimezone(ZoneInfo(zone)))


def _add_place(event: Event, meeting: Meeting) -> None:
    place = _text(meeting.location) or _text(meeting.meeting_url)
    if place:
        event.add("location", place)
    if meeting.meeting_url and meeting.meeting_url.startswith(("https://", "http://")):
        event.add("url", vUri(quote(meeting.meeting_url, safe=IN_ADDRESS)), encode=False)


def _attendee(person: Person) -> vCalAddress:
    address = vCalAddress(f"mailto:{quote(person.email or '', safe='@+')}")
    name = _text(person.name).replace('"', "'").replace("\n", " ")
    if name:
        address.params["CN"] = name
    return address


def _text(text: str | None) -> str:
    return CONTROLS.sub("", text or "").strip()
