"""The calendar: agenda, week, month or one day, and the requests that found no slot.

Days are days in the viewer's zone, which the browser tells by a cookie; `zone` in the
address names another one, also for browsers that tell nothing.
"""

import datetime as dt
from collections import Counter
from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import msgspec
from litestar import Response

from projections.queries import meetings as queries
from projections.queries.filters import CalendarFilter, parse
from projections.queries.organizations import with_tally
from tracker.database import Connection
from tracker.timing import to_iso
from web.chips import Shelf, shelf_of
from web.pages.appointments import (
    ONE_DAY,
    Appointment,
    Day,
    appointments,
    days_between,
    days_of,
    midnight,
)
from web.pages.calendar_span import Span, span_of
from web.pages.frame import Asked, Given, Tab, endpoint, seen_by
from web.pages.month import FETCHED, Cell, month_of
from web.pages.week import Week, week_of
from web.rendering import html, render
from web.times import day_name, local_time
from web.viewer import Viewer

VIEWS: Final = {"agenda": "Agenda", "week": "Week", "month": "Month"}
MOST: Final = {"agenda": 60, "week": 120, "day": 100}
MOST_REQUESTS: Final = 30
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


class Part(msgspec.Struct, frozen=True):
    """Of `total` meetings only those from the `first` to the `last` are shown, and the ways on."""

    first: int
    last: int
    total: int
    before: str | None = None
    after: str | None = None


class CalendarPage(msgspec.Struct, frozen=True, kw_only=True):
    """One view of the calendar; `following` is the day on which an agenda was cut off."""

    filters: CalendarFilter
    date: str
    span: str
    days: list[Day]
    week: Week | None
    month: list[list[Cell]]
    count: int
    following: tuple[str, str] | None
    part: Part | None
    requests: list[Appointment]
    request_count: int
    tabs: list[Tab]
    earlier: str
    today: str
    later: str
    nearest: list[tuple[str, str]]
    zones: list[str]
    organizations: list[tuple[str, str]]
    feed: str
    endpoint: str
    received: bool


def calendar(request: Asked, services: Given) -> Response[Any]:
    """The days in the address, by default two weeks from today on as an agenda."""
    asked = parse(CalendarFilter, request.query_params.multi_items())
    viewer = seen_by(request, services)
    if asked.zone:
        viewer = msgspec.structs.replace(viewer, zone=ZoneInfo(asked.zone))
    span = span_of(asked, viewer)
    with services.views.read() as connection:
        received = services.log.any_received()
        context = _page(connection, asked, span, viewer, endpoint(request), received)
    if request.scope["path"].startswith("/parts/"):
        return html(render("calendar/shown.html", context, viewer))
    shelf = shelf_of(services, viewer.path, request.query_params.multi_items())
    saved = shelf and _with_file(shelf, _asked(asked, span, viewer))
    return html(render("calendar/page.html", context, viewer, saved=saved, applied=()))


def _asked(asked: CalendarFilter, span: Span, viewer: Viewer) -> queries.SpanAsked:
    """The meetings of all days that are drawn."""
    first, last = span.drawn
    since, until = midnight(first, viewer.zone), midnight(last + ONE_DAY, viewer.zone)
    return queries.SpanAsked(since, until, asked.organization_id)


def _with_file(shelf: Shelf, wanted: queries.SpanAsked) -> Shelf:
    """The list of all meetings as a file takes times, not days."""
    chosen = [("from", to_iso(wanted.since)), ("to", to_iso(wanted.until))]
    chosen += [("status", status) for status in queries.BOOKED]
    chosen += [("organization_id", wanted.organization_id)] if wanted.organization_id else []
    return msgspec.structs.replace(shelf, csv=f"{shelf.path}.csv?{urlencode(chosen)}")


