"""Ids that are e-mail addresses or phone numbers: a viewer gets pseudonyms that work as ids do."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from projections.follower import Advance
from projections.queries import pseudonyms
from projections.queries.pseudonyms import hide, reveal
from tests.running import ROOT
from tests.sample import append, built
from tests.web.guarded import ENGINEER, MANAGER, VIEWER, Guarded, guarded
from tests.web.test_masking import canaries, crawl
from web.live import Subscriber
from web.visitors import Visitor

PERSONAL = {
    "xcand-1": "ada@quarry.example",
    "cand-1": "ada.l+jobs@quarry.example",
    "key-1": "+44 7700 900123",
    "contact-1": "07700900456",
    "run-1": "run.of.ada@quarry.example",
    "talk-1": "talk.of.ada@quarry.example",
    "meet-1": "00447700900789",
}
RAW = re.compile(r"quarry\.example|7700 ?900", re.IGNORECASE)


def personal(body: bytes) -> bytes:
    """The event with ids that say who somebody is."""
    for plain, telling in PERSONAL.items():
        body = body.replace(f'"{plain}"'.encode(), f'"{telling}"'.encode())
    return body


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    data: Path = tmp_path_factory.mktemp("pseudonyms")
    append(data, [personal(body) for body in canaries()])
    built(data)
    with guarded(data) as running:
        yield running


@pytest.fixture(scope="module")
def seen(service: Guarded) -> dict[str, str]:
    return crawl(service, VIEWER, most=150)


def test_a_viewer_reads_no_address_in_any_id(seen: dict[str, str]) -> None:
    assert {path: found[0] for path, text in seen.items() if (found := RAW.search(text))} == {}
    assert "hidden-" in " ".join(seen.values())


def test_links_lead_where_the_ids_would(service: Guarded, seen: dict[str, str]) -> None:
    links = {path for path in seen if "hidden-" in path}
    kinds = {re.sub(r"^/(?:parts/)?(\w+).*", r"\1", path) for path in links}
    assert {"runs", "conversations", "candidates", "meetings"} <= kinds
    for path in links:
        assert service.ask("GET", path, VIEWER).status in {200, 303}, path
    run = service.ask("GET", "/api/v1/runs", VIEWER).json()["items"][0]
    again = service.ask("GET", f"/api/v1/runs/{run['id']}", VIEWER).json()
    assert (again["id"], again["step_count"]) == (run["id"], run["step_count"])
    listed = service.ask("GET", f"/api/v1/runs?candidate={run['candidate_profile_id']}", VIEWER)
    assert [one["id"] for one in listed.json()["items"]] == [run["id"]]


def test_lists_hold_the_same_rows_for_a_viewer(service: Guarded) -> None:
    for name in ("runs", "conversations", "meetings", "contacts", "candidates", "analyses"):
        path = f"/api/v1/{name}?limit=500"
        theirs, whole = (service.ask("GET", path, who).json()["items"] for who in (VIEWER, MANAGER))
        assert len(theirs) == len(whole) > 0, name


def test_nobody_tries_whether_an_address_is_known(service: Guarded) -> None:
    for path in ("candidates/ada%40quarry.example", "runs/run.of.ada%40quarry.example"):
        assert service.ask("GET", f"/api/v1/{path}", VIEWER).status == 404
        assert service.ask("GET", f"/api/v1/{path}", MANAGER).status == 200
    for query in ("search?q=ada%40quarry.example", "candidates?q=ada%40quarry.example"):
        assert service.ask("GET", f"/api/v1/{query}", VIEWER).json()["items"] == []
        assert service.ask("GET", f"/api/v1/{query}", MANAGER).json()["items"]


def test_the_audit_trail_names_the_person_by_the_id(service: Guarded) -> None:
    person = service.ask("GET", "/api/v1/candidates", VIEWER).json()["items"][0]["person"]
    assert "hidden-" in person
    service.ask("GET", f"/candidates/{quote(person, safe='')}", VIEWER)
    trail = service.services.control.audit
    trail.flush()
    assert "hidden-" not in str(trail.entries())
    assert "candidate:ada.l+jobs@quarry.example" in {one.detail for one in trail.entries()}


@pytest.mark.parametrize(("grant", "told"), [(VIEWER, False), (ENGINEER, True)])
def test_what_changed_is_told_a_viewer_by_pseudonym(grant: object, told: bool) -> None:
    visitor = Visitor(grant=grant, origin=None)  # type: ignore[arg-type]
    one = Subscriber("a.1", visitor)
    one.tell(Advance(1, 1, frozenset({"runs:ada@quarry.example", "attention"})), "a.2")
    said = one.take()
    assert (b"ada@quarry.example" in said) is told
    assert b"attention" in said
    assert (hide("runs:ada@quarry.example").encode() in said) is not told


@pytest.mark.parametrize(
    "text",
    ["ada@home.example", "customer:org-1/ada@home.example", "contact:+44 (0)20 7946 0123",
     "02079460123", '[{"id":"+442079460123"}]', "jos\u00e9@b\u00fccher.example",
     "x" * 5000 + "@y.example"],
)  # fmt: skip
def test_a_pseudonym_stands_for_exactly_what_it_hides(text: str) -> None:
    shown = hide(text)
    assert "hidden-" in shown
    assert "example" not in shown
    assert "0123" not in shown
    assert hide(shown) == shown
    assert reveal(shown) == text
    assert hide(text) == shown


def test_a_pseudonym_can_not_be_guessed() -> None:
    """Each process has its own: who knows how they are made can't try all numbers."""
    line = "from projections.queries.pseudonyms import hide; print(hide('+44 7700 900123'))"
    said = {
        subprocess.run(
            [sys.executable, "-c", line], cwd=ROOT, capture_output=True, check=True
        ).stdout
        for _ in range(2)
    }
    assert len(said | {hide("+44 7700 900123").encode() + b"\n"}) == 3


@pytest.mark.parametrize(
    "text",
    ["run-1", "2026-03-01T09:00:00.000000Z", '{"at":1772452800000000,"on":"09:00:00"}',
     "12345678901", "00000000-0000-0000-0000-000000000001", "6f1d0a2e-4b", "@", "0123", "node@"],
)  # fmt: skip
def test_other_ids_stay(text: str) -> None:
    assert hide(text) == text


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pseudonyms, "_kept", {})
    monkeypatch.setattr(pseudonyms, "MOST_KEPT", 10)
    for number in range(50):
        hide(f"a{number}@home.example")
    assert len(pseudonyms._kept) == 10
    assert reveal(hide("a49@home.example")) == "a49@home.example"
