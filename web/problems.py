"""Every error becomes an answer here, once: problem details (RFC 9457), or a page for browsers.

What an error of ours says is written for its reader and is shown. Of any other only
the fact is shown; the log has the rest.
"""

import logging
from contextlib import suppress
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import urlencode

import msgspec
from litestar import Request, Response
from litestar.exceptions import HTTPException, NotAuthorizedException
from litestar.response import Redirect
from litestar.types import ExceptionHandlersMap

from tracker.database import DatabaseError
from tracker.errors import (
    Busy,
    InvalidEnvelope,
    InvalidInput,
    NotFound,
    NotReady,
    NotStored,
    TrackerError,
)
from web.guard import find_visitor
from web.pages.errors import error_page
from web.paths import path_on_this_site, safe_path
from web.viewer import raw_path
from web.visitors import visitor_of

PROBLEM: Final = "application/problem+json"
RETRY_AFTER: Final = {"Retry-After": "5"}
NOT_FOUND: Final = 404
INTERNAL: Final = 500
UNAVAILABLE: Final = 503
STATUSES: Final[dict[type[Exception], int]] = {
    NotFound: NOT_FOUND,
    InvalidInput: 400,
    InvalidEnvelope: 422,
    Busy: 409,
    NotReady: UNAVAILABLE,
    NotStored: UNAVAILABLE,
    DatabaseError: UNAVAILABLE,
}
# What a program asks for; everything else is a page.
FOR_PROGRAMS: Final = (
    "/api",
    "/webhooks",
    "/calendar.ics",
    "/live",
    "/healthz",
    "/readyz",
    "/metrics",
)

Asked = Request[Any, Any, Any]

_log = logging.getLogger(__name__)


class Problem(msgspec.Struct, frozen=True, omit_defaults=True):
    """Problem details; `field` names the filter or the part of the input that is wrong."""

    title: str
    status: int
    detail: str
    field: str | None = None
    type: str = "about:blank"


def answer(request: Asked, error: Exception) -> Response[Any]:
    """The answer to a request that raised an error."""
    status = _status(error)
    if status >= INTERNAL and not isinstance(error, TrackerError):
        _log.error("a request failed", extra={"route": _route(request)}, exc_info=error)
    if request.scope["path"].startswith(FOR_PROGRAMS):
        return problem(error)
    if isinstance(error, NotAuthorizedException):
        by_script = request.scope["path"].startswith("/parts/") or "hx-request" in request.headers
        return problem(error) if by_script else _to_sign_in(request)
    _find_visitor(request)
    return error_page(request, error)


def _find_visitor(request: Asked) -> None:
    """Who asks for an address that is none: no guard stands before it, but the page has a menu."""
    if visitor_of(request) is None:
        with suppress(TrackerError, DatabaseError):
            visitor = find_visitor(request, request.app.state.services)
            request.scope["state"]["visitor"] = visitor


def _to_sign_in(request: Asked) -> Response[Any]:
    """Where somebody who is not signed in goes on, and comes back from."""
    if request.method == "GET":
        query = request.scope["query_string"].decode("latin-1")
        back = raw_path(request) + (f"?{query}" if query else "")
    else:  # what was sent is gone; the page that it came from shows what is left of it
        back = path_on_this_site(request)
    return Redirect(f"/sign-in?{urlencode({'next': safe_path(back)})}", status_code=303)


def problem(error: Exception) -> Response[Problem]:
    """The problem details of an error."""
    status = _status(error)
    content = Problem(
        title=HTTPStatus(status).phrase,
        status=status,
        detail=_detail(error, status),
        field=getattr(error, "field", None),
    )
    headers = dict(getattr(error, "headers", None) or {})
    if status == UNAVAILABLE:
        headers |= RETRY_AFTER
    return Response(content, status_code=status, media_type=PROBLEM, headers=headers)


def _status(error: Exception) -> int:
    for kind, status in STATUSES.items():
        if isinstance(error, kind):
            return status
    return error.status_code if isinstance(error, HTTPException) else INTERNAL


def _detail(error: Exception, status: int) -> str:
    if isinstance(error, TrackerError):
        return str(error)
    if status == NOT_FOUND:
        return "Nothing is at this address; /api lists what there is"
    if isinstance(error, HTTPException) and status < INTERNAL:
        return error.detail or HTTPStatus(status).phrase
    if status == UNAVAILABLE:
        return "The views can't be read at the moment; try again"
    return "Something went wrong that should not; the service's log says what"


def _route(request: Asked) -> str:
    """The route, not the path: a path holds ids of people."""
    return str(request.scope.get("route_handler", "none"))


EXCEPTION_HANDLERS: Final[ExceptionHandlersMap] = {
    TrackerError: answer,
    HTTPException: answer,
    DatabaseError: answer,
    Exception: answer,
}
