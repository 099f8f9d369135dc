"""Meetings in a viewer's days and zone, with the meeting's own zone beside it, and one meeting."""

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from litestar import Response
from litestar.response import Redirect

from projections.meetings import Entry, Meeting
from projections.queries.meetings import (
    MeetingRow,
    bookings,
    conversation_of,
    meeting,
    persons_of,
)
from projections.queries.people import Named
from tracker.database import Connection
from tracker.errors import NotFound
from tracker.timing import EPOCH, MICROSECOND
from web.ids import encode_id
from web.pages.frame import Asked, Given, record_id, seen_by, show
from web.pages.places import place_of
from web.times import day_name, local_time
from web.viewer import Viewer

NOBODY: Mapping[str, Named] = {}
ONE_DAY = dt.timedelta(days=1)
TO = "\u2013"  # the dash between two times


class Appointment(msgspec.Struct, frozen=True, kw_only=True):
    """A meeting on one of the viewer's days.

    `continues` when it began on a day before, `ends_on` names the day of its end if that is
    another one. `theirs` is its time in its own zone, None where that is the viewer's zone.
    """

    meeting: MeetingRow
    day: dt.date | None
    continues: bool
    ends_on: str | None
    theirs: str | None
    moved_from: str | None
    moved_to: str | None
    url: str
    name: str | None


class Day(msgspec.Struct, frozen=True):
    """One day of a calendar; `note` tells when its clocks change."""

    name: str
    meetings: list[Appointment]
    date: dt.date
    note: str | None = None


def appointments(
    rows: Iterable[MeetingRow], viewer: Viewer, persons: Mapping[str, Named] = NOBODY
) -> list[Appointment]:
    """Meetings on the days of their starts, with the names of those persons who are known."""
    return [_appointment(row, viewer, persons.get(row.entity), None) for row in rows]


def by_day(
    rows: Sequence[MeetingRow], viewer: Viewer, persons: Mapping[str, Named] = NOBODY
) -> list[Day]:
    """Meetings in the order of their times, grouped by the viewer's days in which they begin."""
    found: dict[dt.date, list[Appointment]] = {}
    for one in appointments(rows, viewer, persons):
        if one.day is not None:
            found.setdefault(one.day, []).append(one)
    return [named_day(day, group, viewer) for day, group in found.items()]


def days_between(
    first: dt.date,
    last: dt.date,
    rows: Sequence[MeetingRow],
    viewer: Viewer,
    persons: Mapping[str, Named] = NOBODY,
) -> list[Day]:
    """Every day of a span with what goes on in it: one over midnight stands on both days."""
    count = (last - first).days + 1
    found: dict[dt.date, list[Appointment]] = {first + n * ONE_DAY: [] for n in range(count)}
    for row in rows:
        for day in _days_of(row, viewer, first, last):
            found[day].append(_appointment(row, viewer, persons.get(row.entity), day))
    return [named_day(day, group, viewer) for day, group in found.items()]


def named_day(day: dt.date, group: list[Appointment], viewer: Viewer) -> Day:
    """A day with its name and, twice a year, how its clocks change."""
    return Day(day_name(day, viewer), group, day, _clock_change(day, viewer.zone))


def midnight(day: dt.date, zone: ZoneInfo) -> int:
    """When a day begins in a zone, in microseconds."""
    start = dt.datetime(day.year, day.month, day.day, tzinfo=zone)
    return (start.astimezone(dt.UTC) - EPOCH) // MICROSECOND


def last_day(row: MeetingRow, viewer: Viewer) -> dt.date | None:
    """The viewer's day in which a meeting ends; midnight itself belongs to the day before."""
    if row.starts_at is None:
        return None
    ends_at = row.ends_at if row.ends_at is not None else row.starts_at
    return local_time(max(row.starts_at, ends_at - 1), viewer.zone).date()


def _days_of(row: MeetingRow, viewer: Viewer, first: dt.date, last: dt.date) -> Iterator[dt.date]:
    end = last_day(row, viewer)
    if row.starts_at is None or end is None:
        return
    day = max(local_time(row.starts_at, viewer.zone).date(), first)
    while day <= min(end, last):
        yield day
        day += ONE_DAY


def _clock_change(day: dt.date, zone: ZoneInfo) -> str | None:
    before = dt.datetime(day.year, day.month, day.day, tzinfo=zone).utcoffset()
    following = day + ONE_DAY
    after = dt.datetime(following.year, following.month, following.day, tzinfo=zone).utcoffset()
    if before is None or after is None or before == after:
        return None
    minutes = int(abs(after - before).total_seconds() // 60)
    span = "1 hour" if minutes == 60 else f"{minutes} minutes"  # noqa: PLR2004  # of an hour
    return f"Clocks go {'forward' if after > before else 'back'} {span}"


def _appointment(
    row: MeetingRow, viewer: Viewer, person: Named | None, day: dt.date | None
) -> Appointment:
    starts = None if row.starts_at is None else local_time(row.starts_at, viewer.zone).date()
    ends = last_day(row, viewer)
    former = row.moved_from
    return Appointment(
        meeting=row,
        day=day or starts,
        continues=day is not None and starts is not None and day > starts,
        ends_on=_short(ends) if ends is not None and ends != starts else None,
        theirs=_theirs(row.starts_at, row.ends_at, row.timezone, viewer),
        moved_from=_when(former.starts_at, viewer) if former else None,
        moved_to=_when(row.starts_at, viewer) if former else None,
        url=f"/meetings/{encode_id(row.id)}",
        name=person.name if person else None,
    )


def _when(moment: int | None, viewer: Viewer) -> str | None:
    if moment is None:
        return None
    local = local_time(moment, viewer.zone)
    return f"{_short(local.date())}, {local:%H:%M}"


def _short(day: dt.date) -> str:
    return f"{day:%a} {day.day} {day:%b}"


def _theirs(
    starts_at: int | None, ends_at: int | None, timezone: str | None, viewer: Viewer
) -> str | None:
    """The time in the meeting's own zone, None when that is the viewer's."""
    zone = _zone(timezone)
    if zone is None or starts_at is None or zone.key == viewer.zone_name:
        return None
    there, here = local_time(starts_at, zone), local_time(starts_at, viewer.zone)
    text = f"{there:%H:%M}" + (f"{TO}{local_time(ends_at, zone):%H:%M}" if ends_at else "")
    day = "" if there.date() == here.date() else f" on {_short(there.date())}"
    return f"{text}{day} in {zone.key}"


def _zone(name: str | None) -> ZoneInfo | None:
    try:
        return ZoneInfo(name) if name else None
    except (KeyError, ValueError, OSError):
        return None


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
        theirs=_theirs(row.starts_at, row.ends_at, row.timezone, viewer),
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
    text = f"{_short(starts.date())} {starts.year}, {starts:%H:%M}"
    if ends_at is None:
        return text
    ends = local_time(ends_at, viewer.zone)
    day = "" if ends.date() == starts.date() else f"{_short(ends.date())}, "
    return f"{text}{TO}{day}{ends:%H:%M}"


def _changes(history: Sequence[Entry], viewer: Viewer) -> list[Change]:
    changes: list[Change] = []
    known: str | None = None
    for entry in history:
        after = _span(entry.starts_at, entry.ends_at, viewer)
        changes.append(Change(entry, known if known != after else None, after))
        known = after or known
    return changes
