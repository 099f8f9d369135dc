"""Search: anything by a name, an e-mail address or an id, the log's events included.

The id of an event, and a position of the log that is nothing else's id, lead straight
to the event.
"""

from typing import Any, Final

import msgspec
from litestar import Response, get
from litestar.response import Redirect

from projections.queries import found as queries
from projections.queries.people import Named
from projections.queries.search import Hit
from projections.queries.states import State
from tracker.errors import NotFound
from web.ids import encode_id
from web.pages.frame import Asked, Given, show
from web.pages.places import place_of
from web.services import Services

LONGEST: Final = 200
SHOWN: Final = 12  # of one kind
DIGITS: Final = 18  # of a position
# By projection the heading, its icon and which badges its states have.
KINDS: Final = {
    "conversations": ("Conversations", "messages", "conversation"),
    "meetings": ("Meetings", "calendar-event", "meeting"),
    "analyses": ("Analyses", "list-check", "mandatory"),
    "runs": ("Runs", "route", "run"),
    "workflows": ("Workflows", "sitemap", ""),
    "contacts": ("Contacts", "address-book", "contact"),
}


class Item(msgspec.Struct, frozen=True):
    """One thing that was found, where it is shown, and what tells it from its namesakes."""

    title: str
    note: str
    url: str
    state: State | None = None


class Group(msgspec.Struct, frozen=True):
    """What was found of one kind, the best first; `more` are not shown."""

    name: str
    icon: str
    badges: str
    items: list[Item]
    more: int


class SearchPage(msgspec.Struct, frozen=True):
    """What was asked for and what was found; `more` tells that there may be others."""

    asked: str
    groups: list[Group]
    more: bool


@get("/search", sync_to_thread=True)
def find(request: Asked, services: Given) -> Response[Any]:
    """What the words in `q` find."""
    asked = request.query_params.get("q", "").strip()[:LONGEST]
    position = _event(services, asked)
    if position is not None:
        return Redirect(f"/events/{position}", status_code=303)
    with services.views.read() as connection:
        found = queries.find(connection, asked)
    groups = _groups(found)
    place = _position(services, asked)
    if place is not None and (not found.exact or asked.startswith("#")):
        return Redirect(f"/events/{place}", status_code=303)
    if place is not None:
        event = Item(f"Event at position {place}", "", f"/events/{place}")
        groups.append(Group("Events", "list-details", "", [event], 0))
    context = SearchPage(asked, groups, found.more)
    return show(request, services, "search/page.html", "search/page.html", context)


def _groups(found: queries.Found) -> list[Group]:
    persons = found.states["persons"]
    people = [_person(person, persons.get(person.person)) for person in found.people]
    groups = [_group("Candidates", "users", "", people)]
    for projection, (name, icon, badges) in KINDS.items():
        states, hits = found.states.get(projection, {}), found.hits.get(projection, [])
        items = [_hit(hit, states.get(hit.entity)) for hit in hits]
        groups.append(_group(name, icon, badges, items))
    return [group for group in groups if group.items]


def _group(name: str, icon: str, badges: str, items: list[Item]) -> Group:
    return Group(name, icon, badges, items[:SHOWN], len(items[SHOWN:]))


def _person(person: Named, state: State | None) -> Item:
    value = person.person.partition(":")[2]
    return Item(person.name or value, value, f"/candidates/{encode_id(person.person)}", state)


def _hit(hit: Hit, state: State | None) -> Item:
    note = "" if hit.title.endswith(hit.entity) else hit.entity
    return Item(hit.title, note, place_of(hit.projection, hit.entity), state)


def _event(services: Services, asked: str) -> int | None:
    """The position of the event with just this id."""
    try:
        return services.log.event_by_id(asked).position if asked else None
    except NotFound:
        return None


def _position(services: Services, asked: str) -> int | None:
    """The position of the log that was asked for, if it holds an event."""
    text = asked.removeprefix("#")
    if not text.isascii() or not text.isdigit() or len(text) > DIGITS:
        return None
    place = int(text)
    return place if 1 <= place <= services.log.head() else None
