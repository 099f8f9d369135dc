"""The workflows of the demo: three with a configuration, one that must be discovered.

A small linear one in two versions, a branching one with loops, a large one with
parallel tracks, and one that nobody imported.
"""

import random
from collections.abc import Iterator
from typing import Final

import msgspec

from tracker.demo.cast import MARROWBY, QUILLHAVEN, Organization


class Node(msgspec.Struct, frozen=True):
    """One node; `routes` leads from an outcome to the next node. Without routes a run ends."""

    id: str
    type: str
    label: str
    routes: dict[str, str]


class Version(msgspec.Struct, frozen=True):
    """A published snapshot; `age` is how far into the demo's period it was published, 0 to 1."""

    id: str
    number: int
    age: float
    nodes: dict[str, Node]

    @property
    def start(self) -> Node:
        """The node at which every run begins: the first one listed."""
        return next(iter(self.nodes.values()))


class Flow(msgspec.Struct, frozen=True):
    """One workflow with its versions, oldest first."""

    id: str
    external_id: str
    name: str
    organization: Organization
    versions: tuple[Version, ...]
    configured: bool = True

    def version_at(self, age: float) -> Version:
        """The version that was live at a moment of the demo's period (0 to 1)."""
        return next((v for v in reversed(self.versions) if v.age <= age), self.versions[0])


# How often an outcome happens, in relation to the others of its node.
WEIGHTS: Final = {
    "onComplete": 64,
    "onQualified": 80,
    "onPassed": 75,
    "onBooked": 78,
    "onReplied": 45,
    "onAccepted": 75,
    "onReschedule": 16,
    "onNoResponse": 14,
    "onFailed": 25,
    "onNotQualified": 20,
    "onTrueMatch": 50,
}
RARELY: Final = 8


def choose_outcome(chance: random.Random, node: Node) -> str:
    """By which outcome a node completes."""
    outcomes = list(node.routes) or ["onComplete"]
    return chance.choices(outcomes, [WEIGHTS.get(outcome, RARELY) for outcome in outcomes])[0]


def configuration(version: Version) -> str:
    """A version's graph as the provider keeps it: a JSON string."""
    nodes = {
        node.id: {
            "id": node.id,
            "type": node.type,
            "label": node.label,
            "routing": node.routes,
            "config": {},
        }
        for node in version.nodes.values()
    }
    graph = {"startNodeId": version.start.id, "triggerSource": "API", "nodes": nodes}
    return msgspec.json.encode(graph).decode()


def configurations() -> Iterator[tuple[Flow, Version, str]]:
    """Every version that an engineer would import, with its configuration."""
    for flow in FLOWS:
        if flow.configured:
            yield from ((flow, version, configuration(version)) for version in flow.versions)


def _nodes(*rows: tuple[str, str, str, str]) -> dict[str, Node]:
    """Nodes by id, from rows of id, type, label and routes written as `outcome=target …`."""
    return {row[0]: Node(*row[:3], _routes(row[3])) for row in rows}


def _routes(text: str) -> dict[str, str]:
    return {outcome: target for outcome, _, target in (r.partition("=") for r in text.split())}


# fmt: off
_SCREENING_1: Final = _nodes(
    ("outreach", "screeningOutreach", "Ask the screening questions",
        ("onComplete=score onNotInterested=decline onNoResponse=decline "
        "onDeliveryFailed=handover")),
    ("score", "condition", "Passed the screening?", "onPassed=book onFailed=decline"),
    ("book", "scheduling", "Book a phone interview",
        "onBooked=interview onNoAvailability=handover onMoreTimeRequested=handover"),
    ("interview", "interview", "Phone interview", "onComplete=handover onCancelled=handover"),
    ("handover", "recruiterHandover", "Hand over to the recruiter", ""),
    ("decline", "message", "Say thank you and goodbye", ""),
)

_SCREENING_2: Final = _SCREENING_1 | _nodes(
    ("outreach", "screeningOutreach", "Ask the screening questions",
        ("onComplete=score onNotInterested=decline onNoResponse=reminder "
        "onDeliveryFailed=handover onOptedOut=decline")),
    ("reminder", "reminderOutreach", "Ask once more", "onComplete=score onNoResponse=decline"),
)

_BRANCHING: Final = _nodes(
    ("analyse", "resumeAnalysis", "Compare the CV with the job",
        "onQualified=outreach onNotQualified=decline"),
    ("outreach", "screeningOutreach", "First conversation",
        ("onComplete=knockout onNotInterested=keep_warm onNoResponse=nudge "
        "onDeliveryFailed=call_queue onNeedsReview=call_queue onOptedOut=decline")),
    ("nudge", "reminderOutreach", "Nudge by text message",
        "onComplete=knockout onNoResponse=pause onOptedOut=decline"),
    ("pause", "wait", "Wait for a day", "onComplete=nudge onExpired=keep_warm"),
    ("knockout", "condition", "Meets the musts?", "onPassed=shift_choice onFailed=decline"),
    ("shift_choice", "condition", "Night or day shift?",
        "onTrueMatch=book onFalseMatch=book_site"),
    ("book", "scheduling", "Book a video interview",
        "onBooked=interview onNoAvailability=call_queue onMoreTimeRequested=more_slots"),
    ("book_site", "siteScheduling", "Book a visit at the depot",
        "onBooked=interview onNoAvailability=call_queue onMoreTimeRequested=more_slots"),
    ("more_slots", "recruiterTask", "Open more slots", "onComplete=book"),
    ("interview", "interview", "Interview",
        "onComplete=handover onReschedule=rebook onNoShow=rebook onCancelled=keep_warm"),
    ("rebook", "rescheduling", "Find another slot",
        "onBooked=interview onNoAvailability=call_queue"),
    ("call_queue", "recruiterTask", "Call the candidate", "onComplete=handover"),
    ("handover", "recruiterHandover", "Hand over to the depot", ""),
    ("keep_warm", "talentPool", "Keep in the talent pool", ""),
    ("decline", "message", "Say thank you and goodbye", ""),
)