def _page(
    connection: Connection,
    asked: CalendarFilter,
    span: Span,
    viewer: Viewer,
    address: str,
    received: bool,
) -> CalendarPage:
    wanted = _asked(asked, span, viewer)
    times = queries.times_in_span(connection, wanted)
    counts = _counts(times, span, viewer)
    longest = queries.longest_of(times)
    most = MOST.get(span.view, 0)
    before = (asked.page - 1) * most if span.view == "day" else 0
    if span.view == "month":
        rows, cut = _first_of_days(connection, asked, span, viewer, longest), False
    else:
        found = queries.in_span(connection, wanted, most + 1, before, longest)
        rows, cut = found[:most], len(found) > most
    days = days_between(*span.drawn, rows, viewer, queries.persons_of(connection, rows))
    days, following = _cut(days, viewer) if cut and span.view == "agenda" else (days, None)
    near = queries.neighbours(connection, wanted) if not times else None
    requests = queries.open_requests(connection, MOST_REQUESTS, asked.organization_id)
    waiting = queries.persons_of(connection, requests)
    known = with_tally(connection, "meetings")
    return CalendarPage(
        filters=asked,
        date=span.date.isoformat(),
        span=span.words(viewer),
        days=[day for day in days if day.meetings],
        week=week_of(days, counts, viewer) if span.view == "week" else None,
        month=month_of(days, counts, span, viewer) if span.view == "month" else [],
        count=sum(len(day.meetings) for day in days),
        following=following,
        part=_part(asked, before, len(rows), sum(one.count for one in times), viewer),
        requests=appointments(requests, viewer, waiting),
        request_count=queries.count_open_requests(connection, asked.organization_id),
        tabs=[
            Tab(name, viewer.link(view=view, page=None), None, view == span.view)
            for view, name in VIEWS.items()
        ],
        earlier=viewer.link(date=span.earlier, page=None),
        today=viewer.link(date=None, page=None),
        later=viewer.link(date=span.later, page=None),
        nearest=_nearest(near, viewer) if near else [],
        zones=_zones(rows, viewer),
        organizations=[(one, one) for one in known],
        feed=f"{address.removesuffix('/webhooks/popp')}/calendar.ics",
        endpoint=address,
        received=received,
    )


def _counts(times: Sequence[queries.Times], span: Span, viewer: Viewer) -> Counter[dt.date]:
    """How many meetings go on each day."""
    counts: Counter[dt.date] = Counter()
    for one in times:
        for day in days_of(one, viewer, *span.drawn):
            counts[day] += one.count
    return counts


def _first_of_days(
    connection: Connection, asked: CalendarFilter, span: Span, viewer: Viewer, longest: int
) -> list[queries.MeetingRow]:
    """The first meetings of each day, as many as a month names; one on two days once."""
    first, last = span.drawn
    rows: dict[tuple[str, str], queries.MeetingRow] = {}
    for number in range((last - first).days + 1):
        day = first + number * ONE_DAY
        since, until = midnight(day, viewer.zone), midnight(day + ONE_DAY, viewer.zone)
        of_day = queries.SpanAsked(since, until, asked.organization_id)
        found = queries.in_span(connection, of_day, FETCHED, longest=longest)
        rows |= {(row.entity, row.id): row for row in found}
    return list(rows.values())


def _part(
    asked: CalendarFilter, before: int, shown: int, total: int, viewer: Viewer
) -> Part | None:
    """Which meetings are shown, None when all are; an agenda and each day of a month say so."""
    if shown == total or asked.view in {"agenda", "month"}:
        return None
    paged = asked.view == "day"
    earlier = viewer.link(page=asked.page - 1 if asked.page > 2 else None)  # noqa: PLR2004  # the first needs no number
    return Part(
        first=before + 1,
        last=before + shown,
        total=total,
        before=earlier if paged and before else None,
        after=viewer.link(page=asked.page + 1) if paged and before + shown < total else None,
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


def _nearest(near: queries.Neighbours, viewer: Viewer) -> list[tuple[str, str]]:
    """Where there is something, seen from an empty span."""
    found = [("The meeting before", near.before), ("The next meeting", near.after)]
    return [
        (f"{words}: {day_name(day, viewer)}", viewer.link(date=day.isoformat(), page=None))
        for words, moment in found
        if moment is not None
        for day in [local_time(moment, viewer.zone).date()]
    ]


def _zones(rows: Sequence[queries.MeetingRow], viewer: Viewer) -> list[str]:
    theirs = {row.timezone for row in rows if row.timezone}
    return list(dict.fromkeys([viewer.zone_name, *sorted(theirs), *ZONES]))
