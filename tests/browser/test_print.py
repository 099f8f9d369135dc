"""A run on paper: the whole graph on the sheet, then the timeline, and nothing to press."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import caught_up
from tests.browser.visits import watched
from tests.projections.queries.stored import completed, ended, started
from tests.running import Running, eventually, service
from tests.web.graphs import shape, walked

PIXELS = 96 / 25.4  # of a millimetre
SHEETS = {"A4": (180 * PIXELS, 267 * PIXELS), "Letter": (186 * PIXELS, 249 * PIXELS)}
CONTROLS = "button, [role=toolbar], form, .graph-tools, .top, .side, .foot .more, .up, .skip"
LARGE = shape(40)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    told = [
        *walked(LARGE, "large", "v1", 4, seed=2),
        started("small"),
        completed("small", "ask", "onComplete", 2),
        completed("small", "check", "onPassed", 4000),
        ended("small", "FAILED", 4001, nodeId="book", reason="No calendar is connected"),
    ]
    with service(tmp_path_factory.mktemp("data")) as running:
        for delivery in told:
            assert running.post(delivery).is_success
        eventually(lambda: caught_up(running))
        yield running


@pytest.fixture(params=SHEETS)
def sheet(request: pytest.FixtureRequest) -> tuple[str, float, float]:
    name: str = request.param
    return name, *SHEETS[name]


def on_paper(page: Page, address: str, width: float) -> None:
    """Open a page as a printer lays it out: as wide as the sheet within its margins."""
    page.goto(address)
    expect(page.locator("#live")).to_contain_text("Live")
    page.get_by_role("button", name="Larger").click()  # what is zoomed on the screen is not here
    page.set_viewport_size({"width": int(width), "height": 1000})
    page.emulate_media(media="print")


@pytest.mark.parametrize("run", ["small", "large-v1-0"])
def test_the_whole_graph_is_on_the_first_sheet_and_the_timeline_follows(
    browser: Browser, running: Running, sheet: tuple[str, float, float], run: str
) -> None:
    _, width, height = sheet
    with watched(browser, running.url) as visits:
        page = visits.open("/")
        on_paper(page, f"/runs/{run}", width)
        drawing = page.locator("#drawing").bounding_box()
        assert drawing
        assert drawing["x"] >= 0
        assert drawing["x"] + drawing["width"] <= width + 1
        assert drawing["y"] + drawing["height"] <= height
        assert page.evaluate(INSIDE) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width + 1
        timeline = page.locator(".timeline").bounding_box()
        assert timeline
        assert timeline["y"] > drawing["y"] + drawing["height"]
        assert page.locator(".timeline > li").last.is_visible()
        for control in page.locator(CONTROLS).all():
            assert not control.is_visible(), control.evaluate("one => one.outerHTML")


# The nodes and labels that reach out of the picture, or are cut off by what is around it.
INSIDE = """() => {
    const frame = document.getElementById("drawing").getBoundingClientRect();
    const box = document.getElementById("graph").getBoundingClientRect();
    const out = one => {
        const at = one.getBoundingClientRect();
        return at.left < frame.left - 1 || at.right > frame.right + 1 || at.right > box.right + 1
            || at.top < frame.top - 1 || at.bottom > frame.bottom + 1 || at.bottom > box.bottom + 1;
    };
    return [...document.querySelectorAll("#drawing a.node, #drawing .ways text")]
        .filter(out).map(one => one.textContent);
}"""


def test_a_silence_that_is_folded_on_the_screen_is_told_on_paper(
    browser: Browser, running: Running
) -> None:
    with watched(browser, running.url) as visits:
        page = visits.open("/")
        on_paper(page, "/runs/small", SHEETS["A4"][0])
        expect(page.locator(".gap p").first).to_be_visible()


def test_a_run_is_printed_on_a_few_sheets(browser: Browser, running: Running) -> None:
    with watched(browser, running.url) as visits:
        page = visits.open("/runs/small")
        expect(page.locator("#live")).to_contain_text("Live")
        printed = page.pdf(prefer_css_page_size=True, format="A4")
    assert len(re.findall(rb"/Type\s*/Page\b", printed)) <= 2
