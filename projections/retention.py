"""Who was last heard of too long ago, and is to be forgotten?

The last contact of a person is the newest event about them. Somebody with a meeting to come or
a run that has not ended is kept, whatever their age.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import msgspec

from projections.queries.erasing import subject
from tracker.database import Connection
from tracker.timing import EPOCH, MICROSECOND, to_datetime

MONTHS: Final = 12

# From few people to what is linked with them; who is erased already is left out.
SILENT: Final = """
    SELECT person, last_event_at,
        EXISTS (
            SELECT 1 FROM people CROSS JOIN links USING (identity)
            CROSS JOIN meetings ON meetings.entity = links.entity
            WHERE people.person = persons.person AND projection = 'meetings'
            AND status = 'scheduled' AND superseded_by IS NULL
            AND coalesce(ends_at, starts_at) > :now
        ) AS meets,
        EXISTS (
            SELECT 1 FROM people CROSS JOIN links USING (identity) CROSS JOIN runs ON id = entity
            WHERE people.person = persons.person AND projection = 'runs' AND status = 'running'
        ) AS runs
    FROM persons
    WHERE last_event_at < :before AND NOT EXISTS (
        SELECT 1 FROM people CROSS JOIN erased USING (identity)
        WHERE people.person = persons.person
    )
    ORDER BY last_event_at, person
"""


class Silent(msgspec.Struct, frozen=True, kw_only=True):
    """A person who was last heard of before the time limit; `kept` says why they stay."""

    person: str
    last_contact: int
    events: int
    kept: str | None = None


def silent(connection: Connection, months: int, now: int, limit: int) -> list[Silent]:
    """The people who were last heard of more than so many months ago, longest first.

    At most `limit` of those who are to be forgotten, and all before them who are kept.
    """
    bound = {"before": months_before(now, months), "now": now}
    found: list[Silent] = []
    due = 0
    for person, last, meets, runs in connection.execute(SILENT, bound):
        kept = "a meeting is to come" if meets else "a run has not ended" if runs else None
        due += kept is None
        if due > limit:
            break
        events = len(subject(connection, person).positions)
        found.append(Silent(person=person, last_contact=last, events=events, kept=kept))
    return found


def to_forget(people: Sequence[Silent]) -> list[Silent]:
    """Those who are not kept."""
    return [one for one in people if one.kept is None]


def months_before(moment: int, months: int) -> int:
    """The same day so many months earlier; the month's last day where it is shorter."""
    then = to_datetime(moment)
    year, month = divmod(then.year * MONTHS + then.month - 1 - months, MONTHS)
    if year < 1:
        return -(2**62)
    for day in range(then.day, 0, -1):
        try:
            return _microseconds(then.replace(year=year, month=month + 1, day=day))
        except ValueError:
            continue
    raise AssertionError("every month has a first day")


def _microseconds(moment: datetime) -> int:
    return (moment - EPOCH) // MICROSECOND
