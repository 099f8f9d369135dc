"""Today: who waits, what is next, is it moving?"""

import datetime as dt
from typing import Any

import msgspec
from litestar import Response, get

from projections.queries import today as queries
from projections.queries.filters import AttentionFilter, ConversationFilter
from tracker.database import Connection
from tracker.timing import DAY, EPOCH, MICROSECOND, to_iso
from web.badges import badge
from web.pages.frame import Asked, Given, endpoint, seen_by
from web.pages.meetings import Day, by_day
from web.pages.places import place_of
from web.rendering import Viewer, day_name, html, local_time, render
from web.services import Services

MOST_WAITING = 12


class Undo(msgspec.Struct, frozen=True):
    """The item that was acknowledged just now."""

    projection: str
    entity: str
    item: str


class Needs(msgspec.Struct, frozen=True, kw_only=True):
    """What waits for a person, longest first."""

    rows: list[queries.WaitingLine]
    places: dict[str, str]
    count: int
    next_cursor: str | None
    undo: Undo | None
    received: bool
    endpoint: str


class Meetings(msgspec.Struct, frozen=True):
    """The meetings of today and tomorrow."""

    days: list[Day]


class Figure(msgspec.Struct, frozen=True):
    """A number that opens the list it counts."""

    name: str
    count: int
    url: str
    note: str = ""
    tone: str = ""


class Moving(msgspec.Struct, frozen=True):
    """Runs now and ended today, against the week before."""

    figures: list[Figure]


class Step(msgspec.Struct, frozen=True):
    """A stage of the funnel: how many got there, what part of those before, the mean wait."""

    name: str
    count: int
    url: str
    share: int | None
    wait: int | None
    width: int


class Funnel(msgspec.Struct, frozen=True):
    """Stages and exits of all conversations."""

    stages: list[Step]
    exits: list[Figure]


class TodayPage(msgspec.Struct, frozen=True):
    """The whole page: its fragments."""

    day: str
    needs: Needs
    meetings: Meetings
    moving: Moving
    funnel: Funnel


@get("/", sync_to_thread=True)
def today(request: Asked, services: Given) -> Response[Any]:
    """The page with all its fragments."""
    viewer = seen_by(request, services)
    with services.views.read() as connection:
        page = TodayPage(
            day=day_name(local_time(viewer.now, viewer.zone).date(), viewer),
            needs=_needs(request, services, connection),
            meetings=_meetings(connection, viewer),
            moving=_moving(connection, viewer.now),
            funnel=_funnel(connection),
        )
    return html(render("today/page.html", page, viewer))


@get("/parts/today/needs", sync_to_thread=True)
def needs_part(request: Asked, services: Given) -> Response[Any]:
    """What waits, alone."""
    with services.views.read() as connection:
        context = _needs(request, services, connection)
    return html(render("today/needs.html", _Only(needs=context), seen_by(request, services)))


class _Only(msgspec.Struct, frozen=True):
    """One fragment of the page alone."""

    needs: Needs | None = None
    meetings: Meetings | None = None
    moving: Moving | None = None
    funnel: Funnel | None = None


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
        context = _Only(moving=_moving(connection, viewer.now))
    return html(render("today/moving.html", context, viewer))


@get("/parts/today/funnel", sync_to_thread=True)
def funnel_part(request: Asked, services: Given) -> Response[Any]:
    """The funnel, alone."""
    with services.views.read() as connection:
        context = _Only(funnel=_funnel(connection))
    return html(render("today/funnel.html", context, seen_by(request, services)))


def _needs(request: Asked, services: Services, connection: Connection) -> Needs:
    asked = AttentionFilter(limit=MOST_WAITING, cursor=request.query_params.get("cursor") or None)
    page = queries.needs_you(connection, asked)
    done = request.query_params.get("done", "").split("\n")
    return Needs(
        rows=page.items,
        places={row.item: _place(row) for row in page.items},
        count=queries.count_waiting(connection, asked),
        next_cursor=page.next_cursor,
        undo=Undo(*done) if len(done) == len(Undo.__struct_fields__) else None,
        received=services.log.head() > 0,
        endpoint=endpoint(request),
    )


def _place(row: queries.WaitingLine) -> str:
    return place_of(row.projection, row.entity)


def _meetings(connection: Connection, viewer: Viewer) -> Meetings:
    here = local_time(viewer.now, viewer.zone)
    end = dt.datetime(here.year, here.month, here.day, tzinfo=viewer.zone) + dt.timedelta(days=2)
    until = (end.astimezone(dt.UTC) - EPOCH) // MICROSECOND
    return Meetings(by_day(queries.next_meetings(connection, viewer.now, until), viewer))


def _moving(connection: Connection, now: int) -> Moving:
    moving = queries.moving(connection, now)
    midnight = to_iso(now // DAY * DAY)[:10]
    ended = [
        Figure(
            f"{status} today",
            days[-1],
            f"/runs?status={status}&ended_from={midnight}",
            f"{sum(days[:-1]) / queries.WEEK:.1f} a day before",
            "bad" if status == "failed" and days[-1] else "",
        )
        for status, days in moving.ended.items()
        if status != "cancelled"
    ]
    stuck = moving.now.stuck
    return Moving(
        [
            Figure("running now", moving.now.running, "/runs?status=running"),
            Figure("stuck", stuck, "/runs?stuck=true", tone="wait" if stuck else ""),
            *ended,
        ]
    )


def _funnel(connection: Connection) -> Funnel:
    funnel = queries.funnel(connection, ConversationFilter())
    first = funnel.stages[0].count or 1
    return Funnel(
        stages=[
            Step(
                name=stage.name,
                count=stage.count,
                url=f"/conversations?stage={stage.name}",
                share=round(100 * stage.share) if number else None,
                wait=stage.mean_wait,
                width=round(100 * stage.count / first),
            )
            for number, stage in enumerate(funnel.stages)
        ],
        exits=[
            Figure(badge("conversation", status).text, count, f"/conversations?status={status}")
            for status, count in funnel.exits.items()
        ],
    )
