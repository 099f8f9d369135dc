"""A small cast, and events as a fold gets them: read from the bytes of a delivery."""

import json
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from projections.projection import Attention, Found, Projection, Table
from tracker.events import Event, canonical, read_event
from tracker.timing import MINUTE, from_iso

ACME = "org-acme"
ADA = "cand-ada"
TALK = "talk-ada"
RUN = "run-ada"
HIRING = "flow-hiring"
SUMMER = "campaign-summer"
NOON = from_iso("2026-03-02T12:00:00Z")


def event(
    type_name: str,
    at: int = 0,
    *,
    record: str = TALK,
    event_id: str | None = None,
    organization: str = ACME,
    **data: Any,
) -> Event:
    """An event `at` minutes after noon; `data` in the provider's spelling."""
    event_id = event_id or f"{type_name}@{at}"
    common = {"recordId": record, "organizationId": organization}
    body = {"event": type_name, "eventId": event_id, "data": common | data}
    return read_event(
        event_id, type_name, record, organization, minute(at), json.dumps(body).encode()
    )


def minute(at: int) -> int:
    """The microseconds of `at` minutes after noon."""
    return NOON + at * MINUTE


def acknowledge(projection: Projection, of: Event, at: int, *, undone: bool = False) -> Event:
    """A person took care of the item that an event caused, or put it back."""
    verb = "TRACKER_ACKNOWLEDGEMENT_UNDONE" if undone else "TRACKER_ACKNOWLEDGED"
    entity = projection.entity_of(of)
    about = {"projection": projection.name, "entity": entity, "item": of.event_id}
    return event(verb, at, record=str(entity), **about)


def folded(projection: Projection, *events: Event) -> list[Any]:
    """The rows of one entity from events in any order; all must belong to that entity."""
    assert len({projection.entity_of(one) for one in events}) == 1
    return list(projection.fold(canonical(events)))


def only(projection: Projection, *events: Event) -> Any:
    """The one row that the events give."""
    (row,) = folded(projection, *events)
    return row


def waiting(projection: Projection, rows: Iterable[Any]) -> list[Attention]:
    """What waits for a person on some rows."""
    return [
        w
        for table, row in _placed(projection, rows)
        if table.attention
        for w in table.attention(row)
    ]


class Counted(msgspec.Struct, frozen=True):
    """A counter by its columns, and what was added to it."""

    name: str
    organization_id: str
    subject: str
    version: str
    item: str
    outcome: str
    target: str
    day: int
    count: int
    total: int


def counted(projection: Projection, rows: Iterable[Any]) -> list[Counted]:
    """What some rows add to the counters."""
    return [
        Counted(*counter, count, total)
        for table, row in _placed(projection, rows)
        if table.tallies
        for counter, count, total in table.tallies(row)
    ]


def found(projection: Projection, rows: Iterable[Any]) -> list[Found]:
    """How some rows are found."""
    return [
        f for table, row in _placed(projection, rows) if table.search for f in table.search(row)
    ]


def linked(projection: Projection, *rows: Any) -> list[str]:
    """The identities that some rows give."""
    return [
        one for table, row in _placed(projection, rows) if table.links for one in table.links(row)
    ]


def _placed(projection: Projection, rows: Iterable[Any]) -> Iterator[tuple[Table, Any]]:
    tables = {table.row: table for table in projection.tables}
    return ((tables[type(row)], row) for row in rows)
