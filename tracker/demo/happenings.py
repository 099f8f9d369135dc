"""What happens in the demo's world, and how the provider would put it into an envelope."""

import random
from typing import Any

import msgspec

from tracker.events import event_type
from tracker.timing import to_datetime

MILLISECOND = 1000


class Happening(msgspec.Struct, frozen=True):
    """One event before it is sent. `at` is microseconds.

    `after` is the end of a meeting that must have taken place first, 0 if there is none.
    """

    at: int
    type: str
    event_id: str
    data: dict[str, Any]
    after: int = 0

    @property
    def is_workflow(self) -> bool:
        """Whether the provider stamps its `data`, too: workflow events only."""
        return self.type.startswith("WORKFLOW_")


def encode(chance: random.Random, happening: Happening) -> bytes:
    """The body of a delivery.

    A workflow event tells in `data.timestamp` when it happened, and its envelope
    is made a little later; every other event has the envelope's time only.
    """
    data, enveloped_at = happening.data, happening.at
    if happening.is_workflow:
        data = data | {"timestamp": written(happening.at)}
        enveloped_at += chance.randrange(40, 900) * MILLISECOND
    return envelope(happening.type, happening.event_id, enveloped_at, data)


def envelope(name: str, event_id: str, at: int, data: dict[str, Any]) -> bytes:
    """An envelope's bytes with the four documented fields; `at` is microseconds."""
    return msgspec.json.encode({
        "event": name,
        "eventId": event_id,
        "eventTimestamp": written(at),
        "data": data,
    })  # fmt: skip


def written(moment: int) -> str:
    """A time as the provider writes it: UTC with milliseconds and a `Z`."""
    return to_datetime(moment).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def canonical_place(happening: Happening) -> tuple[int, int, str]:
    """Where it stands in the order of occurrence."""
    return happening.at, event_type(happening.type).rank, happening.event_id
