"""On a slow way to the service, and with a finger: what was pressed says so; menus fold again."""

import re

from playwright.sync_api import Page, expect

from tests.browser.visits import Visits


def slowed(page: Page) -> None:
    """From now on every answer takes a while, as on a train."""
    network = page.context.new_cdp_session(page)
    network.send("Network.enable")
    slow = {"latency": 3000, "downloadThroughput": -1, "uploadThroughput": -1, "offline": False}
    network.send("Network.emulateNetworkConditions", slow)


def test_a_pressed_button_shows_that_it_is_under_way_and_is_sent_once(page: Page) -> None:
    sent: list[str] = []
    page.goto("/")
    expect(page.locator("#live")).to_have_attribute("data-state", "live")
    page.on("request", lambda request: sent.append(request.url) if request.method == "POST" else 0)
    button = page.get_by_role("button", name=re.compile("^Done")).first
    slowed(page)
    button.click(no_wait_after=True)
    expect(button).to_have_attribute("aria-busy", "true")
    button.press("Enter")
    undo = page.get_by_role("button", name="Undo")
    expect(undo).to_be_visible()
    expect(page.locator("main [aria-busy]")).to_have_count(0)
    assert len(sent) == 1
    undo.click()
    expect(undo).to_have_count(0)


def test_escape_and_a_tap_elsewhere_fold_the_menu(visits: Visits) -> None:
    page = visits.open("/runs?status=failed", width=390)
    menu = page.locator("details.menu")
    menu.locator("summary").click()
    page.keyboard.press("Escape")
    expect(menu).not_to_have_attribute("open", "")
    expect(menu.locator("summary")).to_be_focused()
    page.get_by_text("Save this view").click()
    page.locator("h1").click()
    expect(page.locator("details.drop[open]")).to_have_count(0)
