"""Everything about one person is one story, whatever id one asks with."""

from pathlib import Path

import pytest

from projections.queries.filters import MeetingFilter, PersonFilter, RunFilter
from projections.queries.meetings import list_meetings
from projections.queries.people import people
from projections.queries.runs import list_runs
from projections.queries.story import person
from tests.projections.builders import minute
from tests.projections.queries.stored import ACME, ADA, BOB, NOON, body, store
from tracker.errors import NotFound


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
    assert [line.last_event_at for line in listed] == [minute(5), minute(3)]
    assert listed[0].entities == {"analyses": 1, "conversations": 1, "meetings": 1, "runs": 1}
    assert [line.person for line in found] == ["candidate:ada"]


NAMES = {"n1": "Émile", "n2": "emma", "n3": None, "n4": "Zoë", "n5": "Emil", "n6": None}
ORDERS = {
    "-last_event_at": ["n6", "n5", "n4", "n3", "n2", "n1"],
    "last_event_at": ["n1", "n2", "n3", "n4", "n5", "n6"],
    "name": ["n5", "n1", "n2", "n4", "n3", "n6"],
    "-name": ["n4", "n2", "n1", "n5", "n6", "n3"],
    "identity": ["n1", "n2", "n3", "n4", "n5", "n6"],
}


@pytest.mark.parametrize("sort", ORDERS)
@pytest.mark.parametrize("limit", [1, 2, 6])
def test_people_are_sorted_through_all_pages(data: Path, sort: str, limit: int) -> None:
    talks = [
        body("CONVERSATION_STARTED", n, record=f"t{n}", candidateId=one, participantFirstName=name)
        for n, (one, name) in enumerate(NAMES.items())
    ]
    views = store(data, talks)
    found: list[str] = []
    cursor = None
    with views.read() as connection:
        while len(found) < len(NAMES):
            asked = PersonFilter.model_validate({"sort": sort, "limit": limit, "cursor": cursor})
            page = people(connection, asked)
            found += [line.person.removeprefix("candidate:") for line in page.items]
            cursor = page.next_cursor
            assert (cursor is None) is (len(found) == len(NAMES))
    assert found == ORDERS[sort]


@pytest.mark.parametrize("column", ["last_event_at", "name_order"])
def test_no_order_of_people_needs_sorting(data: Path, column: str) -> None:
    views = store(data, BOB)
    query = f"SELECT * FROM persons ORDER BY {column} DESC, person DESC LIMIT 50"
    with views.read() as connection:
        plan = str(connection.execute(f"EXPLAIN QUERY PLAN {query}").fetchall())
    assert "USING INDEX" in plan
    assert "TEMP B-TREE" not in plan


def test_the_newest_name_of_a_conversation_goes_before_a_contacts(data: Path) -> None:
    first, second = (
        body(
            "CONVERSATION_STARTED", n, record=f"t{n}", candidateId="ada", participantFirstName=name
        )
        for n, name in enumerate(["Ada", "Ada L."])
    )
    contact = body(
        "WORKFLOW_CONTACT_RESOLVED", 9, record="r", candidateProfileId="ada", contactName="A. L."
    )
    views = store(data, [second, contact, first])
    with views.read() as connection:
        assert [line.name for line in people(connection, PersonFilter()).items] == ["Ada L."]
