"""Today: who waits, what is next, is it moving?"""

from typing import Any

import msgspec
from litestar import Response, get

from projections.queries import today as queries
from tracker.database import Connection
from web.days import day_starts
from web.pages.appointments import Day, by_day
from web.pages.frame import Asked, Given, seen_by
from web.pages.funnel import Funnel, funnel_of
from web.pages.moving import Moving, moving_of
from web.pages.needs import Needs, longest_waiting
from web.rendering import html, render
from web.times import day_name, local_time
from web.viewer import Viewer


class Meetings(msgspec.Struct, frozen=True):
    """The meetings of today and tomorrow; `more` when there are others on these days."""

    days: list[Day]
    more: bool


class TodayPage(msgspec.Struct, frozen=True):
    """The whole page: its fragments."""

    day: str
    needs: Needs
    meetings: Meetings
    moving: Moving
    funnel: Funnel


class _Only(msgspec.Struct, frozen=True):
    """One fragment of the page alone."""

    needs: Needs | None = None
    meetings: Meetings | None = None
    moving: Moving | None = None
    funnel: Funnel | None = None


@get("/", sync_to_thread=True)
def today(request: Asked, services: Given) -> Response[Any]:
    """The page with all its fragments."""
    viewer = seen_by(request, services)
    with services.views.read() as connection:
        page = TodayPage(
            day=day_name(local_time(viewer.now, viewer.zone).date(), viewer),
            needs=longest_waiting(request, services, connection),
            meetings=_meetings(connection, viewer),
            moving=moving_of(connection, viewer),
            funnel=funnel_of(request, connection, viewer.now),
        )
    return html(render("today/page.html", page, viewer))


@get("/parts/today/needs", sync_to_thread=True)
def needs_part(request: Asked, services: Given) -> Response[Any]:
    """What waits, alone."""
    with services.views.read() as connection:
        context = _Only(needs=longest_waiting(request, services, connection))
    return html(render("today/needs.html", context, seen_by(request, services)))


@get("/parts/today/meetings", sync_to_thread=True)
def meetings_part(request: Asked, services: Given) -> Response[Any]:
    """The next meetings, alone."""
    viewer = seen_by(request, services)
    with services.views.read() as connection:
        context = _Only(meetings=_meetings(connection, viewer))
    return html(render("today/meetings.html", context, viewer))


@get("/parts/today/moving", sync_to_thread=True)
def moving_part(request: Asked, services: Given) -> Response[Any]:
    """The numbers of runs, alone."""
    viewer = seen_by(request, services)
    with services.views.read() as connection:
        context = _Only(moving=moving_of(connection, viewer))
    return html(render("today/moving.html", context, viewer))


@get("/parts/today/funnel", sync_to_thread=True)
def funnel_part(request: Asked, services: Given) -> Response[Any]:
    """The funnel, alone."""
    viewer = seen_by(request, services)
    with services.views.read() as connection:
        context = _Only(funnel=funnel_of(request, connection, viewer.now))
    return html(render("today/funnel.html", context, viewer))


MOST_MEETINGS = 12


def _meetings(connection: Connection, viewer: Viewer) -> Meetings:
    tomorrow = day_starts(viewer.now, viewer.zone)[-1]
    until = day_starts(tomorrow, viewer.zone, 0)[-1]
    found = queries.next_meetings(connection, viewer.now, until, MOST_MEETINGS + 1)
    days = by_day(found[:MOST_MEETINGS], viewer)
    return Meetings(days, more=len(found) > MOST_MEETINGS)
