"""What happens to one person: a way through a workflow, or a conversation on its own.

Person number n of a world has always the same story, which may reach beyond now.
The first people are given fates, so that everything that can happen does.
"""

import random
from typing import Any, Final

import msgspec

from tracker.demo import rhythm
from tracker.demo.booking import Booking, attend, book, rebook
from tracker.demo.cast import ORGANIZATIONS, Person, dice, new_id, person
from tracker.demo.conversing import analyse, converse
from tracker.demo.happenings import Happening
from tracker.demo.telling import Telling, World
from tracker.demo.workflows import (
    BRANCHING,
    FLOWS,
    LARGE,
    REFERRAL,
    SCREENING,
    Flow,
    Node,
    Version,
)
from tracker.timing import DAY, HOUR, MINUTE, SECOND


class Fate(msgspec.Struct, frozen=True):
    """What must happen in a story: outcomes and incidents in order of preference."""

    flow: Flow | None
    wanted: tuple[str, ...]


_BOOKED: Final = ("onQualified", "onComplete", "onBooked")
FATES: Final = (
    Fate(SCREENING, ("contact resolved", "onComplete", "review", "onBooked", "update", "notes")),
    Fate(BRANCHING, (*_BOOKED, "onReschedule", "onBooked", "notes")),
    Fate(BRANCHING, (*_BOOKED, "onReschedule", "onBooked", "new booking id")),
    Fate(BRANCHING, (*_BOOKED, "onCancelled")),
    Fate(BRANCHING, ("onQualified", "onNeedsReview")),
    Fate(BRANCHING, ("onQualified", "onOptedOut")),
    Fate(BRANCHING, ("onQualified", "onComplete", "onMoreTimeRequested", "onBooked")),
    Fate(SCREENING, ("onComplete", "onNoAvailability")),
    Fate(SCREENING, ("onNoResponse",)),
    Fate(SCREENING, ("onDeliveryFailed",)),
    Fate(REFERRAL, ("fails", "is retried")),
    Fate(SCREENING, ("contact skipped", "onComplete")),
    Fate(SCREENING, ("contact not resolved",)),
    Fate(LARGE, ("onQualified", "onComplete", "onBooked", "onComplete", "onAccepted")),
    Fate(LARGE, ("is cancelled",)),
    Fate(None, ("onBooked", "notes")),
)
_FLOWS_TO_CHOOSE: Final = (*FLOWS, None)
_FLOW_WEIGHTS: Final = (30, 26, 18, 10, 16)

# Fated people begin in this part of the period, so that their fate comes true before now.
_FATED_UNTIL: Final = 0.4
_MOST_NODES: Final = 38
_RUN_FAILURES: Final = (
    ("PROVIDER_TIMEOUT", "The message provider didn't answer"),
    ("CALENDAR_DISCONNECTED", "The interviewer's calendar is no longer connected"),
    ("TEMPLATE_MISSING", "The template 'shift_offer' doesn't exist"),
)
# How long a node takes at least and at most; other types take seconds.
_DURATIONS: Final = {
    "wait": (20 * HOUR, 26 * HOUR),
    "recruiterTask": (HOUR, 2 * DAY),
    "recruiterHandover": (10 * MINUTE, DAY),
    "assessment": (3 * HOUR, 3 * DAY),
    "panelVote": (HOUR, DAY),
    "offerLetter": (4 * HOUR, 3 * DAY),
}


def story(world: World, number: int, at: int | None = None) -> list[Happening]:
    """Everything that happens to a person, in order, from a moment on (in the period if None)."""
    chance = dice(world.seed, world.now, "person", number)
    fate = FATES[number] if number < len(FATES) else _fate(chance)
    organization = fate.flow.organization if fate.flow else chance.choice(ORGANIZATIONS)
    who = person(chance, number, organization)
    begins = _begins(world, chance, number, who) if at is None else at
    telling = Telling(world, chance, who, begins, fate.wanted)
    if fate.flow is None:
        _apply(telling)
    elif telling.happens("contact not resolved", 0.02):
        _contact_not_resolved(telling, fate.flow)
    else:
        _go_through(telling, fate.flow)
    return telling.happenings


def _fate(chance: random.Random) -> Fate:
    return Fate(chance.choices(_FLOWS_TO_CHOOSE, _FLOW_WEIGHTS)[0], ())


def _begins(world: World, chance: random.Random, number: int, who: Person) -> int:
    until = world.now
    if number < len(FATES):
        until = world.start + int((world.now - world.start) * _FATED_UNTIL)
    return rhythm.beginning(chance, world.start, until, who.zone)


def _apply(telling: Telling) -> None:
    """Without a workflow: an analysis for some, a conversation, a meeting if it went well."""
    if telling.happens("analysis", 0.5):
        analyse(telling, "onQualified" if telling.passes else "onNotQualified")
        telling.wait(MINUTE, 2 * HOUR)
    booked = telling.happens("onBooked", 0.5)
    telling.passes = telling.passes or booked
    silent = not booked and telling.happens("silent", 0.3)
    converse(telling, "onNoResponse" if silent else "onComplete")
    if booked:
        booking = book(telling, "onBooked", in_person=False)
        if booking:
            attend(telling, booking, "onComplete")


