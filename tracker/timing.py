"""Time as the product keeps it: whole microseconds since 1970 in UTC.

Tables hold these integers; everything outside (JSON, pages, files) shows
RFC 3339 with a `Z`.
"""

import time
import zoneinfo
from datetime import UTC, datetime, timedelta

MICROSECOND = timedelta(microseconds=1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

# Zones come from the package tzdata alone, never from the machine's own files: views depend on
# them, and two servers of the same version must have the same ones.
zoneinfo.reset_tzpath(to=())


def now() -> int:
    """The current time in microseconds."""
    return time.time_ns() // 1000


def from_iso(text: str) -> int:
    """Microseconds of an ISO 8601 date and time; one without an offset is read as UTC.

    Raises ValueError when the text is not a date and time, or names one that
    can't be expressed in UTC between the years 1 and 9999.
    """
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    try:
        # Through UTC first: the last hours of the year 9999 have no UTC form to show.
        return (moment.astimezone(UTC) - EPOCH) // MICROSECOND
    except OverflowError:
        raise ValueError(f"{text!r} lies outside the years 1 to 9999 in UTC") from None


def to_datetime(moment: int) -> datetime:
    """The aware UTC datetime of a time in microseconds."""
    return EPOCH + timedelta(microseconds=moment)


def to_iso(moment: int) -> str:
    """RFC 3339 in UTC with a `Z`, with microseconds only where there are any."""
    return to_datetime(moment).isoformat().replace("+00:00", "Z")
