"""The calendar on paper: nothing to click, nothing cut off, and both zones named."""

import re
import zlib

import pytest
from playwright.sync_api import Page, expect

from tests.browser.test_calendar import TO, book
from tests.browser.visits import Visits
from tests.running import Running

CONTROLS = ".top, .side, .filters, .shelf, .calendar-bar nav, .calendar-bar .tabs, .asides, .btn"
VIEWS = ("agenda", "week", "month", "day")
# Everything with text of its own that is drawn, but reaches out of what it stands in.
CUT_OFF = """() => [...document.querySelectorAll("#calendar *")].filter(one =>
    one.checkVisibility() && !one.closest(".sr") &&
    [...one.childNodes].some(child => child.nodeType === 3 && child.data.trim()) &&
    getComputedStyle(one).overflow !== "visible" &&
    (one.scrollWidth > one.clientWidth + 1 || one.scrollHeight > one.clientHeight + 1)
).map(one => one.textContent.trim())"""
# A column so narrow that names are broken between their letters.
SQUEEZED = """() => [...document.querySelectorAll("#calendar .line, #calendar li > a")].filter(
    one => one.checkVisibility() && one.clientWidth && one.clientWidth < 60
).map(one => one.textContent.trim())"""
A4 = {"width": 794, "height": 1123}  # CSS pixels
ACROSS = {"width": 1123, "height": 794}


@pytest.fixture(params=VIEWS)
def paper(request: pytest.FixtureRequest, visits: Visits, filled: Running) -> Page:
    """A view of the week in which a meeting from another zone was booked, as it is printed."""
    start, end = "2027-08-04T09:00:00", "2027-08-04T09:30:00"
    book(filled, "on-paper", start, end, "America/New_York")
    size = ACROSS if request.param == "month" else A4
    page = visits.open(
        f"/calendar?view={request.param}&date=2027-08-04", zone="Europe/Berlin", **size
    )
    page.emulate_media(media="print")
    expect(page.locator("#calendar")).to_contain_text("on-paper")
    return page


def test_there_is_nothing_to_click(paper: Page) -> None:
    for control in paper.locator(CONTROLS).all():
        expect(control).to_be_hidden()
    expect(paper.locator(".calendar-bar h2")).to_be_visible()


def test_nothing_is_cut_off(paper: Page) -> None:
    assert paper.evaluate(CUT_OFF) == []
    assert paper.evaluate(SQUEEZED) == []
    assert paper.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0


def test_both_zones_are_named(paper: Page) -> None:
    expect(paper.locator(".head")).to_contain_text("Times are in Europe/Berlin")
    theirs = paper.get_by_text(f"09:00{TO}09:30 in America/New_York").locator("visible=true")
    expect(theirs).to_have_count(1)
    expect(paper.locator("#calendar").get_by_text("15:00").locator("visible=true")).to_have_count(1)


def test_crowded_weeks_and_months_print_whole(visits: Visits) -> None:
    for view, size in (("agenda", A4), ("week", A4), ("month", ACROSS)):
        page = visits.open(f"/calendar?view={view}", zone="Asia/Kolkata", **size)
        page.emulate_media(media="print")
        assert page.evaluate(CUT_OFF) == [], view
        assert page.evaluate(SQUEEZED) == [], view


def test_what_was_cancelled_is_struck_through_and_worded(visits: Visits, filled: Running) -> None:
    start, end = "2027-08-11T09:00:00", "2027-08-11T09:30:00"
    book(filled, "off-paper", start, end, "Europe/Berlin")
    book(filled, "off-paper", start, end, "Europe/Berlin", kind="CANCELLED", change="2")
    for view in VIEWS:
        page = visits.open(f"/calendar?view={view}&date=2027-08-11", zone="Europe/Berlin")
        page.emulate_media(media="print")
        off = page.locator("#calendar li", has_text="off-paper").locator("visible=true")
        expect(off.get_by_text("Cancelled").locator("visible=true")).to_have_count(1)
        struck = "one => getComputedStyle(one).textDecorationLine"
        assert off.locator("a.struck").evaluate(struck) == "line-through", view


@pytest.mark.parametrize(("view", "across"), [("week", False), ("month", True)])
def test_the_file_has_pages_that_lie_as_the_view_needs(
    visits: Visits, view: str, across: bool
) -> None:
    page = visits.open(f"/calendar?view={view}")
    printed = page.pdf(prefer_css_page_size=True)
    sizes = _sizes(printed)
    assert sizes
    assert any(width > height for width, height in sizes) is across


def _sizes(printed: bytes) -> list[tuple[float, float]]:
    """The sizes of all pages of a PDF, whose objects may be packed."""
    packed = re.findall(rb"stream\r?\n(.*?)\r?\nendstream", printed, re.DOTALL)
    content = printed + b"".join(_unpacked(one) for one in packed)
    boxes = re.findall(rb"/MediaBox\s*\[\s*0 0 ([\d.]+) ([\d.]+)\s*\]", content)
    return [(float(width), float(height)) for width, height in boxes]


def _unpacked(stream: bytes) -> bytes:
    try:
        return zlib.decompress(stream)
    except zlib.error:
        return b""
