"""Pages show what is stored, completely and safely, with and without JavaScript."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from bs4 import BeautifulSoup, Tag
from litestar import Litestar
from litestar.testing import TestClient

from tests.projections.queries.stored import (
    HIRING,
    NOON,
    body,
    completed,
    ended,
    imported,
    started,
)
from tests.web.asking import client
from tracker.demo.generator import CONFLICT, EVENT, generate
from tracker.demo.workflows import configurations
from tracker.envelope import internal_body
from tracker.timing import DAY
from web.ids import encode_id

TEMPLATES = Path(__file__).parents[2] / "web" / "templates"
ATTACK = "<script>alert(1)</script>"
ODD_ID = "a/b c?d#e%2F"

GRAPH = {
    "ask": {"onComplete": "check", "onNoResponse": "stop"},
    "check": {"onPassed": "stop"},
    "stop": {},
}
STORIES = [
    imported(GRAPH, "ask"),
    started("r1", 1, candidateProfileId="p1"),
    completed("r1", "ask", "onComplete", 2),
    completed("r1", "ask", "onSurprise", 3),
    started(ODD_ID, 1, candidateProfileId="p2"),
    ended(ODD_ID, "FAILED", 9, reason="No number"),
    body(
        "CONVERSATION_NEEDS_REVIEW",
        4,
        record="c1",
        candidateId="p1",
        participantFirstName=ATTACK,
        campaignConversationUrl="javascript:alert(1)",
        externalCampaignId="spring",
        screeningQuestionsOutcome=[
            {"screeningQuestion": "Can you drive?", "questionOutcome": "PASSED"}
        ],
    ),
    body(
        "CALENDAR_MEETING_SCHEDULED",
        5,
        record="b1",
        conversationId="c1",
        meetingDetails={
            "title": "Interview",
            "startDateTime": "2026-03-03T15:00:00Z",
            "endDateTime": "2026-03-03T16:00:00Z",
            "timezone": "America/New_York",
            "participants": [{"name": "Ada", "email": "ada@example.org"}],
        },
    ),
    body("CALENDAR_AVAILABILITY_NOT_FOUND", 6, record="b2", conversationId="c2"),
    body(
        "CANDIDATE_ANALYSIS_COMPLETED",
        7,
        record="p1",
        externalAnalysisId="job-1",
        totalScoreScaled=81,
        isAllMandatoryRequirementsMet=False,
        requirementOutcomes=[
            {"requirement": "Licence", "isMandatory": True, "isMet": False, "evidence": "None seen"}
        ],
    ),
    body("WORKFLOW_CONTACT_RESOLUTION_FAILED", 8, record="k1", reason="No e-mail"),
    body("CONVERSATION_SOMETHING_NEW", 9, record="c9"),
]
LISTS = [
    "/",
    "/needs",
    "/runs",
    "/workflows",
    "/conversations",
    "/analyses",
    "/calendar",
    "/candidates",
    "/contacts",
    "/events",
    "/deliveries",
    "/quarantine",
    "/search?q=p1",
]
ONES = [
    "/runs/r1",
    f"/runs/{encode_id(ODD_ID)}",
    f"/workflows/{HIRING}",
    "/conversations/c1",
    "/candidates/candidate%3Ap1",
    "/candidates/p1",
    "/events/3",
]


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient[Litestar]]:
    with client(tmp_path_factory.mktemp("data"), STORIES) as asking:
        yield asking


@pytest.fixture
def empty(data: Path) -> Iterator[TestClient[Litestar]]:
    with client(data, []) as asking:
        yield asking


def soup(asking: TestClient[Litestar], address: str, status: int = 200) -> BeautifulSoup:
    answer = asking.get(address)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"].startswith("text/html")
    return BeautifulSoup(answer.text, "html.parser")


def text(found: Tag | None) -> str:
    assert found is not None
    return " ".join(found.get_text(" ").split())


@pytest.mark.parametrize("address", [*LISTS, *ONES])
class TestEveryPage:
    def test_has_a_title_one_heading_and_its_landmarks(
        self, pages: TestClient[Litestar], address: str
    ) -> None:
        page = soup(pages, address)
        assert text(page.title).endswith("· Workflow run tracker")
        assert len(page.select("main h1")) == 1
        assert page.select_one("header")
        assert page.select_one("a.skip[href='#main']")
        assert len(page.select("[role=status]")) == 1

    def test_has_no_inline_code_and_asks_no_other_host(
        self, pages: TestClient[Litestar], address: str
    ) -> None:
        page = soup(pages, address)
        assert not page.select("script:not([src]), style, [style]")
        assert not [a for tag in page.find_all(True) for a in tag.attrs if a.startswith("on")]
        loaded = [tag.get("src") or tag.get("href") for tag in page.select("script, link, use")]
        assert all(str(one).startswith(("/static/", "#")) for one in loaded)

    def test_never_turns_what_arrived_into_an_element_or_a_link(
        self, pages: TestClient[Litestar], address: str
    ) -> None:
        page = soup(pages, address)
        assert "alert(1)" not in "".join(script.text for script in page.select("script"))
        assert not page.select("a[href^='javascript:']")

    def test_is_small(self, pages: TestClient[Litestar], address: str) -> None:
        assert len(pages.get(address).content) < 100_000

    def test_its_fragments_are_fetched_from_addresses_that_answer_the_same(
        self, pages: TestClient[Litestar], address: str
    ) -> None:
        for fragment in soup(pages, address).select("[hx-get]"):
            part = soup(pages, str(fragment["hx-get"]))
            assert [one["id"] for one in part.find_all("section", recursive=False)] == [
                fragment["id"]
            ]
            assert not part.select("html")

    def test_ids_are_unique(self, pages: TestClient[Litestar], address: str) -> None:
        ids = [tag["id"] for tag in soup(pages, address).select("[id]")]
        assert len(ids) == len(set(ids))

    def test_every_time_names_its_zone(self, pages: TestClient[Litestar], address: str) -> None:
        assert all(tag["title"].endswith(" UTC") for tag in soup(pages, address).select("time"))


@pytest.mark.parametrize("address", LISTS[:-3])
def test_with_nothing_received_a_page_says_how_to_begin(
    empty: TestClient[Litestar], address: str
) -> None:
    page = soup(empty, address)
    said = text(page.select_one(".nothing.first, .first-steps"))
    assert "/webhooks/popp" in said
    assert "tracker secret add" in said
    assert "tracker send" in said


@pytest.mark.parametrize(
    "address",
    ["/runs?status=cancelled", "/conversations?outcome=passed", "/events?record_id=nobody"],
)
def test_without_a_match_a_list_offers_to_clear_the_filters(
    pages: TestClient[Litestar], address: str
) -> None:
    clear = soup(pages, address).select_one(".nothing a")
    assert clear is not None
    assert clear["href"] == address.partition("?")[0]


@pytest.mark.parametrize("address", ["/runs/nobody", "/conversations/x", "/events/99", "/nothing"])
def test_what_is_not_there_is_a_page_that_says_so(
    pages: TestClient[Litestar], address: str
) -> None:
    assert text(soup(pages, address, 404).h1) == "Not found"


@pytest.mark.parametrize(
    "address", ["/runs?status=odd", "/calendar?day=x", "/runs?cursor=x", "/runs?self=x"]
)
def test_a_filter_that_cannot_be_used_is_named(pages: TestClient[Litestar], address: str) -> None:
    name = re.search(r"\?(\w+)", address)
    assert name is not None
    main = soup(pages, address, 400).main
    assert main is not None
    assert name[1] in text(main)
    assert [str(way["href"]) for way in main.select(".buttons a")] == [address.partition("?")[0]]


def test_a_bad_filter_can_be_cleared_without_the_others(pages: TestClient[Litestar]) -> None:
    main = soup(pages, "/runs?workflow_id=w&status=odd&sort=first_at", 400).main
    assert main is not None
    assert "“odd”; it can be running, completed, failed or cancelled" in text(main)
    assert {text(way): str(way["href"]) for way in main.select(".buttons a")} == {
        "Clear this filter": "/runs?workflow_id=w&sort=first_at",
        "Clear all filters": "/runs",
    }


def test_each_number_above_a_list_is_the_length_of_the_list_that_it_opens(
    pages: TestClient[Litestar],
) -> None:
    for address in ("/runs", "/conversations", "/contacts", "/analyses"):
        for tab in soup(pages, address).select(".tabs a"):
            opened = soup(pages, str(tab["href"]))
            number = tab.select_one("b")
            assert len(opened.select("table.rows > tbody > tr")) == int(text(number))


def test_every_state_is_a_word_and_an_icon(pages: TestClient[Litestar]) -> None:
    for address in LISTS:
        for state in soup(pages, address).select(".state"):
            assert state.select_one("svg use")
            assert text(state)


def test_a_meeting_is_shown_in_the_viewers_zone_and_in_its_own(
    pages: TestClient[Litestar],
) -> None:
    pages.cookies.set("zone", "Europe%2FBerlin")
    try:
        page = text(soup(pages, "/calendar").main)
    finally:
        pages.cookies.clear()
    assert "16:00" in page
    assert "10:00\u201311:00 in America/New_York" in page
    assert "Times in Europe/Berlin" in page


def test_requests_without_a_slot_stand_in_their_own_list(pages: TestClient[Litestar]) -> None:
    assert "No slot found" in text(soup(pages, "/calendar").main)


def test_evidence_stands_under_its_requirement(pages: TestClient[Litestar]) -> None:
    page = text(soup(pages, "/analyses").select_one("td details"))
    assert "Not met Licence mandatory None seen" in page


def test_an_event_shows_its_exact_bytes_its_chain_and_what_the_views_made_of_it(
    pages: TestClient[Litestar],
) -> None:
    page = soup(pages, "/events/2")
    assert any(pre.text == STORIES[1].decode() for pre in page.select("pre"))
    assert re.search(r"\b[0-9a-f]{64}\b", text(page.main))
    assert page.select_one("a[href='/runs/r1']")
    assert (
        pages.get("/events/id/WORKFLOW_RUN_STARTED%2Fr1%401", follow_redirects=False).headers[
            "location"
        ]
        == "/events/2"
    )


def test_a_type_that_is_not_understood_says_so(pages: TestClient[Litestar]) -> None:
    assert "Not understood yet" in text(soup(pages, "/events").main)


def test_no_template_holds_inline_code_or_another_host() -> None:
    for template in TEMPLATES.rglob("*.html"):
        source = template.read_text()
        assert not re.search(r"\s(style|on[a-z]+)=", source), template.name
        assert not re.search(r"""(src|href)=["'](https?:)?//""", source), template.name
        assert "|safe" not in source, template.name


