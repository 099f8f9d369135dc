"""Who looks at a page: when, in which zone and theme, at which address with which parameters."""

from collections.abc import Iterable
from typing import Any
from urllib.parse import parse_qsl, unquote, urlencode
from zoneinfo import ZoneInfo

import msgspec
from litestar import Request

from tracker.access import Grant
from web.access import may
from web.security import nonce_of
from web.visitors import Visitor, visitor_of

UTC = ZoneInfo("UTC")


class Viewer(msgspec.Struct, frozen=True):
    """Who looks at a page: when, in which zone, in which theme, at which address.

    `mark` is the state of the views that the page shows at least (`web.live`), `nonce` what
    the page's own scripts and htmx attributes are known by (`web.security`).
    """

    now: int
    zone: ZoneInfo = UTC
    theme: str = "system"
    path: str = "/"
    query: str = ""
    mark: str = ""
    nonce: str = ""
    visitor: Visitor | None = None

    @property
    def grant(self) -> Grant | None:
        """What the viewer may see and do, None for nobody who signed in."""
        return self.visitor.grant if self.visitor else None

    def may(self, route: str) -> bool:
        """Whether the viewer may use a route, such as `GET /system`."""
        return may(self.grant, route)

    @property
    def zone_name(self) -> str:
        """The IANA name of the viewer's zone."""
        return self.zone.key

    @property
    def cursor(self) -> str | None:
        """The cursor in the address, None on the first page of a list."""
        return dict(parse_qsl(self.query)).get("cursor")

    @property
    def sort(self) -> str | None:
        """The order in the address, None for a list's own."""
        return dict(parse_qsl(self.query)).get("sort")

    @property
    def filtered(self) -> bool:
        """Whether the address holds more than paging and order."""
        names = {name for name, _ in parse_qsl(self.query)}
        return not names <= {"cursor", "limit", "sort", "done"}

    def link(self, **changes: Any) -> str:
        """The same address with other parameters; None takes one away. Paging starts again."""
        added = [(k, str(v)) for k, v in changes.items() if v not in {None, ""}]
        return self._at([*self._without(changes), *added])

    def without(self, *names: str, value: str | None = None) -> str:
        """The same address without some parameters; with `value`, only where they are that."""
        return self._at(self._without(names, value))

    def _without(self, names: Iterable[str], value: str | None = None) -> list[tuple[str, str]]:
        left = {"cursor", "done"}
        given = [(k, v) for k, v in parse_qsl(self.query) if k not in left]
        return [(k, v) for k, v in given if k not in names or value not in {None, v}]

    def _at(self, parameters: list[tuple[str, str]]) -> str:
        return self.path + ("?" + urlencode(parameters) if parameters else "")


def viewer(request: Request[Any, Any, Any], now: int) -> Viewer:
    """The viewer of a request, from what the browser told about itself in two cookies."""
    theme = request.cookies.get("theme", "system")
    return Viewer(
        now=now,
        zone=_zone(unquote(request.cookies.get("zone", ""))),
        theme=theme if theme in {"light", "dark"} else "system",
        path=raw_path(request).removeprefix("/parts") or "/",
        query=_query(request.scope["query_string"].decode("latin-1")),
        mark=request.state.get("mark", ""),
        nonce=nonce_of(request.scope),
        visitor=visitor_of(request),
    )


def _query(text: str) -> str:
    """What the viewer asked for, without the rows that a fragment has on the page already."""
    return "&".join(part for part in text.split("&") if not part.startswith("seen="))


def raw_path(request: Request[Any, Any, Any]) -> str:
    """The path as it was asked for, still percent-encoded: ids may hold a slash."""
    return request.scope["raw_path"].decode("latin-1").partition("?")[0]


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # an unknown name, an odd one, a folder's name
        return UTC
