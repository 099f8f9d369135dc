"""An event's page shows what arrived, how it is proven, and what the views made of it."""

from pathlib import Path

from bs4 import BeautifulSoup, Tag
from litestar import Litestar
from litestar.testing import TestClient

from tests.projections.queries.stored import body, started
from tests.web.asking import client
from tracker.database import open_writer
from web.bytes_shown import MOST_LINES, compare, show_bytes

ATTACK = "<script>alert(1)</script>"
REVIEW = body("CONVERSATION_NEEDS_REVIEW", 2, record="c1", participantFirstName=ATTACK)
STORY = [
    body("CONVERSATION_STARTED", 1, record="c1"),
    started("r1", 1),
    REVIEW,
    body("CONVERSATION_COMPLETED", 3, record="c1"),
    body("CONVERSATION_SOMETHING_NEW", 4, record="c9"),
]


def page(asking: TestClient[Litestar], address: str) -> Tag:
    answer = asking.get(address)
    assert answer.status_code == 200, answer.text
    main = BeautifulSoup(answer.text, "html.parser").main
    assert main is not None
    return main


def text(tag: Tag | None) -> str:
    assert tag is not None
    return " ".join(tag.get_text(" ").split())


def test_the_exact_bytes_stand_beside_the_indented_ones(data: Path) -> None:
    with client(data, STORY) as asking:
        main = page(asking, "/events/3")
    exact = main.select_one("pre[aria-label='The exact bytes']")
    indented = main.select_one("pre[aria-label='Indented for reading']")
    assert exact is not None
    assert indented is not None
    assert exact.get_text() == REVIEW.decode()
    assert f'  "participantFirstName": "{ATTACK}"' in indented.get_text()
    assert not main.select("script")


def test_the_chain_is_proven_when_it_is_looked_at(data: Path) -> None:
    with client(data, STORY) as asking:
        for position in (1, 3):
            assert "Fits, computed anew" in text(page(asking, f"/events/{position}"))
        log = open_writer(data / "log.db")
        log.execute("UPDATE events SET body = ? WHERE position = 3", (STORY[0],))
        log.execute("UPDATE events SET chain = zeroblob(32) WHERE position = 1")
        log.close()
        assert "The bytes are not those received" in text(page(asking, "/events/3"))
        assert "does not fit the event before" in text(page(asking, "/events/2"))


def test_it_says_what_a_view_made_of_it_and_leads_along_the_entity(data: Path) -> None:
    with client(data, STORY) as asking:
        main = page(asking, "/events/3")
    said = text(main)
    assert "Status: needs_review" in said
    assert "3 events of it" in said
    links = {str(a["href"]) for a in main.select("a")}
    assert {"/conversations/c1", "/events/1", "/events/2", "/events/4"} <= links


def test_that_headers_are_not_kept_is_said(data: Path) -> None:
    with client(data, STORY) as asking:
        assert "None are kept" in text(page(asking, "/events/3"))


def test_an_unknown_type_is_shown_as_not_understood_yet(data: Path) -> None:
    with client(data, STORY) as asking:
        assert "Not understood yet" in text(page(asking, "/events"))
        one = text(page(asking, "/events/5"))
        families = [str(group["label"]) for group in page(asking, "/events").select("optgroup")]
    assert "a rebuild" in one
    assert "No view hears this type" in one
    assert families == ["Conversation", "Run", "Not understood yet"]


def test_the_list_filters_by_type_record_organization_and_time(data: Path) -> None:
    with client(data, STORY) as asking:
        for query, count in (
            ("type=CONVERSATION_STARTED", 1),
            ("record_id=c1", 3),
            ("organization_id=org-acme", 5),
            ("organization_id=other", 0),
            ("from=2026-03-02&to=2026-03-02", 5),
            ("from=2026-03-03", 0),
        ):
            assert len(page(asking, f"/events?{query}").select("tbody tr")) == count, query
        assert "No events match" in text(page(asking, "/events?record_id=nobody"))


def test_a_text_is_shown_with_its_control_characters() -> None:
    shown = show_bytes(b"a\x00\x1bb\n\t")
    assert (shown.text, shown.hex, shown.cut) == ("a\u2400\u241bb\n\t", None, False)


def test_bytes_that_are_no_utf_8_are_shown_in_hex_too() -> None:
    shown = show_bytes(b"caf\xe9 <b>" + bytes(range(10)))
    assert shown.text.startswith("caf\ufffd <b>\u2400\u2401")
    assert shown.hex is not None
    assert shown.hex.splitlines() == [
        "000000  63 61 66 e9 20 3c 62 3e 00 01 02 03 04 05 06 07  caf. <b>........",
        "000010  08 09                                            ..",
    ]


def test_only_the_beginning_of_long_bytes_is_shown() -> None:
    assert show_bytes(b"x" * 100, 10).text == "x" * 10
    assert show_bytes(b"x" * 100, 10).cut
    assert len((show_bytes(b"\xff" * 10_000).hex or "").splitlines()) == 256
    assert show_bytes(b"\xff" * 10_000).cut


def test_two_bodies_are_compared_line_by_line() -> None:
    compared = compare(b'{"a": 1, "b": 2}', b'{"a": 1, "b": 3, "c": 4}')
    assert compared is not None
    before, after = compared
    assert [line for kind, line in before if kind == "del"] == ['  "b": 2']
    assert [line for kind, line in after if kind == "ins"] == ['  "b": 3,', '  "c": 4']


def test_bodies_that_are_too_long_are_not_compared() -> None:
    assert compare(b"x", b"\n" * (MOST_LINES + 2)) is None
