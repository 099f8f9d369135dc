"""Runs: where each candidate is in each workflow, and which way they took."""

from typing import Any

import pytest

from projections.runs import PROJECTION, Run
from projections.steps import Step
from tests.projections import builders as b
from tests.projections.builders import ACME, ADA, HIRING, RUN, acknowledge, event, minute
from tracker.events import Event

FLOW = {"workflowId": HIRING, "workflowVersionId": "v1"}


def started(at: int = 0, **data: Any) -> Event:
    return event("WORKFLOW_RUN_STARTED", at, record=RUN, **(FLOW | data))


def node(at: int, node_id: str | None, outcome: str | None = "onComplete", **data: Any) -> Event:
    return event("WORKFLOW_NODE_COMPLETED", at, record=RUN, nodeId=node_id, outcome=outcome, **data)


def ended(how: str, at: int = 60, **data: Any) -> Event:
    return event(f"WORKFLOW_RUN_{how}", at, record=RUN, **data)


def contact(how: str, at: int = 1, **data: Any) -> Event:
    return event(f"WORKFLOW_CONTACT_{how}", at, record=RUN, **data)


def split(*events: Event) -> tuple[Run, list[Step]]:
    run, *steps = b.folded(PROJECTION, *events)
    return run, steps


def test_a_run_is_told_from_its_start_to_its_end() -> None:
    run, steps = split(
        started(candidateProfileId=ADA, candidateProfileExternalId="crm-ada"),
        node(10, "ask", nodeType="screeningOutreach", nodeLabel="Ask"),
        node(30, "meet", "onBooked"),
        ended("COMPLETED"),
    )
    assert (run.id, run.status, run.workflow_id, run.workflow_version_id) == (
        RUN,
        "completed",
        HIRING,
        "v1",
    )
    assert (run.started_at, run.ended_at) == (minute(0), minute(60))
    assert (run.candidate_profile_id, run.candidate_external_id) == (ADA, "crm-ada")
    assert (run.step_count, run.last_node, run.last_outcome) == (2, "meet", "onBooked")
    assert (run.current_node, run.anomalies) == (None, ())
    first, second = steps
    assert (first.number, first.node_id, first.node_type, first.label) == (
        1,
        "ask",
        "screeningOutreach",
        "Ask",
    )
    assert (first.workflow_id, first.workflow_version_id) == (HIRING, "v1")
    assert (second.previous_node, second.previous_outcome) == ("ask", "onComplete")
    assert (first.waited, second.waited) == (
        minute(10) - minute(0),
        minute(30) - minute(10),
    )


@pytest.mark.parametrize("how", ["FAILED", "CANCELLED"])
def test_a_run_that_did_not_complete_says_where_and_why(how: str) -> None:
    end = ended(how, reason="Archived", code="E7", nodeId="meet")
    run, _ = split(started(), node(10, "ask"), end)
    assert (run.status, run.ended_by) == (how.lower(), end.event_id)
    assert (run.reason, run.code, run.current_node) == ("Archived", "E7", "meet")


def test_a_run_stands_at_the_node_that_its_last_step_leads_to() -> None:
    assert split(started(), node(10, "ask"))[0].current_node == "ask"
    assert split(started(), node(10, "ask", nextNodeId="meet"))[0].current_node == "meet"


def test_a_run_that_has_only_started_stands_nowhere_yet() -> None:
    assert split(started())[0].current_node is None


def test_contacts_are_shown_with_the_run_and_do_not_move_it() -> None:
    run, _ = split(
        started(),
        node(5, "ask"),
        contact("RESOLVED", 6, nodeId="invite", candidateProfileId=ADA, method="matched"),
        contact("RESOLUTION_SKIPPED", 7, reason="Already active"),
    )
    assert [(c.status, c.node_id, c.reason) for c in run.contacts] == [
        ("resolved", "invite", "matched"),
        ("skipped", None, "Already active"),
    ]
    assert (run.current_node, run.status) == ("ask", "running")


