"""The envelope: what is an event, what is none, and the reason that names the part."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.sample import MALFORMED, NOON, body
from tracker.envelope import DEEPEST, LONGEST_ID, read_envelope, same_fact
from tracker.errors import InvalidEnvelope
from tracker.events import TEST_RECEIVED, event_type, read_event
from tracker.timing import from_iso

REASONS = {
    "blank": "not JSON",
    "byte-order-mark": "not JSON",
    "cut-off": "not JSON",
    "data-is-a-list": "data is a list",
    "data-is-null": "data is null",
    "deep-nesting": "nested deeper than 64",
    "duplicate-keys": "stands twice",
    "duplicate-keys-in-data": "stands twice",
    "empty": "not JSON",
    "event-is-a-number": "event is a number",
    "event-is-blank": "event ' ",
    "event-of-our-own": "TRACKER_",
    "event-too-long": "event 'E",
    "eventId-is-a-number": "eventId is a number",
    "eventId-is-empty": "eventId ''",
    "eventId-is-null": "eventId is missing",
    "eventId-too-long": "eventId 'x",
    "eventId-with-nul": "NUL",
    "huge-float": "out of range",
    "huge-integer": "does not fit 64 bits",
    "infinity": "Infinity is not JSON",
    "invalid-utf-8": "is not UTF-8",
    "list": "the body is a list",
    "lone-surrogate": "surrogate",
    "missing-data": "data is missing",
    "missing-event": "event is missing",
    "missing-eventId": "eventId is missing",
    "missing-eventTimestamp": "eventTimestamp is missing",
    "nan": "NaN is not JSON",
    "not-json": "not JSON",
    "null": "the body is null",
    "organizationId-is-a-number": "organizationId is a number",
    "recordId-is-an-object": "recordId is an object",
    "text": "the body is text",
    "timestamp-in-words": "is not an ISO 8601 time",
    "timestamp-is-a-number": "eventTimestamp is a number",
    "timestamp-of-no-day": "is not an ISO 8601 time",
    "timestamp-out-of-range": "is not an ISO 8601 time",
    "two-objects": "not JSON",
    "utf-16": "is not UTF-8",
}


@pytest.mark.parametrize("path", MALFORMED, ids=lambda path: path.stem)
def test_every_malformed_body_is_refused_with_a_reason_that_names_the_part(path: Path) -> None:
    with pytest.raises(InvalidEnvelope) as refused:
        read_envelope(path.read_bytes())
    assert REASONS[path.stem] in str(refused.value)


def changed(**parts: Any) -> bytes:
    return json.dumps({**json.loads(body()), **parts}).encode()


@settings(deadline=None)
@given(st.binary(max_size=200))
@example(b'{"a":' * 100_000)
@example(b"[" * 100_000)
@example(b'{"event":"\\ud800","a":' + b"[" * 60 + b"]" * 60 + b"}")
@example(b"-" * 1000)
@example(b"1" * 100_000)
@example(b"[-9223372036854775809]")
@example(b'"\\u0000"')
@example(b'{"x":1e999}')
def test_no_bytes_whatsoever_raise_anything_else(raw: bytes) -> None:
    with pytest.raises(InvalidEnvelope):
        read_envelope(raw)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=8,
)
NAMES = ("event", "eventId", "eventTimestamp", "data")


@settings(deadline=None)
@given(
    parts=st.dictionaries(st.sampled_from(NAMES), JSON),
    data=st.dictionaries(st.sampled_from(["recordId", "organizationId", "timestamp", "x"]), JSON),
)
def test_any_json_is_an_event_that_can_be_folded_or_refused(
    parts: dict[str, Any], data: dict[str, Any]
) -> None:
    raw = changed(**{"data": {**json.loads(body())["data"], **data}, **parts})
    try:
        e = read_envelope(raw)
    except InvalidEnvelope:
        return
    event = read_event(e.event_id, e.type, e.record_id, e.organization_id, e.occurred_at, raw)
    assert isinstance(event.data, event_type(e.type).payload)
    assert isinstance(msgspec.json.decode(raw), dict)
    assert not any("\0" in text for text in (e.event_id, e.type, e.record_id, e.organization_id))


def test_what_the_columns_hold_is_what_the_body_says() -> None:
    envelope = read_envelope(body("e9", "WORKFLOW_RUN_STARTED", record="r", organization="o", at=3))
    assert (envelope.event_id, envelope.type) == ("e9", "WORKFLOW_RUN_STARTED")
    assert (envelope.record_id, envelope.organization_id) == ("r", "o")
    assert envelope.occurred_at == NOON + 180_000_000


@pytest.mark.parametrize(
    ("emitted", "expected"),
    [
        ("2026-03-02T11:59:58.000001Z", "2026-03-02T11:59:58.000001+00:00"),
        ("2026-03-02T13:00:00+02:00", "2026-03-02T11:00:00Z"),
        ("2026-03-02T11:00:00", "2026-03-02T11:00:00Z"),
        (None, "2026-03-02T12:00:00Z"),
        ("soon", "2026-03-02T12:00:00Z"),
        ("", "2026-03-02T12:00:00Z"),
        (1_700_000_000, "2026-03-02T12:00:00Z"),
        ({}, "2026-03-02T12:00:00Z"),
    ],
)
def test_an_event_happened_when_it_was_emitted_else_when_it_was_sent(
    emitted: Any, expected: str
) -> None:
    assert read_envelope(body(timestamp=emitted)).occurred_at == from_iso(expected)


@pytest.mark.parametrize("missing", ["recordId", "organizationId"])
@pytest.mark.parametrize("value", [None, "", "absent"])
def test_a_missing_record_or_organization_makes_no_event_unreadable(
    missing: str, value: str | None
) -> None:
    message = json.loads(body())
    message["data"][missing] = value
    if value == "absent":
        del message["data"][missing]
    envelope = read_envelope(json.dumps(message).encode())
    assert "" in (envelope.record_id, envelope.organization_id)


def test_our_own_names_are_accepted_only_from_a_trusted_origin() -> None:
    own = body(event="TRACKER_ACKNOWLEDGED")
    assert read_envelope(own, trusted=True).type == "TRACKER_ACKNOWLEDGED"
    with pytest.raises(InvalidEnvelope, match="our own"):
        read_envelope(own)


def test_a_test_delivery_of_ours_comes_in_like_any_other() -> None:
    assert read_envelope(body(event=TEST_RECEIVED)).type == TEST_RECEIVED


def test_the_limits_are_where_they_are_said_to_be() -> None:
    deepest: Any = "bottom"
    for _ in range(DEEPEST - 2):
        deepest = [deepest]
    assert read_envelope(body(deep=deepest))
    with pytest.raises(InvalidEnvelope, match="deeper"):
        read_envelope(body(deep=[deepest]))
    assert read_envelope(body("e" * LONGEST_ID))
    assert read_envelope(body(number=2**63 - 1))
    assert read_envelope(body(text="[" * 1000 + '\\"{'))
    with pytest.raises(InvalidEnvelope, match="64 bits"):
        read_envelope(body(number=2**63))


def test_escaped_characters_outside_the_first_plane_are_read() -> None:
    assert read_envelope(body("😀", note="😀\\ud83d")).event_id == "😀"


@pytest.mark.parametrize(
    ("other", "same"),
    [
        (body(at=7, a=1, b=[None, "x"]), True),
        (body(b=[None, "x"], a=1), True),
        (body(a=1, b=[None, "x"]).replace(b" ", b"\n"), True),
        (body(a=1, b=[None, "x"]).replace(b"x", b"\\u0078"), True),
        (body(a=1.0, b=[None, "x"]), False),
        (body(a=True, b=[None, "x"]), False),
        (body(a=1, b=["x", None]), False),
        (body(a=1, b=[None, "x"], c=None), False),
        (body(a=1, b=[None, "x"], event="CONVERSATION_QUEUED"), False),
    ],
)
def test_two_bodies_say_the_same_when_type_and_data_are_equal(other: bytes, same: bool) -> None:
    one = body(a=1, b=[None, "x"])
    assert same_fact(one, other) is same
    assert same_fact(other, one) is same
