"""The calendar: agenda, week, month or one day, and the requests that found no slot.

Days are days in the viewer's zone, which the browser tells by a cookie; `zone` in the
address names another one, also for browsers that tell nothing.
"""

import calendar as months
import datetime as dt
from typing import Any, Final
from urllib.parse import parse_qsl
from zoneinfo import ZoneInfo

import msgspec
from litestar import Response

from projections.queries import meetings as queries
from tracker.database import Connection
from tracker.errors import InvalidInput
from web.pages.frame import Asked, Given, Tab, endpoint, seen_by
from web.pages.meetings import (
    ONE_DAY,
    Appointment,
    Day,
    appointments,
    days_between,
    midnight,
)
from web.pages.week import Week, week_of
from web.rendering import html, render
from web.times import day_name, local_time
from web.viewer import Viewer

VIEWS: Final = {"agenda": "Agenda", "week": "Week", "month": "Month"}
DAYS: Final = {"agenda": 14, "week": 7, "day": 1}
MOST: Final = {"agenda": 60, "week": 150, "month": 1000, "day": 200}
TITLES: Final = 3  # of a day in the month
MOST_REQUESTS: Final = 30
PARAMETERS: Final = ("view", "date", "zone")
# Offered beside the viewer's own; any other IANA name can be typed.
ZONES: Final = [
    "UTC",
    "Europe/London",
    "Europe/Lisbon",
    "Europe/Paris",
    "Europe/Berlin",
    "Europe/Zurich",
    "Europe/Athens",
    "Africa/Johannesburg",
    "Asia/Dubai",
    "Asia/Kolkata",
    "Asia/Singapore",
    "Asia/Tokyo",
    "Australia/Sydney",
    "Pacific/Auckland",
    "America/Sao_Paulo",
    "America/New_York",
    "America/Chicago",
    "America/Denver",
    "America/Los_Angeles",
]


class Span(msgspec.Struct, frozen=True):
    """What is asked for: a view of the days from `first` to `last` around `date`."""

    view: str
    date: dt.date
    first: dt.date
    last: dt.date


class Cell(msgspec.Struct, frozen=True, kw_only=True):
    """A day of the month: its first meetings, how many there are, and its own page."""

    day: Day
    shown: list[Appointment]
    url: str
    inside: bool
    today: bool


class CalendarPage(msgspec.Struct, frozen=True, kw_only=True):
    """One view of the calendar; `following` is the day on which an agenda was cut off."""

    view: str
    date: str
    span: str
    days: list[Day]
    week: Week | None
    month: list[list[Cell]]
    count: int
    following: tuple[str, str] | None
    cut: int | None
    requests: list[Appointment]
    request_count: int
    tabs: list[Tab]
    earlier: str
    today: str
    later: str
    nearest: list[tuple[str, str]]
    zones: list[str]
    chosen_zone: str | None
    feed: str
    endpoint: str
    received: bool


def calendar(request: Asked, services: Given) -> Response[Any]:
    """The days in the address, by default two weeks from today on as an agenda."""
    viewer = _viewer(request, seen_by(request, services))
    span = _span(request, viewer)
    with services.views.read() as connection:
        context = _page(connection, span, viewer, endpoint(request), services.log.head() > 0)
    part = request.scope["path"].startswith("/parts/")
    template = "calendar/shown.html" if part else "calendar/page.html"
    return html(render(template, context, viewer))


def _viewer(request: Asked, viewer: Viewer) -> Viewer:
    """The viewer, in the zone that the address names; raises InvalidInput for an unknown one."""
    for name in request.query_params:
        if name not in PARAMETERS:
            known = ", ".join(PARAMETERS)
            raise InvalidInput(f"There is no filter {name[:100]}; there are {known}", field=name)
    wanted = request.query_params.get("zone")
    if not wanted:
        return viewer
    try:
        return msgspec.structs.replace(viewer, zone=ZoneInfo(wanted))
    except (KeyError, ValueError, OSError):
        said = f"There is no time zone {wanted[:50]!r}; use a name like Europe/London"
        raise InvalidInput(said, field="zone") from None


def _span(request: Asked, viewer: Viewer) -> Span:
    view = request.query_params.get("view") or "agenda"
    if view not in MOST:
        raise InvalidInput(f"There is no view {view[:50]!r}; there are {', '.join(MOST)}", "view")
    date = _date(request.query_params.get("date"), viewer)
    if view == "month":
        first = date.replace(day=1)
        return Span(view, date, first, _next_month(first) - ONE_DAY)
    first = date - date.weekday() * ONE_DAY if view == "week" else date
    return Span(view, date, first, first + (DAYS[view] - 1) * ONE_DAY)


