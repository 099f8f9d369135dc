"""Lists of what is in the log and of what was not accepted, page by page like those of views."""

from collections.abc import Callable
from typing import Final, TypeVar

from projections.queries.filters import DeliveryFilter, LoggedFilter, QuarantineFilter
from projections.queries.paging import LARGEST_INTEGER, Page
from tracker.errors import InvalidInput
from tracker.log import Delivery, LogReader, Quarantined, StoredEvent

Item = TypeVar("Item")
LONGEST: Final = 19  # digits of the largest number


def list_events(log: LogReader, wanted: LoggedFilter) -> Page[StoredEvent]:
    """The events that fit a filter, by position."""
    newest_first = wanted.sort == "-position"
    after, before = bounds(wanted.cursor, newest_first)
    rows = log.events(
        after=max(after, wanted.after or 0),
        before=before,
        limit=wanted.limit + 1,
        types=wanted.type,
        record_id=wanted.record_id,
        organizations=(wanted.organization_id,) if wanted.organization_id else (),
        since=wanted.since,
        until=wanted.until,
        newest_first=newest_first,
    )
    return page_of(rows, wanted.limit, lambda row: row.position)


def list_deliveries(log: LogReader, wanted: DeliveryFilter) -> Page[Delivery]:
    """The deliveries that fit a filter, by arrival."""
    newest_first = wanted.sort == "-received_at"
    after, before = bounds(wanted.cursor, newest_first)
    rows = log.deliveries(
        after=after,
        before=before,
        limit=wanted.limit + 1,
        outcome=wanted.outcome,
        reason=wanted.reason,
        newest_first=newest_first,
    )
    return page_of(rows, wanted.limit, lambda row: row.id)


def list_quarantined(log: LogReader, wanted: QuarantineFilter) -> Page[Quarantined]:
    """What is quarantined with the status of a filter, newest first."""
    _, before = bounds(wanted.cursor, newest_first=True)
    rows = log.quarantined(before=before, limit=wanted.limit + 1, status=wanted.status)
    return page_of(rows, wanted.limit, lambda row: row.id)


def bounds(cursor: str | None, newest_first: bool) -> tuple[int, int | None]:
    """Between which numbers the rows after a cursor lie."""
    place = None if cursor is None else _place(cursor)
    return (0, place) if newest_first else (place or 0, None)


def _place(cursor: str) -> int:
    digits = cursor.isascii() and cursor.isdigit() and len(cursor) <= LONGEST
    if not digits or int(cursor) > LARGEST_INTEGER:
        raise InvalidInput(
            f"The cursor {cursor[:50]!r} is not one that this list gave", field="cursor"
        )
    return int(cursor)


def page_of(rows: list[Item], limit: int, number: Callable[[Item], int]) -> Page[Item]:
    """A page of rows of which one more than the limit was read; the cursor is a row's number."""
    shown = rows[:limit]
    return Page(shown, str(number(shown[-1])) if len(rows) > limit else None)