def test_paging_leads_through_a_whole_list_once(data: Path) -> None:
    bodies = [started(f"r{n}", n / 10) for n in range(120)]
    with client(data, bodies) as asking:
        address, seen = "/runs", list[str]()
        while address:
            page = soup(asking, address)
            seen += [str(link["href"]) for link in page.select("tbody th a")]
            following = page.select_one("a[rel=next]")
            address = str(following["href"]) if following else ""
    assert len(seen) == len(set(seen)) == 120


def test_on_the_demos_data_every_page_is_below_100_kb(data: Path) -> None:
    now = NOON + 30 * DAY
    postings = [p.body for p in generate(7, now) if p.kind in {EVENT, CONFLICT}]
    configured = [
        internal_body(
            "TRACKER_WORKFLOW_IMPORTED",
            {
                "recordId": flow.id,
                "organizationId": "",
                "workflowId": flow.id,
                "workflowVersionId": version.id,
                "configuration": configuration,
            },
        )
        for flow, version, configuration in configurations()
    ]
    with client(data, [*configured, *dict.fromkeys(postings)], now) as asking:
        for address in LISTS:
            page = asking.get(address)
            assert page.status_code == 200
            assert len(page.content) < 100_000, address
            first = BeautifulSoup(page.text, "html.parser").select_one("tbody th a")
            if first is not None:
                one = asking.get(str(first["href"]))
                assert one.status_code == 200, first["href"]
                assert len(one.content) < 100_000, first["href"]
