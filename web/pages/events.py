"""The log: its events, and one with its exact bytes and what the views made of it."""

from typing import Any

import msgspec
from litestar import Response, get
from litestar.params import FromPath
from litestar.response import Redirect

from projections.queries.feed import TypeCount, types
from projections.queries.filters import LoggedFilter
from projections.queries.log import list_events
from projections.queries.organizations import organizations
from projections.queries.touched import Made, Touched, made_of, touched_by
from tracker.errors import NotFound
from tracker.events import event_type
from tracker.log import StoredEvent, body_fits
from tracker.log.rows import GENESIS, link
from tracker.timing import to_iso
from web.badges import badge, sentence
from web.bytes_shown import Shown, show_bytes
from web.ids import encode_id
from web.pages.frame import Asked, Given, endpoint, record_id, seen_by, show, wanted
from web.pages.newer import Held, from_row, hold
from web.pages.places import place_of
from web.services import Services


class EventsPage(msgspec.Struct, frozen=True, kw_only=True):
    """A page of the log."""

    held: Held[StoredEvent]
    filters: LoggedFilter
    days: tuple[str, str]
    types: list[tuple[str, list[tuple[str, str]]]]
    organizations: list[tuple[str, str]]
    endpoint: str


class Proof(msgspec.Struct, frozen=True):
    """The event's link in the chain: what stands before it, and whether both fit together."""

    previous_chain: str
    bytes_fit: bool
    chain_fits: bool


class Touch(msgspec.Struct, frozen=True):
    """An entity that the event touched, what the views made of it, and where it is shown."""

    touched: Touched
    made: Made
    url: str


class EventPage(msgspec.Struct, frozen=True, kw_only=True):
    """One event."""

    event: StoredEvent
    says: str
    understood: bool
    raw: Shown
    proof: Proof
    touches: list[Touch]
    head: int
    topics: str


def events(request: Asked, services: Given) -> Response[Any]:
    """The events that fit the filters in the address."""
    asked, viewer = wanted(LoggedFilter, request), seen_by(request, services)
    page = list_events(services.log, asked)
    held = hold(
        request,
        viewer,
        page,
        key=lambda row: row.position,
        again=lambda positions: list_events(services.log, from_row(asked, positions)).items,
        newest_first=asked.sort == "-position",
    )
    with services.views.read() as connection:
        known, accounts = types(connection), organizations(connection)
    context = EventsPage(
        held=held,
        filters=asked,
        days=(_day(asked.since), _day(None if asked.until is None else asked.until - 1)),
        types=_by_family(known),
        organizations=[(one, one) for one in accounts],
        endpoint=endpoint(request),
    )
    return show(request, services, "events/page.html", "events/list.html", context)


def _day(moment: int | None) -> str:
    return "" if moment is None else to_iso(moment)[:10]


def _by_family(known: list[TypeCount]) -> list[tuple[str, list[tuple[str, str]]]]:
    """The types that were received in groups; those that nobody understands yet come last."""
    groups: dict[str, list[tuple[str, str]]] = {}
    for one in sorted(known, key=lambda one: (not one.understood, event_type(one.type).family)):
        family = badge("family", event_type(one.type).family).text
        groups.setdefault(family, []).append((one.type, f"{sentence(one.type)} ({one.count})"))
    return list(groups.items())


def event(request: Asked, services: Given, position: FromPath[int]) -> Response[Any]:
    """The event at a position."""
    found = services.log.event(min(position, 2**62))
    with services.views.read() as connection:
        touches = [
            Touch(one, made_of(connection, one, found), place_of(one.projection, one.entity))
            for one in touched_by(connection, found)
        ]
    known = event_type(found.type)
    context = EventPage(
        event=found,
        says=known.says,
        understood=known.understood,
        raw=show_bytes(found.body),
        proof=_proof(services, found),
        touches=touches,
        head=services.log.head(),
        topics=" ".join(
            encode_id(f"{one.touched.projection}:{one.touched.entity}") for one in touches
        ),
    )
    return show(request, services, "events/event.html", "events/detail.html", context)


def _proof(services: Services, found: StoredEvent) -> Proof:
    before = GENESIS if found.position == 1 else _chain_at(services, found.position - 1)
    chain = link(before, found.event_id, found.body_digest, found.received_at)
    return Proof(before.hex(), body_fits(found, _erasure(services, found)), chain == found.chain)


def _erasure(services: Services, found: StoredEvent) -> StoredEvent | None:
    if found.erased_by is None:
        return None
    try:
        return services.log.event(found.erased_by)
    except NotFound:
        return None


def _chain_at(services: Services, position: int) -> bytes:
    try:
        return services.log.chain_at(position)
    except NotFound:  # a removed row shows as a chain that does not fit
        return b""


@get("/events/id/{event_id:path}", sync_to_thread=True)
def event_by_id(request: Asked, services: Given) -> Redirect:
    """The way from an event's id to its page."""
    found = services.log.event_by_id(record_id(request, "/events/id/"))
    return Redirect(f"/events/{found.position}", status_code=303)
