"""Without JavaScript every page is reached by links and used by forms."""

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import caught_up
from tests.browser.places import LISTS
from tests.browser.visits import Visits
from tests.fixed_clock import fill
from tests.running import Running, eventually, service

NO_PAGE = ("/static/", "/api", "/calendar.ics")
DETAILS = ("/runs/", "/workflows/", "/conversations/", "/candidates/", "/events/")


@pytest.fixture
def plain(visits: Visits) -> Page:
    """A page of a browser that runs no script."""
    return visits.open("/", javascript=False)


@pytest.fixture
def own(data: Path) -> Iterator[Running]:
    """A service of the test's own, to be changed by forms."""
    fill(data)
    with service(data, command=("tests.fixed_clock",)) as running:
        eventually(lambda: caught_up(running))
        yield running


def test_every_kind_of_page_is_reached_by_links(plain: Page) -> None:
    reached = {"/"}
    waiting = ["/"]
    while waiting:
        answer = plain.goto(waiting.pop())
        assert answer is not None
        assert answer.ok, answer.url
        assert plain.locator("main h1").inner_text()
        for kind, path in links(plain):
            if kind not in reached:
                reached.add(kind)
                waiting.append(path)

    lists = {urlsplit(path).path for path in LISTS.values()} - {"/search"}
    assert {*lists, *DETAILS} - reached == set()


def links(page: Page) -> list[tuple[str, str]]:
    """Where links in a page lead: the kind of page, and the first address of that kind."""
    found = page.locator("a[href^='/']:not([download])").evaluate_all(
        "all => all.map(a => a.getAttribute('href'))"
    )
    kinds = {}
    for address in found:
        path = urlsplit(address).path
        family = re.match(r"/[^/]+/", path)
        kinds.setdefault(family[0] if family else path, address)
    return [
        (kind, one)
        for kind, one in kinds.items()
        if not kind.startswith(NO_PAGE) and ".csv" not in one
    ]


def test_a_list_is_filtered_and_the_filter_cleared(plain: Page) -> None:
    plain.goto("/runs")
    plain.get_by_role("combobox", name="Status").select_option("failed")
    plain.get_by_role("button", name="Filter").click()

    assert "status=failed" in plain.url
    expect(plain.locator("table.rows tbody tr")).not_to_have_count(0)
    expect(plain.locator("table.rows tbody .state", has_text="Running")).to_have_count(0)

    plain.get_by_role("link", name="Clear").first.click()
    assert urlsplit(plain.url).path == "/runs"
    assert "failed" not in plain.url


def test_a_list_is_walked_page_by_page(plain: Page) -> None:
    plain.goto("/events")
    first = plain.locator("table.rows tbody tr").first.inner_text()

    plain.get_by_role("link", name="Next").click()
    assert plain.locator("table.rows tbody tr").first.inner_text() != first

    plain.get_by_role("link", name="First page").click()
    assert plain.locator("table.rows tbody tr").first.inner_text() == first


def test_the_search_finds_an_event_by_its_id(plain: Page, filled: Running) -> None:
    known = filled.get("/api/v1/events?limit=1").json()["items"][0]["event_id"]

    plain.get_by_role("searchbox").fill(known)
    plain.get_by_role("searchbox").press("Enter")

    expect(plain.locator("main")).to_contain_text(known)


def test_a_narrow_window_has_the_menu(visits: Visits) -> None:
    page = visits.open("/", javascript=False, width=390)
    page.locator("details.menu > summary").click()
    page.get_by_role("link", name="Quarantine").click()

    expect(page.locator("h1")).to_have_text("Quarantine")


def test_what_waits_is_acknowledged_and_that_is_undone(visits: Visits, own: Running) -> None:
    page = visits.open("/needs", javascript=False, url=own.url)
    rows = page.locator("#main table.rows tbody tr")
    before = rows.count()

    rows.first.get_by_role("button").first.click()
    expect(rows).to_have_count(before - 1)

    page.get_by_role("button", name="Undo").click()
    expect(rows).to_have_count(before)


def test_quarantined_bytes_are_discarded(visits: Visits, own: Running) -> None:
    page = visits.open("/quarantine?status=waiting", javascript=False, url=own.url)
    held = page.locator("main article")
    before = held.count()
    assert before > 0

    held.first.get_by_role("button", name="Discard").click()
    page.goto("/quarantine?status=waiting")

    expect(held).to_have_count(before - 1)


def test_a_graph_is_there_as_a_list_too(plain: Page, filled: Running) -> None:
    run = filled.get("/api/v1/runs?status=completed&limit=1").json()["items"][0]["id"]
    plain.goto(f"/runs/{run}")

    expect(plain.locator("ul.nested").first).to_be_visible()
