"""Limited people see only what belongs to their organizations: every list, count and graph."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sample import append, bodies, body, built
from tests.web.guarded import ENGINEER, Guarded, guarded
from tracker.access import Grant, Role

ONE = Grant(Role.MANAGER, ("org-1",))
TWO = Grant(Role.MANAGER, ("org-2",))
BOTH = Grant(Role.MANAGER, ("org-1", "org-2"))
NONE_OF_THESE = Grant(Role.MANAGER, ("org-3",))


IDS = (
    "recordId", "candidateId", "candidateProfileId", "workflowId", "workflowVersionId", "nodeId",
)  # fmt: skip


def of(organization: str, mark: str) -> Iterator[bytes]:
    """Every family of events of one organization, each id with its mark."""
    for number, message in enumerate(json.loads(one) for one in bodies(32)):
        message["eventId"] = f"{mark}-e{number}"
        data = message["data"]
        data["organizationId"] = organization
        for name in IDS:
            data[name] = f"{mark}-{data[name]}"
        data |= {
            "participantFirstName": f"{mark}-Jo",
            "externalId": f"{mark}-x{number % 3}",
            "externalCampaignId": f"{mark}-camp",
            "externalAnalysisId": f"{mark}-job",
            "meetingDetails": {"title": f"{mark}-talk", "startDateTime": "2026-03-02T15:00:00Z"},
        }
        yield json.dumps(message).encode()


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    data: Path = tmp_path_factory.mktemp("organizations")
    shared = [
        body("s1", "CONVERSATION_STARTED", record="one-shared", candidateId="shared", at=90),
        body("s2", "CONVERSATION_STARTED", record="two-shared", candidateId="shared", at=91,
             organization="org-2", participantFirstName="two-Name"),
        body("s3", "CONVERSATION_STARTED", record="nobodys", organization="", candidateId="no-one"),
    ]  # fmt: skip
    shared += [
        body(f"{mark}-g", "WORKFLOW_NODE_COMPLETED", record=f"{mark}-rb", organization=organization,
             workflowId="both", nodeId="n", outcome="done", at=95)
        for mark, organization in (("one", "org-1"), ("two", "org-2"))
    ]  # fmt: skip
    append(data, [*of("org-1", "one"), *of("org-2", "two"), *shared])
    built(data)
    with guarded(data) as running:
        yield running


LISTS = (
    "runs", "conversations", "meetings", "analyses", "contacts", "workflows", "candidates",
    "attention", "attention/reasons", "moving", "funnel", "events", "analysis-batches",
    "search?q=two", "search?q=one",
)  # fmt: skip
PAGES = (
    "/", "/needs", "/runs", "/workflows", "/conversations", "/analyses",
    "/calendar?date=2026-03-02", "/candidates", "/contacts", "/events", "/search?q=two",
    "/candidates/shared", "/candidates?q=two", "/workflows/one-w1", "/runs/one-r0",
    "/runs.csv", "/conversations.csv", "/calendar.csv", "/candidates.csv", "/needs.csv",
    "/events.csv", "/contacts.csv", "/analyses.csv", "/workflows.csv", "/calendar.ics",
)  # fmt: skip


@pytest.mark.parametrize("path", [*PAGES, *(f"/api/v1/{name}" for name in LISTS)])
def test_nothing_of_another_organization_is_told(service: Guarded, path: str) -> None:
    asked = path.rpartition("?q=")[2]
    told = [one for one in re.findall(r"two-[\w-]+", service.page(path, ONE)) if one != asked]
    assert told == []
    assert "nobodys" not in service.page(path, ONE)


@pytest.mark.parametrize("path", ["/runs", "/conversations", "/events", "/api/v1/meetings"])
def test_what_is_theirs_is_told(service: Guarded, path: str) -> None:
    assert "one-" in service.page(path, ONE)
    assert "two-" in service.page(path, TWO)
    assert {"one-", "two-"} <= set(re.findall("one-|two-", service.page(path, BOTH)))
    assert "one-" not in service.page(path, NONE_OF_THESE)


@pytest.mark.parametrize(
    "path",
    [
        "/conversations/two-r0", "/runs/two-r0", "/workflows/two-w1", "/candidates/two-p0",
        "/candidates/two-shared", "/candidates/no-one", "/conversations/nobodys", "/events/40",
        "/events/id/two-e1", "/api/v1/runs/two-r0", "/api/v1/conversations/two-r0",
        "/api/v1/workflows/two-w1", "/api/v1/workflows/two-w1/graph", "/api/v1/candidates/two-p0",
        "/api/v1/events/40", "/api/v1/analyses/two-p0",
    ],
)  # fmt: skip
def test_what_is_not_theirs_is_not_there(service: Guarded, path: str) -> None:
    assert service.ask("GET", path, ENGINEER).status in {200, 303, 404}
    assert service.ask("GET", path, ONE).status == 404


def test_a_person_of_two_organizations_is_shown_as_each_knows_them(service: Guarded) -> None:
    whole = service.ask("GET", "/api/v1/candidates/shared", ENGINEER).json()
    assert {item["id"] for item in whole["story"]} == {"one-shared", "two-shared"}
    assert whole["name"] == "two-Name"
    for grant, name, at in ((TWO, "two-Name", "13:31"), (ONE, None, "13:30")):
        people = service.ask("GET", "/api/v1/candidates?limit=500", grant).json()["items"]
        [line] = [one for one in people if one["person"] == "candidate:shared"]
        assert (line["name"], line["last_event_at"][11:16]) == (name, at)
    theirs = service.ask("GET", "/api/v1/candidates/shared", ONE).json()
    assert [item["id"] for item in theirs["story"]] == ["one-shared"]
    assert theirs["name"] is None


def test_counts_are_those_of_what_is_listed(service: Guarded) -> None:
    for name in ("runs", "conversations"):
        every = len(service.ask("GET", f"/api/v1/{name}", ENGINEER).json()["items"])
        own = len(service.ask("GET", f"/api/v1/{name}", ONE).json()["items"])
        assert 0 < own < every
        for grant, number in ((ENGINEER, every), (ONE, own)):
            page = service.page(f"/{name}", grant)
            assert re.search(rf'data-count="{number}"[^>]*><b>{number}</b> all', page), (
                name,
                number,
            )


def test_the_graph_of_ones_own_workflow_is_whole(service: Guarded) -> None:
    whole = service.ask("GET", "/api/v1/workflows/one-w1/graph", ENGINEER).json()
    assert service.ask("GET", "/api/v1/workflows/one-w1/graph", ONE).json() == whole
    assert whole["nodes"]


def test_the_graph_of_a_shared_workflow_counts_what_each_may_see(service: Guarded) -> None:
    """Whoever asked first: what was counted for one is not kept for another."""
    for grant, visits in ((ENGINEER, 2), (ONE, 1), (TWO, 1), (BOTH, 2), (ENGINEER, 2)):
        graph = service.ask("GET", "/api/v1/workflows/both/graph", grant).json()
        assert [(node["id"], node["visits"]) for node in graph["nodes"]] == [("n", visits)]


def test_an_event_shows_that_it_fits_the_chain_although_others_are_hidden(service: Guarded) -> None:
    [event] = service.ask("GET", "/api/v1/events?limit=1&after=5", ONE).json()["items"]
    assert "Fits, computed anew" in service.page(f"/events/{event['position']}", ONE)


def test_only_ones_own_items_can_be_taken_care_of(service: Guarded) -> None:
    [waiting, *_] = service.ask("GET", "/api/v1/attention", TWO).json()["items"]
    form = {name: waiting[name] for name in ("projection", "entity", "item")}
    assert service.ask("POST", "/acknowledge", ONE, form=form).status == 400
    assert service.ask("POST", "/acknowledge", TWO, form=form).status == 303
    stored = service.services.log.events(types=["TRACKER_ACKNOWLEDGED"])
    assert [one.organization_id for one in stored] == ["org-2"]
    again = service.ask("POST", "/acknowledge", TWO, form=form)
    assert again.status == 303
    assert len(service.services.log.events(types=["TRACKER_ACKNOWLEDGED"])) == 1


def test_the_one_who_took_care_is_named(service: Guarded) -> None:
    [waiting, *_] = service.ask("GET", "/api/v1/attention", ONE).json()["items"]
    form = {name: waiting[name] for name in ("projection", "entity", "item")}
    assert service.ask("POST", "/acknowledge", ONE, form=form).status == 303
    [stored] = service.services.log.events(types=["TRACKER_ACKNOWLEDGED"], organizations=["org-1"])
    assert stored.read().data.actor.startswith("token ")
