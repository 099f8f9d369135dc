"""A body is compressed to a quarter, and exactly the same bytes come out again for ever."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.sample import MALFORMED, bodies
from tracker import compression
from tracker.compression import MARK, as_received, compressed
from tracker.demo.bulk import bulk
from tracker.demo.cast import INTERVIEWERS, LAST_NAMES
from tracker.demo.generator import EVENT, generate
from tracker.demo.workflows import FLOWS
from tracker.envelope import read_envelope
from tracker.timing import from_iso

MOMENTS = st.integers(from_iso("0001-01-01T00:00:00Z"), from_iso("9999-12-31T23:59:59.999999Z"))
BODIES = st.binary() | st.binary().map(lambda rest: MARK + rest) | st.sampled_from(bodies(8))
NOW = from_iso("2026-11-04T15:00:00Z")
GOLDEN = (
    b'{"event":"WORKFLOW_RUN_STARTED","eventId":"e-1","eventTimestamp":"2026-03-01T09:00:00Z",'
    b'"data":{"recordId":"run-1","organizationId":"org-1","workflowId":"wf-1","note":"Gr\xc3\xbcezi"}}'
)
GOLDEN_COMPRESSED = "01a349a4234738d931599e061603b516813cf7a2c37b52ab32812e0600"
WORDS = "f94818c94fd1faf00ab5643d160824d9f28c249aa1841c5443100d1070745062"


def columns(body: bytes) -> tuple[str, str, str, str, int]:
    e = read_envelope(body, trusted=True)
    return e.event_id, e.type, e.record_id, e.organization_id, e.occurred_at


@given(body=BODIES, texts=st.tuples(*[st.text()] * 4), at=MOMENTS)
def test_any_bytes_beside_any_columns_come_out_again(
    body: bytes, texts: tuple[str, str, str, str], at: int
) -> None:
    small = compressed(body, *texts, at)
    assert as_received(small, *texts, at) == body
    assert len(small) <= len(body) or body[:1] == MARK


def test_bytes_that_were_never_compressed_are_as_they_are() -> None:
    for body in [*bodies(8), *(path.read_bytes() for path in MALFORMED)]:
        assert as_received(body, "e", "X", "r", "o", 0) == body


@pytest.mark.parametrize(
    "received",
    [
        pytest.param(list(bulk(2, 2_000)), id="in bulk"),
        pytest.param([p.body for p in generate(7, NOW) if p.kind == EVENT], id="as stories"),
    ],
)
def test_the_traffic_of_the_demo_needs_a_quarter_of_the_room(received: list[bytes]) -> None:
    before = after = 0
    for body in received:
        small = compressed(body, *columns(body))
        assert as_received(small, *columns(body)) == body
        before, after = before + len(body), after + len(small)
    assert before / after >= 4


def test_what_was_compressed_once_is_read_for_ever() -> None:
    """When this fails, logs that are out there can't be read any more: change it back."""
    assert as_received(bytes.fromhex(GOLDEN_COMPRESSED), *columns(GOLDEN)) == GOLDEN
    words = compression._words("", "", "", "", 0)
    assert hashlib.sha256(words).hexdigest() == WORDS


def test_what_is_damaged_stays_and_is_no_event() -> None:
    [body] = bodies(1)
    small = compressed(body, *columns(body))
    for odd in (MARK, small[:1] + b"\xff" + small[2:], small[:-4], small[:20], small + b"x"):
        assert as_received(odd, *columns(body)) == odd
    event_id, name, record, organization, _ = columns(body)
    assert as_received(small, event_id, name, record, organization, 2**62) == small


def test_the_words_know_neither_a_name_nor_an_id_of_the_demo() -> None:
    words = compression._words("", "", "", "", 0).decode()
    ids = [flow.id for flow in FLOWS] + [flow.external_id for flow in FLOWS]
    assert [one for one in (*LAST_NAMES, *INTERVIEWERS, *ids, "org_") if one in words] == []
