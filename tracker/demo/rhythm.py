"""When people do things: by day, seldom at weekends, and not at once."""

import math
import random
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from tracker.timing import EPOCH, HOUR, MICROSECOND, MINUTE, to_datetime

_FIRST_WAKING_HOUR: Final = 7
_LAST_WAKING_HOUR: Final = 21
_GROWTH: Final = 0.65
_SATURDAY: Final = 5
_AT_WEEKENDS: Final = 0.15
_SLOT_HOURS: Final = range(9, 17)

# How likely something begins in each hour of the local day.
_BY_HOUR: Final = (
    *(0.02,) * 6, 0.1, 0.3, 0.6, 1, 1, 0.9,
    0.7, 0.8, 1, 1, 0.9, 0.8, 0.6, 0.5, 0.4, 0.3, 0.15, 0.05,
)  # fmt: skip


def beginning(chance: random.Random, since: int, until: int, zone: str) -> int:
    """A moment (microseconds) between two others at which a person is likely to begin.

    Business grows: later moments are likelier.
    """
    while True:
        moment = since + int((until - since) * chance.random() ** _GROWTH)
        local = _local(moment, zone)
        likely = _BY_HOUR[local.hour] * (_AT_WEEKENDS if local.weekday() >= _SATURDAY else 1)
        if chance.random() < likely:
            return moment


def later(chance: random.Random, shortest: float, longest: float) -> int:
    """A span of time (microseconds) between two others; short ones are as likely as long ones."""
    return int(math.exp(chance.uniform(math.log(shortest), math.log(longest))))


def awake(chance: random.Random, moment: int, zone: str) -> int:
    """The moment, or one in the next morning if it falls into the person's night."""
    hour = _local(moment, zone).hour
    if _FIRST_WAKING_HOUR <= hour <= _LAST_WAKING_HOUR:
        return moment
    asleep = (_FIRST_WAKING_HOUR - hour) % 24
    return moment + asleep * HOUR + chance.randrange(3 * 60) * MINUTE


def slot(chance: random.Random, moment: int, zone: str) -> datetime:
    """A full or half hour for a meeting, on one of the next working days of a zone."""
    day = _local(moment, zone) + timedelta(days=chance.choice((1, 1, 2, 2, 3, 4)))
    while day.weekday() >= _SATURDAY:
        day += timedelta(days=1)
    hour, minute = chance.choice(_SLOT_HOURS), chance.choice((0, 30))
    return day.replace(hour=hour, minute=minute, second=0, microsecond=0, fold=0)


def moment_of(local: datetime) -> int:
    """Microseconds of an aware local time."""
    return (local - EPOCH) // MICROSECOND


def _local(moment: int, zone: str) -> datetime:
    return to_datetime(moment).astimezone(ZoneInfo(zone))
