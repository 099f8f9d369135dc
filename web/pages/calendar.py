"""The calendar: an agenda of two weeks, and the requests that found no slot."""

import datetime as dt
from typing import Any

import msgspec
from litestar import Response

from projections.meetings import Status
from projections.queries.filters import MeetingFilter
from projections.queries.meetings import list_meetings, open_requests, persons_of
from tracker.errors import InvalidInput
from tracker.timing import EPOCH, MICROSECOND
from web.pages.frame import Asked, Given, seen_by, show
from web.pages.meetings import Appointment, Day, appointments, by_day
from web.rendering import Viewer, day_name, local_time

SPAN = dt.timedelta(days=14)
MOST_MEETINGS = 80
MOST_REQUESTS = 30
BOOKED = (Status.SCHEDULED, Status.CANCELLED)


class CalendarPage(msgspec.Struct, frozen=True, kw_only=True):
    """Two weeks of meetings; `more` when there are more than are shown."""

    days: list[Day]
    requests: list[Appointment]
    span: str
    earlier: str
    later: str
    more: bool
    shown: int


def calendar(request: Asked, services: Given) -> Response[Any]:
    """The agenda from the day in the address on, by default from today."""
    viewer = seen_by(request, services)
    first = _first_day(request, viewer)
    asked = MeetingFilter(
        status=BOOKED,
        since=_midnight(first, viewer),
        until=_midnight(first + SPAN, viewer),
        limit=MOST_MEETINGS,
    )
    with services.views.read() as connection:
        page = list_meetings(connection, asked)
        requests = open_requests(connection, MOST_REQUESTS)
        persons = persons_of(connection, requests)
    context = CalendarPage(
        days=by_day(page.items, viewer),
        requests=appointments(requests, viewer, persons),
        span=f"{day_name(first, viewer)} to {day_name(first + SPAN - dt.timedelta(1), viewer)}",
        earlier=f"/calendar?day={first - SPAN}",
        later=f"/calendar?day={first + SPAN}",
        more=page.next_cursor is not None,
        shown=len(page.items),
    )
    return show(request, services, "calendar/page.html", "calendar/agenda.html", context)


def _first_day(request: Asked, viewer: Viewer) -> dt.date:
    text = request.query_params.get("day")
    if not text:
        return local_time(viewer.now, viewer.zone).date()
    try:
        day = dt.date.fromisoformat(text)
    except ValueError:
        raise InvalidInput(f"The day {text[:50]!r} is no date like 2026-03-01", "day") from None
    if not 1971 <= day.year <= 9000:  # noqa: PLR2004  # with room for two weeks on both sides
        raise InvalidInput(f"The day {text[:50]!r} is too far away", "day")
    return day


def _midnight(day: dt.date, viewer: Viewer) -> int:
    start = dt.datetime(day.year, day.month, day.day, tzinfo=viewer.zone)
    return (start.astimezone(dt.UTC) - EPOCH) // MICROSECOND
