"""Tells browsers what has changed, as server-sent events; never how it looks now.

`changed` names the keys that changed (`runs:42`, `attention`); the browser asks for the
fragments that it shows. `hello` comes first, and again whenever nothing else has come for a
while, so that a browser notices a connection that only seems open.

Both name a mark: how many changes were told since the service started. A page is rendered
with the mark at which its request began, so a browser knows whether it missed anything
between its page and the stream, or between two streams. Why not the log's position: a
rebuild or a delivery that is no event changes pages, too, and a restart begins anew.
"""

import asyncio
import secrets
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

import msgspec
from litestar import Request, asgi
from litestar.types import Receive, Scope, Send

from projections.follower import Advance
from projections.queries.pseudonyms import hide
from tracker.access import Grant
from tracker.database import DatabaseError
from tracker.errors import TrackerError
from web.visitors import Visitor

HEARTBEAT = 15.0  # seconds without a change before it is said that all is well
CHECK = 2.0  # seconds between two looks at who is still signed in
PAUSE = 0.15  # seconds between two events for one browser, however much changes
MOST_KEYS = 300  # beyond that, everything may have changed
MOST_BROWSERS = 500
EVERYTHING = frozenset({"*"})


class Subscriber:
    """One open connection: what it was told, and what it has not been told yet."""

    def __init__(self, mark: str, visitor: Visitor | None = None) -> None:
        self.waiting = asyncio.Event()
        self.ended = False
        self.key = visitor.key if visitor else None
        self.grant = visitor.grant if visitor else None
        self._told = self._mark = mark
        self._keys: frozenset[str] = frozenset()

    def end(self) -> None:
        """Tell the browser that it is signed out, and nothing more."""
        self.ended = True
        self.waiting.set()

    def tell(self, advance: Advance, mark: str) -> None:
        """Add what changed to what is told next."""
        self._mark = mark
        masked = self.grant is not None and self.grant.masked
        keys = self._keys | (frozenset(map(hide, advance.keys)) if masked else advance.keys)
        # A key holds an id, which may be one of an organization that is not theirs.
        limited = self.grant is not None and not self.grant.whole
        whole = limited or "generation" in keys or "*" in keys or len(keys) > MOST_KEYS
        self._keys = EVERYTHING if whole else keys
        self.waiting.set()

    def hello(self) -> bytes:
        """Where the views are, and how often something is said at least (seconds)."""
        return _event("hello", {"mark": self._mark, "every": HEARTBEAT})

    def take(self) -> bytes:
        """What changed since the mark that was told last."""
        message = {"since": self._told, "mark": self._mark, "keys": sorted(self._keys)}
        self._told, self._keys = self._mark, frozenset()
        self.waiting.clear()
        return _event("changed", message)


class Hub:
    """All open connections. `publish` may be called from any thread."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._subscribers: set[Subscriber] = set()
        self._closing = asyncio.Event()
        self._lock = threading.Lock()
        self._start = secrets.token_hex(4)
        self._changes = 0

    def open(self) -> None:
        """Bind the hub to the running loop."""
        self._loop = asyncio.get_running_loop()

    def close(self) -> None:
        """End every stream; browsers connect again when the service is back."""
        self._closing.set()
        self._loop = None
        for subscriber in self._subscribers:
            subscriber.waiting.set()

    @property
    def browsers(self) -> int:
        """How many connections are open."""
        return len(self._subscribers)

    @property
    def mark(self) -> str:
        """Names what was published so far: what is read from now on holds at least that."""
        return f"{self._start}.{self._changes}"

    def publish(self, advance: Advance) -> None:
        """Tell every browser what an advance of the views changed."""
        with self._lock:
            self._changes += 1
            loop = self._loop
            if loop is not None and self._subscribers:
                loop.call_soon_threadsafe(self._spread, advance, self.mark)

    def _spread(self, advance: Advance, mark: str) -> None:
        for subscriber in self._subscribers:
            subscriber.tell(advance, mark)

    async def watch(self, standing: Callable[[], Mapping[Any, Grant]]) -> None:
        """End the streams of those who were signed out or may see something else now.

        `standing` gives every session and token that counts, with what it may see.
        """
        while True:
            await asyncio.sleep(CHECK)
            if all(subscriber.key is None for subscriber in self._subscribers):
                continue
            # A file that can't be read for a moment must not sign anybody out.
            with suppress(TrackerError, DatabaseError):
                allowed = await asyncio.to_thread(standing)
                for subscriber in self._subscribers:
                    key = subscriber.key
                    if key is not None and allowed.get(key) != subscriber.grant:
                        subscriber.end()

    async def stream(self, receive: Receive, send: Send, visitor: Visitor | None = None) -> None:
        """Serve one browser until it goes away, is signed out, or the service stops."""
        with self._lock:  # so that no change falls between its mark and its being told
            subscriber = Subscriber(self.mark, visitor)
            self._subscribers.add(subscriber)
        gone = asyncio.create_task(_gone(receive))
        try:
            await _write(send, b"retry: 2000\n" + subscriber.hello())
            while not (gone.done() or self._closing.is_set() or subscriber.ended):
                await self._next(subscriber, gone, send)
            if not gone.done():
                last = _event("signed-out", {}) if subscriber.ended else b""
                await _write(send, last, more=False)
        finally:
            gone.cancel()
            self._subscribers.discard(subscriber)

    async def _next(self, subscriber: Subscriber, gone: "asyncio.Task[None]", send: Send) -> None:
        changed = asyncio.create_task(subscriber.waiting.wait())
        try:
            await asyncio.wait(
                {changed, gone}, timeout=HEARTBEAT, return_when=asyncio.FIRST_COMPLETED
            )
        finally:
            changed.cancel()
        if gone.done() or self._closing.is_set() or subscriber.ended:
            return
        if not subscriber.waiting.is_set():
            await _write(send, subscriber.hello())
            return
        await _write(send, subscriber.take())
        await asyncio.sleep(PAUSE)


async def note_mark(request: Request[Any, Any, Any]) -> None:
    """Remember where the views were when a request began, before anything is read for it."""
    request.state.mark = request.app.state.services.hub.mark


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _event(name: str, message: dict[str, Any]) -> bytes:
    return b"event: %s\ndata: %s\n\n" % (name.encode(), msgspec.json.encode(message))


async def _write(send: Send, chunk: bytes, *, more: bool = True) -> None:
    await send({"type": "http.response.body", "body": chunk, "more_body": more})


async def _start(send: Send, status: int, *headers: tuple[bytes, bytes]) -> None:
    plain: Any = {"type": "http.response.start", "status": status, "headers": list(headers)}
    await send(plain)


@asgi("/live", copy_scope=True)
async def live(scope: Scope, receive: Receive, send: Send) -> None:
    """The event stream. A raw ASGI handler, because it must notice a browser that went away."""
    hub: Hub = scope["litestar_app"].state.services.hub
    if hub.browsers >= MOST_BROWSERS:
        await _start(send, 503, (b"retry-after", b"5"))
        await _write(send, b"", more=False)
        return
    await _start(
        send,
        200,
        (b"content-type", b"text/event-stream"),
        (b"cache-control", b"no-store"),
        (b"x-accel-buffering", b"no"),
    )
    await hub.stream(receive, send, scope["state"].get("visitor"))
