"""The log: `/api/v1/events`, what was not accepted, and how far the views are."""

from datetime import datetime
from typing import Any

import msgspec
from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromPath

from projections.queries.filters import (
    DeliveryFilter,
    EventFilter,
    LoggedFilter,
    QuarantineFilter,
)
from projections.queries.log import LONGEST, list_deliveries, list_events, list_quarantined
from projections.queries.paging import LARGEST_INTEGER
from projections.queries.touched import touched_by
from tracker.errors import NotFound
from tracker.log import StoredEvent
from web.api.answers import Items, answer, answers, items
from web.api.asking import Query, asks, wanted
from web.services import Services


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """One event; `data` as it was received."""

    position: int
    event_id: str
    type: str
    family: str
    record_id: str
    organization_id: str
    occurred_at: datetime
    received_at: datetime
    data: dict[str, Any] | None


class Touched(msgspec.Struct, frozen=True, kw_only=True):
    """An entity that an event belongs to; `broken` if its fold failed."""

    projection: str
    entity: str
    folded: bool
    broken: bool


class WholeEvent(Event, frozen=True, kw_only=True):
    """One event with its link of the chain in hexadecimal and what it touched."""

    body_digest: str
    chain: str
    touched: list[Touched]


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery that was not simply accepted; `size` in bytes."""

    id: int
    received_at: datetime
    outcome: str
    reason: str | None
    size: int
    remote: str
    key_label: str
    event_id: str | None
    position: int | None
    digest: str


class Quarantined(msgspec.Struct, frozen=True, kw_only=True):
    """Signed bytes that are no event, or contradict one; `size` in bytes."""

    id: int
    received_at: datetime
    reason: str
    size: int
    position: int | None
    deliveries: int
    status: str


class _Body(msgspec.Struct):
    data: msgspec.Raw


@get("/api/v1/events", sync_to_thread=True, operation_class=asks(EventFilter), tags=["Events"])
def events(request: Query, services: NamedDependency[Services]) -> Items[Event]:
    """Events by position, after `after` upwards."""
    asked = wanted(EventFilter, request)
    upwards = LoggedFilter(sort="position", **asked.model_dump(exclude_unset=True))
    page = list_events(services.log, upwards)
    return Items([answer(Event, row, data=_data(row)) for row in page.items], page.next_cursor)


@get("/api/v1/events/{position:str}", sync_to_thread=True, tags=["Events"])
def event(position: FromPath[str], services: NamedDependency[Services]) -> WholeEvent:
    """The event at a position."""
    digits = position.isascii() and position.isdigit() and len(position) <= LONGEST
    if not digits or int(position) > LARGEST_INTEGER:
        raise NotFound(f"There is no event at position {position[:50]!r}")
    row = services.log.event(int(position))
    with services.views.read() as connection:
        touched = touched_by(connection, row)
    return answer(
        WholeEvent,
        row,
        data=_data(row),
        body_digest=row.body_digest.hex(),
        chain=row.chain.hex(),
        touched=answers(Touched, touched),
    )


@get(
    "/api/v1/deliveries", sync_to_thread=True, operation_class=asks(DeliveryFilter), tags=["Events"]
)
def deliveries(request: Query, services: NamedDependency[Services]) -> Items[Delivery]:
    """Deliveries that were not simply accepted, by default newest first."""
    return items(Delivery, list_deliveries(services.log, wanted(DeliveryFilter, request)))


@get(
    "/api/v1/quarantine",
    sync_to_thread=True,
    operation_class=asks(QuarantineFilter),
    tags=["Events"],
)
def quarantine(request: Query, services: NamedDependency[Services]) -> Items[Quarantined]:
    """Signed deliveries that are not events, newest first."""
    page = list_quarantined(services.log, wanted(QuarantineFilter, request))
    shown = [answer(Quarantined, row, size=len(row.body)) for row in page.items]
    return Items(shown, page.next_cursor)


def _data(row: StoredEvent) -> Any:
    """The payload's own bytes, None where the body holds no payload any more."""
    try:
        return msgspec.json.decode(row.body, type=_Body).data
    except msgspec.DecodeError:
        return None


EVENT_HANDLERS = [events, event, deliveries, quarantine]
