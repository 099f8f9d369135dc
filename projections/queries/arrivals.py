"""How fast events come in, found in the log itself."""

from bisect import bisect_left

import msgspec

from tracker.log import LogReader
from tracker.timing import HOUR, MINUTE

HOURS = 24


class Arrivals(msgspec.Struct, frozen=True):
    """Events received in the last minute, the last hour, and each of the last hours.

    The last number of `hourly` is that of the hour which ends now.
    """

    minute: int
    hour: int
    hourly: list[int]


def arrivals(log: LogReader, now: int, hours: int = HOURS) -> Arrivals:
    """Count by position: positions are given in order of arrival, so a few looks suffice."""
    head = log.head()
    bounds = [_first_since(log, head, now - n * HOUR) for n in range(hours, 0, -1)]
    hourly = [late - early for early, late in zip(bounds, [*bounds[1:], head + 1], strict=True)]
    minute = head + 1 - _first_since(log, head, now - MINUTE)
    return Arrivals(minute, hourly[-1], hourly)


def _first_since(log: LogReader, head: int, moment: int) -> int:
    """The first position received at or after a time, one after the head if there is none."""
    positions = range(1, head + 1)
    return 1 + bisect_left(positions, moment, key=lambda p: log.event(p).received_at)
