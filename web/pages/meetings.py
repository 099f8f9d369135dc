"""Meetings as lines of an agenda, in the viewer's zone with the meeting's own beside it."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from zoneinfo import ZoneInfo

import msgspec

from projections.queries.meetings import MeetingRow
from projections.queries.people import Named
from web.pages.places import place_of
from web.rendering import Viewer, day_name, local_time

NOBODY: Mapping[str, Named] = {}


class Appointment(msgspec.Struct, frozen=True):
    """A meeting with its day here, its own zone's time, its former time and its place."""

    meeting: MeetingRow
    day: dt.date | None
    theirs: str | None
    moved_from: str | None
    url: str
    name: str | None


class Day(msgspec.Struct, frozen=True):
    """One day of an agenda."""

    name: str
    meetings: list[Appointment]


def appointments(
    rows: Iterable[MeetingRow], viewer: Viewer, persons: Mapping[str, Named] = NOBODY
) -> list[Appointment]:
    """Meetings as a viewer sees them, with the names of those persons who are known."""
    return [_appointment(row, viewer, persons.get(row.entity)) for row in rows]


def by_day(rows: Sequence[MeetingRow], viewer: Viewer) -> list[Day]:
    """Meetings in the order of their times, grouped by the viewer's days."""
    timed = [one for one in appointments(rows, viewer) if one.day is not None]
    groups = groupby(timed, key=lambda one: one.day)
    return [Day(day_name(day, viewer), list(group)) for day, group in groups if day]


def _appointment(row: MeetingRow, viewer: Viewer, person: Named | None) -> Appointment:
    starts = None if row.starts_at is None else local_time(row.starts_at, viewer.zone)
    former = row.moved_from
    moved = None
    if former is not None and former.starts_at is not None:
        was = local_time(former.starts_at, viewer.zone)
        moved = f"{was:%a} {was.day} {was:%b, %H:%M}"
    return Appointment(
        meeting=row,
        day=starts.date() if starts else None,
        theirs=_theirs(row, starts),
        moved_from=moved,
        url=place_of("conversations", row.conversation_id) if row.conversation_id else "/calendar",
        name=person.name if person else None,
    )


def _theirs(row: MeetingRow, here: dt.datetime | None) -> str | None:
    """The time in the meeting's own zone, None when its clocks show the same as the viewer's."""
    zone = _zone(row.timezone)
    if zone is None or row.starts_at is None or here is None:
        return None
    there = local_time(row.starts_at, zone)
    if there.utcoffset() == here.utcoffset():
        return None
    day = "" if there.date() == here.date() else f" on {there:%a} {there.day} {there:%b}"
    return f"{there:%H:%M}{day} in {zone.key}"


def _zone(name: str | None) -> ZoneInfo | None:
    try:
        return ZoneInfo(name) if name else None
    except (KeyError, ValueError, OSError):
        return None
