"""Everything about one person is one story, whatever id one asks with."""

from pathlib import Path

import pytest

from projections.queries.filters import MeetingFilter, PersonFilter, RunFilter
from projections.queries.meetings import list_meetings
from projections.queries.people import people
from projections.queries.runs import list_runs
from projections.queries.search import search
from projections.queries.story import person
from tests.projections.queries.stored import ACME, NOON, body, started, store
from tracker.errors import NotFound

ADA = [
    body("CONVERSATION_STARTED", record="talk", candidateId="ada", participantFirstName="Ada"),
    body("CALENDAR_MEETING_SCHEDULED", 5, record="booking", conversationId="talk"),
    started("run", 1, candidateProfileId="ada", candidateProfileExternalId="no-7/x"),
    body("CANDIDATE_ANALYSIS_COMPLETED", 2, record="other", externalId="no-7/x"),
]
BOB = [started("run-bob", 3, candidateProfileId="bob")]


def test_the_ids_of_all_entities_are_joined(data: Path) -> None:
    views = store(data, [*ADA, *BOB])
    with views.read() as connection:
        for value in ("ada", "no-7/x", "talk", "other", "candidate:ada", f"customer:{ACME}/no-7/x"):
            found = person(connection, value)
            assert (found.person, found.name) == ("candidate:ada", "Ada")
    assert [item.kind for item in found.story] == ["meetings", "analyses", "runs", "conversations"]
    joined = {identity.value: identity for identity in found.identities}
    assert joined["no-7/x"].organization_id == ACME
    assert joined["no-7/x"].through == ["analyses:candidate:/other", "runs:run"]


@pytest.mark.parametrize("value", ["nobody", "", "candidate:", "customer:", "%", "'"])
def test_nobody_is_not_found(data: Path, value: str) -> None:
    views = store(data, BOB)
    with views.read() as connection, pytest.raises(NotFound):
        person(connection, value)


def test_lists_can_be_narrowed_to_a_person(data: Path) -> None:
    views = store(data, [*ADA, *BOB])
    with views.read() as connection:
        runs = list_runs(connection, RunFilter(candidate="no-7/x"), NOON).items
        meetings = list_meetings(connection, MeetingFilter(candidate="ada")).items
        assert list_meetings(connection, MeetingFilter(candidate="bob")).items == []
    assert [(line.id, line.person and line.person.name) for line in runs] == [("run", "Ada")]
    assert [meeting.id for meeting in meetings] == ["booking"]


def test_people_are_listed_once_and_found_by_words(data: Path) -> None:
    views = store(data, [*ADA, *BOB])
    with views.read() as connection:
        listed = people(connection, PersonFilter()).items
        found = people(connection, PersonFilter(q="ad")).items
    assert [line.person for line in listed] == ["candidate:ada", "candidate:bob"]
    assert listed[0].entities == {"analyses": 1, "conversations": 1, "meetings": 1, "runs": 1}
    assert [line.person for line in found] == ["candidate:ada"]


@pytest.mark.parametrize("text", ["Ada", "ad", "talk", "booking", "no-7/x", "ADA talk"])
def test_anything_is_found_by_its_words_and_ids(data: Path, text: str) -> None:
    views = store(data, ADA)
    with views.read() as connection:
        assert search(connection, text)


@pytest.mark.parametrize("text", ["", " ", '"', "*", "NEAR(", "a AND", "--", "\0", "(", "col:x"])
def test_no_text_is_too_odd_to_search_for(data: Path, text: str) -> None:
    views = store(data, BOB)
    with views.read() as connection:
        assert search(connection, text) == []
