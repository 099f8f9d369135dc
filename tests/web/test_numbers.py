"""Every number that a page shows is the length of the list that it opens.

A number is marked by `data-count` on its link. The tests follow all of them and count
the rows of the list through all its pages.
"""

from collections.abc import Iterator
from urllib.parse import quote

import pytest
from bs4 import BeautifulSoup, Tag
from hypothesis import given, settings
from litestar import Litestar
from litestar.testing import TestClient

from tests.projections.queries.stored import NOON
from tests.sample import directory
from tests.traffic import START, streams
from tests.web.asking import client
from tracker.demo.generator import CONFLICT, EVENT, generate
from tracker.timing import DAY

PAGES = ("/", "/needs", "/runs", "/conversations", "/analyses", "/contacts", "/workflows")
DEMO_NOW = NOON + 30 * DAY
MOST_PAGES = 100


class Crawl:
    """What was asked already, and the numbers that differ from their lists."""

    def __init__(self, asking: TestClient[Litestar]) -> None:
        self.asking = asking
        self.lengths: dict[str, int] = {}
        self.wrong: list[str] = []
        self.numbers = 0

    def page(self, address: str) -> BeautifulSoup:
        """A page that must answer."""
        answer = self.asking.get(address)
        assert answer.status_code == 200, f"{address}: {answer.text[:300]}"
        return BeautifulSoup(answer.text, "html.parser")

    def check(self, address: str) -> list[str]:
        """Compare the numbers of a page with their lists; gives the addresses of these."""
        opened = []
        for number in self.page(address).select("[data-count]"):
            self.numbers += 1
            link = _address_of(number, address)
            said, found = int(str(number["data-count"])), self.length(link)
            if said != found or f"{said:,}".replace(",", "\u202f") not in number.text:
                self.wrong.append(f"{address}: {number.text!r} opens {found} at {link}")
            opened.append(link)
        return opened

    def length(self, address: str) -> int:
        """How many rows a list has through all its pages."""
        if address not in self.lengths:
            self.lengths[address] = sum(self._rows(address))
        return self.lengths[address]

    def _rows(self, address: str) -> Iterator[int]:
        for _ in range(MOST_PAGES):
            page = self.page(address)
            yield len(page.select("main table.rows > tbody > tr"))
            following = page.select_one("main a[rel=next]")
            if following is None:
                return
            address = str(following["href"])
        pytest.fail(f"{address} goes on and on")


def _address_of(number: Tag, page: str) -> str:
    assert number.name == "a", f"{page}: the number {number.text!r} is no link"
    return str(number["href"])


def _starts(crawl: Crawl) -> list[str]:
    """The pages with numbers, Today with each funnel, and the page of each workflow."""
    chosen = crawl.page("/").select("select[name=funnel] option")
    funnels = [f"/?funnel={quote(str(one['value']))}" for one in chosen if one["value"]]
    flows = crawl.page("/workflows").select("tbody th a")
    return [*PAGES, *funnels, *(str(flow["href"]) for flow in flows)]


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient[Litestar]]:
    postings = generate(7, DEMO_NOW, people=120)
    bodies = dict.fromkeys(p.body for p in postings if p.kind in {EVENT, CONFLICT})
    with client(tmp_path_factory.mktemp("numbers"), bodies, DEMO_NOW) as asking:
        yield asking


@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Asia/Kolkata"])
def test_every_number_of_the_demo_opens_as_many_things(
    demo: TestClient[Litestar], zone: str
) -> None:
    demo.cookies.set("zone", quote(zone, safe=""))
    crawl = Crawl(demo)
    try:
        opened = {link for start in _starts(crawl) for link in crawl.check(start)}
        if zone == "UTC":
            for link in sorted(opened):
                crawl.check(link)
    finally:
        demo.cookies.clear()
    assert not crawl.wrong, "\n".join(crawl.wrong[:20])
    assert crawl.numbers > 50


@settings(max_examples=10, deadline=None)
@given(bodies=streams())
def test_every_number_of_any_traffic_opens_as_many_things(bodies: list[bytes]) -> None:
    with directory() as data, client(data, bodies, START + 2 * DAY) as asking:
        crawl = Crawl(asking)
        for start in _starts(crawl):
            crawl.check(start)
        assert not crawl.wrong, "\n".join(crawl.wrong)
