"""Browsers are told which keys changed, in as few words as will do, until they go away."""

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, cast

import pytest

from projections.follower import Advance
from tests.web.asgi import scope
from tracker.settings import load_settings
from web import live as live_module
from web.app import create_app
from web.live import MOST_KEYS, Hub
from web.services import Services


@pytest.fixture(autouse=True)
def _quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_module, "PAUSE", 0.02)


class Browser:
    """One open stream, as the server sees it."""

    def __init__(self) -> None:
        self.leave = asyncio.Event()
        self.chunks: asyncio.Queue[bytes] = asyncio.Queue()
        self.status = 0
        self.headers: dict[bytes, bytes] = {}
        self.ended = False
        self.mark = ""

    async def receive(self) -> Any:
        await self.leave.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Any) -> None:
        if message["type"] == "http.response.start":
            self.status, self.headers = message["status"], dict(message["headers"])
            return
        self.ended = not message["more_body"]
        await self.chunks.put(message["body"])

    async def event(self) -> tuple[str, dict[str, Any]]:
        """The next event: its name and what it says."""
        text = (await asyncio.wait_for(self.chunks.get(), 10)).decode()
        name, data, *end = text.removeprefix("retry: 2000\n").split("\n")
        assert end == ["", ""]
        return name.removeprefix("event: "), json.loads(data.removeprefix("data: "))

    async def told(self) -> dict[str, Any]:
        """What the next event says changed; it must follow on the one before."""
        while True:
            name, said = await self.event()
            if name == "changed":
                assert said["since"] == self.mark
            self.mark = said["mark"]
            if name == "changed":
                return said


@asynccontextmanager
async def watching(hub: Hub) -> AsyncIterator[Browser]:
    """A browser that has just connected."""
    hub.open()
    browser = Browser()
    stream = asyncio.create_task(hub.stream(browser.receive, browser.send))
    name, said = await browser.event()
    assert (name, said["mark"]) == ("hello", hub.mark)
    browser.mark = said["mark"]
    try:
        yield browser
    finally:
        browser.leave.set()
        await asyncio.wait_for(stream, 10)
        assert hub.browsers == 0


def advance(position: int, *keys: str) -> Advance:
    return Advance(position, 1, frozenset(keys))


def run(test: Callable[[Hub], Awaitable[None]]) -> None:
    async def on_a_loop() -> None:
        await test(Hub())

    asyncio.run(on_a_loop())


def test_a_change_is_announced_with_its_keys_and_the_mark_that_is_reached() -> None:
    async def test(hub: Hub) -> None:
        async with watching(hub) as browser:
            hub.publish(advance(7, "runs:42", "attention"))
            said = await browser.told()
            assert said["keys"] == ["attention", "runs:42"]
            assert said["mark"] == hub.mark

    run(test)


def test_a_page_tells_by_its_mark_whether_it_missed_a_change() -> None:
    async def test(hub: Hub) -> None:
        rendered_at = hub.mark
        async with watching(hub) as browser:
            assert browser.mark == rendered_at
        hub.publish(advance(1, "runs:1"))
        async with watching(hub) as browser:
            assert browser.mark != rendered_at
        assert Hub().mark != Hub().mark  # nor can one service's marks pass for another's

    run(test)


def test_every_browser_is_told_and_from_any_thread() -> None:
    async def test(hub: Hub) -> None:
        async with watching(hub) as one:
            other = Browser()
            stream = asyncio.create_task(hub.stream(other.receive, other.send))
            other.mark = (await other.event())[1]["mark"]
            assert hub.browsers == 2
            threading.Thread(target=hub.publish, args=(advance(1, "runs:1"),)).start()
            assert (await one.told())["keys"] == (await other.told())["keys"] == ["runs:1"]
            other.leave.set()
            await stream
            assert hub.browsers == 1

    run(test)


