"""A time zone as calendars exchange it: VTIMEZONE with every change of a span of years.

Each change is written with the local time before it, as RFC 5545 (3.6.5) has it;
icalendar's own generator writes the local time after it where clocks go forward.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from icalendar import Timezone, TimezoneDaylight, TimezoneStandard

STEP: Final = timedelta(days=1)
EXACT: Final = timedelta(seconds=1)
Change = tuple[datetime, datetime, datetime]


@lru_cache(maxsize=256)
def vtimezone(name: str, first_year: int, last_year: int) -> Timezone:
    """The zone of an IANA name, right for the whole of these years."""
    zone = ZoneInfo(name)
    start = datetime(first_year, 1, 1, tzinfo=UTC) - STEP
    component = Timezone()
    component.add("tzid", name)
    component.add_component(_observance((start, start.astimezone(zone), start.astimezone(zone))))
    for change in _changes(zone, start, datetime(last_year + 1, 1, 1, tzinfo=UTC) + STEP):
        component.add_component(_observance(change))
    return component


def _changes(zone: ZoneInfo, moment: datetime, end: datetime) -> Iterator[Change]:
    """Each change as (its moment, the local time just before it, and at it)."""
    while moment < end:
        following = moment + STEP
        if _facts(moment, zone) != _facts(following, zone):
            changed = _bisect(zone, moment, following)
            yield changed, (changed - EXACT).astimezone(zone), changed.astimezone(zone)
        moment = following


def _bisect(zone: ZoneInfo, before: datetime, after: datetime) -> datetime:
    old = _facts(before, zone)
    while after - before > EXACT:
        middle = before + (after - before) // 2
        middle -= timedelta(microseconds=middle.microsecond)
        if middle <= before:
            break
        before, after = (middle, after) if _facts(middle, zone) == old else (before, middle)
    return after


def _facts(moment: datetime, zone: ZoneInfo) -> tuple[object, ...]:
    local = moment.astimezone(zone)
    return local.utcoffset(), local.dst(), local.tzname()


def _observance(change: Change) -> TimezoneStandard | TimezoneDaylight:
    moment, before, after = change
    observance = TimezoneDaylight() if after.dst() else TimezoneStandard()
    old, new = before.utcoffset() or timedelta(), after.utcoffset() or timedelta()
    observance.add("dtstart", (moment + old).replace(tzinfo=None))
    observance.add("tzoffsetfrom", old)
    observance.add("tzoffsetto", new)
    observance.add("tzname", after.tzname() or str(new))
    return observance
