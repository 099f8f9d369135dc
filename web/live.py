"""Tells browsers what has changed, as server-sent events; never how it looks now.

One event names the keys that changed since the last one (`runs:42`, `attention`), and
the position of the log that the views have reached. The browser asks for the fragments
that it shows.
"""

import asyncio
from typing import Any

import msgspec
from litestar import asgi
from litestar.types import Receive, Scope, Send

from projections.follower import Advance

HEARTBEAT = 15.0  # seconds without a change before a comment keeps the connection open
PAUSE = 0.3  # seconds between two events for one browser, however much changes
MOST_KEYS = 300  # beyond that, everything may have changed
MOST_BROWSERS = 500
EVERYTHING = frozenset({"*"})


class Subscriber:
    """One open connection: what it has not been told yet."""

    def __init__(self) -> None:
        self.waiting = asyncio.Event()
        self.position = 0
        self.keys: frozenset[str] = frozenset()

    def tell(self, advance: Advance) -> None:
        """Add what changed to what is told next."""
        self.position = max(self.position, advance.position)
        keys = self.keys | advance.keys
        whole = "generation" in keys or "*" in keys or len(keys) > MOST_KEYS
        self.keys = EVERYTHING if whole else keys
        self.waiting.set()

    def take(self) -> bytes:
        """The next event as it goes over the wire."""
        message = {"position": self.position, "keys": sorted(self.keys)}
        self.keys = frozenset()
        self.waiting.clear()
        return b"event: changed\ndata: " + msgspec.json.encode(message) + b"\n\n"


class Hub:
    """All open connections. `publish` may be called from any thread."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._subscribers: set[Subscriber] = set()
        self._closing = asyncio.Event()

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

    def publish(self, advance: Advance) -> None:
        """Tell every browser what an advance of the views changed."""
        loop = self._loop
        if loop is not None and self._subscribers:
            loop.call_soon_threadsafe(self._spread, advance)

    def _spread(self, advance: Advance) -> None:
        for subscriber in self._subscribers:
            subscriber.tell(advance)

    async def stream(self, receive: Receive, send: Send) -> None:
        """Serve one browser until it goes away or the service stops."""
        subscriber = Subscriber()
        self._subscribers.add(subscriber)
        gone = asyncio.create_task(_gone(receive))
        try:
            await _write(send, b"retry: 2000\n\n")
            while not gone.done() and not self._closing.is_set():
                await self._next(subscriber, gone, send)
            if not gone.done():
                await _write(send, b"", more=False)
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
        if gone.done() or self._closing.is_set():
            return
        if not subscriber.waiting.is_set():
            await _write(send, b": still here\n\n")
            return
        await _write(send, subscriber.take())
        await asyncio.sleep(PAUSE)


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


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
    await hub.stream(receive, send)
