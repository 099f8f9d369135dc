"""What every page does: read its filters, know its viewer, render itself or only its fragment.

A page has two addresses: `/runs` answers the whole page and `/parts/runs` only the
fragment inside it, from the same context. Both templates take one typed struct.
"""

from typing import Any, TypeVar

import msgspec
from litestar import Request, Response
from litestar.di import NamedDependency

from projections.queries.filters import Filter, parse
from projections.queries.pseudonyms import reveal
from tracker.errors import InvalidInput
from web.applied import applied_filters
from web.chips import shelf_of
from web.ids import decode_id
from web.rendering import html, render
from web.services import Services
from web.viewer import Viewer, raw_path, viewer
from web.visitors import DASHBOARD, visitor_of

PAGE_SIZE = 50
SEEN = "seen"  # the parameter that names the rows on a page, see web/pages/newer.py

Asked = Request[Any, Any, Any]
Given = NamedDependency[Services]  # what Litestar hands to a handler as `services`
Kind = TypeVar("Kind", bound=Filter)


class Tab(msgspec.Struct, frozen=True):
    """One number above a list, which opens exactly what it counts."""

    name: str
    url: str
    count: int | None = None
    current: bool = False


def show(
    request: Asked, services: Services, page: str, part: str, context: msgspec.Struct
) -> Response[Any]:
    """The page, or only its fragment when that is what was asked for."""
    viewer = seen_by(request, services)
    if request.scope["path"].startswith("/parts/"):
        return html(render(part, context, viewer))
    saved = shelf_of(services, viewer.path, request.query_params.multi_items())
    applied = applied_filters(services, viewer)
    return html(render(page, context, viewer, saved=saved, applied=applied))


def seen_by(request: Asked, services: Services) -> Viewer:
    """Who looks, by the clock of all pages."""
    return viewer(request, services.now())


def wanted(kind: type[Kind], request: Asked, without: str = "", size: int = PAGE_SIZE) -> Kind:
    """The list's filters in the address; raises InvalidInput that names a bad one.

    `without` is a parameter that belongs to the page alone, `size` its length.
    """
    given = request.query_params.multi_items()
    asked = parse(kind, [(name, value) for name, value in given if name not in {without, SEEN}])
    if "limit" in asked.model_fields_set:
        raise InvalidInput(f"A page shows {size} rows; leave out limit", field="limit")
    return asked.model_copy(update={"limit": size})


def record_id(request: Asked, prefix: str) -> str:
    """The id at the end of the path: decoded here, because it may hold a slash."""
    return decode_id(raw_path(request).removeprefix("/parts").removeprefix(prefix))


def endpoint(request: Asked) -> str:
    """The address to which Popp sends: the public one, else as the viewer reaches this page."""
    public = request.app.state.services.settings.public_url
    return f"{public or str(request.base_url).rstrip('/')}/webhooks/popp"


def number(request: Asked, name: str) -> int | None:
    """A whole number above zero in the address, None when it isn't given.

    Raises InvalidInput for anything else.
    """
    text = request.query_params.get(name)
    if not text:
        return None
    if not text.isdecimal() or len(text) > 18:  # noqa: PLR2004  # what fits in a column
        raise InvalidInput(f"{name} {text[:50]!r} is not a whole number", field=name)
    return int(text)


def actor(request: Asked) -> str:
    """Who does something, for events and the audit trail."""
    visitor = visitor_of(request)
    return visitor.name if visitor else DASHBOARD


def note(request: Asked, services: Services, action: str, about: str = "") -> None:
    """Add a line to the audit trail; on return it is on disk."""
    services.control.audit.note(actor(request), action, about, remote(request))


def note_look(request: Asked, services: Services, action: str, about: str) -> None:
    """Have a line added to the audit trail soon; once for a page that refreshes itself."""
    services.control.audit.looked(actor(request), action, reveal(about), remote(request))


def remote(request: Asked) -> str:
    """The address that a request came from."""
    visitor = visitor_of(request)
    return visitor.origin.remote if visitor else ""
