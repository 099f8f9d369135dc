"""Conversations: how far each got, how it ended, and what waits for a person."""

from typing import Any

import pytest

from projections.conversations import PROJECTION, Answer
from tests.projections import builders as b
from tests.projections.builders import ADA, SUMMER, TALK, acknowledge, event, minute, only
from tracker.events import Event

PASSED = "COMPLETED_SCREENING_PASSED"


def queued(at: int = 0, **data: Any) -> Event:
    return event("CONVERSATION_QUEUED", at, **data)


def started(at: int = 10, **data: Any) -> Event:
    return event("CONVERSATION_STARTED", at, **data)


def review(at: int = 20, **data: Any) -> Event:
    return event("CONVERSATION_NEEDS_REVIEW", at, **data)


def nudged(at: int = 20, **data: Any) -> Event:
    return event("CONVERSATION_MAX_NUDGES_REACHED", at, **data)


def completed(at: int = 30, status: str | None = PASSED, **data: Any) -> Event:
    return event("CONVERSATION_COMPLETED", at, conversationStatus=status, **data)


def opted_out(at: int = 30, **data: Any) -> Event:
    return event("CONVERSATION_OPTED_OUT", at, **data)


def start_failed(at: int = 5, **data: Any) -> Event:
    return event("START_CONVERSATION_FAILED", at, **data)


def attention(*events: Event) -> list[tuple[str, str]]:
    rows = b.folded(PROJECTION, *events)
    return [(item.reason, item.item) for item in b.waiting(PROJECTION, rows)]


def test_a_conversation_that_passes_its_screening_is_told_from_queued_to_the_end() -> None:
    row = only(PROJECTION, queued(), started(), completed())
    assert (row.id, row.status, row.outcome, row.stage) == (TALK, "completed", "passed", "passed")
    assert (row.queued_at, row.started_at, row.ended_at) == (minute(0), minute(10), minute(30))
    assert (row.first_at, row.status_since, row.last_event_at) == (
        minute(0),
        minute(30),
        minute(30),
    )
    assert [entry.status for entry in row.history] == ["queued", "started", "completed"]
    assert row.anomalies == ()
    assert row.anomaly_count == 0


def test_each_entry_says_how_long_its_state_lasted_and_the_last_one_does_not() -> None:
    row = only(PROJECTION, queued(), started(), review(20), review(25), completed(40))
    lasted = [entry.lasted for entry in row.history]
    assert lasted == [minute(10) - minute(0), minute(10) - minute(0), *_minutes(20, 15), None]


def _minutes(*many: int) -> list[int]:
    return [minute(n) - minute(0) for n in many]


def test_a_state_that_was_confirmed_began_with_its_first_event() -> None:
    row = only(PROJECTION, started(), review(20), review(25))
    assert row.status_since == minute(20)
    assert [entry.lasted for entry in row.history] == [*_minutes(10), None, None]


@pytest.mark.parametrize(
    ("said", "outcome"),
    [
        (PASSED, "passed"),
        ("COMPLETED_SCREENING_FAILED", "failed"),
        ("CLOSED", "closed"),
        (" completed_screening_passed ", "passed"),
        ("ONGOING", None),
        ("SOMETHING_NEW", None),
        (None, None),
    ],
)
def test_the_conversation_status_tells_the_outcome(said: str | None, outcome: str | None) -> None:
    row = only(PROJECTION, started(), completed(status=said))
    assert row.outcome == outcome
    assert row.conversation_status == said
    assert ("outcome_missing" in row.anomalies) == (outcome is None)


def test_an_outcome_stays_when_a_later_status_is_not_understood() -> None:
    later = review(40, conversationStatus="IN_REVIEW")
    row = only(PROJECTION, started(), completed(), later)
    assert (row.status, row.outcome) == ("needs_review", "passed")
    assert row.conversation_status == "IN_REVIEW"


def test_an_outcome_goes_when_the_conversation_goes_on() -> None:
    row = only(PROJECTION, started(), completed(), review(40, conversationStatus="ONGOING"))
    assert row.outcome is None


def test_the_newest_known_value_of_each_fact_counts() -> None:
    row = only(
        PROJECTION,
        queued(candidateId=ADA, participantFirsName="Ada", externalCampaignId=SUMMER),
        started(participantLastName="Lovelace", scorecardTotalValue=3),
        completed(scorecardTotalValue=7.5, campaignConversationUrl="https://popp.example/1"),
        review(40, participantFirstName=None, externalId="crm-1"),
    )
    assert row.candidate_name == "Ada Lovelace"
    assert (row.candidate_id, row.campaign_external_id, row.external_id) == (ADA, SUMMER, "crm-1")
    assert (row.score, row.url) == (7.5, "https://popp.example/1")


def test_screening_answers_are_the_newest_that_came() -> None:
    answers = [
        {"screeningQuestion": "Forklift?", "questionOutcome": "PASSED", "responseSummary": "Yes"}
    ]
    row = only(PROJECTION, started(), completed(screeningQuestionsOutcome=answers), review(40))
    assert row.screening == (Answer("Forklift?", "PASSED", "Yes"),)


def test_a_score_that_is_no_number_is_left_out() -> None:
    assert only(PROJECTION, started(scorecardTotalValue="NaN")).score is None


@pytest.mark.parametrize("first", [review(), nudged(), completed(), opted_out()])
def test_a_conversation_whose_start_was_not_received_still_follows(first: Event) -> None:
    row = only(PROJECTION, first)
    assert row.anomalies == ("start_missing",)
    assert row.status != "queued"


