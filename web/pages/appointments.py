"""Meetings on the days of a viewer, in the viewer's zone, with the meeting's own beside it."""

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from zoneinfo import ZoneInfo

import msgspec

from projections.queries.meetings import MeetingRow, Times
from projections.queries.people import Named
from tracker.timing import EPOCH, MICROSECOND
from web.ids import encode_id
from web.times import day_name, local_time
from web.viewer import Viewer

NOBODY: Mapping[str, Named] = {}
ONE_DAY = dt.timedelta(days=1)
TO = "\u2013"  # the dash between two times


class Appointment(msgspec.Struct, frozen=True, kw_only=True):
    """A meeting on one of the viewer's days.

    `clock` says in a few characters when it goes on there: from when, or until when if it
    `continues` from the day `since`; `ends` is when it ends, and `ends_on` names the day of
    that if it is another one. `theirs` is its time in its own zone, None where that is the
    viewer's zone; `there` says where the clocks show which other time, in a few characters.
    """

    meeting: MeetingRow
    day: dt.date | None
    clock: str
    continues: bool
    since: str | None
    ends: str | None
    ends_on: str | None
    theirs: str | None
    there: str | None
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
        for day in days_of(row, viewer, first, last):
            found[day].append(_appointment(row, viewer, persons.get(row.entity), day))
    return [named_day(day, group, viewer) for day, group in found.items()]


def named_day(day: dt.date, group: list[Appointment], viewer: Viewer) -> Day:
    """A day with its name and, twice a year, how its clocks change."""
    return Day(day_name(day, viewer), group, day, _clock_change(day, viewer.zone))


def midnight(day: dt.date, zone: ZoneInfo) -> int:
    """When a day begins in a zone, in microseconds."""
    start = dt.datetime(day.year, day.month, day.day, tzinfo=zone)
    return (start.astimezone(dt.UTC) - EPOCH) // MICROSECOND


def last_day(row: MeetingRow | Times, viewer: Viewer) -> dt.date | None:
    """The viewer's day in which a meeting ends; midnight itself belongs to the day before."""
    if row.starts_at is None:
        return None
    ends_at = row.ends_at if row.ends_at is not None else row.starts_at
    return local_time(max(row.starts_at, ends_at - 1), viewer.zone).date()


def days_of(
    row: MeetingRow | Times, viewer: Viewer, first: dt.date, last: dt.date
) -> Iterator[dt.date]:
    """The viewer's days of a span on which a meeting goes on."""
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
    continues = day is not None and starts is not None and day > starts
    return Appointment(
        meeting=row,
        day=day or starts,
        clock=_clock(row, viewer, day if continues else None),
        continues=continues,
        since=short_day(starts) if continues and starts is not None else None,
        ends=None if row.ends_at is None else f"{local_time(row.ends_at, viewer.zone):%H:%M}",
        ends_on=short_day(ends) if ends is not None and ends != starts else None,
        theirs=theirs_of(row.starts_at, row.ends_at, row.timezone, viewer),
        there=_there(row, viewer),
        moved_from=_when(former.starts_at, viewer) if former else None,
        moved_to=_when(row.starts_at, viewer) if former else None,
        url=f"/meetings/{encode_id(row.id)}",
        name=person.name if person else None,
    )


def _clock(row: MeetingRow, viewer: Viewer, later_day: dt.date | None) -> str:
    if row.starts_at is None:
        return ""
    if later_day is None:
        return f"{local_time(row.starts_at, viewer.zone):%H:%M}"
    if last_day(row, viewer) != later_day:
        return "all day"
    ends = local_time(row.ends_at if row.ends_at is not None else row.starts_at, viewer.zone)
    return f"to {ends:%H:%M}" if ends.date() == later_day else "all day"


def _when(moment: int | None, viewer: Viewer) -> str | None:
    if moment is None:
        return None
    local = local_time(moment, viewer.zone)
    return f"{short_day(local.date())}, {local:%H:%M}"


def short_day(day: dt.date) -> str:
    """A day in a line: `Mon 23 Nov`."""
    return f"{day:%a} {day.day} {day:%b}"


def theirs_of(
    starts_at: int | None, ends_at: int | None, timezone: str | None, viewer: Viewer
) -> str | None:
    """The time in the meeting's own zone in words, None when that is the viewer's zone."""
    zone = _zone(timezone)
    if zone is None or starts_at is None or zone.key == viewer.zone_name:
        return None
    there, here = local_time(starts_at, zone), local_time(starts_at, viewer.zone)
    if there.utcoffset() == here.utcoffset():
        return f"Same time in {zone.key}"
    text = f"{there:%H:%M}" + (f"{TO}{local_time(ends_at, zone):%H:%M}" if ends_at else "")
    day = "" if there.date() == here.date() else f" on {short_day(there.date())}"
    return f"{text}{day} in {zone.key}"


def _there(row: MeetingRow, viewer: Viewer) -> str | None:
    """When it begins on the clocks of its own zone, `13:00 Kolkata`, None for the same time."""
    zone = _zone(row.timezone)
    if zone is None or row.starts_at is None:
        return None
    there, here = local_time(row.starts_at, zone), local_time(row.starts_at, viewer.zone)
    if there.utcoffset() == here.utcoffset():
        return None
    day = "" if there.date() == here.date() else f"{there:%a} "
    return f"{day}{there:%H:%M} {zone.key.rpartition('/')[2].replace('_', ' ')}"


def _zone(name: str | None) -> ZoneInfo | None:
    try:
        return ZoneInfo(name) if name else None
    except (KeyError, ValueError, OSError):
        return None
