"""Of an erased person's event the envelope stays, and what is listed; everything else goes."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given

from projections.catalogue import PROJECTIONS
from tests.projections.builders import linked
from tests.sample import ROOT, body
from tests.traffic import streams
from tracker import payloads
from tracker.envelope import read_envelope
from tracker.events import CATALOGUE, Event, event_type, read_event
from tracker.payloads import KEPT, Kept, Part
from tracker.redaction import redacted

EVENTS = sorted((ROOT / "fixtures/events").glob("*.json"))


def read(content: bytes) -> Event:
    e = read_envelope(content, trusted=True)
    return read_event(e.event_id, e.type, e.record_id, e.organization_id, e.occurred_at, content)


def left(content: bytes) -> dict[str, Any]:
    data: dict[str, Any] = json.loads(redacted(content))["data"]
    return data


@pytest.mark.parametrize("path", EVENTS, ids=lambda path: path.stem)
def test_what_the_log_keeps_beside_an_event_is_the_same_before_and_after(path: Any) -> None:
    content = path.read_bytes()
    assert read_envelope(redacted(content)) == read_envelope(content)


@given(streams())
def test_what_is_redacted_stays_as_it_is_and_keeps_its_place(stream: list[bytes]) -> None:
    for content in stream:
        once = redacted(content)
        assert redacted(once) == once
        assert read_envelope(once) == read_envelope(content)
        before, after = read(content), read(once)
        for projection in PROJECTIONS:
            assert projection.entity_of(before) == projection.entity_of(after)
            rows = [projection.fold([one]) for one in (before, after) if projection.entity_of(one)]
            links = [linked(projection, row) for some in rows for row in some]
            assert links[: len(links) // 2] == links[len(links) // 2 :]


@pytest.mark.parametrize(
    "name", [name for name, known in CATALOGUE.items() if known.family != "tracker"]
)
def test_no_text_stays_that_is_not_an_id_a_word_or_a_time(name: str) -> None:
    kind = event_type(name).payload
    sentence = "a sentence about somebody"
    data = {**_filled(kind, sentence), "unknownField": sentence, "more": {"deep": [sentence]}}
    kept = redacted(json.dumps({**json.loads(body(event=name)), "data": data}).encode())
    ids = _ids(kind)
    for path, text in _texts(json.loads(kept)["data"]):
        assert sentence not in text or path in ids, path


def _filled(kind: type[Part], text: str) -> dict[str, Any]:
    """A text in every field that holds one."""
    filled: dict[str, Any] = {}
    for field in msgspec.structs.fields(kind):
        hint = str(field.type)
        inner = next((part for part in _parts() if part.__name__ in hint), None)
        if inner is not None:
            nested = _filled(inner, text)
            filled[field.encode_name] = [nested] if "tuple" in hint else nested
        elif "str" in hint:
            filled[field.encode_name] = text
    return filled


def _parts() -> list[type[Part]]:
    kinds = vars(payloads).values()
    return [k for k in kinds if isinstance(k, type) and Part in k.__bases__]


def _ids(kind: type[Part]) -> set[str]:
    names = {"recordId", "organizationId"}
    for base in kind.__mro__:
        rules = KEPT.get(base, {})
        names |= {
            field.encode_name
            for field in (msgspec.structs.fields(kind) if rules else ())
            if rules.get(field.name) is Kept.ID
        }
    return names


def _texts(value: Any, path: str = "") -> list[tuple[str, str]]:
    if isinstance(value, dict):
        return [found for key, inner in value.items() for found in _texts(inner, key)]
    if isinstance(value, list):
        return [found for inner in value for found in _texts(inner, path)]
    return [(path, value)] if isinstance(value, str) else []


def test_what_counts_and_machines_need_stays() -> None:
    content = body(
        event="CONVERSATION_COMPLETED",
        candidateId="cand-ada",
        conversationStatus="COMPLETED_SCREENING_PASSED",
        participantFirsName="Ada",
        scorecardTotalValue=7,
        screeningQuestionsOutcome=[
            {"screeningQuestion": "Why?", "questionOutcome": "PASSED", "responseSummary": "So."}
        ],
    )
    assert left(content) == {
        "recordId": "talk-1",
        "organizationId": "org-1",
        "candidateId": "cand-ada",
        "conversationStatus": "COMPLETED_SCREENING_PASSED",
        "scorecardTotalValue": 7.0,
        "screeningQuestionsOutcome": [{"questionOutcome": "PASSED"}],
    }


@pytest.mark.parametrize(
    "details",
    [
        {"startDateTime": "ask Ada", "timezone": "Ada's home", "title": "Ada"},
        {"participants": [{"name": "Ada", "email": "ada@example.org"}], "location": "Ada's"},
    ],
)
def test_a_time_or_zone_that_is_none_goes(details: dict[str, Any]) -> None:
    kept = left(body(event="CALENDAR_MEETING_SCHEDULED", meetingDetails=details))
    assert "Ada" not in json.dumps(kept)


def test_a_status_that_is_a_sentence_goes() -> None:
    assert "conversationStatus" not in left(body(conversationStatus="Ada said no"))


@pytest.mark.parametrize(("outcome", "kept"), [("onComplete", True), ("Ada said no", False)])
def test_of_a_step_its_ids_kind_and_outcome_stay_but_not_its_label(
    outcome: str, kept: bool
) -> None:
    content = body(
        event="WORKFLOW_NODE_COMPLETED",
        nodeId="ask",
        nodeType="task",
        label="Ask Ada",
        outcome=outcome,
        nextNodeId="book",
    )
    assert left(content) == {
        "recordId": "talk-1",
        "organizationId": "org-1",
        "nodeId": "ask",
        "nodeType": "task",
        "nextNodeId": "book",
    } | ({"outcome": outcome} if kept else {})


def test_of_a_type_that_is_not_understood_only_the_envelope_stays() -> None:
    content = body(event="CONVERSATION_OF_TOMORROW", candidateId="cand-ada", note="Ada")
    assert left(content) == {"recordId": "talk-1", "organizationId": "org-1"}


def test_the_analysis_that_only_the_link_names_is_kept_as_an_id() -> None:
    url = "https://app.example/analyses/an-7/candidates/cand-ada"
    content = body(
        event="CANDIDATE_ANALYSIS_COMPLETED", record="cand-ada", analysisCandidateUrl=url
    )
    assert left(content)["analysisId"] == "an-7"
    assert "https" not in redacted(content).decode()


def test_every_rule_names_a_field() -> None:
    for kind, rules in KEPT.items():
        assert rules.keys() <= {field.name for field in msgspec.structs.fields(kind)}
