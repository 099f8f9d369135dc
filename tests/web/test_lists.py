"""Lists are sorted by their heads, walked in pages of one size, and keep new rows waiting."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from bs4 import BeautifulSoup, Tag
from litestar import Litestar
from litestar.testing import TestClient

from tests.projections.queries.stored import body, started
from tests.web.asking import client
from web.lists import LISTS

MANY = 120
STORIES = [
    *(started(f"r{n:03}", n, candidateProfileId=f"p{n}") for n in range(MANY)),
    *(
        body(
            "CONVERSATION_COMPLETED",
            n,
            record=f"c{n}",
            candidateId=f"p{n}",
            scorecardTotalValue=(n * 7) % 9,
        )
        for n in range(9)
    ),
    body("CONVERSATION_QUEUED", 9, record="c9", candidateId="p9"),
    body("CANDIDATE_ANALYSIS_COMPLETED", 10, record="p1", externalAnalysisId="job-1"),
    body(
        "WORKFLOW_CONTACT_RESOLVED",
        11,
        record="r001",
        contact={"key": "k1"},
        workflowId="flow-hiring",
    ),
    body("WORKFLOW_PUBLISHED", 12, record="w1", workflowName="Hiring", workflowId="w1"),
]
SORTABLE = [
    "/runs",
    "/conversations",
    "/analyses",
    "/analyses?analysis=job-1",
    "/contacts",
    "/candidates",
    "/workflows",
    "/events",
]
HOLDING = ["/runs", "/conversations", "/analyses", "/contacts", "/candidates", "/events"]


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient[Litestar]]:
    with client(tmp_path_factory.mktemp("data"), STORIES) as asking:
        yield asking


def soup(asking: TestClient[Litestar], address: str) -> BeautifulSoup:
    answer = asking.get(address)
    assert answer.status_code == 200, answer.text
    return BeautifulSoup(answer.text, "html.parser")


def rows(page: BeautifulSoup) -> list[str]:
    return [str(row["id"]) for row in page.select(".rows > tbody > tr")]


def address_of(page: BeautifulSoup) -> str:
    """Where the list's fragment is fetched again."""
    return str(page.select(".fragment[hx-get]")[-1]["hx-get"])


def link(page: BeautifulSoup, selector: str) -> str:
    found = page.select_one(selector)
    assert isinstance(found, Tag)
    return str(found["href"])


class TestHeads:
    @pytest.mark.parametrize("address", SORTABLE)
    def test_exactly_the_sorted_head_says_so_to_everybody(
        self, pages: TestClient[Litestar], address: str
    ) -> None:
        for head in soup(pages, address).select("thead a.sort"):
            page = soup(pages, str(head["href"]))
            [current] = page.select("thead [aria-sort]")
            way = str(current["aria-sort"])
            assert way in {"ascending", "descending"}
            assert f"sorted, {way}" in current.get_text()
            assert current.select_one("svg use")

    @pytest.mark.parametrize("address", SORTABLE)
    def test_a_second_click_turns_the_order_around(
        self, pages: TestClient[Litestar], address: str
    ) -> None:
        heads = len(soup(pages, address).select("thead a.sort"))
        for number in range(heads):
            once = soup(pages, str(soup(pages, address).select("thead a.sort")[number]["href"]))
            if "rank" in str(once.select("thead a.sort")[number]["href"]):
                continue  # the best stand first in a ranking, either way
            twice = soup(pages, str(once.select("thead a.sort")[number]["href"]))
            ways = [page.select_one("thead [aria-sort]") for page in (once, twice)]
            assert {str(way["aria-sort"]) for way in ways if way} == {"ascending", "descending"}

    def test_an_order_keeps_the_filters_and_begins_at_the_first_page(
        self, pages: TestClient[Litestar]
    ) -> None:
        second = link(soup(pages, "/runs?status=running"), "a[rel=next]")
        assert link(soup(pages, second), "thead a.sort[href*='first_at']") == (
            "/runs?status=running&sort=-first_at"
        )

    def test_rows_stand_in_the_order_that_was_asked_for(self, pages: TestClient[Litestar]) -> None:
        scores = [
            cell.get_text()
            for cell in soup(pages, "/conversations?sort=-score").select("td[data-label=Score]")
        ]
        assert scores == [*sorted(scores[:-1], key=float, reverse=True), scores[-1]]
        assert scores[-1] == "–"  # noqa: RUF001  # without a score: last in every order


