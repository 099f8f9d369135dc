"""The one guard before every route: finds who asks, and denies what `web.access` does not allow."""

from typing import Any, Final

import anyio.to_thread
from litestar.connection import ASGIConnection, Request
from litestar.exceptions import (
    NotAuthorizedException,
    PermissionDeniedException,
    TooManyRequestsException,
)
from litestar.handlers import BaseRouteHandler

from tracker.access import EVERYTHING
from tracker.timing import SECOND
from tracker.tokens import Kind
from web.access import PUBLIC, rule_of
from web.origins import LOCAL_NAMES, Origin, host_name, origin_of
from web.services import Services
from web.visitors import DASHBOARD, Visitor, form_token, same, secret_of, visit_of

UNSAFE: Final = frozenset({"POST", "PUT", "PATCH", "DELETE"})
UNBOUND: Final = frozenset({"/healthz", "/static/{name}"})
FIELD: Final = "form_token"
BEARER: Final = "bearer "
HEADER: Final = "x-form-token"
CHALLENGE: Final = {"WWW-Authenticate": "Bearer"}
ELSEWHERE: Final = "The form came from another site; open this page itself and try again"
STALE: Final = "The form is from another sign-in; load the page again and send it once more"
NOT_HERE: Final = "Without a sign-in the service answers only at this machine's own name"

Connection = ASGIConnection[Any, Any, Any, Any]


def find_visitor(connection: Connection, services: Services) -> Visitor:
    """Who sends a request, found in control.db; may be called from any thread."""
    origin = origin_of(connection.scope, services.settings.trusted_proxies)
    if services.settings.open_access:
        return Visitor(grant=EVERYTHING, origin=origin, name=DASHBOARD, open=True)
    given = connection.headers.get("authorization", "")
    if given[: len(BEARER)].lower() == BEARER:
        token = services.control.tokens.find(given[len(BEARER) :].strip(), Kind.API, services.now())
        if token is None:
            count_wrong_token(services, origin)
        grant = token.grant if token else None
        return Visitor(grant=grant, origin=origin, name=token.name if token else "", token=token)
    secret = secret_of(connection, origin)
    session = services.control.sessions.find(secret, services.now()) if secret else None
    if session is None:
        return Visitor(grant=None, origin=origin, form=form_token(visit_of(connection, origin)))
    return Visitor(
        grant=session.person.grant,
        origin=origin,
        name=session.person.email,
        session=session,
        form=form_token(secret),
    )


def count_wrong_token(services: Services, origin: Origin) -> None:
    """Slow down who tries tokens; raises TooManyRequestsException. A right one always counts."""
    keys = {"token": origin.network}
    waits = services.throttle.wait(keys, services.now())
    services.throttle.failed(keys, services.now())
    if waits:
        seconds = waits // SECOND + 1
        raise TooManyRequestsException(
            f"Too many tokens that don't count; try again in {seconds} seconds",
            headers={"Retry-After": str(seconds)},
        )


async def guard(connection: Connection, _handler: BaseRouteHandler) -> None:
    """Let a request through or deny it.

    Raises NotAuthorizedException for nobody, PermissionDeniedException for somebody who may not.
    """
    path = str(connection.scope["path_template"])
    method = str(connection.scope.get("method", "GET"))
    is_request = isinstance(connection, Request)
    if method == "OPTIONS" and is_request:
        return  # says only which methods there are
    rule = rule_of(method if is_request else "LIVE", path)
    if rule is not None and rule.role is PUBLIC and path in UNBOUND:
        return  # the same for everybody, so nothing waits for control.db
    services: Services = connection.app.state.services
    visitor = await anyio.to_thread.run_sync(find_visitor, connection, services)
    connection.scope["state"]["visitor"] = visitor
    if visitor.open and host_name(visitor.origin.host) not in {"", *LOCAL_NAMES}:
        raise PermissionDeniedException(NOT_HERE)
    if rule is None or not rule.allows(visitor.grant):
        _deny(visitor)
    if method in UNSAFE and isinstance(connection, Request):
        await _check_form(connection, visitor)


def _deny(visitor: Visitor) -> None:
    if visitor.grant is None:
        raise NotAuthorizedException("Sign in, or send a token that counts", headers=CHALLENGE)
    limited = "" if visitor.grant.whole else ", limited to some organizations,"
    raise PermissionDeniedException(
        f"Your role, {visitor.grant.role}{limited} may not do this; an engineer can change that"
    )


async def _check_form(request: Request[Any, Any, Any], visitor: Visitor) -> None:
    """Refuse what a browser was made to send by another site.

    A token in a header is sent by nobody else's page, so such a request needs no more.
    """
    if visitor.token is not None:
        return
    if not _from_here(request, visitor):
        raise PermissionDeniedException(ELSEWHERE)
    if visitor.open:
        return
    given = request.headers.get(HEADER)
    if given is None:
        value = (await request.form()).get(FIELD)
        given = value if isinstance(value, str) else ""
    if not visitor.form or not same(given, visitor.form):
        raise PermissionDeniedException(STALE)


def _from_here(request: Request[Any, Any, Any], visitor: Visitor) -> bool:
    site = request.headers.get("sec-fetch-site")
    if site is not None and site not in {"same-origin", "none"}:
        return False
    origin = request.headers.get("origin")
    return origin is None or origin == visitor.origin.site
