"""Today: which meetings are next?"""

from projections.meetings import Status
from projections.queries.filters import MeetingFilter
from projections.queries.meetings import MeetingRow, list_meetings
from tracker.database import Connection
from tracker.timing import DAY


def next_meetings(
    connection: Connection, now: int, until: int | None = None, limit: int = 20
) -> list[MeetingRow]:
    """Booked meetings that start from now on, by default within two days."""
    until = now + 2 * DAY if until is None else until
    wanted = MeetingFilter(status=(Status.SCHEDULED,), since=now, until=until, limit=limit)
    return list_meetings(connection, wanted).items
