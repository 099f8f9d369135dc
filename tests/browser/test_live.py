"""Pages stay current by themselves, at little cost, whatever happens to the connection."""

import json
import re
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, Request, expect

from tests.browser.conftest import caught_up
from tests.browser.visits import Visits
from tests.fixed_clock import NOW, fill
from tests.running import Running, eventually, service
from tests.sample import body
from tracker.demo.workflows import FLOWS
from tracker.timing import MINUTE, to_iso
from web.ids import encode_id

LIVE = re.compile("^Live$")
CUT = r"Failed to load resource: net::ERR_"  # what Chromium says when the service has gone


def event(event_id: str, kind: str, record: str, minutes: int, **data: str) -> bytes:
    """A delivery `minutes` after the fixed clock."""
    made = json.loads(body(event_id, kind, record=record, **data))
    return json.dumps(made | {"eventTimestamp": to_iso(NOW + minutes * MINUTE)}).encode()


def completed(run: str, node: str, minutes: int) -> bytes:
    """A run completed a node."""
    return event(
        f"{run}-{node}",
        "WORKFLOW_NODE_COMPLETED",
        run,
        minutes,
        workflowId="flow-live",
        workflowVersionId="v1",
        nodeId=node,
        nodeLabel=f"Step {node}",
        outcome="onComplete",
    )


def started(run: str, minutes: int = 0) -> bytes:
    """A run began."""
    return event(
        f"{run}-start",
        "WORKFLOW_RUN_STARTED",
        run,
        minutes,
        workflowId="flow-live",
        workflowVersionId="v1",
        candidateProfileId=f"person-of-{run}",
    )


def post(running: Running, *bodies: bytes) -> None:
    """Deliver bodies, each of which must be accepted."""
    for one in bodies:
        assert running.post(one).json()["status"] == "accepted"


def run_page(page: Page, run: str, url: str = "") -> None:
    """Open a run and wait until its page is live."""
    page.goto(f"{url}/runs/{encode_id(run)}")
    expect(page.locator("#live")).to_have_text(LIVE)


def parts(target: Page | BrowserContext) -> list[str]:
    """The addresses of fragments, as they are fetched from now on."""
    fetched: list[str] = []

    def note(request: Request) -> None:
        if "/parts/" in request.url:
            fetched.append(request.url)

    target.on("request", note)
    return fetched


def connections(running: Running) -> int:
    """How many streams the service serves."""
    found = re.search(r"^tracker_live_browsers (\d+)", running.get("/metrics").text, re.MULTILINE)
    assert found is not None
    return int(found[1])


def place(link: Locator) -> float:
    """How far below the window's edge a link is seen."""
    return float(link.evaluate("one => one.getBoundingClientRect().top"))


def hide(page: Page) -> None:
    """Make a page believe that its tab is in the background."""
    page.evaluate("window.hidden_now = true")
    _look(page)


def reveal(page: Page) -> None:
    """Make it believe that it is looked at again."""
    page.evaluate("window.hidden_now = false")
    _look(page)


def _look(page: Page) -> None:
    page.evaluate(
        """() => {
            Object.defineProperty(document, "hidden", {configurable: true, get: () => hidden_now});
            document.dispatchEvent(new Event("visibilitychange"));
        }"""
    )


@pytest.fixture
def own(data: Path) -> Iterator[Running]:
    """A service with a small history that a test may stop."""
    fill(data, 5)
    with service(data, command=("tests.fixed_clock",)) as running:
        eventually(lambda: caught_up(running))
        yield running