@pytest.mark.parametrize("only", [contact("RESOLVED"), node(5, "ask"), ended("FAILED")])
def test_a_run_whose_start_was_not_received_is_shown_with_an_anomaly(only: Event) -> None:
    run, _ = split(only)
    assert run.anomalies == ("start_missing",)
    assert run.started_at is None
    assert run.first_at == only.occurred_at


def test_a_step_without_a_node_is_kept_in_the_history_only() -> None:
    run, steps = split(started(), node(5, None), node(10, "ask"))
    assert [step.number for step in steps] == [1]
    assert (run.anomalies, len(run.history)) == (("node_missing",), 3)


def test_a_step_after_the_end_is_an_anomaly_and_the_run_stays_ended() -> None:
    run, steps = split(started(), ended("CANCELLED", 20), node(30, "ask"))
    assert (run.status, run.ended_at) == ("cancelled", minute(20))
    assert run.anomalies == ("unexpected:WORKFLOW_NODE_COMPLETED",)
    assert len(steps) == 1


def test_a_node_that_is_visited_twice_is_two_steps() -> None:
    _, steps = split(started(), node(5, "ask", "onRetry"), node(9, "ask"))
    assert [(s.number, s.previous_node, s.outcome) for s in steps] == [
        (1, "", "onRetry"),
        (2, "ask", "onComplete"),
    ]


def test_a_failed_run_waits_until_it_is_acknowledged() -> None:
    end = ended("FAILED")
    done = acknowledge(PROJECTION, end, 70)
    undone = acknowledge(PROJECTION, end, 80, undone=True)
    (item,) = b.waiting(PROJECTION, split(started(candidateProfileId=ADA), end)[:1])
    assert (item.reason, item.item, item.since) == ("run_failed", end.event_id, minute(60))
    assert item.identity == f"candidate:{ADA}"
    assert b.waiting(PROJECTION, split(started(), end, done)[:1]) == []
    assert len(b.waiting(PROJECTION, split(started(), end, done, undone)[:1])) == 1


@pytest.mark.parametrize("how", ["COMPLETED", "CANCELLED"])
def test_other_ends_do_not_wait(how: str) -> None:
    assert b.waiting(PROJECTION, split(started(), ended(how))[:1]) == []


def test_a_run_lasts_from_its_first_event_to_its_end() -> None:
    open_run, _ = split(started(), node(10, "ask"))
    done, _ = split(node(10, "ask"), ended("COMPLETED"))
    assert open_run.lasted is None
    assert done.lasted == minute(60) - minute(10)


def test_runs_visits_and_edges_are_counted() -> None:
    rows = b.folded(PROJECTION, started(), node(10, "ask"), node(30, "meet"), ended("COMPLETED"))
    counted = b.counted(PROJECTION, rows)
    assert {(t.organization_id, t.subject, t.version) for t in counted} == {(ACME, HIRING, "v1")}
    assert [(t.name, t.item, t.outcome, t.target) for t in counted if t.name != "labels"] == [
        ("runs", "completed", "", ""),
        ("visits", "ask", "onComplete", ""),
        ("edges", "", "", "ask"),
        ("visits", "meet", "onComplete", ""),
        ("edges", "ask", "onComplete", "meet"),
    ]


def test_a_run_names_its_person_by_both_ids() -> None:
    run, (step,) = split(
        started(candidateProfileId=ADA, candidateProfileExternalId="crm-ada"), node(5, "ask")
    )
    assert b.linked(PROJECTION, run) == [f"candidate:{ADA}", f"customer:{ACME}/crm-ada"]
    assert b.linked(PROJECTION, step) == []


def test_a_run_is_found_by_its_ids() -> None:
    (one,) = b.found(PROJECTION, b.folded(PROJECTION, started(candidateProfileId=ADA)))
    assert (one.title, set(one.words)) == (f"Run {RUN}", {RUN, HIRING, ADA})
