"""Needs you: what waits for a person, on Today and as a whole list."""

from typing import Any

import msgspec
from litestar import Response

from projections.queries import waiting as queries
from projections.queries.filters import AttentionFilter
from projections.queries.people import named
from tracker.database import Connection
from web.badges import badge
from web.ids import encode_id
from web.pages.acknowledge import Undo, undoable
from web.pages.first_steps import FirstSteps, first_steps
from web.pages.frame import Asked, Given, Tab, seen_by, show, wanted
from web.pages.places import place_of, row_of
from web.services import Services
from web.viewer import Viewer

MOST_WAITING = 10


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that waits: `row` is its id in the page, `outside` an address in Popp."""

    waiting: queries.WaitingLine
    row: str
    name: str
    place: str
    outside: str | None
    outside_name: str


class Needs(msgspec.Struct, frozen=True, kw_only=True):
    """What waits for a person, longest first; `first` until the provider has sent an event."""

    rows: list[Line]
    count: int
    reasons: list[Tab]
    undo: Undo | None
    undo_name: str | None
    back: str
    first: FirstSteps | None


class NeedsPage(msgspec.Struct, frozen=True, kw_only=True):
    """The whole list, a page of it."""

    needs: Needs
    tabs: list[Tab]
    next_cursor: str | None


def needs_list(request: Asked, services: Given) -> Response[Any]:
    """Everything that waits and fits the filters in the address."""
    viewer = seen_by(request, services)
    asked = wanted(AttentionFilter, request, without="done")
    back = "&".join(part for part in viewer.query.split("&") if not part.startswith("done="))
    with services.views.read() as connection:
        page = queries.needs_you(connection, asked)
        needs = needs_of(request, services, connection, page.items, f"/needs?{back}".rstrip("?"))
        tabs = _tabs(queries.waiting_reasons(connection, asked), asked, viewer)
    context = NeedsPage(needs=needs, tabs=tabs, next_cursor=page.next_cursor)
    return show(request, services, "today/needs_page.html", "today/needs_list.html", context)


def longest_waiting(request: Asked, services: Services, connection: Connection) -> Needs:
    """The few that wait longest."""
    page = queries.needs_you(connection, AttentionFilter(limit=MOST_WAITING))
    chosen = request.query_params.get("funnel")
    back = f"/?funnel={encode_id(chosen)}" if chosen else "/"
    return needs_of(request, services, connection, page.items, back)


def needs_of(
    request: Asked,
    services: Services,
    connection: Connection,
    rows: list[queries.WaitingLine],
    back: str,
) -> Needs:
    """Rows as shown, with the counts of all that wait."""
    counted = queries.waiting_reasons(connection, AttentionFilter())
    undo = undoable(request, services)
    return Needs(
        rows=[_line(row) for row in rows],
        count=sum(counted.values()),
        reasons=[
            Tab(badge("attention", reason).text.lower(), f"/needs?reason={encode_id(reason)}", n)
            for reason, n in counted.items()
        ],
        undo=undo,
        undo_name=_name(connection, undo) if undo else None,
        back=back,
        first=None if services.log.any_received() else first_steps(request, services),
    )


def _name(connection: Connection, undo: Undo) -> str | None:
    found = named(connection, undo.projection, [undo.entity]).get(undo.entity)
    return found.name if found else None


def _line(row: queries.WaitingLine) -> Line:
    notes = row.reason == "notes_ready" and bool(row.url)
    return Line(
        waiting=row,
        row=row_of(row.projection, row.item),
        name=row.candidate_name or (row.identity or row.entity).partition(":")[2] or row.entity,
        place=place_of(row.projection, row.entity),
        outside=row.url or row.conversation_url,
        outside_name="Notes" if notes else "Popp",
    )


def _tabs(counted: dict[str, int], asked: AttentionFilter, viewer: Viewer) -> list[Tab]:
    every = Tab("all", viewer.link(reason=None), sum(counted.values()), not asked.reason)
    return [every] + [
        Tab(
            badge("attention", reason).text.lower(),
            viewer.link(reason=reason),
            number,
            asked.reason == (reason,),
        )
        for reason, number in counted.items()
    ]
