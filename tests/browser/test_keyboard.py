"""Everything that is often done is a key away, and no key does anything while somebody types."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.visits import Visits
from tests.projections.queries.stored import body
from tests.running import Running

PLACES = {
    "t": "/",
    "r": "/runs",
    "w": "/workflows",
    "c": "/conversations",
    "k": "/calendar",
    "p": "/candidates",
    "e": "/events",
    "s": "/system",
}
FOCUSED = "document.activeElement.closest('tr')?.id ?? ''"


def focused(page: Page) -> str:
    return str(page.evaluate(FOCUSED))


def ids(page: Page) -> list[str]:
    rows = page.locator("main .rows > tbody > tr")
    return [str(row.get_attribute("id")) for row in rows.all()[:4]]


def test_g_and_a_letter_lead_to_every_page(page: Page) -> None:
    page.goto("/runs?status=failed")
    for letter, path in PLACES.items():
        page.keyboard.press("g")
        page.keyboard.press(letter)
        expect(page).to_have_url(re.compile(rf"^http://[^/]+{path}$"))
        expect(page.locator("h1")).to_be_visible()


def test_a_letter_alone_leads_nowhere(page: Page) -> None:
    page.goto("/runs")
    address = page.url
    for letter in ("t", "r", "w", "x", "g", "x", "r"):
        page.keyboard.press(letter)
    assert page.url == address


def test_the_slash_leads_to_the_search_and_enter_searches(page: Page) -> None:
    page.goto("/runs")
    page.keyboard.press("/")
    expect(page.locator(".find input")).to_be_focused()
    page.keyboard.type("g r?j/")
    expect(page.locator(".find input")).to_have_value("g r?j/")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_contain_text("g r?j/")


def test_j_and_k_go_through_the_rows_and_enter_opens_one(page: Page) -> None:
    page.goto("/runs")
    first, second, third, *_ = ids(page)
    seen = []
    for key in ("j", "j", "j", "k"):
        page.keyboard.press(key)
        seen.append(focused(page))
    assert seen == [first, second, third, second]
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(rf"/runs/{second.removeprefix('run-')}$"))


def test_the_focus_is_seen_and_the_row_is_in_view(page: Page) -> None:
    page.goto("/runs")
    for _ in range(30):
        page.keyboard.press("j")
    link = page.locator(":focus")
    assert link.evaluate("e => e.matches(':focus-visible')")
    assert link.evaluate("e => getComputedStyle(e).outlineStyle") == "solid"
    row = link.locator("xpath=ancestor::tr")
    expect(row).to_be_in_viewport(ratio=0.9)
    plain = page.locator(".rows tbody tr").first
    backgrounds = [one.evaluate("e => getComputedStyle(e).backgroundColor") for one in (row, plain)]
    assert backgrounds[0] != backgrounds[1]
    bar = page.locator("header.top").bounding_box()
    assert bar is not None
    for _ in range(40):
        page.keyboard.press("k")
    box = page.locator(":focus").locator("xpath=ancestor::tr").bounding_box()
    assert box is not None
    assert box["y"] >= bar["height"]


def test_the_ends_of_a_list_are_its_ends(page: Page) -> None:
    page.goto("/runs?status=failed")
    rows = page.locator("main .rows > tbody > tr")
    for _ in range(rows.count() + 3):
        page.keyboard.press("j")
    assert focused(page) == rows.last.get_attribute("id")


def test_rows_without_a_link_take_the_focus_themselves(page: Page) -> None:
    page.goto("/deliveries?outcome=rejected")
    page.keyboard.press("j")
    assert focused(page) == ids(page)[0]


@pytest.mark.parametrize("path", ["/conversations", "/search?q=a"])
def test_rows_are_walked_on_every_list(page: Page, path: str) -> None:
    page.goto(path)
    page.keyboard.press("j")
    assert page.evaluate("!!document.activeElement.closest('.rows tbody tr')")


def test_the_question_mark_lists_the_keys_and_escape_closes(page: Page) -> None:
    page.goto("/runs")
    page.keyboard.press("j")
    row = focused(page)
    page.keyboard.press("?")
    dialog = page.get_by_role("dialog", name="Keys")
    expect(dialog).to_be_visible()
    for words in ("Search", "Next row", "Open the row", "Show new rows", "Calendar"):
        expect(dialog).to_contain_text(words)
    page.keyboard.press("g")
    page.keyboard.press("e")
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    assert page.url.endswith("/runs")
    assert focused(page) == row


def test_the_keys_are_also_found_with_the_mouse(page: Page) -> None:
    page.goto("/runs")
    page.get_by_role("button", name="Keyboard").click()
    dialog = page.get_by_role("dialog", name="Keys")
    dialog.get_by_role("button", name="Close").click()
    expect(dialog).to_be_hidden()


def test_the_keys_can_be_turned_off_and_stay_so(page: Page) -> None:
    page.goto("/runs")
    page.keyboard.press("?")
    page.get_by_label("Use these keys").uncheck()
    page.keyboard.press("Escape")
    page.reload()
    page.keyboard.press("j")
    page.keyboard.press("?")
    assert focused(page) == ""
    expect(page.get_by_role("dialog")).to_have_count(0)


@pytest.mark.parametrize("modifier", ["Control", "Alt", "Meta"])
def test_a_modifier_leaves_the_key_to_the_browser(page: Page, modifier: str) -> None:
    page.goto("/runs")
    page.keyboard.press(f"{modifier}+j")
    assert focused(page) == ""


@pytest.mark.parametrize("field", [".find input", ".filters select"])
def test_typing_is_typing(page: Page, field: str) -> None:
    page.goto("/runs")
    page.locator(field).first.focus()
    for key in ("j", "?", "g", "e"):
        page.keyboard.press(key)
    assert page.url.endswith("/runs")
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_a_live_update_keeps_the_row_that_has_the_focus(page: Page, filled: Running) -> None:
    page.goto("/conversations?sort=first_at")
    page.keyboard.press("j")
    row = focused(page)
    number = page.locator("#conversations .tabs a b").first
    before = int(number.inner_text())
    filled.post(body("CONVERSATION_QUEUED", 30_000, record="keyboard-1"))
    expect(number).to_have_text(str(before + 1))
    assert focused(page) == row
    page.keyboard.press("j")
    assert focused(page) == ids(page)[1]


def test_without_javascript_no_page_speaks_of_keys(visits: Visits) -> None:
    page = visits.open("/runs", javascript=False)
    expect(page.get_by_role("button", name="Keyboard")).to_have_count(0)
    expect(page.locator("#keys")).to_be_hidden()
