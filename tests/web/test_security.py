"""Headers of every answer, and a nonce that is never the same twice."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from tests.web.asking import client


@pytest.fixture
def asking(tmp_path: Path) -> Iterator[TestClient[Litestar]]:
    with client(tmp_path, []) as asking:
        yield asking


def policy(asking: TestClient[Litestar], path: str) -> str:
    return asking.get(path).headers["content-security-policy"]


def test_a_page_runs_only_the_scripts_that_carry_its_nonce(asking: TestClient[Litestar]) -> None:
    answer = asking.get("/runs")
    [allowed] = re.findall(r"script-src ([^;]+);", answer.headers["content-security-policy"])
    carried = set(re.findall(r'<script nonce="([^"]+)"', answer.text))
    assert answer.text.count("<script") == answer.text.count("<script nonce=")
    assert [allowed] == [f"'nonce-{nonce}'" for nonce in carried]
    assert set(re.findall(r'hx-nonce="([^"]+)"', answer.text)) == carried


def test_the_nonce_is_another_for_every_answer(asking: TestClient[Litestar]) -> None:
    assert policy(asking, "/runs") != policy(asking, "/runs")


@pytest.mark.parametrize("path", ["/api", "/api/v1/runs", "/healthz", "/no/such/page.js"])
def test_nothing_unsafe_is_allowed_anywhere(asking: TestClient[Litestar], path: str) -> None:
    said = policy(asking, path)
    assert "unsafe" not in said
    assert "default-src 'none'" in said
    assert "script-src 'none'" in said or "script-src 'nonce-" in said


@pytest.mark.parametrize("path", ["/", "/api/v1/runs", "/runs.csv", "/calendar.ics"])
def test_every_answer_says_how_it_is_to_be_treated(asking: TestClient[Litestar], path: str) -> None:
    headers = asking.get(path).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert headers["x-frame-options"] == "DENY"
    assert headers["cache-control"] == "no-store"
