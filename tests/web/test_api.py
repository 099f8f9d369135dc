"""The API answers the names that others rely on, and errors that a program can act on."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from tests.projections.queries.stored import STORIES, completed, started, story
from tests.web.asking import client
from web.ids import encode_id

Client = TestClient[Litestar]
RUN = (
    "id workflow_id workflow_version_id organization_id candidate_profile_id status started_at "
    "ended_at current_node step_count anomalies"
)
CONVERSATION = (
    "id status outcome candidate_id candidate_name campaign_external_id score url anomalies"
)
MEETING = (
    "id status title starts_at ends_at timezone location meeting_url participants conversation_id "
    "revision notes_ready anomalies"
)
FIELDS = {
    "runs": RUN,
    "conversations": CONVERSATION,
    "meetings": MEETING,
    "analyses": ("id analysis_external_id candidate_external_id score mandatory_met requirements"),
    "contacts": "key status run_id candidate_profile_id reason",
    "workflows": "id",
    "events": (
        "position event_id type family record_id organization_id occurred_at received_at data"
    ),
}
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z")


def _has(found: dict[str, Any], names: str) -> None:
    assert set(names.split()) <= found.keys()


@pytest.fixture(scope="module", params=sorted(path.stem for path in STORIES.glob("*.ndjson")))
def told(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Client]:
    """The application over one fixture story."""
    with client(tmp_path_factory.mktemp("story"), story(request.param)) as opened:
        yield opened


def test_each_list_answers_the_fields_that_others_rely_on(told: Client) -> None:
    for name, fields in FIELDS.items():
        answer = told.get(f"/api/v1/{name}").json()
        assert answer.keys() == {"items", "next_cursor"}
        for item in answer["items"]:
            _has(item, fields)


def test_one_run_answers_its_steps_contacts_and_history(told: Client) -> None:
    for item in told.get("/api/v1/runs").json()["items"]:
        run = told.get(f"/api/v1/runs/{encode_id(item['id'])}").json()
        assert {name: run[name] for name in item} == item
        assert len(run["steps"]) == run["step_count"]
        for step in run["steps"]:
            _has(step, "node_id node_type label outcome completed_at event_id")
        for contact in run["contacts"]:
            _has(contact, FIELDS["contacts"])
        for entry in run["history"]:
            _has(entry, "status at event_id")


def test_one_conversation_answers_its_screening_and_history(told: Client) -> None:
    for item in told.get("/api/v1/conversations").json()["items"]:
        found = told.get(f"/api/v1/conversations/{encode_id(item['id'])}").json()
        _has(found, CONVERSATION)
        for asked in found["screening"]:
            assert asked.keys() == {"question", "outcome", "summary"}
        assert found["history"]
        for entry in found["history"]:
            _has(entry, "status at event_id")


def test_one_meeting_answers_its_history(told: Client) -> None:
    for item in told.get("/api/v1/meetings").json()["items"]:
        found = told.get(f"/api/v1/meetings/{encode_id(item['id'])}").json()
        _has(found, f"{MEETING} history")
        assert [{"name", "email"} for _ in found["participants"]] == [
            set(person) for person in found["participants"]
        ]


def test_analyses_answer_their_requirements(told: Client) -> None:
    for item in told.get("/api/v1/analyses").json()["items"]:
        for requirement in item["requirements"]:
            assert requirement.keys() == {"requirement", "mandatory", "met", "evidence"}
        assert told.get(f"/api/v1/analyses/{encode_id(item['id'])}").status_code == 200


def test_the_graph_of_a_workflow_answers_nodes_and_edges(told: Client) -> None:
    for item in told.get("/api/v1/workflows").json()["items"]:
        graph = told.get(f"/api/v1/workflows/{encode_id(item['id'])}/graph").json()
        assert graph.keys() == {"nodes", "edges"}
        for node in graph["nodes"]:
            _has(node, "id label type visits")
        for edge in graph["edges"]:
            _has(edge, "source target outcome count declared")


def test_times_are_rfc_3339_in_utc(told: Client) -> None:
    found = [
        value
        for name in FIELDS
        for item in told.get(f"/api/v1/{name}").json()["items"]
        for key, value in item.items()
        if key.endswith("_at") and value is not None
    ]
    assert found
    assert [text for text in found if not MOMENT.fullmatch(text)] == []


def test_everyone_in_a_story_is_found_by_each_of_the_joined_ids(told: Client) -> None:
    for item in told.get("/api/v1/candidates").json()["items"]:
        person = told.get(f"/api/v1/candidates/{encode_id(item['person'])}").json()
        assert person["person"] == item["person"]
        times = [entry["at"] for entry in person["story"]]
        assert times == sorted(times, reverse=True)
        for identity in person["identities"]:
            by_value = told.get(f"/api/v1/candidates/{encode_id(identity['value'])}").json()
            assert by_value == person


def test_events_are_answered_upwards_with_their_own_data(told: Client) -> None:
    first = told.get("/api/v1/events?limit=1").json()
    walked = first["items"]
    while first["next_cursor"]:
        first = told.get(f"/api/v1/events?limit=1&cursor={first['next_cursor']}").json()
        walked += first["items"]
    assert [event["position"] for event in walked] == list(range(1, len(walked) + 1))
    for event in walked:
        assert event["data"]["recordId"] == event["record_id"]
        one = told.get(f"/api/v1/events/{event['position']}").json()
        assert one["event_id"] == event["event_id"]
        assert one["touched"]
    last = walked[-1]
    after = told.get(f"/api/v1/events?after={last['position'] - 1}").json()["items"]
    assert [event["position"] for event in after] == [last["position"]]


def test_projections_answer_how_far_they_are(told: Client) -> None:
    status = told.get("/api/v1/projections").json()
    _has(status, "log_head generation projections")
    for projection in status["projections"]:
        assert projection.keys() == {
            "name",
            "version",
            "position",
            "lag_events",
            "lag_seconds",
            "broken",
            "digest",
        }


LISTS = [
    "runs",
    "conversations",
    "meetings",
    "analyses",
    "analysis-batches",
    "contacts",
    "workflows",
    "candidates",
    "events",
    "deliveries",
    "quarantine",
    "attention",
]


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """The application over two runs."""
    bodies = [started("one"), completed("one", "a", "done", 1), started("two", 2)]
    with client(tmp_path_factory.mktemp("runs"), bodies) as opened:
        yield opened


def _problem(answer: Any, status: int, field: str | None = None) -> None:
    assert answer.status_code == status
    assert answer.headers["content-type"].startswith("application/problem+json")
    problem = answer.json()
    assert problem["status"] == status
    assert problem["title"]
    assert problem["detail"]
    assert problem.get("field") == field


@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("colour=red", "colour"),
        ("limit=501", "limit"),
        ("limit=0", "limit"),
        ("limit=x", "limit"),
        ("cursor=nonsense!", "cursor"),
        ("limit=1&limit=2", "limit"),
    ],
)
def test_a_bad_filter_is_a_problem_with_its_name(
    api: Client, name: str, query: str, field: str
) -> None:
    answer = api.get(f"/api/v1/{name}?{query}")
    _problem(answer, 400, field)
    assert field in answer.json()["detail"]


@pytest.mark.parametrize(
    ("address", "field"),
    [
        ("runs?status=lost", "status"),
        ("runs?visited=a", "visited"),
        ("runs?from=then", "from"),
        ("conversations?outcome=maybe", "outcome"),
        ("meetings?to=2026-13-01", "to"),
        ("analyses?sort=rank", "sort"),
        ("contacts?status=lost", "status"),
        ("events?after=-1", "after"),
        ("events?after=99999999999999999999", "after"),
        ("search?limit=9999", "limit"),
        ("workflows/flow-hiring/graph?from=x", "from"),
        ("workflows/flow-hiring/graph?colour=red", "colour"),
    ],
)
def test_a_bad_value_is_a_problem_with_the_filters_name(
    api: Client, address: str, field: str
) -> None:
    _problem(api.get(f"/api/v1/{address}"), 400, field)


@pytest.mark.parametrize(
    "address",
    [
        "v1/runs/nobody",
        "v1/conversations/nobody",
        "v1/meetings/nobody",
        "v1/analyses/nobody",
        "v1/workflows/nobody",
        "v1/workflows/nobody/graph",
        "v1/workflows/flow-hiring/graph?version=none",
        "v1/candidates/nobody",
        "v1/events/77",
        "v1/events/0",
        "v1/events/99999999999999999999",
        "v1/events/%C2%B2",
        "v1/events/one",
        "v1/runs/%FF",
        "v1/runs/%ED%A0%80",
        "v1/runs/%00",
        "v1/nothing",
        "v2/runs",
        "v1/runs/one/two",
    ],
)
def test_what_is_not_there_is_a_problem(api: Client, address: str) -> None:
    _problem(api.get(f"/api/{address}"), 404)


def test_what_may_not_be_done_is_a_problem(api: Client) -> None:
    _problem(api.post("/api/v1/runs"), 405)


def test_filters_of_any_bytes_never_fail(api: Client) -> None:
    for text in ("%FF", "%ED%A0%80", "%00", "%F0%9F%98%80", "'%22%3B--"):
        assert api.get(f"/api/v1/runs?workflow_id={text}&candidate={text}").status_code == 200
        assert api.get(f"/api/v1/runs?node={text}").status_code == 200
        assert api.get(f"/api/v1/search?q={text}").status_code == 200
        assert api.get(f"/api/v1/candidates?q={text}").status_code == 200


ODD_IDS = [
    "a/b",
    "a%2Fb",
    "%",
    "..",
    ".",
    "~..",
    "../../etc/passwd",
    "a//b",
    "/",
    "a/",
    "quo'te\"s",
    "two words",
    "ünï/çødé 🦊",
    "a?b#c&d=e",
    "a+b",
    "graph",
    "a/graph",
    "new\nline",
    "\\",
    ";",
]


def test_ids_of_any_characters_are_found(data: Path) -> None:
    bodies = [started(id_, workflowId=id_, candidateProfileId=id_) for id_ in ODD_IDS]
    with client(data, bodies) as api:
        listed = api.get("/api/v1/runs").json()["items"]
        assert {run["id"] for run in listed} == set(ODD_IDS)
        for id_ in ODD_IDS:
            encoded = encode_id(id_)
            assert api.get(f"/api/v1/runs/{encoded}").json()["id"] == id_
            assert api.get(f"/api/v1/workflows/{encoded}").json()["id"] == id_
            assert "nodes" in api.get(f"/api/v1/workflows/{encoded}/graph").json()
            person = api.get(f"/api/v1/candidates/{encoded}").json()
            assert person["person"] == f"candidate:{id_}"


def test_a_list_is_walked_by_its_cursor(api: Client) -> None:
    page = api.get("/api/v1/runs?limit=1").json()
    assert [run["id"] for run in page["items"]] == ["two"]
    rest = api.get("/api/v1/runs", params={"limit": 1, "cursor": page["next_cursor"]}).json()
    assert [run["id"] for run in rest["items"]] == ["one"]
    assert rest["next_cursor"] is None


def test_without_views_the_answer_is_503_with_retry_after(data: Path) -> None:
    with client(data, [started("one")]) as api:
        (data / "views.current").unlink()
        answer = api.get("/api/v1/runs")
    _problem(answer, 503)
    assert answer.headers["retry-after"]


def test_a_failure_of_ours_is_a_problem_that_hides_what_it_was(data: Path) -> None:
    with client(data, [started("one")]) as api:
        api.app.state.services.log.events = None
        answer = api.get("/api/v1/events")
    _problem(answer, 500)
    assert "NoneType" not in answer.text


def test_the_api_is_described_completely(api: Client) -> None:
    described = api.get("/api/openapi.json").json()
    paths = described["paths"]
    assert {f"/api/v1/{name}" for name in LISTS} <= paths.keys()
    runs = {p["name"] for p in paths["/api/v1/runs"]["get"]["parameters"]}
    assert {"status", "from", "to", "limit", "cursor", "stuck"} <= runs
    assert "services" not in str(paths)
    page = api.get("/api")
    assert page.headers["content-type"].startswith("text/html")
    for path in paths:
        assert path in page.text


def test_the_page_of_the_api_loads_nothing_from_elsewhere(api: Client) -> None:
    assert re.findall(r"(?:src|href)=\"(?!/[^/])[^\"]*\"", api.get("/api").text) == []
