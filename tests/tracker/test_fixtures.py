"""The fixtures keep to what their README says of them."""

import json
from pathlib import Path

import pytest

from tracker.configuration import read_import
from tracker.demo.workflows import configurations
from tracker.envelope import Envelope, read_envelope
from tracker.errors import InvalidEnvelope
from tracker.events import PROVIDER_TYPES, Event, event_type, read_event

FIXTURES = Path(__file__).parents[2] / "fixtures"
EVENTS = sorted((FIXTURES / "events").glob("*.json"))
STORIES = sorted((FIXTURES / "stories").glob("*.ndjson"))
MALFORMED = sorted((FIXTURES / "malformed").glob("*"))
WORKFLOWS = sorted((FIXTURES / "workflows").glob("*.json"))


def _name(path: Path) -> str:
    return path.name


def _read(body: bytes) -> tuple[Envelope, Event]:
    e = read_envelope(body)
    event = read_event(e.event_id, e.type, e.record_id, e.organization_id, e.occurred_at, body)
    return e, event


def test_every_type_of_the_provider_has_a_body_with_its_documented_fields() -> None:
    plain = {path.stem for path in EVENTS if "." not in path.stem}
    assert plain == set(PROVIDER_TYPES)


@pytest.mark.parametrize("path", EVENTS, ids=_name)
def test_an_event_is_what_its_file_name_says(path: Path) -> None:
    name, _, variant = path.stem.partition(".")
    envelope, event = _read(path.read_bytes())
    assert envelope.type == name
    assert envelope.record_id
    assert envelope.organization_id
    assert event_type(name).understood is (variant != "newer-type")
    assert bool(event.unreadable) is (variant == "wrong-kinds")


@pytest.mark.parametrize("name", ["node-object", "other-names"])
def test_other_names_are_understood_like_the_preferred_ones(name: str) -> None:
    folder = FIXTURES / "events"
    _, preferred = _read((folder / "WORKFLOW_NODE_COMPLETED.json").read_bytes())
    _, other = _read((folder / f"WORKFLOW_NODE_COMPLETED.{name}.json").read_bytes())
    assert (other.data.node_id, other.data.label, other.data.outcome) == (
        preferred.data.node_id,
        preferred.data.label,
        preferred.data.outcome,
    )


@pytest.mark.parametrize("path", STORIES, ids=_name)
def test_a_story_has_events_of_its_own_that_are_all_understood(path: Path) -> None:
    read = [_read(line) for line in path.read_bytes().splitlines()]
    assert len({envelope.event_id for envelope, _ in read}) == len(read) > 1
    assert not [event for _, event in read if event.unreadable]
    assert all(event_type(envelope.type).understood for envelope, _ in read)


def test_only_the_late_story_arrives_out_of_order() -> None:
    disordered = set()
    for path in STORIES:
        moments = [_read(line)[0].occurred_at for line in path.read_bytes().splitlines()]
        if moments != sorted(moments):
            disordered.add(path.stem)
    assert disordered == {"late-start"}


def test_event_ids_are_unique_over_all_fixtures() -> None:
    bodies = [path.read_bytes() for path in EVENTS]
    bodies += [line for path in STORIES for line in path.read_bytes().splitlines()]
    ids = [read_envelope(body).event_id for body in bodies]
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize("path", MALFORMED, ids=_name)
def test_malformed_bytes_are_no_event(path: Path) -> None:
    with pytest.raises(InvalidEnvelope):
        read_envelope(path.read_bytes())


def test_the_demo_s_configurations_can_be_imported_and_are_current() -> None:
    imported = [read_import(path.read_bytes(), workflow_id=None) for path in WORKFLOWS[:-1]]
    found = {i.version_id: (i.workflow_id, i.name, json.loads(i.configuration)) for i in imported}
    assert WORKFLOWS[-1].stem == "odd-graph"
    assert found == {
        version.id: (flow.id, flow.name, json.loads(text))
        for flow, version, text in configurations()
    }
    assert not any(i.warnings for i in imported)


def test_the_odd_graph_can_be_imported_with_a_warning() -> None:
    odd = read_import(WORKFLOWS[-1].read_bytes(), workflow_id="wf_odd")
    assert odd.warnings