def _go_through(telling: Telling, flow: Flow) -> None:
    """A run; one that failed is retried for most people, as another run."""
    version = flow.version_at(telling.world.age(telling.at))
    if _run(telling, flow, version) == "failed" and telling.happens("is retried", 0.6):
        telling.wait(20 * MINUTE, DAY)
        _run(telling, flow, version)


def _run(telling: Telling, flow: Flow, version: Version) -> str:
    run = _Run(telling, flow, version)
    run.tell("WORKFLOW_RUN_STARTED")
    if telling.happens("contact resolved", 0.3):
        run.contact_resolved()
    node, booking = version.start, None
    goes_silent = telling.happens("goes silent", 0.08)
    ends_at = telling.chance.randrange(1, 4)
    for number in range(_MOST_NODES):
        if number == ends_at and goes_silent:
            return "silent"
        if number == ends_at and telling.happens("contact skipped", 0.05):
            run.contact_skipped()
        if number == 1 and telling.happens("fails", 0.05):
            return run.fail(node)
        if number == 1 and telling.happens("is cancelled", 0.04):
            return run.cancel()
        outcome = telling.outcome(node)
        booking = _perform(telling, node, outcome, booking)
        following = node.routes.get(outcome)
        run.node_completed(node, outcome, following)
        if following is None:
            break
        node = version.nodes[following]
    run.tell("WORKFLOW_RUN_COMPLETED")
    return "completed"


def _perform(telling: Telling, node: Node, outcome: str, booking: Booking | None) -> Booking | None:
    """What a node does besides completing; the booking that the person holds afterwards."""
    match node.type:
        case "screeningOutreach" | "reminderOutreach":
            converse(telling, outcome)
        case "resumeAnalysis":
            analyse(telling, outcome)
        case "scheduling" | "siteScheduling":
            return book(telling, outcome, in_person=node.type == "siteScheduling")
        case "rescheduling" if booking:
            return rebook(telling, booking, outcome)
        case "interview" if booking:
            attend(telling, booking, outcome)
        case _:
            telling.wait(*_DURATIONS.get(node.type, (SECOND, 30 * SECOND)))
    return booking


def _contact_not_resolved(telling: Telling, flow: Flow) -> None:
    """The workflow was asked to start with a contact that can't become a candidate."""
    who = telling.who
    version = flow.version_at(telling.world.age(telling.at))
    data = {
        "workflowId": flow.id,
        "workflowVersionId": version.id,
        "workflowExternalId": flow.external_id,
        "contact": {"key": f"contact-{who.external_id}", "name": who.name, "email": who.email},
        "reason": telling.chance.choice(("INVALID_PHONE_NUMBER", "AMBIGUOUS_MATCH")),
    }
    telling.tell("WORKFLOW_CONTACT_RESOLUTION_FAILED", f"contact-{who.external_id}", data)


class _Run:
    """Tells the events of one run."""

    def __init__(self, telling: Telling, flow: Flow, version: Version) -> None:
        self._telling = telling
        self._id = new_id(telling.chance)
        self._common = {
            "workflowId": flow.id,
            "workflowVersionId": version.id,
            "workflowExternalId": flow.external_id,
            "candidateProfileId": telling.who.id,
            "candidateProfileExternalId": telling.who.external_id,
        }

    def tell(self, name: str, **data: Any) -> None:
        self._telling.tell(name, self._id, self._common | data)

    def node_completed(self, node: Node, outcome: str, following: str | None) -> None:
        self._telling.wait(SECOND, 5 * SECOND)
        self.tell(
            "WORKFLOW_NODE_COMPLETED",
            nodeId=node.id,
            nodeType=node.type,
            nodeLabel=node.label,
            outcome=outcome,
            nextNodeId=following,
        )

    def contact_resolved(self) -> None:
        how = self._telling.chance.choice(("CREATED", "MATCHED"))
        self._telling.wait(SECOND, 4 * SECOND)
        self.tell("WORKFLOW_CONTACT_RESOLVED", contact=self._contact(), resolution=how)

    def contact_skipped(self) -> None:
        reason = "The contact already has an active run of this workflow"
        self.tell("WORKFLOW_CONTACT_RESOLUTION_SKIPPED", contact=self._contact(), reason=reason)

    def fail(self, node: Node) -> str:
        code, message = self._telling.chance.choice(_RUN_FAILURES)
        self._telling.wait(10 * SECOND, HOUR)
        self.tell("WORKFLOW_RUN_FAILED", nodeId=node.id, error={"code": code, "message": message})
        return "failed"

    def cancel(self) -> str:
        self._telling.wait(MINUTE, DAY)
        self.tell("WORKFLOW_RUN_CANCELLED", reason="Cancelled by the API: the job was filled")
        return "cancelled"

    def _contact(self) -> dict[str, str]:
        who = self._telling.who
        return {"key": f"contact-{who.external_id}", "name": who.name, "email": who.email}
