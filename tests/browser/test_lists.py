"""Lists by touch, by keyboard and on paper."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.places import LISTS, details
from tests.browser.visits import Visits
from tests.running import Running

WITH_ROWS = [name for name in LISTS if not name.startswith(("today", "calendar", "workflows"))]
ONES = ("analysis", "candidate", "conversation", "conversation-passed", "event")
# What can be touched, stands by itself and not within a sentence, and is smaller than a fingertip.
SMALL = """() => [...document.querySelectorAll("main :is(a[href], button, select, summary)")]
    .filter(one => one.checkVisibility({visibilityProperty: true, contentVisibilityAuto: true}))
    .filter(one => !one.closest("p, dd, small, .soft, .line, .foot, .notice li"))
    .map(one => [one.textContent.trim(), one.getBoundingClientRect()])
    .filter(([, box]) => box.width < 24 || box.height < 24)
    .map(([text, box]) => `${text.slice(0, 40)}: ${box.width} x ${box.height}`)"""
RING = """one => {
    const style = getComputedStyle(one);
    const probe = document.body.appendChild(document.createElement("i"));
    probe.style.color = "var(--accent)";
    const accent = getComputedStyle(probe).color;
    probe.remove();
    return style.outlineStyle === "solid" && style.outlineColor === accent
        && parseFloat(style.outlineWidth) >= 2;
}"""


def test_on_a_phone_everything_that_is_touched_is_24_pixels_large(
    visits: Visits, filled: Running
) -> None:
    page = visits.open("/", width=390)
    ones = details(filled)
    for path in [*(LISTS[name] for name in WITH_ROWS), *(ones[name] for name in ONES)]:
        page.goto(path)
        assert page.evaluate(SMALL) == [], path


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize(
    "where",
    [
        "select[name=status]",
        ".filters button",
        ".tools summary",
        ".csv",
        ".applied a",
        ".tabs:not(.applied) a",
        ".rows .sort",
        "tbody th a",
    ],
)
def test_what_has_the_focus_shows_it_in_full_strength(
    visits: Visits, dark: bool, where: str
) -> None:
    page = visits.open("/runs?candidate=nobody&stuck=false", dark=dark)
    if where in {".rows .sort", "tbody th a"}:
        page.goto("/runs")
    page.keyboard.press("Tab")  # from here on the focus is that of a keyboard
    page.locator(where).first.focus()
    assert page.locator(where).first.evaluate(RING)


def test_a_filter_is_cleared_by_its_chip_and_kept_by_the_form(page: Page) -> None:
    page.goto("/conversations?stage=started&sort=-score")
    chip = page.get_by_role("link", name="Got at least to Started")
    page.locator("select[name=status]").select_option("completed")
    page.get_by_role("button", name="Filter").click()
    expect(page).to_have_url("/conversations?status=completed&stage=started&sort=-score")
    chip.click()
    expect(page).to_have_url("/conversations?status=completed&sort=-score")
    expect(chip).to_have_count(0)


def test_on_paper_a_list_says_what_it_is_limited_to(page: Page) -> None:
    page.goto("/runs?candidate=nobody")
    page.emulate_media(media="print")
    expect(page.locator(".applied")).to_be_visible()
    expect(page.locator(".filters")).to_be_hidden()
    expect(page.locator(".csv")).to_be_hidden()