TRACKS: Final = {
    "eng": "Engineering", "fin": "Finance", "sal": "Sales", "des": "Design", "ops": "Operations",
}


def _track(key: str, name: str) -> dict[str, Node]:
    """The nodes that one track of the graduate programme adds."""
    return _nodes(
        (f"{key}_task", "assessment", f"{name}: online task",
            f"onPassed={key}_talk onFailed=feedback onExpired={key}_remind"),
        (f"{key}_remind", "reminderOutreach", f"{name}: remind of the task",
            f"onComplete={key}_talk onNoResponse=feedback"),
        (f"{key}_talk", "screeningOutreach", f"{name}: conversation",
            (f"onComplete={key}_book onNotInterested=talent_pool onNoResponse=talent_pool "
            "onNeedsReview=review")),
        (f"{key}_book", "scheduling", f"{name}: book the panel",
            (f"onBooked={key}_panel onNoAvailability=coordinator "
            "onMoreTimeRequested=coordinator")),
        (f"{key}_panel", "interview", f"{name}: panel interview",
            f"onComplete={key}_vote onReschedule={key}_move onCancelled=talent_pool"),
        (f"{key}_move", "rescheduling", f"{name}: move the panel",
            f"onBooked={key}_panel onNoAvailability=coordinator"),
        (f"{key}_vote", "panelVote", f"{name}: panel's vote",
            "onPassed=offer onFailed=feedback"),
    )


_LARGE: Final = _nodes(
    ("welcome", "message", "Welcome", "onComplete=analyse"),
    ("analyse", "resumeAnalysis", "Compare the CV with the programme",
        "onQualified=track onNotQualified=feedback"),
    ("track", "multiCondition", "Which track?",
        " ".join(f"on{name}={key}_task" for key, name in TRACKS.items())),
) | {
    node.id: node for key, name in TRACKS.items() for node in _track(key, name).values()
} | _nodes(
    ("review", "recruiterTask", "A person looks at it",
        "onPassed=coordinator onFailed=feedback"),
    ("coordinator", "recruiterTask", "Coordinator calls",
        "onComplete=offer onExpired=talent_pool"),
    ("offer", "offerLetter", "Send the offer",
        "onAccepted=onboarding onNotInterested=talent_pool"),
    ("onboarding", "atsUpdate", "Start the onboarding", ""),
    ("feedback", "message", "Send feedback", ""),
    ("talent_pool", "talentPool", "Keep in the talent pool", ""),
)

_REFERRAL: Final = _nodes(
    ("hello", "screeningOutreach", "Talk to the referred person",
        ("onComplete=meet onNotInterested=thanks onNoResponse=thanks "
        "onDeliveryFailed=ask_referrer")),
    ("ask_referrer", "recruiterTask", "Ask for another number",
        "onComplete=hello onExpired=thanks"),
    ("meet", "scheduling", "Book a coffee", "onBooked=coffee onNoAvailability=thanks"),
    ("coffee", "interview", "Coffee with the team",
        "onComplete=thanks onReschedule=meet_again"),
    ("meet_again", "rescheduling", "Move the coffee", "onBooked=coffee"),
    ("thanks", "message", "Thank the referrer", ""),
)

SCREENING: Final = Flow("wf_7Q2screening", "QH-SCREEN", "Driver screening", QUILLHAVEN, (
    Version("wfv_7Q2screening_1", 1, 0.0, _SCREENING_1),
    Version("wfv_7Q2screening_2", 2, 0.45, _SCREENING_2),
))
BRANCHING: Final = Flow("wf_3K9warehouse", "QH-WAREHOUSE", "Warehouse hiring", QUILLHAVEN, (
    Version("wfv_3K9warehouse_1", 1, 0.0, _BRANCHING),
))
LARGE: Final = Flow("wf_9T4graduates", "MF-GRADUATES", "Graduate programme", MARROWBY, (
    Version("wfv_9T4graduates_1", 1, 0.0, _LARGE),
))
REFERRAL: Final = Flow("wf_1B8referral", "MF-REFERRAL", "Referral fast lane", MARROWBY, (
    Version("wfv_1B8referral_1", 1, 0.0, _REFERRAL),
), configured=False)
# fmt: on

FLOWS: Final = (SCREENING, BRANCHING, LARGE, REFERRAL)
