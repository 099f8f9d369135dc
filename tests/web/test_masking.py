"""Viewers see no personal data: every text of every event is a canary, every page is crawled."""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import pytest
from bs4 import BeautifulSoup

from projections import layout
from projections.queries.restricted import INSIDE, INSTEAD, SHOWN, restrict
from tests.filled import filled
from tests.sample import append, body, built
from tests.web.guarded import MANAGER, VIEWER, Guarded, guarded
from tracker.access import Grant, Role
from tracker.database import open_reader, open_writer
from tracker.events import CATALOGUE
from tracker.timing import to_iso
from web.access import ACCESS

NOW = 1_772_452_800_000_000  # 2026-03-02T12:00:00Z
# What a viewer may see: ids, states, times, and the customer's words for jobs and steps.
# Everything else that an event may hold is personal until it is named here.
SHOWN_FIELDS = {
    "recordId": "{record}", "organizationId": "org-1", "conversationStatus": "PASSED",
    "candidateId": "cand-1", "externalId": "ext-{record}", "externalCampaignId": "camp-1",
    "screeningQuestionsOutcome.screeningQuestion": "Shown question",
    "screeningQuestionsOutcome.questionOutcome": "PASSED",
    "externalAnalysisId": "xa-1", "title@ANALYSIS_CREATED": "Shown job", "analysisId": "analysis-1",
    "requirementOutcomes.requirement": "Shown requirement",
    "conversationId": "talk-1", "externalConversationId": "xtalk-1",
    "meetingDetails.startDateTime": "2026-03-02T15:00:00Z",
    "meetingDetails.endDateTime": "2026-03-02T16:00:00Z",
    "meetingDetails.timezone": "Europe/London", "previousBookingId": "{record}",
    "workflowId": "wf-1", "workflowVersionId": "v-1", "workflowExternalId": "xwf-1",
    "candidateProfileId": "cand-1", "candidateProfileExternalId": "xcand-1",
    "nodeId": "node-1", "nodeType": "task", "label": "Shown step", "outcome": "onComplete",
    "nextNodeId": "node-2", "runId": "run-1", "contactKey": "key-1",
    "name@WORKFLOW_PUBLISHED": "Shown workflow",
}  # fmt: skip
RECORDS = {
    "conversation": "talk-1", "analysis": "analysis-1", "meeting": "meet-1", "run": "run-1",
    "contact": "contact-1", "workflow": "wf-1",
}  # fmt: skip


def text(event: str, record: str) -> Callable[[str], str]:
    """A canary for every text of an event, unless it may be seen."""

    def told(path: str) -> str:
        shown = SHOWN_FIELDS.get(f"{path}@{event}", SHOWN_FIELDS.get(path))
        return shown.format(record=record) if shown else f"Secret-{event}-{path}-Quarry"

    return told


def canaries() -> Iterator[bytes]:
    """One event of each type of the platform's, and a conversation for each status."""
    number = 0
    for name, kind in CATALOGUE.items():
        if name.startswith("TRACKER_"):
            continue
        families = {kind.family, *(("own",) if kind.family in {"conversation", "meeting"} else ())}
        for family in sorted(families):
            number += 1
            record = RECORDS[kind.family] if family != "own" else f"{kind.family}-{number}"
            data = filled(kind.payload, text(name, record))
            if family == "own" and kind.family == "meeting":
                data["conversationId"] = f"talk-{number}"
            message = {
                "event": name,
                "eventId": f"e-{number}",
                "eventTimestamp": to_iso(NOW + number * 60_000_000),
                "data": data,
            }
            yield json.dumps(message).encode()


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    data: Path = tmp_path_factory.mktemp("masking")
    append(data, list(canaries()))
    built(data)
    with guarded(data, clock=lambda: NOW) as running:
        yield running


STARTS = [
    "/", "/needs", "/runs", "/workflows", "/conversations", "/analyses", "/calendar",
    "/calendar?view=week&date=2026-03-02", "/calendar?view=month&date=2026-03-02", "/candidates",
    "/contacts", "/events", "/search?q=Secret", "/search?q=Quarry", "/search?q=talk-1",
    "/candidates?q=Quarry", "/candidates?q=cand-1", "/runs/run-1?event=e-1",
    "/calendar?date=2026-03-01",
]  # fmt: skip


ANSWERS = [
    "runs", "conversations", "meetings", "analyses", "analysis-batches", "contacts", "workflows",
    "candidates", "attention", "search?q=Quarry", "search?q=talk-1", "events", "runs/run-1",
    "conversations/talk-1", "meetings/meet-1", "workflows/wf-1", "workflows/wf-1/graph",
    "candidates/cand-1", "analyses/analysis-1",
]  # fmt: skip
MOST = 250  # addresses of one crawl; the lists' filters would never end


def crawl(service: Guarded, grant: Grant, most: int = MOST) -> dict[str, str]:
    """Every page, file and answer that can be reached, by address."""
    files = [route.removeprefix("GET ") for route in ACCESS if route.endswith(".csv")]
    wanted = [*STARTS, *(f"/api/v1/{name}" for name in ANSWERS), *files, "/calendar.ics"]
    found: dict[str, str] = {}
    while wanted:
        path = wanted.pop()
        if path in found:
            continue
        answer = service.ask("GET", path, grant)
        found[path] = "".join([answer.body.decode(), *answer.headers.values()])
        if "html" in answer.headers.get("content-type", ""):
            links = BeautifulSoup(answer.body, "html.parser").find_all(True)
            for link in links:
                for name in ("href", "hx-get", "action"):
                    parts = urlsplit(urljoin(path, str(link.get(name, "#"))))
                    there = parts.path + (f"?{parts.query}" if parts.query else "")
                    ours = parts.netloc == "" and not parts.path.startswith("/static")
                    if ours and len(found) < most:
                        wanted.append(there)
    return found


