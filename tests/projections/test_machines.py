"""Each state meets each event: either the table leads on, or the pair is named here."""

from typing import Any

import pytest

from projections import conversations, meetings, runs
from projections import projection as p
from tests.projections.builders import event

# What the tables refuse. A transition that is added or dropped must be named here, too.
UNEXPECTED = {
    "conversations": {
        "queued": set(),
        "started": {
            "CONVERSATION_QUEUED",
            "CONVERSATION_STARTED",
            "START_CONVERSATION_FAILED",
        },
        "needs_review": {"CONVERSATION_QUEUED", "START_CONVERSATION_FAILED"},
        "max_nudges_reached": {"CONVERSATION_QUEUED", "START_CONVERSATION_FAILED"},
        "completed": {
            "CONVERSATION_QUEUED",
            "CONVERSATION_STARTED",
            "CONVERSATION_MAX_NUDGES_REACHED",
            "CONVERSATION_COMPLETED",
            "CONVERSATION_OPTED_OUT",
            "START_CONVERSATION_FAILED",
        },
        "opted_out": {
            "CONVERSATION_QUEUED",
            "CONVERSATION_STARTED",
            "CONVERSATION_NEEDS_REVIEW",
            "CONVERSATION_MAX_NUDGES_REACHED",
            "CONVERSATION_COMPLETED",
            "CONVERSATION_OPTED_OUT",
            "START_CONVERSATION_FAILED",
        },
        "start_failed": set(),
    },
    "meetings": {
        "scheduled": set(),
        "cancelled": {
            "CALENDAR_MEETING_UPDATED",
            "CALENDAR_MEETING_CANCELLED",
            "CALENDAR_NOTE_TAKER_COMPLETED",
        },
        "unavailable": {"CALENDAR_MEETING_UPDATED", "CALENDAR_NOTE_TAKER_COMPLETED"},
        "more_time_requested": {"CALENDAR_NOTE_TAKER_COMPLETED"},
    },
    "runs": {
        "running": set(),
        "completed": set(runs.PROJECTION.hears),
        "failed": set(runs.PROJECTION.hears),
        "cancelled": set(runs.PROJECTION.hears),
    },
}
MODULES: dict[str, Any] = {"conversations": conversations, "meetings": meetings, "runs": runs}
PAIRS = [
    (name, state, kind)
    for name, module in MODULES.items()
    for state in module.Status
    for kind in sorted(module.PROJECTION.hears)
]


@pytest.mark.parametrize(("name", "state", "kind"), PAIRS)
def test_each_event_leads_on_or_is_named_as_unexpected(name: str, state: Any, kind: str) -> None:
    machine = MODULES[name].MACHINE
    after, (entry,) = p.walk(machine, state, [event(kind)])
    if kind in UNEXPECTED[name][state]:
        assert after == state
        assert entry.anomaly == f"{kind} was not expected while {state}"
    else:
        assert after == machine[state][kind]
        assert entry.anomaly is None


@pytest.mark.parametrize("name", MODULES)
def test_a_machine_has_a_row_for_each_state_and_hears_only_known_events(name: str) -> None:
    module = MODULES[name]
    assert set(module.MACHINE) == set(module.Status)
    assert {kind for row in module.MACHINE.values() for kind in row} <= module.PROJECTION.hears


@pytest.mark.parametrize("name", MODULES)
def test_every_state_can_be_reached_from_the_first_row(name: str) -> None:
    machine = MODULES[name].MACHINE
    reached: set[Any] = set()
    edge = [next(iter(machine))]
    while edge:
        state = edge.pop()
        reached.add(state)
        edge += set(machine[state].values()) - reached
    assert reached == set(machine)
