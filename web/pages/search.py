"""Search: anything by a name, an e-mail address or an id, the log's event ids included."""

from typing import Any

import msgspec
from litestar import Response, get

from projections.queries.search import Hit, search
from tracker.errors import NotFound
from web.pages.frame import Asked, Given, show
from web.pages.places import place_of
from web.services import Services

MOST_HITS = 50
LONGEST = 200
KINDS = {
    "runs": "Run",
    "conversations": "Conversation",
    "meetings": "Meeting",
    "analyses": "Analysis",
    "workflows": "Workflow",
    "contacts": "Contact",
}


class Found(msgspec.Struct, frozen=True):
    """One thing that was found, and where it is shown."""

    title: str
    kind: str
    url: str


class SearchPage(msgspec.Struct, frozen=True):
    """What was asked for and what was found."""

    asked: str
    found: list[Found]


@get("/search", sync_to_thread=True)
def find(request: Asked, services: Given) -> Response[Any]:
    """What the words in `q` find."""
    asked = request.query_params.get("q", "").strip()[:LONGEST]
    with services.views.read() as connection:
        hits = search(connection, asked, MOST_HITS)
    found = [*_event(services, asked), *(_found(hit) for hit in hits)]
    context = SearchPage(asked, found)
    return show(request, services, "search/page.html", "search/page.html", context)


def _found(hit: Hit) -> Found:
    return Found(
        hit.title, KINDS.get(hit.projection, hit.projection), place_of(hit.projection, hit.entity)
    )


def _event(services: Services, asked: str) -> list[Found]:
    try:
        event = services.log.event_by_id(asked)
    except NotFound:
        return []
    return [Found(f"{event.type} {event.event_id}", "Event", f"/events/{event.position}")]
