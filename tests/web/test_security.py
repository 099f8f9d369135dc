"""Headers of every answer, and a nonce that is never the same twice."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from tests.web.asking import client, soup


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


def test_no_variable_turns_debugging_on(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LITESTAR_DEBUG", "1")
    with client(data, []) as asking:
        assert asking.app.debug is False


def test_the_nonce_is_another_for_every_answer(asking: TestClient[Litestar]) -> None:
    assert policy(asking, "/runs") != policy(asking, "/runs")


def test_the_policy_allows_what_a_page_needs_and_nothing_else(
    asking: TestClient[Litestar],
) -> None:
    parts = (part.strip().partition(" ") for part in policy(asking, "/runs").split(";"))
    said = {name: value for name, _, value in parts}
    assert said.pop("script-src").startswith("'nonce-")
    assert said == {
        "default-src": "'none'",
        "style-src": "'self'",
        "img-src": "'self' data:",
        "connect-src": "'self'",
        "form-action": "'self'",
        "base-uri": "'none'",
        "frame-ancestors": "'none'",
        "require-trusted-types-for": "'script'",
        "trusted-types": "htmx",
    }


def test_htmx_obeys_the_policy_on_every_page(asking: TestClient[Litestar]) -> None:
    page = soup(asking, "/runs")
    [config] = page.select('meta[name="htmx-config"]')
    assert json.loads(str(config["content"]))["extensions"] == "hx-csp"
    assert page.select('script[src*="hx-csp"]')


@pytest.mark.parametrize("path", ["/api", "/api/v1/runs", "/healthz", "/no/such/page.js"])
def test_nothing_unsafe_is_allowed_anywhere(asking: TestClient[Litestar], path: str) -> None:
    said = policy(asking, path)
    assert "unsafe" not in said
    assert "default-src 'none'" in said
    assert "script-src 'none'" in said or "script-src 'nonce-" in said


@pytest.mark.parametrize("path", ["/runs", "/parts/runs", "/api/v1/runs"])
def test_what_goes_wrong_inside_is_told_to_nobody(
    asking: TestClient[Litestar], path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("Ada Lovelace")

    monkeypatch.setattr("projections.queries.runs.list_runs", fail)
    answer = asking.get(path, headers={"accept": "text/html"})
    assert answer.status_code == 500
    assert "Something went wrong" in answer.text
    for word in ("Ada", "Traceback", "RuntimeError", "projections"):
        assert word not in answer.text


@pytest.mark.parametrize("path", ["/", "/api/v1/runs", "/runs.csv", "/calendar.ics"])
def test_every_answer_says_how_it_is_to_be_treated(asking: TestClient[Litestar], path: str) -> None:
    headers = asking.get(path).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert headers["x-frame-options"] == "DENY"
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert headers["cache-control"] == "no-store"
