"""Requests handed to the application as a server hands them over, lies included."""

import asyncio
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec


class Answer(msgspec.Struct):
    """What the application answered; status 0 when it answered nothing."""

    status: int = 0
    headers: dict[str, str] = msgspec.field(default_factory=dict)
    body: bytes = b""

    def json(self) -> Any:
        """The body read as JSON."""
        return msgspec.json.decode(self.body)


def scope(app: Any, method: str, path: str, headers: Iterable[tuple[str, bytes]]) -> Any:
    """The scope of an HTTP request; the path may have a query behind it."""
    path, _, query = path.partition("?")
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [(name.encode(), value) for name, value in headers],
        "client": ("192.0.2.7", 4711),
        "server": ("127.0.0.1", 8000),
        "app": app,
        "state": {},
    }


def ask(
    app: Any,
    method: str,
    path: str,
    *,
    headers: Iterable[tuple[str, bytes]] = (),
    chunks: Iterable[bytes] = (b"",),
    cut_off: bool = False,
) -> Answer:
    """Send a request in chunks, and go away before its end if it is `cut_off`."""
    answer = Answer()
    messages = _messages(list(chunks), cut_off)

    async def receive() -> Any:
        return next(messages)

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            answer.status = message["status"]
            answer.headers = {n.decode().lower(): v.decode() for n, v in message["headers"]}
        else:
            answer.body += message.get("body", b"")

    asyncio.run(app(scope(app, method, path, headers), receive, send))
    return answer


def _messages(chunks: list[bytes], cut_off: bool) -> Iterator[dict[str, Any]]:
    for number, chunk in enumerate(chunks, 1):
        more = cut_off or number < len(chunks)
        yield {"type": "http.request", "body": chunk, "more_body": more}
    while True:
        yield {"type": "http.disconnect"}