def test_many_changes_at_once_are_told_in_few_events(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_module, "PAUSE", 0.2)

    async def test(hub: Hub) -> None:
        async with watching(hub) as browser:
            hub.publish(advance(1, "runs:0"))
            await browser.told()
            for n in range(2, 22):
                hub.publish(advance(n, f"runs:{n % 5}"))
                for _ in range(5):
                    await asyncio.sleep(0)  # nor does it matter that the loop comes round
            said = await browser.told()
            assert said["keys"] == [f"runs:{n}" for n in range(5)]
            assert said["mark"] == hub.mark
            assert browser.chunks.empty()

    run(test)


@pytest.mark.parametrize(
    "keys", [["generation"], [f"runs:{n}" for n in range(MOST_KEYS + 1)]], ids=["new", "many"]
)
def test_when_nearly_all_has_changed_everything_may_have(keys: list[str]) -> None:
    async def test(hub: Hub) -> None:
        async with watching(hub) as browser:
            hub.publish(advance(1, *keys))
            assert (await browser.told())["keys"] == ["*"]
            hub.publish(advance(2, "runs:1"))
            assert (await browser.told())["keys"] == ["runs:1"]

    run(test)


def test_a_quiet_connection_says_now_and_then_that_all_is_well(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(live_module, "HEARTBEAT", 0.01)

    async def test(hub: Hub) -> None:
        async with watching(hub) as browser:
            assert await browser.event() == ("hello", {"mark": hub.mark, "every": 0.01})
            hub.publish(advance(1, "runs:1"))
            assert (await browser.told())["keys"] == ["runs:1"]

    run(test)


def test_a_browser_whose_connection_breaks_is_forgotten() -> None:
    async def test(hub: Hub) -> None:
        hub.open()

        async def broken(_message: Any) -> None:
            raise ConnectionResetError

        with pytest.raises(ConnectionResetError):
            await hub.stream(Browser().receive, broken)
        assert hub.browsers == 0
        hub.publish(advance(1, "runs:1"))

    run(test)


def test_closing_ends_every_stream_and_later_changes_are_told_to_nobody() -> None:
    async def test(hub: Hub) -> None:
        async with watching(hub) as browser:
            hub.close()
            assert await asyncio.wait_for(browser.chunks.get(), 10) == b""
            assert browser.ended
            hub.publish(advance(1, "runs:1"))

    run(test)


def test_before_the_server_runs_nobody_is_told() -> None:
    Hub().publish(advance(1, "runs:1"))


def app_with(hub: Hub) -> Any:
    absent = cast("Any", None)
    return create_app(
        Services(
            settings=load_settings(open_access=True),
            log=absent, views=absent, ingest=absent, engine=absent, hub=hub,
            control=absent, scheduler=absent, rebuild=absent, now=lambda: 0,
 eraser=absent,
        )
    )  # fmt: skip


def test_the_stream_is_plain_uncached_and_not_compressed() -> None:
    async def test(hub: Hub) -> None:
        hub.open()
        app, browser = app_with(hub), Browser()
        asked = scope(app, "GET", "/live", [("accept-encoding", b"gzip")])
        stream = asyncio.create_task(app(asked, browser.receive, browser.send))
        assert (await browser.event())[0] == "hello"
        assert browser.status == 200
        assert browser.headers[b"content-type"] == b"text/event-stream"
        assert browser.headers[b"cache-control"] == b"no-store"
        assert b"content-encoding" not in browser.headers
        browser.leave.set()
        await asyncio.wait_for(stream, 10)
        assert hub.browsers == 0

    run(test)


def test_one_browser_too_many_is_asked_to_come_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_module, "MOST_BROWSERS", 1)

    async def test(hub: Hub) -> None:
        async with watching(hub):
            app, browser = app_with(hub), Browser()
            await app(scope(app, "GET", "/live", []), browser.receive, browser.send)
            assert browser.status == 503
            assert browser.headers[b"retry-after"] == b"5"

    run(test)