class TestPages:
    @pytest.mark.parametrize("sort", ["-last_event_at", "first_at", "-step_count"])
    def test_each_row_stands_on_exactly_one_page_of_fifty(
        self, pages: TestClient[Litestar], sort: str
    ) -> None:
        address, seen, sizes = f"/runs?sort={sort}", list[str](), list[int]()
        while address:
            page = soup(pages, address)
            sizes.append(len(rows(page)))
            seen += rows(page)
            following = page.select_one("a[rel=next]")
            address = str(following["href"]) if following else ""
        assert sizes == [50, 50, 20]
        assert len(set(seen)) == MANY

    def test_a_later_page_leads_back_to_the_first(self, pages: TestClient[Litestar]) -> None:
        second = soup(pages, link(soup(pages, "/runs?status=running"), "a[rel=next]"))
        assert link(second, ".paging a:not([rel])") == "/runs?status=running"

    def test_the_oldest_events_can_stand_first(self, pages: TestClient[Litestar]) -> None:
        first = soup(pages, "/events?sort=position")
        assert rows(first)[:2] == ["event-1", "event-2"]
        second = soup(pages, link(first, "a[rel=next]"))
        assert rows(second)[0] == "event-51"

    @pytest.mark.parametrize("listed", LISTS)
    def test_a_page_has_one_size(self, pages: TestClient[Litestar], listed: str) -> None:
        assert pages.get(f"{listed}?limit=500").status_code == 400

    @pytest.mark.parametrize("cursor", ["x", "-1", "9" * 5000, "٣"])
    def test_a_cursor_that_no_list_gave_is_refused(
        self, pages: TestClient[Litestar], cursor: str
    ) -> None:
        for listed in ("/runs", "/events", "/deliveries", "/quarantine"):
            assert pages.get(listed, params={"cursor": cursor}).status_code == 400
            api = f"/api/v1{listed}"
            assert pages.get(api, params={"cursor": cursor}).status_code == 400

    def test_a_position_of_any_length_is_just_not_there(self, pages: TestClient[Litestar]) -> None:
        assert pages.get(f"/api/v1/events/{'9' * 5000}").status_code == 404


class TestNewRows:
    @pytest.mark.parametrize("address", HOLDING)
    def test_fetched_again_a_list_is_the_same_while_nothing_came(
        self, pages: TestClient[Litestar], address: str
    ) -> None:
        page = soup(pages, address)
        again = soup(pages, address_of(page))
        assert rows(again) == rows(page) != []
        assert not again.select("[data-newer]")
        assert address_of(again) == address_of(page)

    @pytest.mark.parametrize("address", ["/runs", "/runs?status=running", "/events"])
    def test_rows_that_came_since_wait_and_are_counted(
        self, pages: TestClient[Litestar], address: str
    ) -> None:
        page = soup(pages, address)
        kept = rows(page)[3:10]
        path = address_of(page).partition("?")[0]
        keys = [one.removeprefix("run-").removeprefix("event-") for one in kept]
        joint = "&".join(["sort=", *address.partition("?")[2:], *(f"seen={key}" for key in keys)])
        again = soup(pages, f"{path}?{joint}")
        assert rows(again) == kept
        [button] = again.select("[data-newer]")
        assert button.get_text(strip=True) == "3 new"
        assert rows(soup(pages, str(button["hx-get"]))) == rows(page)
        assert str(button["href"]).partition("?")[0] == path.removeprefix("/parts")

    def test_known_rows_keep_their_places_when_something_happens_to_them(
        self, pages: TestClient[Litestar]
    ) -> None:
        again = soup(pages, "/parts/runs?seen=r005&seen=r119&seen=r050")
        assert rows(again) == ["run-r005", "run-r119", "run-r050"]

    def test_more_new_rows_than_a_page_holds_are_not_counted_further(
        self, pages: TestClient[Litestar]
    ) -> None:
        [button] = soup(pages, "/parts/runs?seen=r003").select("[data-newer]")
        assert button.get_text(strip=True) == "50+ new"

    def test_a_row_that_no_longer_fits_the_filters_goes(self, pages: TestClient[Litestar]) -> None:
        again = soup(pages, "/parts/conversations?status=queued&seen=c1&seen=c9")
        assert rows(again) == ["conversation-c9"]

    @pytest.mark.parametrize(
        "address", ["/runs?sort=first_at", "/conversations?sort=-score", "/candidates?sort=name"]
    )
    def test_elsewhere_than_from_above_nothing_is_held_back(
        self, pages: TestClient[Litestar], address: str
    ) -> None:
        assert "seen=" not in address_of(soup(pages, address))

    def test_neither_is_it_on_later_pages(self, pages: TestClient[Litestar]) -> None:
        second = soup(pages, link(soup(pages, "/runs"), "a[rel=next]"))
        assert "seen=" not in address_of(second)

    @pytest.mark.parametrize("seen", ["", "nobody", "9" * 30, "-1", "%00", "😀"])
    def test_odd_marks_only_give_the_list_anew(
        self, pages: TestClient[Litestar], seen: str
    ) -> None:
        for address in HOLDING:
            part = soup(pages, f"/parts{address}?seen={seen}")
            assert rows(part) == rows(soup(pages, address))

    def test_ids_too_long_for_an_address_are_not_put_into_one(self, data: Path) -> None:
        long = [started(f"{n}" + "x" * 400, n) for n in range(20)]
        with client(data, long) as asking:
            assert "seen=" not in address_of(soup(asking, "/runs"))

    def test_the_whole_page_shows_everything(self, pages: TestClient[Litestar]) -> None:
        assert len(rows(soup(pages, "/runs"))) == 50
        assert not soup(pages, "/runs").select("[data-newer]")


class TestPaper:
    def test_every_page_has_its_own_styles_for_paper(self, pages: TestClient[Litestar]) -> None:
        [styles] = soup(pages, "/runs").select("link[rel=stylesheet][media=print]")
        printed = pages.get(str(styles["href"])).text
        for hidden in (".side", ".top", ".filters", ".shelf", ".newer"):
            assert hidden in printed.partition("{")[0]
        assert "break-inside: avoid" in printed
