"""Workflows: versions that went live, and what imported configurations declare."""

import json
from typing import Any

import pytest

from projections.configuration import Node, read_configuration
from projections.workflows import PROJECTION, Route, Version, Workflow
from tests.projections import builders as b
from tests.projections.builders import HIRING, event, minute
from tracker.events import Event

GRAPH = {
    "startNodeId": "ask",
    "triggerSource": "API",
    "nodes": {
        "ask": {
            "id": "ask",
            "type": "screeningOutreach",
            "label": "Ask",
            "routing": {"onComplete": "meet", "onNotInterested": None},
            "config": {"anything": [1]},
        },
        "meet": {"id": "meet", "type": "somethingNew", "routing": {}},
    },
}


def published(at: int = 0, version: str | None = "v1", **data: Any) -> Event:
    return event("WORKFLOW_PUBLISHED", at, record=HIRING, workflowVersionId=version, **data)


def imported(at: int = 5, version: str | None = None, text: Any = None, **data: Any) -> Event:
    text = json.dumps(GRAPH) if text is None else text
    about = {"workflowId": HIRING, "workflowVersionId": version, "configuration": text}
    return event("TRACKER_WORKFLOW_IMPORTED", at, record=HIRING, **(about | data))


def split(*events: Event) -> tuple[Workflow, dict[str, Version], list[Route]]:
    workflow, *rest = b.folded(PROJECTION, *events)
    versions = {row.version_id: row for row in rest if isinstance(row, Version)}
    return workflow, versions, [row for row in rest if isinstance(row, Route)]


def test_each_published_version_is_a_row() -> None:
    workflow, versions, routes = split(
        published(0, "v1", workflowName="Hiring", versionNumber=1),
        published(9, "v2", workflowExternalId="crm-flow", versionNumber=2),
    )
    assert (workflow.id, workflow.name, workflow.external_id) == (HIRING, "Hiring", "crm-flow")
    assert (workflow.version_count, workflow.last_published_at) == (2, minute(9))
    assert workflow.imported_at is None
    assert [(v.number, v.published_at) for v in versions.values()] == [
        (1, minute(0)),
        (2, minute(9)),
    ]
    assert routes == []


def test_a_version_that_is_published_again_keeps_its_first_time() -> None:
    workflow, versions, _ = split(published(0), published(9))
    assert (workflow.version_count, workflow.last_published_at) == (1, minute(9))
    assert versions["v1"].published_at == minute(0)


def test_an_imported_configuration_declares_nodes_and_routes() -> None:
    workflow, versions, routes = split(published(), imported(5, "v1"))
    version = versions["v1"]
    assert (workflow.imported_at, version.imported_at) == (minute(5), minute(5))
    assert version.start_node_id == "ask"
    assert version.nodes == (
        Node("ask", "screeningOutreach", "Ask"),
        Node("meet", "somethingNew", None),
    )
    assert [(r.version_id, r.node_id, r.outcome, r.target) for r in routes] == [
        ("v1", "ask", "onComplete", "meet")
    ]
    assert json.loads(version.configuration or "") == GRAPH
    assert version.anomalies == ()


def test_a_configuration_for_no_version_in_particular_is_version_empty() -> None:
    workflow, versions, routes = split(published(), imported())
    assert set(versions) == {"", "v1"}
    assert (versions[""].published_at, versions["v1"].start_node_id) == (None, None)
    assert (workflow.version_count, workflow.version_ids) == (1, ("v1",))
    assert {route.version_id for route in routes} == {""}


def test_the_newest_import_replaces_what_an_older_one_declared() -> None:
    _, versions, routes = split(imported(5), imported(9, text='{"nodes": {"only": {}}}'))
    assert [node.id for node in versions[""].nodes] == ["only"]
    assert routes == []


def test_an_import_names_its_workflow_in_its_payload() -> None:
    other = event("TRACKER_WORKFLOW_IMPORTED", record="elsewhere", workflowId=HIRING)
    assert PROJECTION.entity_of(other) == HIRING


def test_the_organization_is_the_one_that_published() -> None:
    workflow, versions, _ = split(
        imported(0, organization="", organizationId=""), published(5), imported(9, "v1")
    )
    assert (workflow.organization_id, versions["v1"].organization_id) == (b.ACME, b.ACME)


def test_a_version_number_that_no_table_can_hold_is_left_out() -> None:
    assert split(published(versionNumber=2**70))[1]["v1"].number is None


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"nodes": []}', "null", "[" * 100_000, "9" * 9999]
)
def test_a_text_that_is_no_configuration_is_named(text: str) -> None:
    assert read_configuration(text).anomalies == ("configuration_unreadable",)


def test_parts_that_cannot_be_read_do_not_hide_the_others() -> None:
    text = json.dumps(
        {
            "startNodeId": "lost",
            "nodes": {
                "": {"type": "nameless"},
                "odd": 7,
                "good": {"type": 3, "label": [], "routing": {"a": "gone", "b": {}, "c": 5}},
                "mute": {"routing": "x"},
            },
        }
    )
    read = read_configuration(text)
    assert read.nodes == (Node("good", "3", None), Node("mute", None, None))
    assert read.routes == (("good", "a", "gone"), ("good", "c", "5"))
    assert read.anomalies == (
        "node_unreadable:",
        "node_unreadable:odd",
        "node_undeclared:5",
        "node_undeclared:gone",
        "node_undeclared:lost",
    )


def test_nothing_about_a_workflow_waits_for_a_person() -> None:
    rows = b.folded(PROJECTION, published(), imported(text="{"))
    assert b.waiting(PROJECTION, rows) == []
    assert b.counted(PROJECTION, rows) == []


def test_a_workflow_is_found_by_name_id_and_versions() -> None:
    (one,) = b.found(PROJECTION, b.folded(PROJECTION, published(name="Hiring"), imported()))
    assert (one.title, set(one.words)) == ("Hiring", {"Hiring", HIRING, "v1"})
