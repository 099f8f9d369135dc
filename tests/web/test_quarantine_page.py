"""Quarantine shows bytes safely, and each try or discard says what came of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from bs4 import BeautifulSoup, Tag
from litestar import Litestar
from litestar.testing import TestClient

from tests.projections.queries.stored import NOON, body
from tests.sample import incoming, opened
from tests.web.asking import OURS
from tracker.log import LogReader
from tracker.service import running
from tracker.settings import load_settings
from tracker.timing import DAY
from web.app import create_app

BROKEN = b'{"event": "CONVERSATION_ST'
ODD = b"\xff\xfe<script>alert(1)</script>\x00 caf\xe9"
FIRST = body("CONVERSATION_STARTED", 1, record="c1", event_id="e1", participantFirstName="Ada")
OTHER = body("CONVERSATION_STARTED", 1, record="c1", event_id="e1", participantFirstName="Eva")
READABLE = body("CONVERSATION_QUEUED", 2, record="c2", event_id="e2")


def hold(data: Path, *contents: bytes) -> None:
    """Quarantine bytes, as an older version would have that could read none of them."""
    with opened(data) as log:
        held = [incoming(one, NOON) for one in contents]
        unread = [type(one)(one.body, NOON, None, "not understood by this version") for one in held]
        log.append(unread)


@contextmanager
def serving(data: Path) -> Iterator[TestClient[Litestar]]:
    settings = load_settings(data=data, signing_secrets="a secret of the tests", open_access=True)
    with (
        running(settings, lambda: NOON + DAY) as services,
        TestClient(create_app(services), OURS) as asking,
    ):
        yield asking


def main_of(content: str) -> Tag:
    main = BeautifulSoup(content, "html.parser").main
    assert main is not None
    return main


def text(tag: Tag | None) -> str:
    assert tag is not None
    return " ".join(tag.get_text(" ").split())


def page(asking: TestClient[Litestar], address: str) -> Tag:
    answer = asking.get(address)
    assert answer.status_code == 200, answer.text
    return main_of(answer.text)


def statuses(data: Path) -> dict[int, str]:
    reader = LogReader(data)
    try:
        return {row.id: row.status for row in reader.quarantined()}
    finally:
        reader.close()


def test_odd_bytes_are_shown_in_hex_and_as_text_and_act_nowhere(data: Path) -> None:
    hold(data, ODD)
    with serving(data) as asking:
        for address in ("/quarantine", "/quarantine/1"):
            main = page(asking, address)
            assert "ff fe 3c 73" in text(main)
            assert "<script>alert(1)</script>" in text(main)
            assert not main.select("script")
        exact = asking.get("/quarantine/1/bytes")
    assert exact.content == ODD
    assert exact.headers["content-type"] == "application/octet-stream"
    assert exact.headers["content-disposition"].startswith("attachment")


def test_what_can_be_read_now_is_taken_in(data: Path) -> None:
    hold(data, READABLE)
    with serving(data) as asking:
        answer = asking.post("/quarantine/1/retry")
        notice = main_of(answer.text).select_one("[role=status]")
        assert "in the log now: event 1" in text(notice).replace(" :", ":")
        assert asking.get("/events/1").status_code == 200
    assert statuses(data) == {1: "retried"}


def test_what_still_cannot_be_read_stays(data: Path) -> None:
    hold(data, BROKEN)
    with serving(data) as asking:
        said = text(main_of(asking.post("/quarantine/1/retry").text))
    assert "still can't be read" in said
    assert statuses(data) == {1: "waiting"}


def test_a_known_event_is_not_added_again(data: Path) -> None:
    with opened(data) as log:
        log.append([incoming(READABLE, NOON)])
    hold(data, READABLE)
    with serving(data) as asking:
        said = text(main_of(asking.post("/quarantine/1/retry").text))
        assert "held this event already" in said
        assert asking.get("/events/2").status_code == 404
    assert statuses(data) == {1: "retried"}


def test_discarding_puts_aside_and_keeps_the_bytes(data: Path) -> None:
    hold(data, BROKEN)
    with serving(data) as asking:
        said = text(main_of(asking.post("/quarantine/1/discard").text))
        assert asking.get("/quarantine/1/bytes").content == BROKEN
    assert "Put aside" in said
    assert statuses(data) == {1: "discarded"}


def test_all_that_wait_are_tried_at_once(data: Path) -> None:
    hold(data, READABLE, BROKEN, ODD)
    with serving(data) as asking:
        said = text(main_of(asking.post("/quarantine/retry").text))
    assert "1 taken in, 2 stay here" in said
    assert sorted(statuses(data).values()) == ["retried", "waiting", "waiting"]


@pytest.mark.parametrize("address", ["1/retry", "1/discard", "retry"])
def test_another_site_can_do_nothing(data: Path, address: str) -> None:
    hold(data, READABLE)
    with serving(data) as asking:
        headers = {"Sec-Fetch-Site": "cross-site"}
        assert asking.post(f"/quarantine/{address}", headers=headers).status_code == 403
    assert statuses(data) == {1: "waiting"}


def test_a_number_that_is_not_there_says_so(data: Path) -> None:
    with serving(data) as asking:
        assert asking.get("/quarantine/7").status_code == 404
        assert asking.post("/quarantine/7/retry").status_code == 404
        assert asking.post("/quarantine/7/discard").status_code == 404
        assert asking.get(f"/quarantine/digest/{'0' * 64}").status_code == 404
        assert asking.get("/quarantine/digest/x").status_code == 400


def test_a_conflict_shows_both_bodies_with_the_difference(data: Path) -> None:
    with opened(data) as log:
        log.append([incoming(FIRST, NOON), incoming(OTHER, NOON)])
    with serving(data) as asking:
        listed = page(asking, "/deliveries?outcome=conflict")
        (link,) = [a for a in listed.select("a") if text(a) == "Compare both bodies"]
        answer = asking.get(str(link["href"]))
        assert urlsplit(str(answer.url)).path == "/quarantine/1"
        main = main_of(answer.text)
        assert [text(line) for line in main.select("pre del")] == ['"participantFirstName": "Ada"']
        assert [text(line) for line in main.select("pre ins")] == ['"participantFirstName": "Eva"']
        assert not main.select("form[action$=retry]"), "trying again can't help"
        said = text(main_of(asking.post("/quarantine/1/retry").text))
    assert "still contradicts" in said
    assert statuses(data) == {1: "waiting"}


def test_each_number_equals_the_list_that_it_opens(data: Path) -> None:
    hold(data, BROKEN, ODD, READABLE)
    with opened(data) as log:
        log.append([incoming(FIRST, NOON), incoming(FIRST, NOON), incoming(OTHER, NOON)])
    with serving(data) as asking:
        asking.post("/quarantine/2/discard")
        for address, rows in (("/quarantine", "article"), ("/deliveries", "tbody tr")):
            tabs = page(asking, address).select(".tabs a[data-count]")
            assert tabs
            for tab in tabs:
                opened_list = page(asking, str(tab["href"]))
                assert len(opened_list.select(rows)) == int(str(tab["data-count"])), tab
        reasons = page(asking, "/deliveries?outcome=quarantined").select(
            "[aria-label='Deliveries by reason'] a"
        )
        (reason,) = reasons
        shown = page(asking, str(reason["href"])).select("tbody tr")
        assert len(shown) == int(str(reason["data-count"])) == 3


def test_an_empty_quarantine_is_good_news(data: Path) -> None:
    with serving(data) as asking:
        assert "every signed delivery could be read" in text(page(asking, "/quarantine"))
        assert "match" in text(page(asking, "/quarantine?status=discarded"))
