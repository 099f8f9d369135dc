"""Signing in by another service: OpenID Connect, the code flow with PKCE.

State, nonce and the verifier are bound to the browser by a cookie of their own. Whoever
comes back must have a confirmed e-mail address of somebody who may sign in, or of the
domain in the settings.
"""

import logging
import secrets
from typing import Any, Final

import msgspec
from litestar import Response, get
from litestar.datastructures import Cookie
from litestar.response import Redirect

from tracker.access import Grant, checked_email
from tracker.errors import NotFound
from tracker.people import Person
from web.pages.frame import Asked, Given
from web.pages.sign_in import SignInPage, asking, let_in, secure, sign_in_form
from web.paths import safe_path
from web.services import Services
from web.visitors import cookie_name, same

COOKIE: Final = "__Host-other"
BACK: Final = "/sign-in/back"
LASTS: Final = 600  # seconds for somebody to sign in there
REFUSED: Final = "The other service did not let you in; try again, or sign in by password"
UNKNOWN: Final = "You may not sign in here yet; an engineer can add your e-mail address"
NOT_SET_UP: Final = "Signing in by another service is not set up"

_log = logging.getLogger(__name__)


class Attempt(msgspec.Struct, frozen=True):
    """What the browser keeps while somebody is at the issuer."""

    state: str
    nonce: str
    verifier: str
    next: str


@get("/sign-in/other", sync_to_thread=True)
def leave(request: Asked, services: Given) -> Response[Any]:
    """Send somebody to the issuer; raises NotFound when none is set up."""
    secure(asking(request))
    wanted = safe_path(request.query_params.get("next"))
    _refuse_without_issuer(services)
    from web import issuer  # noqa: PLC0415 - only where there is one, see there

    made = Attempt(_random(), _random(), _random(), wanted)
    try:
        address = issuer.address(
            services.settings,
            _back(request, services),
            state=made.state,
            nonce=made.nonce,
            verifier=made.verifier,
        )
    except issuer.ERRORS as error:
        return _refuse(request, services, "the issuer can't be asked", error)
    answer = Redirect(address, status_code=303)
    answer.set_cookie(_cookie(request, msgspec.json.encode(made).hex(), LASTS))
    return answer


@get(BACK, sync_to_thread=True)
def come_back(request: Asked, services: Given) -> Response[Any]:
    """Let somebody in whom the issuer sent back; raises NotFound when none is set up."""
    _refuse_without_issuer(services)
    from web import issuer  # noqa: PLC0415 - only where there is one, see there

    made = _attempt(request)
    if made is None or not same(request.query_params.get("state", ""), made.state):
        return _refuse(request, services, "the state is not this browser's")
    try:
        claims = issuer.claims(
            services.settings,
            _back(request, services),
            code=request.query_params.get("code", ""),
            nonce=made.nonce,
            verifier=made.verifier,
        )
        person = _person(services, claims)
    except issuer.ERRORS as error:
        return _refuse(request, services, "the issuer's answer can't be used", error)
    if person is None:
        return sign_in_form(request, services, SignInPage(error=UNKNOWN), 403)
    answer = let_in(request, services, person, "by another service", safe_path(made.next))
    answer.set_cookie(_cookie(request, "", 0))
    return answer


def _random() -> str:
    return secrets.token_urlsafe(32)


def _refuse_without_issuer(services: Services) -> None:
    if not services.settings.oidc_issuer:
        raise NotFound(NOT_SET_UP)


def _person(services: Services, claims: dict[str, Any]) -> Person | None:
    """Who came back: somebody who may sign in, or anybody of the domain in the settings."""
    if claims.get("email_verified") not in (True, "true"):
        return None
    email = checked_email(str(claims.get("email", "")))
    known = services.control.people.credentials(email)
    if known is not None:
        return known.person
    domain = services.settings.oidc_domain.lower().removeprefix("@")
    if not domain or email.rpartition("@")[2] != domain:
        return None
    grant = Grant(services.settings.oidc_role)
    return services.control.people.add(email, grant, actor="another service")[0]


def _attempt(request: Asked) -> Attempt | None:
    kept = request.cookies.get(cookie_name(asking(request).origin, COOKIE), "")
    try:
        return msgspec.json.decode(bytes.fromhex(kept), type=Attempt)
    except (ValueError, msgspec.DecodeError):
        return None


def _back(request: Asked, services: Services) -> str:
    return f"{services.settings.public_url or asking(request).origin.site}{BACK}"


def _cookie(request: Asked, value: str, seconds: int) -> Cookie:
    origin = asking(request).origin
    return Cookie(
        key=cookie_name(origin, COOKIE),
        value=value,
        path="/",
        httponly=True,
        secure=origin.secure,
        samesite="lax",
        max_age=seconds,
    )


def _refuse(
    request: Asked, services: Services, why: str, error: Exception | None = None
) -> Response[Any]:
    said = {"why": why, "error": type(error).__name__}
    _log.warning("a sign-in by another service failed", extra=said)
    return sign_in_form(request, services, SignInPage(error=REFUSED), 400)


OIDC_HANDLERS = [leave, come_back]