def told(pages: dict[str, str]) -> set[tuple[str, str]]:
    return {
        (path, one) for path, text in pages.items() for one in re.findall(r"Secret-[\w.-]*", text)
    }


def test_a_viewer_finds_no_personal_data_on_any_page_in_any_file_or_answer(
    service: Guarded,
) -> None:
    pages = crawl(service, VIEWER)
    assert len(pages) > 80
    assert told(pages) == set()
    seen = " ".join(pages.values())
    for shown in ("Shown question", "Shown job", "Shown step", "talk-1", "camp-1"):
        assert shown in seen


def test_a_manager_sees_it_all(service: Guarded) -> None:
    seen = {one for _, one in told(crawl(service, MANAGER))}
    for field in ("participantFirstName", "participants.email", "participants.name", "evidence",
                  "responseSummary", "location", "contactName", "meetingUrl"):  # fmt: skip
        assert any(field in one for one in seen), field


def test_the_calendar_feed_is_masked_too(service: Guarded) -> None:
    feeds = {who: service.ask("GET", "/calendar.ics", who).body for who in (VIEWER, MANAGER)}
    assert all(b"BEGIN:VEVENT" in feed for feed in feeds.values())
    assert b"Secret-" in feeds[MANAGER]
    assert b"Secret-" not in feeds[VIEWER]
    assert b"ATTENDEE" not in feeds[VIEWER]


def test_names_lead_a_viewer_to_nobody(service: Guarded) -> None:
    assert service.ask("GET", "/api/v1/search?q=Quarry", VIEWER).json()["items"] == []
    assert service.ask("GET", "/api/v1/candidates?q=Quarry", VIEWER).json()["items"] == []
    hits = service.ask("GET", "/api/v1/search?q=talk-1", VIEWER).json()["items"]
    assert {(hit["entity"], hit["title"]) for hit in hits} == {("talk-1", "talk-1")}
    assert service.ask("GET", "/api/v1/search?q=Quarry", MANAGER).json()["items"]


def test_a_viewer_gets_no_event_and_no_bytes(service: Guarded) -> None:
    for path in ("/events", "/events/1", "/events.csv", "/api/v1/events", "/api/v1/events/1",
                 "/quarantine", "/deliveries"):  # fmt: skip
        assert service.ask("GET", path, VIEWER).status == 403, path
    assert service.ask("GET", "/runs/run-1?event=e-1", VIEWER).status == 404


def test_every_column_is_named_as_shown_or_hidden(data: Path) -> None:
    append(data, [])
    connection = open_reader(built(data))
    try:
        for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'"):
            if name.startswith(("search_index", "sqlite_")):
                continue
            columns = {row[1] for row in connection.execute(f"PRAGMA table_info({name})")}
            assert SHOWN[name] <= columns, name
            hidden = columns - SHOWN[name] - {c for t, c in [*INSIDE, *INSTEAD] if t == name}
            assert hidden == HIDDEN.get(name, set()), name
    finally:
        connection.close()


HIDDEN = {
    "conversations": {"candidate_name", "url", "conversation_status", "reason"},
    "meetings": {"title", "location", "meeting_url", "notes_url", "reason"},
    "analyses": {"url"},
    "runs": {"reason", "code"},
    "contacts": {"contact_name", "reason", "resolution"},
    "attention": {"candidate_name", "url"},
    "entities": {"name"},
    "persons": {"name", "name_order", "named_by", "named_at"},
}


@pytest.mark.parametrize("table", ["steps", "steps_own", "steps_common"])
def test_steps_are_those_of_ones_organizations(data: Path, table: str) -> None:
    step = {
        "workflowId": "wf-1",
        "workflowVersionId": "v-1",
        "nodeId": "n",
        "outcome": "onComplete",
    }
    node = "WORKFLOW_NODE_COMPLETED"
    mine = body("e-1", node, record="run-1", organization="org-1", **step)
    theirs = body("e-2", node, record="run-2", organization="org-2", **step)
    append(data, [mine, theirs])
    path = built(data)

    def rows(*organizations: str) -> int:
        grant = Grant(Role.MANAGER, organizations)
        with closing(open_reader(path, lambda c: restrict(c, grant))) as connection:
            return int(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])

    assert (rows("org-1"), rows("org-1", "org-2"), rows("org-3")) == (1, 2, 0)


def test_why_something_is_broken_is_not_told(data: Path) -> None:
    append(data, list(canaries()))
    path = built(data)
    writer = open_writer(path)
    writer.execute("UPDATE entities SET broken = 'ValueError: Ada'")
    writer.close()
    connection = open_reader(path, lambda c: restrict(c, Grant(Role.VIEWER)))
    assert connection.execute("SELECT DISTINCT broken FROM entities").fetchall() == [("hidden",)]
    connection.close()


def test_a_table_that_nobody_named_shows_nothing(data: Path) -> None:
    append(data, list(canaries()))
    path = built(data)
    with pytest.MonkeyPatch.context() as patched:
        patched.delitem(SHOWN, "runs")
        connection = open_reader(path, lambda c: restrict(c, Grant(Role.VIEWER)))
        assert connection.execute("SELECT id, status FROM runs").fetchall() == [(None, None)]
        connection.close()
    assert layout.TABLES["runs"]
