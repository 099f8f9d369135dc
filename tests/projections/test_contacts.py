"""Contacts: one row a resolution, and which failures still wait."""

from typing import Any

import pytest

from projections.contacts import PROJECTION
from tests.projections import builders as b
from tests.projections.builders import ACME, ADA, HIRING, RUN, acknowledge, event, minute, only
from tracker.events import Event

CONTACT = "contact-ada"


def resolved(at: int = 10, **data: Any) -> Event:
    return event("WORKFLOW_CONTACT_RESOLVED", at, record=RUN, **data)


def failed(at: int = 0, **data: Any) -> Event:
    return event("WORKFLOW_CONTACT_RESOLUTION_FAILED", at, record=CONTACT, **data)


def skipped(at: int = 20, **data: Any) -> Event:
    return event("WORKFLOW_CONTACT_RESOLUTION_SKIPPED", at, record=RUN, **data)


def attention(*events: Event) -> list[str]:
    return [item.item for item in b.waiting(PROJECTION, b.folded(PROJECTION, *events))]


def test_a_resolved_contact_names_its_run_and_its_profile() -> None:
    row = only(
        PROJECTION,
        resolved(
            workflowId=HIRING,
            candidateProfileId=ADA,
            candidateProfileExternalId="crm-ada",
            method="matched",
        ),
    )
    assert (row.entity, row.key, row.run_id, row.status) == (RUN, RUN, RUN, "resolved")
    assert (row.candidate_profile_id, row.resolution, row.at) == (ADA, "matched", minute(10))
    assert b.linked(PROJECTION, row) == [f"candidate:{ADA}", f"customer:{ACME}/crm-ada"]


def test_a_failed_contact_is_known_by_its_key_and_says_why() -> None:
    row = only(PROJECTION, failed(error="No phone number", workflowRunId=RUN))
    assert (row.entity, row.key, row.run_id) == (CONTACT, CONTACT, RUN)
    assert (row.status, row.reason) == ("failed", "No phone number")


def test_a_skipped_contact_names_the_run_that_was_already_active() -> None:
    row = only(PROJECTION, skipped(skipReason="Already active"))
    assert (row.status, row.run_id, row.reason) == ("skipped", RUN, "Already active")


def test_each_resolution_is_a_row() -> None:
    rows = b.folded(PROJECTION, resolved(1), resolved(2), skipped(3))
    assert [row.status for row in rows] == ["resolved", "resolved", "skipped"]


def test_a_failure_waits_until_the_same_contact_is_resolved() -> None:
    wrong = failed(0, contactName="Ada")
    right = resolved(10, contactKey=CONTACT)
    (item,) = b.waiting(PROJECTION, b.folded(PROJECTION, wrong))
    assert (item.reason, item.candidate_name) == ("resolution_failed", "Ada")
    assert attention(wrong, right) == []
    assert b.folded(PROJECTION, wrong, right)[0].settled_by == right.event_id


def test_a_success_before_a_failure_does_not_settle_it() -> None:
    wrong = failed(20)
    assert attention(resolved(10, contactKey=CONTACT), wrong) == [wrong.event_id]


def test_a_skip_does_not_settle_a_failure() -> None:
    wrong = failed(0)
    assert attention(wrong, skipped(10, contactKey=CONTACT)) == [wrong.event_id]


def test_of_several_failures_only_the_newest_waits() -> None:
    first, second = failed(0), failed(5)
    assert attention(first, second) == [second.event_id]


def test_a_failure_can_be_acknowledged_and_put_back() -> None:
    wrong = failed()
    done = acknowledge(PROJECTION, wrong, 5)
    undone = acknowledge(PROJECTION, wrong, 6, undone=True)
    assert only(PROJECTION, wrong, done).acknowledged is True
    assert attention(wrong, done) == []
    assert attention(wrong, done, undone) == [wrong.event_id]


@pytest.mark.parametrize("one", [resolved(), skipped()])
def test_only_failures_wait(one: Event) -> None:
    assert attention(one) == []


def test_resolutions_are_counted_by_workflow_version_and_result() -> None:
    rows = b.folded(PROJECTION, failed(workflowId=HIRING, workflowVersionId="v2"))
    (tally,) = b.counted(PROJECTION, rows)
    assert (tally.name, tally.subject, tally.version) == ("contacts", HIRING, "v2")
    assert (tally.item, tally.count) == ("failed", 1)


def test_an_odd_value_is_named_on_its_row() -> None:
    row = only(PROJECTION, failed(workflowId=["x"]))
    assert (row.anomalies, row.anomaly_count) == (("unreadable:workflowId",), 1)


def test_a_contact_is_found_by_name_key_run_and_profile() -> None:
    (one,) = b.found(
        PROJECTION,
        b.folded(PROJECTION, failed(contactName="Ada", candidateProfileId=ADA, runId=RUN)),
    )
    assert (one.title, set(one.words)) == ("Ada", {"Ada", CONTACT, RUN, ADA})
