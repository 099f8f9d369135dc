"""Who was erased, and when?

Hears erasures and that one was lifted. An entity is one erasure; what the log and the views
hold of the person's other events was overwritten with it. Read wherever a name is shown.
"""

from collections.abc import Sequence

import msgspec

from projections import projection as p
from tracker.events import Event

ERASED = "TRACKER_PERSON_ERASED"
LIFTED = "TRACKER_ERASURE_LIFTED"


class Erased(msgspec.Struct, frozen=True, kw_only=True):
    """One identity of a person who was erased."""

    entity: str
    identity: str
    at: int


def key(event: Event) -> str:
    """The erasure; that it was lifted names it as its record."""
    return event.event_id if event.type == ERASED else event.record_id


def fold(events: Sequence[Event]) -> Sequence[p.Row]:
    """One row an identity, none once the erasure is lifted."""
    if any(event.type == LIFTED for event in events):
        return ()
    return [
        Erased(entity=key(event), identity=identity, at=event.occurred_at)
        for event in events
        if event.type == ERASED
        for identity in sorted(set(event.data.identities or ()))
    ]


PROJECTION = p.Projection(
    name="erasures",
    version=1,
    tables=(
        p.Table(
            "erased", Erased, key=("entity", "identity"), entity="entity", indexes=(("identity",),)
        ),
    ),
    hears=frozenset({ERASED, LIFTED}),
    key=key,
    fold=fold,
)
