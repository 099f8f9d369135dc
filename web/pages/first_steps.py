"""What a service that has received nothing shows: the steps to the first event, with ticks.

Everything is read from the log and from control.db, so a reload, a restart or another
browser shows the same ticks.
"""

from enum import StrEnum
from typing import Any

import msgspec

from tracker.events import TEST_RECEIVED
from tracker.log import Delivery, StoredEvent
from web.pages.frame import Asked, endpoint
from web.services import Services


class State(StrEnum):
    """How far a step is."""

    DONE = "done"
    WAITING = "waiting"
    WRONG = "wrong"


class Arrived(msgspec.Struct, frozen=True):
    """The newest signed delivery: when, to which address if it was a test of ours, whose place."""

    at: int
    via: str | None
    place: str
    is_event: bool


class FirstSteps(msgspec.Struct, frozen=True):
    """The three steps. `refused` is the newest delivery that was turned away, if none came later.

    `elsewhere` is the address that a test came to when it is not the one that Popp calls.
    """

    endpoint: str
    secrets: list[str]
    arrived: Arrived | None
    refused: Delivery | None
    elsewhere: str | None

    @property
    def secret(self) -> State:
        """Whether there is a secret to check with."""
        return State.DONE if self.secrets else State.WRONG

    @property
    def reached(self) -> State:
        """Whether anything came to the address that Popp is told."""
        if self.arrived is not None:
            return State.WAITING if self.elsewhere else State.DONE
        return State.DONE if self.refused else State.WAITING

    @property
    def signed(self) -> State:
        """Whether something came that was signed with the secret."""
        if self.arrived is not None:
            return State.DONE
        return State.WRONG if self.refused else State.WAITING

    @property
    def ready(self) -> bool:
        """Whether only Popp's first event is missing."""
        return not self.refused and {self.secret, self.reached, self.signed} == {State.DONE}


def first_steps(request: Asked, services: Services) -> FirstSteps:
    """How far somebody is who sets the service up."""
    address, arrived = endpoint(request), _arrived(services)
    return FirstSteps(
        endpoint=address,
        secrets=[secret.label for secret in services.control.secrets()],
        arrived=arrived,
        refused=_refused(services, arrived.at if arrived else 0),
        elsewhere=arrived.via if arrived and arrived.via not in {None, address} else None,
    )


def _arrived(services: Services) -> Arrived | None:
    tests = services.log.events(types=[TEST_RECEIVED], limit=1, newest_first=True)
    held = services.log.quarantined(limit=1)
    found = [_test(one) for one in tests]
    found += [Arrived(one.received_at, None, f"/quarantine/{one.id}", False) for one in held]
    return max(found, key=lambda one: one.at, default=None)


def _test(event: StoredEvent) -> Arrived:
    data: Any = event.read().data
    return Arrived(event.received_at, data.via, f"/events/{event.position}", True)


def _refused(services: Services, since: int) -> Delivery | None:
    newest = services.log.deliveries(outcome="rejected", limit=1)
    return newest[0] if newest and newest[0].received_at > since else None
