"""Ids in addresses: they may hold any character, a slash or a percent sign, too.

An id is one segment of a path, percent-encoded. Servers hand over a path that is decoded
already, where the slash of an id looks like one between segments; so the application
routes by the path as it was sent, and handlers decode the one segment.
"""

import re
from typing import Any, Final
from urllib.parse import quote, unquote

from litestar import Litestar

# Browsers and proxies resolve a segment of dots, encoded or not. A tilde keeps it an id.
DOTS: Final = re.compile(r"~*\.{1,2}")


def encode_id(value: str) -> str:
    """An id as one segment of a path."""
    kept = f"~{value}" if DOTS.fullmatch(value) else value
    return quote(kept, safe="")


def decode_id(segment: str) -> str:
    """The id of a path's segment, as it was sent; bytes that are no text become `\ufffd`."""
    value = unquote(segment)
    return value.removeprefix("~") if DOTS.fullmatch(value) else value


class ByRawPath(Litestar):
    """An application that routes by the path as it was sent, still percent-encoded."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve one connection."""
        await super().__call__(_as_sent(scope), receive, send)


def _as_sent(scope: Any) -> Any:
    raw = scope.get("raw_path")
    if scope["type"] != "http" or not raw:
        return scope
    path = raw.partition(b"?")[0]
    return {**scope, "path": quote(path, safe="/%!$&'()*+,;=:@~")}
