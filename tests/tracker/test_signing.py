"""Signatures: what is accepted is exactly what a holder of a secret could have written."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.signing import LONGEST_HEADER, encodings, sign, verify

VECTORS = json.loads(
    (Path(__file__).parents[2] / "fixtures/signatures.json").read_text(encoding="utf-8")
)
SECRETS = st.text(min_size=1, max_size=40).filter(lambda text: text.isprintable())


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_every_vector_is_judged_as_recorded(vector: dict[str, Any]) -> None:
    label = verify(vector["body"].encode(), vector["header"], [("live", vector["secret"])])
    assert (label == "live") is vector["accepted"]


def test_a_known_signature_of_rfc_4231_is_reproduced() -> None:
    expected = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    assert sign("Jefe", b"what do ya want for nothing?") == expected


@given(SECRETS, st.binary(max_size=300))
def test_every_encoding_verifies(secret: str, body: bytes) -> None:
    written = encodings(secret, body)
    assert len(set(written)) == 4
    assert {verify(body, value, [("a", secret)]) for value in written} == {"a"}


@given(SECRETS, st.binary(max_size=100), st.text(max_size=LONGEST_HEADER + 5))
def test_no_other_text_verifies(secret: str, body: bytes, header: str) -> None:
    assert verify(body, header, [("a", secret)]) is None


@given(SECRETS, st.binary(max_size=100), st.integers(0, 31), st.integers(0, 7))
def test_one_changed_bit_is_enough_to_fail(secret: str, body: bytes, place: int, bit: int) -> None:
    mac = bytearray.fromhex(sign(secret, body))
    mac[place] ^= 1 << bit
    for written in (mac.hex(), base64.b64encode(mac).decode()):
        assert verify(body, written, [("a", secret)]) is None


def test_nothing_is_compared_but_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    mac = bytes.fromhex(sign("one", b"x"))
    urlsafe = base64.urlsafe_b64encode(mac).decode()
    ways = [*encodings("one", b"x"), mac.hex().upper(), urlsafe, urlsafe.rstrip("=")]
    assert {verify(b"x", way, [("a", "one")]) for way in ways} == {"a"}
    monkeypatch.setattr("hmac.compare_digest", lambda *_: False)
    assert {verify(b"x", way, [("a", "one")]) for way in ways} == {None}


def test_the_label_of_the_secret_that_signed_is_told() -> None:
    secrets = [("old", "one"), ("new", "two"), ("spare", "three")]
    assert verify(b"x", sign("two", b"x"), secrets) == "new"


def test_without_secrets_nothing_verifies() -> None:
    assert verify(b"x", sign("", b"x"), []) is None
    assert verify(b"x", sign("", b"x"), [("blank", "")]) is None


def test_the_body_is_not_read_when_the_header_cannot_be_a_signature() -> None:
    assert verify(b"x", "é" * 64, [("a", "one")]) is None
    assert verify(b"x", " " * LONGEST_HEADER + sign("one", b"x"), [("a", "one")]) is None
