"""Addresses to go back to, which a request names: only ever pages of this site."""

from typing import Any, Final
from urllib.parse import urlsplit

from litestar import Request

LONGEST: Final = 4000


def safe_path(text: str | None) -> str:
    """A path of this site with its query, the start page for everything else.

    Browsers take two slashes, backslashes and a tab in between for another host.
    """
    path = text or ""
    inside = path.startswith("/") and path[1:2] not in {"/", "\\"}
    if not inside or len(path) > LONGEST or "\\" in path or not path.isprintable():
        return "/"
    return path


def path_on_this_site(request: Request[Any, Any, Any]) -> str:
    """The page from which a request came, the start page if it was none of ours."""
    parts = urlsplit(request.headers.get("referer", ""))
    if parts.netloc != request.headers.get("host"):
        return "/"
    return safe_path(parts.path + (f"?{parts.query}" if parts.query else ""))
