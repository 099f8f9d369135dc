"""Who was not heard of for long is forgotten, unless something is still to come."""

from pathlib import Path

import pytest

from projections.retention import Silent, months_before, silent, to_forget
from tests.projections.queries.stored import store
from tests.sample import body
from tracker.timing import from_iso

NOW = from_iso("2028-03-10T12:00:00Z")  # the sample's events happened on 2026-03-02


def found(data: Path, *bodies: bytes, months: int = 24, limit: int = 100) -> list[Silent]:
    views = store(data, bodies)
    with views.read() as connection:
        people = silent(connection, months, NOW, limit)
    views.close()
    return people


def talk(name: str, at: int = 0) -> bytes:
    return body(f"e-{name}-{at}", at=at, record=f"talk-{name}", candidateId=name)


def meeting(name: str, start: str, event: str = "CALENDAR_MEETING_SCHEDULED") -> bytes:
    details = {"startDateTime": start, "timezone": "UTC"}
    return body(
        f"m-{name}-{event}",
        event,
        record=f"b-{name}",
        conversationId=f"talk-{name}",
        meetingDetails=details,
    )


def test_the_longest_silent_come_first_with_their_events(data: Path) -> None:
    people = found(data, talk("b", 5), talk("a", 9), talk("b", 2))
    assert [(one.person, one.events) for one in people] == [("candidate:b", 2), ("candidate:a", 1)]
    assert to_forget(people) == people


def test_a_newer_event_of_any_kind_is_a_contact(data: Path) -> None:
    recent = body("r", "WORKFLOW_RUN_STARTED", at=2 * 365 * 24 * 60, candidateProfileId="a")
    assert found(data, talk("a"), recent) == []


@pytest.mark.parametrize(
    ("held", "why"),
    [
        (meeting("a", "2028-04-01T10:00:00Z"), "a meeting is to come"),
        (body("r", "WORKFLOW_RUN_STARTED", candidateProfileId="a"), "a run has not ended"),
    ],
)
def test_somebody_with_something_to_come_is_kept(data: Path, held: bytes, why: str) -> None:
    people = found(data, talk("a"), held)
    assert [one.kept for one in people] == [why]
    assert to_forget(people) == []


@pytest.mark.parametrize(
    "over",
    [
        [meeting("a", "2026-04-01T10:00:00Z")],
        [
            meeting("a", "2028-04-01T10:00:00Z"),
            meeting("a", "2028-04-01T10:00:00Z", "CALENDAR_MEETING_CANCELLED"),
        ],
        [
            body("r", "WORKFLOW_RUN_STARTED", candidateProfileId="a"),
            body("s", "WORKFLOW_RUN_COMPLETED", at=1, candidateProfileId="a"),
        ],
    ],
)
def test_what_is_over_keeps_nobody(data: Path, over: list[bytes]) -> None:
    assert len(to_forget(found(data, talk("a"), *over))) == 1


def test_one_run_takes_no_more_than_its_limit(data: Path) -> None:
    assert len(found(data, talk("a"), talk("b"), talk("c"), limit=2)) == 2


def test_who_is_erased_is_not_found_again(data: Path) -> None:
    gone = body("x", "TRACKER_PERSON_ERASED", identities=["candidate:a"], record="")
    assert [one.person for one in found(data, talk("a"), talk("b"), gone)] == ["candidate:b"]


@pytest.mark.parametrize(
    ("moment", "months", "expected"),
    [
        ("2028-03-31T08:00:00Z", 1, "2028-02-29T08:00:00Z"),
        ("2027-03-31T08:00:00Z", 1, "2027-02-28T08:00:00Z"),
        ("2028-01-15T00:00:00Z", 1, "2027-12-15T00:00:00Z"),
        ("2028-03-10T12:00:00Z", 24, "2026-03-10T12:00:00Z"),
    ],
)
def test_a_month_earlier_is_the_same_day_or_the_last_one(
    moment: str, months: int, expected: str
) -> None:
    assert months_before(from_iso(moment), months) == from_iso(expected)


def test_more_months_than_there_were_find_nobody() -> None:
    assert months_before(NOW, 1200 * 24) < 0
