"""The empty page turns green while somebody watches it, without a reload."""

from playwright.sync_api import expect

from tests.browser.visits import Visits
from tests.running import Running, tracker


def test_the_steps_get_their_ticks_live(empty_service: Running, visits: Visits) -> None:
    running = empty_service
    page = visits.open("/", url=running.url)
    expect(page.locator("#live")).to_have_text("Live")
    states = page.locator(".first-steps li")
    page.evaluate("window.sameDocument = true")

    expect(states.nth(2)).to_have_attribute("data-state", "waiting")
    assert running.post(b"{}", signature="forged").status_code == 401
    expect(states.nth(2)).to_have_attribute("data-state", "wrong")
    expect(states.nth(2)).to_contain_text("A delivery was refused")

    sent = tracker("send", "--test", "--url", running.url, "--secret", running.secret)
    assert sent.returncode == 0, sent.stderr
    expect(page.locator(".first-steps .notice.ok")).to_contain_text("Ready.")
    for number in range(3):
        expect(states.nth(number)).to_have_attribute("data-state", "done")

    assert page.evaluate("window.sameDocument") is True