class TestAnEvent:
    def test_turns_a_node_to_done_within_two_seconds_and_without_a_reload(
        self, page: Page, filled: Running
    ) -> None:
        flow = FLOWS[0]
        first = flow.versions[0].start
        where = {"workflowId": flow.id, "workflowVersionId": flow.versions[0].id}
        begins = event("live-1-start", "WORKFLOW_RUN_STARTED", "live-1", 0, **where)
        goes_on = event(
            "live-1-on",
            "WORKFLOW_NODE_COMPLETED",
            "live-1",
            1,
            **where,
            nodeId=first.id,
            outcome=next(iter(first.routes)),
        )
        post(filled, begins)
        eventually(lambda: caught_up(filled))
        run_page(page, "live-1")
        page.evaluate("window.same_page = true")
        node = page.locator(f"#node-{first.id}")
        expect(node).not_to_have_class(re.compile(r"\bdone\b"))

        post(filled, goes_on)

        expect(node).to_have_class(re.compile(r"\bdone\b"), timeout=2_000)
        assert page.evaluate("window.same_page")

    def test_that_concerns_another_run_fetches_nothing(self, page: Page, filled: Running) -> None:
        post(filled, started("live-2"), started("live-3"))
        eventually(lambda: caught_up(filled))
        run_page(page, "live-2")
        fetched = parts(page)

        post(filled, completed("live-3", "a", 1))
        with page.expect_request(lambda request: "/parts/runs/live-2" in request.url):
            post(filled, completed("live-2", "a", 1))

        assert len(fetched) == 1

    def test_keeps_scroll_focus_open_details_and_typed_text(
        self, page: Page, filled: Running
    ) -> None:
        post(filled, started("live-4"), *[completed("live-4", f"n{n}", n + 1) for n in range(12)])
        eventually(lambda: caught_up(filled))
        page.set_viewport_size({"width": 390, "height": 600})
        run_page(page, "live-4")
        details = page.locator("#run details").first
        usual = details.evaluate("one => one.open")
        details.locator("> summary").click()
        page.get_by_label("Search for a name or an id").fill("half a na")
        link = page.get_by_role("link", name="Raw event").nth(4)
        link.focus()
        before = place(link)
        assert page.evaluate("scrollY") > 0

        post(filled, completed("live-4", "last", 50))
        expect(page.locator(".story")).to_contain_text("Step last")

        expect(link).to_be_focused()
        assert place(link) == pytest.approx(before, abs=1)
        assert details.evaluate("one => one.open") is not usual
        expect(page.get_by_label("Search for a name or an id")).to_have_value("half a na")

    def test_waits_until_nobody_types_in_its_fragment(self, page: Page, filled: Running) -> None:
        post(filled, started("live-5"))
        eventually(lambda: caught_up(filled))
        run_page(page, "live-5")
        page.evaluate("document.querySelector('#run').append(document.createElement('input'))")
        page.locator("#run input").fill("a thought")
        fetched = parts(page)

        post(filled, completed("live-5", "a", 1))
        eventually(lambda: caught_up(filled))
        page.wait_for_function("document.querySelector('#run input').value === 'a thought'")
        assert fetched == []
        with page.expect_request(lambda request: "/parts/runs/live-5" in request.url):
            page.get_by_label("Search for a name or an id").focus()

    def test_of_a_burst_costs_a_few_fetches_in_a_second(self, page: Page, filled: Running) -> None:
        page.goto("/")
        expect(page.locator("#live")).to_have_text(LIVE)
        bodies = [started(f"burst-{n}", n % 50) for n in range(1_000)]
        fetched = parts(page)
        begun = time.monotonic()

        at_once(filled, bodies)
        expect(page.get_by_role("link", name=re.compile(r"^1.?\d{3} "))).not_to_have_count(0)

        lasted = time.monotonic() - begun
        assert 1 <= len(fetched) <= 4 * (lasted + 1)


