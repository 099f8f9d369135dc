"""Whatever a sender puts into a text, no page runs it."""

import json
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urldefrag, urljoin, urlsplit

import pytest
from playwright.sync_api import Browser, Error, Page, Route

from tests.browser.conftest import caught_up
from tests.browser.places import LISTS
from tests.browser.visits import Visits, watched
from tests.filled import filled
from tests.running import Running, eventually, service
from tracker.events import CATALOGUE

EVENTS = sorted((Path(__file__).parents[2] / "fixtures/events").glob("*.json"))
MARKUP = "\"'></textarea></title><script>hit()</script><img src=x onerror=hit()><b hx-get=/hit>"
ADDRESS = f"javascript:hit()//{MARKUP}"
PAGES = 250  # more than there are
# What has to be readable for the event to be shown as what it is.
READ = {"event", "eventTimestamp"}
TIMES = ("At", "Time", "Start", "End", "Date", "timezone", "timeZone")


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A service that received every type of event, with markup in every text that it can hold."""
    with service(tmp_path_factory.mktemp("hostile")) as running:
        recorded = (json.loads(path.read_bytes()) for path in EVENTS)
        for number, event in enumerate([*recorded, *whole()]):
            for told in (appended(event), replaced(event)):
                told["eventId"] = f"{number}-{len(json.dumps(told))}{MARKUP}"
                assert running.post(json.dumps(told).encode()).json()["status"] == "accepted"
        running.post(f'{{"event": "{ADDRESS}'.encode())
        running.post(json.dumps({"event": ADDRESS, "data": {"recordId": MARKUP}}).encode())
        eventually(lambda: caught_up(running))
        yield running


def whole() -> Iterator[dict[str, Any]]:
    """An event of each type in which no field is missing."""
    at = "2026-03-02T09:00:00Z"
    for name, kind in CATALOGUE.items():
        if not name.startswith("TRACKER_"):
            data = filled(kind.payload, lambda path: at if path.endswith(TIMES) else path)
            data["recordId"] = f"whole-{kind.family}"
            yield {"event": name, "eventId": name, "eventTimestamp": at, "data": data}


def appended(value: Any, name: str = "") -> Any:
    """The same event, with markup behind every text that need not be a time."""
    if isinstance(value, dict):
        return {key: appended(one, key) for key, one in value.items()}
    if isinstance(value, list):
        return [appended(one, name) for one in value]
    spared = name in READ or name.endswith(TIMES)
    return value if spared or not isinstance(value, str) else value + MARKUP


def replaced(value: Any, name: str = "") -> Any:
    """The same event, with an address that is a script in place of every text."""
    if isinstance(value, dict):
        return {key: replaced(one, key) for key, one in value.items()}
    if isinstance(value, list):
        return [replaced(one, name) for one in value]
    return value if name in READ or not isinstance(value, str) else ADDRESS


@pytest.fixture
def visits(browser: Browser, hostile: Running) -> Iterator[Visits]:
    """Pages of that service; a refused script is a complaint, as everything on the console is."""
    with watched(browser, hostile.url) as opened:
        opened.allow("status of 40[04]")
        yield opened


def test_no_page_runs_what_an_event_holds(visits: Visits) -> None:
    page = visits.context().new_page()
    hits: list[str] = []
    page.expose_function("hit", lambda: hits.append(page.url))
    page.on("dialog", lambda dialog: dialog.dismiss())
    seen = set(walk(page, LISTS.values()))
    kinds = {urlsplit(path).path.strip("/").partition("/")[0] for path in seen}
    assert {"runs", "conversations", "meetings", "candidates", "workflows", "events"} <= kinds
    assert len(seen) < PAGES, "not every page was reached"
    assert hits == []


class TestMarkupThatGotIntoAPage:
    """A second wall: the policy holds even where something was not escaped."""

    def test_is_no_script(self, visits: Visits) -> None:
        visits.allow("Content Security Policy")
        page = visits.context().new_page()
        page.route("**/needs", put_in)
        page.goto("/needs", wait_until="networkidle")
        assert page.locator("#strange").count() == 1
        assert page.evaluate("window.ran") is None

    def test_is_not_written_by_another_than_htmx(self, visits: Visits) -> None:
        visits.allow("requires 'TrustedHTML'")
        page = visits.open("/")
        with pytest.raises(Error, match="TrustedHTML"):
            page.evaluate("document.body.innerHTML = '<p>'")

    def test_sends_no_request_through_htmx(self, visits: Visits) -> None:
        visits.allow("hx-csp")
        page = visits.open("/")
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.evaluate(
            """() => {
                const element = document.createElement("button");
                element.id = "strange";
                element.setAttribute("hx-get", "/stolen");
                document.body.append(element);
                htmx.process(element);
                element.click();
            }"""
        )
        assert page.locator("#strange").get_attribute("hx-get") is None
        assert not [url for url in asked if "stolen" in url]


def put_in(route: Route) -> None:
    """Answer with the page as it would be if a value had not been escaped."""
    answer = route.fetch()
    markup = "<script>ran = 1</script><img id=strange src=data:, onerror='ran = 1'>"
    route.fulfill(response=answer, body=answer.text().replace("</main>", f"{markup}</main>"))


def walk(page: Page, starts: Any) -> Iterator[str]:
    """Open these pages and everything that they lead to; gives the addresses."""
    waiting, seen = deque(starts), set(starts)
    while waiting and len(seen) < PAGES:
        path = waiting.popleft()
        page.goto(path)
        yield path
        links = page.eval_on_selector_all(
            "a[href]", "all => all.map(one => one.getAttribute('href'))"
        )
        assert not [link for link in links if link.strip().lower().startswith("javascript:")]
        for link in links:
            following = follow(page.url, link)
            if following and following not in seen:
                seen.add(following)
                waiting.append(following)


def follow(url: str, link: str) -> str | None:
    """The path of a link to a page of ours that shows something new, else None."""
    target = urlsplit(urldefrag(urljoin(url, link)).url)
    ours = target.netloc == urlsplit(url).netloc and target.scheme.startswith("http")
    sorted_or_filtered = bool(target.query) and target.path.count("/") == 1
    download = target.path.endswith((".csv", ".ics", ".json")) or target.path.startswith("/api")
    return None if not ours or sorted_or_filtered or download else target.path + "?" + target.query
