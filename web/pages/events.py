"""The log: its events, and one with its exact bytes and what the views made of it."""

from typing import Any

import msgspec
from litestar import Response, get
from litestar.params import FromPath
from litestar.response import Redirect

from projections.queries.feed import types
from projections.queries.filters import EventFilter
from projections.queries.touched import Touched, touched_by
from tracker.events import event_type
from tracker.log import StoredEvent
from tracker.timing import to_iso
from web.badges import sentence
from web.ids import encode_id
from web.pages.frame import Asked, Given, endpoint, number, record_id, show, wanted
from web.pages.places import place_of


class EventsPage(msgspec.Struct, frozen=True, kw_only=True):
    """A page of the log, newest first."""

    rows: list[StoredEvent]
    next_cursor: str | None
    filters: EventFilter
    days: tuple[str, str]
    types: list[tuple[str, str]]
    endpoint: str


class EventPage(msgspec.Struct, frozen=True, kw_only=True):
    """One event."""

    event: StoredEvent
    says: str
    raw: str
    touched: list[Touched]
    places: dict[tuple[str, str], str]
    head: int
    topics: str


def events(request: Asked, services: Given) -> Response[Any]:
    """The events that fit the filters in the address."""
    asked, before = wanted(EventFilter, request), number(request, "cursor")
    rows = services.log.events(
        before=before,
        limit=asked.limit + 1,
        types=asked.type,
        record_id=asked.record_id,
        organizations=(asked.organization_id,) if asked.organization_id else (),
        since=asked.since,
        until=asked.until,
        newest_first=True,
    )
    with services.views.read() as connection:
        known = types(connection)
    shown = rows[: asked.limit]
    context = EventsPage(
        rows=shown,
        next_cursor=str(shown[-1].position) if len(rows) > asked.limit else None,
        filters=asked,
        days=(_day(asked.since), _day(None if asked.until is None else asked.until - 1)),
        types=[(t.type, f"{sentence(t.type)} ({t.count})") for t in known],
        endpoint=endpoint(request),
    )
    return show(request, services, "events/page.html", "events/list.html", context)


def _day(moment: int | None) -> str:
    return "" if moment is None else to_iso(moment)[:10]


def event(request: Asked, services: Given, position: FromPath[int]) -> Response[Any]:
    """The event at a position."""
    found = services.log.event(min(position, 2**62))
    with services.views.read() as connection:
        touched = touched_by(connection, found)
    context = EventPage(
        event=found,
        says=event_type(found.type).says,
        raw=found.body.decode("utf-8", "replace"),
        touched=touched,
        places={(t.projection, t.entity): place_of(t.projection, t.entity) for t in touched},
        head=services.log.head(),
        topics=" ".join(encode_id(f"{t.projection}:{t.entity}") for t in touched),
    )
    return show(request, services, "events/event.html", "events/detail.html", context)


@get("/events/id/{event_id:path}", sync_to_thread=True)
def event_by_id(request: Asked, services: Given) -> Redirect:
    """The way from an event's id to its page."""
    found = services.log.event_by_id(record_id(request, "/events/id/"))
    return Redirect(f"/events/{found.position}", status_code=303)
