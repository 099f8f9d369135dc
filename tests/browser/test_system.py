"""System and quarantine in a browser: work is started by a button and watched to its end."""

from pathlib import Path

from playwright.sync_api import Browser, expect

from tests.browser.conftest import caught_up
from tests.browser.visits import Visits, watched
from tests.running import Running, eventually, service
from tests.sample import append, bodies, body, incoming, opened
from tracker.log import Incoming

MANY = 4_000  # events; enough to see a rebuild under way


def test_a_rebuild_is_started_and_watched_to_its_end(browser: Browser, data: Path) -> None:
    append(data, bodies(MANY))
    with service(data) as running:
        eventually(lambda: caught_up(running))
        with watched(browser, running.url) as visits:
            page = visits.open("/system")
            expect(page.locator("#live")).to_have_text("Live")
            result = page.locator("#rebuild .result")
            page.get_by_role("button", name="Rebuild", exact=True).click()
            expect(result).to_contain_text("No row differs", timeout=60_000)
            expect(result).to_contain_text("Generation 2 is served since then, instead of 1")
            expect(page.get_by_role("button", name="Go back to generation 1")).to_be_visible()
            page.get_by_text("The comparison, view by view").click()
            rows = page.locator("#comparison tbody tr")
            expect(rows.first).to_be_visible()
            assert {row.split()[-1] for row in rows.all_inner_texts()} == {"0"}
        assert caught_up(running)


def test_progress_moves_while_it_is_watched(browser: Browser, data: Path) -> None:
    append(data, bodies(MANY))
    with service(data) as running:
        eventually(lambda: caught_up(running))
        with watched(browser, running.url) as visits:
            watching = visits.open("/system")
            expect(watching.locator("#live")).to_have_text("Live")
            other = visits.open("/system", javascript=False)
            other.get_by_role("button", name="Check only").click()
            expect(watching.locator("#rebuild progress")).to_be_attached()
            result = watching.locator("#rebuild .result")
            expect(result).to_contain_text("It was thrown away", timeout=60_000)


def test_the_proof_is_run_at_once(visits: Visits) -> None:
    page = visits.open("/system")
    page.get_by_role("button", name="Run now: proof").click()
    expect(page.locator("#jobs")).to_contain_text("none differs", timeout=60_000)
    expect(page.get_by_role("button", name="Run now: proof")).to_be_visible()


def held(data: Path, *contents: bytes) -> None:
    """Bytes in quarantine, as an older version would have left them."""
    with opened(data) as log:
        log.append([Incoming(incoming(one).body, 0, None, "not understood") for one in contents])


def test_a_quarantined_delivery_is_tried_again_and_discarded(browser: Browser, data: Path) -> None:
    held(data, body("q1", "CONVERSATION_QUEUED", record="held-1"), b"\xff\xfe{")
    with service(data) as running:
        for javascript in (True, False):
            _settle_one(browser, running, javascript=javascript)


def _settle_one(browser: Browser, running: Running, *, javascript: bool) -> None:
    with watched(browser, running.url) as visits:
        page = visits.open("/quarantine?status=waiting", javascript=javascript)
        if javascript:
            page.get_by_role("button", name="Try again: number 1").click()
            expect(page.get_by_role("status").first).to_be_visible()
            notice = page.locator(".notice")
            expect(notice).to_contain_text("It was read this time and is in the log now: event 1")
            notice.get_by_role("link").click()
            expect(page.locator("h1")).to_have_text("Conversation queued")
        else:
            page.get_by_role("button", name="Try again: number 2").click()
            expect(page.locator(".notice")).to_contain_text("still can't be read")
            page.get_by_role("button", name="Discard: number 2").click()
            expect(page.locator(".notice")).to_contain_text("Put aside")
            expect(page.locator(".tabs")).to_contain_text("0 waiting")


def test_what_is_quarantined_appears_on_the_open_page(visits: Visits, filled: Running) -> None:
    page = visits.open("/quarantine")
    expect(page.locator("#live")).to_have_text("Live")
    before = page.locator("article").count()
    assert filled.post(b'{"cut off').is_success
    expect(page.locator("article")).to_have_count(before + 1)
