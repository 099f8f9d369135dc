"""A configuration is checked by a person's measure and becomes an event."""

import json
from pathlib import Path

import pytest

from tests.tracker.cli.running import answer, tracker

GRAPH = {
    "startNodeId": "a",
    "nodes": {
        "a": {"type": "screeningOutreach", "label": "Ask", "routing": {"onComplete": "b"}},
        "b": {"type": "end", "routing": {}},
    },
}


@pytest.fixture
def graph(tmp_path: Path) -> Path:
    path = tmp_path / "graph.json"
    path.write_text(json.dumps(GRAPH))
    return path


def test_an_imported_configuration_is_an_event(data: Path, graph: Path) -> None:
    done = answer(data, "workflow", "import", str(graph), "--workflow", "wf-1", "--version", "v-1")
    event = answer(data, "log", "show", str(done["position"]))

    assert done == {"position": 1, "warnings": []}
    assert event["type"] == "TRACKER_WORKFLOW_IMPORTED"
    assert event["data"]["workflowVersionId"] == "v-1"
    assert json.loads(event["data"]["configuration"]) == GRAPH


def test_a_configuration_may_be_quoted_and_name_its_workflow(data: Path) -> None:
    answered = {"workflowId": "wf-1", "name": "Hiring", "configuration": json.dumps(GRAPH)}

    answer(data, "workflow", "import", "-", stdin=json.dumps(answered).encode())

    event = answer(data, "log", "show", "1")
    assert event["record_id"] == "wf-1"
    assert event["data"]["name"] == "Hiring"
    assert json.loads(event["data"]["configuration"]) == GRAPH


def test_a_route_to_nowhere_is_a_warning(data: Path) -> None:
    odd = {**GRAPH, "nodes": {"a": {"routing": {"onComplete": "b"}}}}

    done = answer(
        data, "workflow", "import", "-", "--workflow", "wf-1", stdin=json.dumps(odd).encode()
    )

    assert done["warnings"] == ["a.onComplete leads to 'b', which is not a node"]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"{", "not JSON"),
        (b"[]", "not an object"),
        (b"\xff", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b'{"nodes": {}}', "nodes"),
        (b'{"nodes": {"a": {"routing": {"onComplete": 5}}}}', "nodes.a.routing.onComplete"),
    ],
)
def test_a_file_that_is_no_configuration_is_refused(data: Path, content: bytes, says: str) -> None:
    result = tracker(data, "workflow", "import", "-", "--workflow", "wf-1", stdin=content)

    assert result.exit_code == 2
    assert says in result.stderr


def test_an_import_must_say_for_which_workflow(data: Path, graph: Path) -> None:
    result = tracker(data, "workflow", "import", str(graph))

    assert result.exit_code == 2
    assert "Give the workflow's id" in result.stderr