def at_once(running: Running, bodies: list[bytes]) -> None:
    """Post bodies over several connections, more than 500 a second."""
    threads = [
        threading.Thread(target=lambda some=bodies[n::4]: post(running, *some)) for n in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


class TestAPage:
    def test_that_missed_nothing_fetches_nothing(self, page: Page, filled: Running) -> None:
        eventually(lambda: caught_up(filled))
        fetched = parts(page)

        page.goto("/")
        expect(page.locator("#live")).to_have_text(LIVE)

        assert fetched == []

    def test_catches_up_with_what_happened_between_its_making_and_its_stream(
        self, page: Page, filled: Running
    ) -> None:
        post(filled, started("gap-1"))
        eventually(lambda: caught_up(filled))
        page.route("**/live", lambda route: (post_gap(filled), route.continue_()))

        page.goto("/runs/gap-1")

        expect(page.locator(".graph .node", has_text="Step a")).to_have_count(1)


def post_gap(running: Running) -> None:
    post(running, completed("gap-1", "a", 1))
    eventually(lambda: caught_up(running))


class TestTabs:
    def test_share_one_connection(self, visits: Visits, filled: Running) -> None:
        eventually(lambda: connections(filled) == 0)
        post(filled, started("tabs-1"))
        eventually(lambda: caught_up(filled))
        context = visits.context()
        tabs = [context.new_page() for _ in range(4)]
        for tab in tabs:
            run_page(tab, "tabs-1")

        assert connections(filled) == 1
        post(filled, completed("tabs-1", "a", 1))
        for tab in tabs:
            expect(tab.locator(".graph .node", has_text="Step a")).to_have_count(1)

    def test_of_which_the_reading_one_closes_go_on(self, visits: Visits, filled: Running) -> None:
        post(filled, started("tabs-2"))
        eventually(lambda: caught_up(filled))
        context = visits.context()
        first, second = context.new_page(), context.new_page()
        run_page(first, "tabs-2")
        run_page(second, "tabs-2")

        first.close()
        post(filled, completed("tabs-2", "a", 1))

        expect(second.locator(".graph .node", has_text="Step a")).to_have_count(1)

    def test_in_the_background_pause_and_catch_up(self, page: Page, filled: Running) -> None:
        post(filled, started("tabs-3"))
        eventually(lambda: caught_up(filled))
        run_page(page, "tabs-3")
        eventually(lambda: connections(filled) == 1)
        fetched = parts(page)

        hide(page)
        eventually(lambda: connections(filled) == 0)
        post(filled, completed("tabs-3", "a", 1))
        eventually(lambda: caught_up(filled))
        assert fetched == []

        reveal(page)
        expect(page.locator(".graph .node", has_text="Step a")).to_have_count(1)
        expect(page.locator("#live")).to_have_text(LIVE)


class TestALostConnection:
    def test_is_told_and_after_a_restart_the_page_catches_up(
        self, visits: Visits, own: Running
    ) -> None:
        visits.allow(CUT)
        post(own, started("lost-1"))
        eventually(lambda: caught_up(own))
        page = visits.context(url=own.url).new_page()
        page.clock.install()
        run_page(page, "lost-1")

        own.kill()
        expect(page.locator("#live")).to_have_text("Reconnecting")
        page.clock.run_for(11_000)
        expect(page.locator("#live")).to_have_text(re.compile(r"^Stale since \d\d:\d\d$"))

        port = int(own.url.rpartition(":")[2])
        with service(own.data, port=port, command=("tests.fixed_clock",)) as again:
            post(again, completed("lost-1", "a", 1))
            page.clock.run_for(10_000)
            expect(page.locator("#live")).to_have_text(LIVE)
            page.clock.run_for(1_000)
            expect(page.locator(".graph .node", has_text="Step a")).to_have_count(1)

    def test_that_only_seems_open_is_noticed(self, visits: Visits, filled: Running) -> None:
        visits.allow(CUT)
        with wire(filled) as between:
            page = visits.context(url=between.url).new_page()
            page.clock.install()
            page.goto("/")
            expect(page.locator("#live")).to_have_text(LIVE)

            between.stalled = True
            page.clock.run_for(36_000)
            expect(page.locator("#live")).to_have_text("Reconnecting")

            between.stalled = False
            page.clock.run_for(36_000)
            expect(page.locator("#live")).to_have_text(LIVE)


class TestAFragmentThatFails:
    def test_keeps_the_last_good_data_dated_with_a_retry(
        self, page: Page, visits: Visits, filled: Running
    ) -> None:
        visits.allow("status of 503")
        post(filled, started("fail-1"))
        eventually(lambda: caught_up(filled))
        run_page(page, "fail-1")
        page.route("**/parts/runs/fail-1", lambda route: route.fulfill(status=503, body="busy"))

        post(filled, completed("fail-1", "a", 1))
        notice = page.locator("#run > .late")
        expect(notice).to_contain_text(re.compile(r"could not be updated.* from \d\d:\d\d"))
        expect(page.locator("#run")).to_contain_text("Run id")

        page.unroute("**/parts/runs/fail-1")
        page.get_by_role("button", name="Try again").click()
        expect(notice).to_have_count(0)
        expect(page.locator(".graph .node", has_text="Step a")).to_have_count(1)


class Wire:
    """A connection between browser and service that can be made to carry nothing."""

    def __init__(self, target: tuple[str, int]) -> None:
        self.stalled = False
        self._target = target
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._open: list[socket.socket] = [self._listener]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        for one in self._open:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                here, _ = self._listener.accept()
                there = socket.create_connection(self._target)
                self._open += [here, there]
                for pair in ((here, there), (there, here)):
                    threading.Thread(target=self._carry, args=pair, daemon=True).start()

    def _carry(self, source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while chunk := source.recv(65_536):
                if not self.stalled:
                    sink.sendall(chunk)
            sink.shutdown(socket.SHUT_WR)


@contextmanager
def wire(running: Running) -> Iterator[Wire]:
    """A wire to a service, cut at the end."""
    made = Wire(("127.0.0.1", int(running.url.rpartition(":")[2])))
    try:
        yield made
    finally:
        made.close()
