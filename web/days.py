"""When the days of a time zone begin: a day is as long as the clocks there make it."""

import datetime as dt
from typing import Final
from zoneinfo import ZoneInfo

from tracker.timing import EPOCH, MICROSECOND
from web.times import local_time

WEEK: Final = 7


def day_starts(now: int, zone: ZoneInfo, before: int = WEEK) -> list[int]:
    """When the last days before today begin, then today, and when today ends; in microseconds."""
    today = local_time(now, zone).date()
    days = (today + dt.timedelta(days=number) for number in range(-before, 2))
    moments = (dt.datetime(day.year, day.month, day.day, tzinfo=zone) for day in days)
    return [(moment.astimezone(dt.UTC) - EPOCH) // MICROSECOND for moment in moments]
