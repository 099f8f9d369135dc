"""Codes of authenticator apps, against the vectors of RFC 6238."""

import base64

import pytest

from tracker.timing import SECOND
from tracker.totp import address, code_at, new_secret, used_step

SECRET = base64.b32encode(b"12345678901234567890").decode()


@pytest.mark.parametrize(
    ("at", "code"),
    [
        (59, "287082"),
        (1111111109, "081804"),
        (1111111111, "050471"),
        (1234567890, "005924"),
        (2000000000, "279037"),
        (20000000000, "353130"),
    ],
)
def test_codes_are_those_of_the_standard(at: int, code: str) -> None:
    assert code_at(SECRET, at // 30) == code
    assert used_step(SECRET, code, at * SECOND, 0) == at // 30


def test_a_code_counts_for_its_neighbours_and_never_again() -> None:
    at, step = 59 * SECOND, 1
    code = code_at(SECRET, step)
    assert used_step(SECRET, f" {code[:3]} {code[3:]}", at + 30 * SECOND, 0) == step
    assert used_step(SECRET, code, at + 60 * SECOND, 0) is None
    assert used_step(SECRET, code, at, step) is None
    assert used_step(SECRET, "000000", at, 0) is None
    assert used_step(SECRET, "héllo", at, 0) is None


def test_codes_are_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hmac.compare_digest", lambda *_: False)
    assert used_step(SECRET, code_at(SECRET, 1), 59 * SECOND, 0) is None


def test_secrets_are_random_and_fit_into_an_address() -> None:
    one, other = new_secret(), new_secret()
    assert one != other
    assert f"secret={one}" in address(one, "jo@example.org")