@pytest.mark.parametrize("first", [queued(), started(), start_failed()])
def test_a_conversation_may_begin_with_any_beginning(first: Event) -> None:
    assert only(PROJECTION, first).anomalies == ()


def test_a_failed_start_may_be_tried_again() -> None:
    row = only(PROJECTION, queued(), start_failed(5, reason="No number"), started(), completed())
    assert (row.status, row.reason, row.anomalies) == ("completed", None, ())
    assert row.history[1].note == "No number"


def test_a_failed_start_says_why_and_ends_the_conversation() -> None:
    row = only(PROJECTION, queued(), start_failed(5, error={"message": "No number"}))
    assert (row.status, row.reason, row.ended_at) == ("start_failed", "No number", minute(5))


def test_a_candidate_may_answer_after_all_nudges() -> None:
    row = only(PROJECTION, started(), nudged(20), completed())
    assert (row.status, row.anomalies) == ("completed", ())
    assert attention(started(), nudged(20), completed()) == []


def test_a_completed_conversation_may_still_be_flagged_for_review() -> None:
    row = only(PROJECTION, started(), completed(), review(40))
    assert (row.status, row.stage, row.ended_at) == ("needs_review", "passed", None)


def test_an_unexpected_event_is_kept_and_changes_nothing() -> None:
    row = only(PROJECTION, started(), opted_out(), started(40))
    assert (row.status, row.status_since) == ("opted_out", minute(30))
    assert row.anomalies == ("unexpected:CONVERSATION_STARTED",)
    assert row.history[-1].anomaly == "CONVERSATION_STARTED was not expected while opted_out"


def test_a_value_of_another_kind_is_named() -> None:
    row = only(PROJECTION, started(candidateId={"id": 1}))
    assert row.anomalies == ("unreadable:candidateId",)


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        (review(), "needs_review"),
        (nudged(), "max_nudges_reached"),
        (start_failed(20), "start_failed"),
    ],
)
def test_what_needs_a_person_waits_until_it_is_acknowledged(event: Event, reason: str) -> None:
    done = acknowledge(PROJECTION, event, 50)
    undone = acknowledge(PROJECTION, event, 60, undone=True)
    assert attention(queued(), event) == [(reason, event.event_id)]
    assert attention(queued(), event, done) == []
    assert attention(queued(), event, done, undone) == [(reason, event.event_id)]
    assert only(PROJECTION, queued(), event, done).acknowledged == (event.event_id,)


def test_a_second_flag_waits_although_the_first_was_acknowledged() -> None:
    first, second = review(20), review(30)
    done = acknowledge(PROJECTION, first, 25)
    assert attention(started(), first, done, second) == [("needs_review", second.event_id)]


def test_waiting_things_carry_the_person_and_the_way_into_popp() -> None:
    flagged = review(
        20, candidateId=ADA, participantFirstName="Ada", campaignConversationUrl="https://p.example"
    )
    (item,) = b.waiting(PROJECTION, b.folded(PROJECTION, started(), flagged))
    assert (item.candidate_name, item.identity) == ("Ada", f"candidate:{ADA}")
    assert (item.since, item.url) == (minute(20), "https://p.example")


def test_an_event_that_was_not_expected_does_not_wait_for_a_person() -> None:
    assert attention(started(), opted_out(), review(40)) == []


@pytest.mark.parametrize(
    ("events", "stage"),
    [
        ([queued()], "queued"),
        ([queued(), start_failed()], "queued"),
        ([queued(), started()], "started"),
        ([nudged()], "started"),
        ([started(), opted_out()], "started"),
        ([started(), completed(status="CLOSED")], "completed"),
        ([started(), completed()], "passed"),
    ],
)
def test_the_stage_is_the_furthest_point_that_was_reached(events: list[Event], stage: str) -> None:
    assert only(PROJECTION, *events).stage == stage


def test_each_conversation_is_counted_once_by_what_its_columns_say() -> None:
    rows = b.folded(PROJECTION, queued(externalCampaignId=SUMMER), started(), completed())
    one, start, end = b.counted(PROJECTION, rows)
    assert (one.name, one.subject, one.item) == ("conversations", SUMMER, "completed")
    assert (one.outcome, one.target, one.count) == ("passed", "passed", 1)
    assert one.day == start.day == end.day == minute(0) // (24 * 60 * 60 * 10**6)
    assert (start.item, start.total) == ("started", rows[0].waited_to_start)
    assert (end.item, end.total) == ("completed", rows[0].waited_to_complete)
    assert [rows[0].waited_to_start, rows[0].waited_to_complete] == _minutes(10, 20)


def test_a_wait_that_would_be_negative_is_not_counted() -> None:
    rows = b.folded(PROJECTION, started(0), queued(5))
    assert rows[0].waited_to_start is None
    assert [tally.name for tally in b.counted(PROJECTION, rows)] == ["conversations"]


def test_the_conversation_and_the_candidate_name_one_person() -> None:
    row = only(PROJECTION, started(candidateId=ADA))
    assert b.linked(PROJECTION, row) == [f"candidate:{ADA}", f"through:{TALK}"]


def test_a_conversation_is_found_by_name_and_ids() -> None:
    named = started(candidateId=ADA, participantFirstName="Ada", externalId="crm-1")
    (one,) = b.found(PROJECTION, b.folded(PROJECTION, named))
    assert one.title == "Ada"
    assert set(one.words) == {"Ada", TALK, "crm-1", ADA}


def test_a_conversation_without_a_name_is_titled_by_its_id() -> None:
    (one,) = b.found(PROJECTION, b.folded(PROJECTION, started()))
    assert one.title == f"Conversation {TALK}"
