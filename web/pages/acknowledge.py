"""Taking care of what waits: one event in the log, and another one to undo it.

Whether an item is acknowledged is read from the log itself, by the rule of the folds, so
that a second click, another tab or views that lag add no second event.
"""

import threading
from typing import Annotated, Any
from urllib.parse import urlencode

import msgspec
from litestar import post
from litestar.enums import RequestEncodingType
from litestar.params import Body
from litestar.response import Redirect
from pydantic import BaseModel, Field

from projections.entities import entities_of
from projections.projection import ACKNOWLEDGEMENTS, acknowledged
from tracker.errors import InvalidInput, NotFound
from tracker.events import canonical
from tracker.log import LogReader, StoredEvent
from web.pages.frame import Asked, Given, actor
from web.pages.places import row_of
from web.paths import safe_path
from web.services import Services
from web.visitors import DASHBOARD

DONE, UNDONE = "TRACKER_ACKNOWLEDGED", "TRACKER_ACKNOWLEDGEMENT_UNDONE"
LARGEST_POSITION = 18  # digits: what fits in a column
MOST_CLICKS = 500  # acknowledgements of one record that are looked at
Text = Annotated[str, Field(min_length=1, max_length=2000)]

_one_at_a_time = threading.Lock()


class Item(BaseModel):
    """The item that a form speaks of, and the page to go back to."""

    projection: Text
    entity: Text
    item: Text
    back: Annotated[str, Field(max_length=8000)] = "/"


Form = Annotated[Item, Body(media_type=RequestEncodingType.URL_ENCODED)]


class Undo(msgspec.Struct, frozen=True):
    """The item that was acknowledged just now, and by whom."""

    projection: str
    entity: str
    item: str
    actor: str


@post("/acknowledge", sync_to_thread=True)
def acknowledge(request: Asked, services: Given, data: Form) -> Redirect:
    """A person took care of an item."""
    organization = _organization_of(services.log, data)
    with _one_at_a_time:
        given = _acknowledgement(services.log, data)
        position = (
            given.position if given else _append(services, DONE, data, organization, actor(request))
        )
    services.wait_for(position)
    return _back(request, data.back, done=position)


@post("/acknowledge/undo", sync_to_thread=True)
def undo_acknowledge(request: Asked, services: Given, data: Form) -> Redirect:
    """A person put an acknowledged item back."""
    organization = _organization_of(services.log, data)
    with _one_at_a_time:
        if _acknowledgement(services.log, data):
            services.wait_for(_append(services, UNDONE, data, organization, actor(request)))
    return _back(request, data.back, row=row_of(data.projection, data.item))


def undoable(request: Asked, services: Services) -> Undo | None:
    """The item that the address says was acknowledged just now, unless it was put back."""
    position = request.query_params.get("done", "")
    if not position.isascii() or not position.isdecimal() or len(position) > LARGEST_POSITION:
        return None
    try:
        event = services.log.event(int(position))
    except NotFound:
        return None
    if event.type != DONE:
        return None
    told = event.read().data
    item = Item.model_construct(projection=told.projection, entity=told.entity, item=told.item)
    if _acknowledgement(services.log, item) is None:
        return None
    return Undo(told.projection, told.entity, told.item, told.actor or DASHBOARD)


def _organization_of(log: LogReader, item: Item) -> str:
    """The organization of the event that waits; raises InvalidInput for what none can wait for."""
    try:
        stored = log.event_by_id(item.item)
        found = entities_of(stored.read())
    except NotFound:
        found = []
    if (item.projection, item.entity) not in found:
        raise InvalidInput(
            f"The log holds no event {item.item[:100]!r} of {item.projection[:100]}"
            f" {item.entity[:100]!r}; open the page again and try once more",
            field="item",
        )
    return stored.organization_id


def _acknowledgement(log: LogReader, item: Item) -> StoredEvent | None:
    """The event that acknowledged an item, None unless it is acknowledged now."""
    clicks = log.events(
        types=sorted(ACKNOWLEDGEMENTS), record_id=item.entity, newest_first=True, limit=MOST_CLICKS
    )
    mine = [(stored, event) for stored in clicks if _about(event := stored.read(), item)]
    if item.item not in acknowledged(canonical(event for _, event in mine)):
        return None
    return next(stored for stored, _ in mine if stored.type == DONE)


def _about(event: Any, item: Item) -> bool:
    said = event.data
    return (said.projection, said.entity, said.item) == (item.projection, item.entity, item.item)


def _append(services: Services, event_type: str, item: Item, organization: str, name: str) -> int:
    """Append the event; its record is the entity, as for any other event."""
    told = {"recordId": item.entity, "organizationId": organization, "actor": name}
    receipt = services.ingest.append_internal(event_type, told | item.model_dump(exclude={"back"}))
    return receipt.position or 0


def _back(request: Asked, page: str, row: str = "", **said: int) -> Redirect:
    """Back to the page of the form; to its fragment alone for a script that swaps it in."""
    path, _, query = safe_path(page).partition("#")[0].partition("?")
    if request.headers.get("hx-request"):
        path = "/parts/today/needs" if path == "/" else f"/parts{path}"
    asked = "&".join(part for part in (query, urlencode(said)) if part)
    mark = f"#{row}" if row else "#needs"
    return Redirect(f"{path}?{asked}{mark}" if asked else f"{path}{mark}", status_code=303)
