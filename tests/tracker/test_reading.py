"""Payloads: the fast way and the tolerant way read the same, and one odd value hides no other."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.projections import shapes
from tracker import payloads, reading
from tracker.events import CATALOGUE
from tracker.reading import Reading, read_payload

KINDS = sorted({row.payload for row in CATALOGUE.values()}, key=lambda kind: kind.__name__)
every_kind = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)


def of(data: Any, **around: Any) -> bytes:
    return json.dumps({"event": "X", "data": data, **around}).encode()


def read(kind: type[payloads.Payload], data: Any, **around: Any) -> Reading:
    return read_payload(kind, of(data, **around))


def tolerantly(kind: type[payloads.Payload], raw: bytes) -> Reading:
    """What is read when the fast way is closed."""
    odd: list[str] = []
    payload = reading._read_struct(kind, msgspec.json.decode(raw)["data"], "", odd)
    return Reading(payload, tuple(odd))


@st.composite
def objects(draw: st.DrawFn, kind: type[payloads.Part]) -> dict[str, Any]:
    """An object in all spellings: mostly fitting values, some null, empty or of another kind."""
    made: dict[str, Any] = {}
    for field in reading._fields(kind):
        if draw(st.booleans()):
            name = draw(st.sampled_from(field.names))
            *steps, last = name.split(".")
            inside = made
            for step in steps:
                if not isinstance(inside.setdefault(step, {}), dict):
                    inside[step] = {}
                inside = inside[step]
            inside[last] = draw(_value(field) | _value(field) | ODD)
    return made


ODD = st.one_of(shapes.SCALARS, st.just(""), st.just([]), st.just({"message": "m", "id": "i"}))


def _value(field: Any) -> st.SearchStrategy[Any]:
    plain: dict[Any, st.SearchStrategy[Any]] = {
        str: st.text(max_size=3) | st.sampled_from(['"nodeKey":', "reason", "data", "null"]),
        float: st.floats(allow_nan=False, allow_infinity=False) | st.integers(-9, 9),
        int: st.integers(-9, 9),
        bool: st.booleans(),
    }
    one = objects(field.part) if field.part else plain[field.wanted]
    return st.lists(one, max_size=2) if field.many else one


UNKNOWN = st.dictionaries(
    st.sampled_from(["node", "error", "nested", "unknown"]),
    st.dictionaries(st.sampled_from(["nodeKey", "reason", "name", "id"]), st.text(max_size=2)),
    max_size=2,
)


@every_kind
@settings(deadline=None)
@given(data=st.data())
def test_the_fast_and_the_tolerant_way_read_the_same(
    kind: type[payloads.Payload], data: st.DataObject
) -> None:
    fields = {**data.draw(UNKNOWN), **data.draw(objects(kind))}
    spaced = data.draw(st.sampled_from([None, 1]))
    ascii_only = data.draw(st.booleans())
    message = {**data.draw(UNKNOWN), "data": fields}
    raw = json.dumps(message, indent=spaced, ensure_ascii=ascii_only).encode()
    assert same(read_payload(kind, raw), tolerantly(kind, raw))


def same(one: Reading, other: Reading) -> bool:
    return repr(one) == repr(other)  # NaN is NaN, 1 is not 1.0


@every_kind
def test_every_name_of_every_field_is_read(kind: type[payloads.Payload]) -> None:
    for field in reading._fields(kind):
        sample: Any = {str: "text", float: 1.5, int: 3, bool: True}.get(field.wanted, {})
        for name in field.names:
            value: Any = [sample] if field.many else sample
            for step in reversed(name.split(".")):
                value = {step: value}
            found = getattr(read(kind, value).payload, field.attribute)
            assert found is not None, name


@every_kind
def test_fields_that_are_null_or_empty_are_as_absent(kind: type[payloads.Payload]) -> None:
    for empty in (None, ""):
        nothing = {name: empty for field in reading._fields(kind) for name in field.names}
        assert read(kind, nothing) == Reading(kind())
    assert read(kind, {}) == read(kind, None) == read(kind, []) == Reading(kind())


def test_the_preferred_name_wins_over_the_others_in_their_order() -> None:
    both = {"nodeKey": "third", "node": {"id": "second"}, "nodeId": "first"}
    assert read(payloads.NodeCompleted, both).payload.node_id == "first"  # type: ignore[attr-defined]
    del both["nodeId"]
    assert read(payloads.NodeCompleted, both).payload.node_id == "second"  # type: ignore[attr-defined]


@pytest.mark.parametrize("empty", [None, ""])
def test_an_empty_preferred_name_hides_no_alternative(empty: str | None) -> None:
    payload = read(payloads.NodeCompleted, {"nodeId": empty, "nodeKey": "n1"}).payload
    assert payload.node_id == "n1"  # type: ignore[attr-defined]


def test_an_alternative_name_elsewhere_is_not_mistaken_for_the_field() -> None:
    data = {"nested": {"nodeKey": "inner"}, "label": '"nodeKey": "quoted"'}
    payload = read(payloads.NodeCompleted, data, nodeKey="outer").payload
    assert payload.node_id is None  # type: ignore[attr-defined]
    assert payload.label == '"nodeKey": "quoted"'  # type: ignore[attr-defined]


def test_a_name_written_with_escapes_is_read() -> None:
    raw = rb'{"data":{"node\u004bey":"n1","\u006cabel":"L"}}'
    payload = read_payload(payloads.NodeCompleted, raw).payload
    assert (payload.node_id, payload.label) == ("n1", "L")  # type: ignore[attr-defined]


def test_an_odd_value_is_reported_with_its_path_and_hides_no_other() -> None:
    found = read(
        payloads.Conversation,
        {
            "candidateId": ["c1"],
            "scorecardTotalValue": "many",
            "participantFirsName": "Ada",
            "screeningQuestionsOutcome": [{"screeningQuestion": "Q", "questionOutcome": {}}, 7],
        },
    )
    payload: Any = found.payload
    assert payload.candidate_id is None
    assert payload.scorecard_total_value is None
    assert payload.participant_first_name == "Ada"
    assert [answer.screening_question for answer in payload.screening_questions_outcome] == ["Q"]
    assert set(found.unreadable) == {
        "candidateId",
        "scorecardTotalValue",
        "screeningQuestionsOutcome[0].questionOutcome",
        "screeningQuestionsOutcome[1]",
    }


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({"scorecardTotalValue": "4.5"}, 4.5),
        ({"scorecardTotalValue": 4}, 4.0),
        ({"scorecardTotalValue": 1e300}, 1e300),
        ({"scorecardTotalValue": None}, None),
    ],
)
def test_numbers_written_as_text_are_numbers(data: dict[str, Any], expected: float | None) -> None:
    found = read(payloads.Conversation, data)
    assert found.payload.scorecard_total_value == expected  # type: ignore[attr-defined]
    assert found.unreadable == ()


@pytest.mark.parametrize("text", ["NaN", "inf", "-Infinity", "1e999", "many", "4,5"])
def test_texts_that_no_table_can_hold_as_a_number_are_unreadable(text: str) -> None:
    found = read(payloads.Conversation, {"scorecardTotalValue": text})
    assert found.payload.scorecard_total_value is None  # type: ignore[attr-defined]
    assert found.unreadable == ("scorecardTotalValue",)


def test_a_number_as_an_id_is_its_digits() -> None:
    found = read(payloads.Conversation, {"candidateId": 12345678901234567})
    assert found.payload.candidate_id == "12345678901234567"  # type: ignore[attr-defined]
    assert found.unreadable == ()


def test_only_a_body_that_is_no_json_raises() -> None:
    with pytest.raises(msgspec.DecodeError):
        read_payload(payloads.Conversation, b"{")
