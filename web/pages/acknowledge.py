"""Taking care of what waits: one event in the log, and another one to undo it."""

import time
from typing import Annotated, Any
from urllib.parse import urlencode

from litestar import post
from litestar.enums import RequestEncodingType
from litestar.params import Body
from litestar.response import Redirect
from pydantic import BaseModel, Field

from projections import generation
from web.pages.frame import Asked, Given, from_this_site
from web.services import Services

TRIES, PAUSE = 50, 0.02  # seconds between looks at the views: one second in all
Text = Annotated[str, Field(min_length=1, max_length=2000)]


class Item(BaseModel):
    """The item that a form speaks of."""

    projection: Text
    entity: Text
    item: Text


Form = Annotated[Item, Body(media_type=RequestEncodingType.URL_ENCODED)]


@post("/acknowledge", sync_to_thread=True)
def acknowledge(request: Asked, services: Given, data: Form) -> Redirect:
    """A person took care of an item."""
    from_this_site(request)
    _append(services, "TRACKER_ACKNOWLEDGED", data)
    done = urlencode({"done": f"{data.projection}\n{data.entity}\n{data.item}"})
    return Redirect(f"/?{done}", status_code=303)


@post("/acknowledge/undo", sync_to_thread=True)
def undo_acknowledge(request: Asked, services: Given, data: Form) -> Redirect:
    """A person put an acknowledged item back."""
    from_this_site(request)
    _append(services, "TRACKER_ACKNOWLEDGEMENT_UNDONE", data)
    return Redirect("/", status_code=303)


def _append(services: Services, event_type: str, item: Item) -> None:
    """Append the event, then wait a moment for the views, so that the next page shows it."""
    receipt = services.ingest.append_internal(event_type, _told(item))
    for _ in range(TRIES):
        with services.views.read() as connection:
            if generation.position(connection) >= (receipt.position or 0):
                return
        time.sleep(PAUSE)


def _told(item: Item) -> dict[str, Any]:
    """What the event says; its record is the entity, as for any other event."""
    return {"recordId": item.entity, "organizationId": "", "actor": "dashboard"} | item.model_dump()