def _date(text: str | None, viewer: Viewer) -> dt.date:
    if not text:
        return local_time(viewer.now, viewer.zone).date()
    try:
        day = dt.date.fromisoformat(text)
    except ValueError:
        raise InvalidInput(f"The date {text[:50]!r} is none like 2026-03-01", "date") from None
    if not 1971 <= day.year <= 9000:  # noqa: PLR2004  # with room on both sides
        raise InvalidInput(f"The date {text[:50]!r} is too far away", "date")
    return day


def _next_month(first: dt.date) -> dt.date:
    return first + months.monthrange(first.year, first.month)[1] * ONE_DAY


def _page(
    connection: Connection, span: Span, viewer: Viewer, address: str, received: bool
) -> CalendarPage:
    first, last = _drawn(span)
    since, until = midnight(first, viewer.zone), midnight(last + ONE_DAY, viewer.zone)
    most = MOST[span.view]
    rows = queries.in_span(connection, since, until, most + 1)
    persons = queries.persons_of(connection, rows)
    days = days_between(first, last, rows[:most], viewer, persons)
    days, following = _cut(days, viewer) if len(rows) > most else (days, None)
    near = queries.neighbours(connection, since, until) if not rows else None
    requests = queries.open_requests(connection, MOST_REQUESTS)
    waiting = queries.persons_of(connection, requests)
    link = viewer.link
    return CalendarPage(
        view=span.view,
        date=span.date.isoformat(),
        span=_words(span, viewer),
        days=[day for day in days if day.meetings],
        week=week_of(days, viewer) if span.view == "week" else None,
        month=_month(days, span, viewer) if span.view == "month" else [],
        count=sum(len(day.meetings) for day in days),
        following=following if span.view == "agenda" else None,
        cut=most if len(rows) > most and span.view != "agenda" else None,
        requests=appointments(requests, viewer, waiting),
        request_count=queries.count_open_requests(connection),
        tabs=[Tab(name, link(view=view), None, view == span.view) for view, name in VIEWS.items()],
        earlier=link(date=_moved(span, back=True)),
        today=link(date=None),
        later=link(date=_moved(span, back=False)),
        nearest=_nearest(near, viewer) if near else [],
        zones=_zones(rows, viewer),
        chosen_zone=dict(parse_qsl(viewer.query)).get("zone"),
        feed=f"{address.removesuffix('/webhooks/popp')}/calendar.ics",
        endpoint=address,
        received=received,
    )


def _drawn(span: Span) -> tuple[dt.date, dt.date]:
    """A month is drawn in whole weeks."""
    if span.view != "month":
        return span.first, span.last
    return (
        span.first - span.first.weekday() * ONE_DAY,
        span.last + (6 - span.last.weekday()) * ONE_DAY,
    )


def _cut(days: list[Day], viewer: Viewer) -> tuple[list[Day], tuple[str, str] | None]:
    """Whole days only: the last one that was reached may miss some, and is the next to look at."""
    reached = [day for day in days if day.meetings]
    if len(reached) < 2:  # noqa: PLR2004  # there must be one left to show
        day = reached[0].date
        return reached, ("The whole day", viewer.link(view="day", date=day.isoformat()))
    last = reached[-1]
    kept = [day for day in days if day.date < last.date]
    return kept, (f"On with {last.name}", viewer.link(date=last.date.isoformat()))


def _moved(span: Span, *, back: bool) -> str:
    if span.view == "month":
        return (span.first - ONE_DAY if back else span.last + ONE_DAY).replace(day=1).isoformat()
    step = DAYS[span.view] * ONE_DAY
    return (span.first - step if back else span.first + step).isoformat()


def _words(span: Span, viewer: Viewer) -> str:
    if span.view == "month":
        return f"{span.first:%B %Y}"
    first = day_name(span.first, viewer)
    return first if span.view == "day" else f"{first} to {day_name(span.last, viewer)}"


def _month(days: list[Day], span: Span, viewer: Viewer) -> list[list[Cell]]:
    today = local_time(viewer.now, viewer.zone).date()
    cells = [
        Cell(
            day=day,
            shown=day.meetings[: TITLES if len(day.meetings) > TITLES + 1 else TITLES + 1],
            url=viewer.link(view="day", date=day.date.isoformat()),
            inside=span.first <= day.date <= span.last,
            today=day.date == today,
        )
        for day in days
    ]
    return [cells[n : n + 7] for n in range(0, len(cells), 7)]


def _nearest(near: queries.Neighbours, viewer: Viewer) -> list[tuple[str, str]]:
    """Where there is something, seen from an empty span."""
    found = [("The meeting before", near.before), ("The next meeting", near.after)]
    return [
        (f"{words}: {day_name(day, viewer)}", viewer.link(date=day.isoformat()))
        for words, moment in found
        if moment is not None
        for day in [local_time(moment, viewer.zone).date()]
    ]


def _zones(rows: list[queries.MeetingRow], viewer: Viewer) -> list[str]:
    theirs = {row.timezone for row in rows if row.timezone}
    return list(dict.fromkeys([viewer.zone_name, *sorted(theirs), *ZONES]))
