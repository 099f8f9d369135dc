"""A service that has received nothing shows how far somebody is who sets it up."""

import json
from collections.abc import Iterable
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from litestar import Litestar
from litestar.testing import TestClient

from tests.projections.queries.stored import started
from tests.web.asking import client, soup, text
from tracker.control import Control
from tracker.ingest import NOT_SIGNED
from tracker.log import Incoming, Log
from tracker.timing import DAY, from_iso

ADDRESS = "https://tracker.example.org/webhooks/popp"
AT = from_iso("2026-03-03T10:00:00Z")
PUBLIC = 'public_url = "https://tracker.example.org"\n'


def came_to(via: str) -> bytes:
    """A test of ours that came to an address."""
    return json.dumps(
        {
            "event": "TRACKER_TEST_RECEIVED",
            "eventId": f"test-{via}",
            "eventTimestamp": "2026-03-03T10:00:00Z",
            "data": {"recordId": "test", "via": via},
        }
    ).encode()


def steps(page: BeautifulSoup) -> list[str]:
    return [str(step["data-state"]) for step in page.select(".first-steps li")]


@pytest.fixture
def told(data: Path) -> Path:
    """A data directory with a secret and a public address."""
    (data / "tracker.toml").write_text(PUBLIC)
    Control(data / "control.db").add_secret("popp", "s", actor="ann")
    return data


def asking(
    data: Path, bodies: Iterable[bytes] = (), others: Iterable[Incoming] = ()
) -> TestClient[Litestar]:
    log = Log(data)
    log.append(list(others))
    log.close()
    return client(data, bodies)


def test_at_first_only_the_secret_is_known(told: Path) -> None:
    with asking(told) as ask:
        page = soup(ask, "/")
    assert steps(page) == ["done", "waiting", "waiting"]
    said = text(page.select_one("#needs"))
    assert ADDRESS in said
    assert f"tracker send --test --url {ADDRESS}" in said


def test_without_a_secret_the_command_for_one_is_shown(data: Path) -> None:
    with asking(data) as ask:
        page = soup(ask, "/")
    assert steps(page) == ["wrong", "waiting", "waiting"]
    assert "tracker secret add --label popp" in text(page.select_one("#needs"))


def test_a_test_through_the_public_address_makes_everything_green(told: Path) -> None:
    with asking(told, [came_to(ADDRESS)]) as ask:
        page = soup(ask, "/")
    assert steps(page) == ["done", "done", "done"]
    assert "Ready." in text(page.select_one("#needs .notice.ok"))


def test_a_test_to_another_address_does_not_prove_the_public_one(told: Path) -> None:
    with asking(told, [came_to("http://127.0.0.1:8000/webhooks/popp")]) as ask:
        page = soup(ask, "/")
    assert steps(page) == ["done", "waiting", "done"]
    assert "So far a test came to http://127.0.0.1:8000" in text(page.select_one("#needs"))


def test_a_refused_delivery_tells_why_and_what_to_do(told: Path) -> None:
    refused = Incoming(b"{}", AT, reason=NOT_SIGNED, remote="192.0.2.1", rejected=True)
    with asking(told, others=[refused]) as ask:
        page = soup(ask, "/")
    assert steps(page) == ["done", "done", "wrong"]
    assert NOT_SIGNED in text(page.select_one("#needs p.bad"))


def test_a_refusal_after_a_good_test_is_not_called_ready(told: Path) -> None:
    refused = Incoming(b"{}", AT + DAY, reason=NOT_SIGNED, rejected=True)
    with asking(told, [came_to(ADDRESS)], [refused]) as ask:
        page = soup(ask, "/")
    assert steps(page) == ["done", "done", "done"]
    assert page.select_one("#needs .notice.ok") is None
    assert NOT_SIGNED in text(page.select_one("#needs p.bad"))


def test_a_signed_delivery_that_is_no_event_counts_as_received(told: Path) -> None:
    held = Incoming(b'{"ping":true}', AT, reason="event is missing", key_label="popp")
    with asking(told, others=[held]) as ask:
        page = soup(ask, "/")
    assert steps(page) == ["done", "done", "done"]
    assert page.select_one("#needs a[href='/quarantine/1']") is not None


def test_a_test_delivery_counts_in_no_number(told: Path) -> None:
    with asking(told, [came_to(ADDRESS)]) as ask:
        page = soup(ask, "/")
        counts = {str(number["data-count"]) for number in page.select("main [data-count]")}
        for address in ("/runs", "/conversations", "/contacts", "/analyses", "/calendar"):
            assert "nothing has been received" in ask.get(address).text
    assert counts == {"0"}


def test_the_steps_are_gone_with_the_first_event_of_popp(told: Path) -> None:
    with asking(told, [came_to(ADDRESS), started("run")]) as ask:
        page = soup(ask, "/")
    assert steps(page) == []
    assert "Nobody waits for you" in text(page.select_one("#needs"))
