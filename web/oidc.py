"""Signing in by another service: OpenID Connect, the code flow with PKCE.

State, nonce and the verifier are bound to the browser by a cookie of their own. Whoever
comes back must have a confirmed e-mail address of somebody who may sign in, or of the
domain in the settings.
"""

import secrets
import time
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

import httpx
import msgspec
import structlog
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from litestar import Response, get
from litestar.datastructures import Cookie
from litestar.response import Redirect

from tracker.access import Grant, checked_email
from tracker.errors import InvalidInput, NotFound
from tracker.people import Person
from web.origins import LOCAL_NAMES
from web.pages.frame import Asked, Given
from web.pages.sign_in import SignInPage, asking, let_in, secure, sign_in_form
from web.paths import safe_path
from web.services import Services
from web.visitors import cookie_name, same

ALGORITHMS: Final = ["RS256", "ES256", "PS256", "EdDSA"]  # a shared secret signs nothing
COOKIE: Final = "__Host-other"
BACK: Final = "/sign-in/back"
LASTS: Final = 600  # seconds for somebody to sign in there
PATIENCE: Final = 5.0  # seconds for the issuer to answer
LEEWAY: Final = 60  # seconds between its clock and ours
REFUSED: Final = "The other service did not let you in; try again, or sign in by password"
UNKNOWN: Final = "You may not sign in here yet; an engineer can add your e-mail address"
NOT_SET_UP: Final = "Signing in by another service is not set up"

_log = structlog.get_logger(__name__)


class Attempt(msgspec.Struct, frozen=True):
    """What the browser keeps while somebody is at the issuer."""

    state: str
    nonce: str
    verifier: str
    next: str


class Endpoints(msgspec.Struct, frozen=True):
    """What an issuer says about itself."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str


@get("/sign-in/other", sync_to_thread=True)
def leave(request: Asked, services: Given) -> Response[Any]:
    """Send somebody to the issuer; raises NotFound when none is set up."""
    visitor, settings = asking(request), services.settings
    secure(visitor)
    wanted = safe_path(request.query_params.get("next"))
    try:
        issuer = _endpoints(_issuer(services))
    except (httpx.HTTPError, msgspec.DecodeError, InvalidInput) as error:
        return _refuse(request, services, "the issuer can't be asked", error)
    attempt = Attempt(_random(), _random(), _random(), wanted)
    asked = {
        "response_type": "code",
        "scope": "openid email",
        "client_id": settings.oidc_client_id,
        "redirect_uri": _back(request, services),
        "state": attempt.state,
        "nonce": attempt.nonce,
        "code_challenge": create_s256_code_challenge(attempt.verifier),
        "code_challenge_method": "S256",
    }
    mark = "&" if "?" in issuer.authorization_endpoint else "?"
    answer = Redirect(f"{issuer.authorization_endpoint}{mark}{urlencode(asked)}", status_code=303)
    kept = msgspec.json.encode(attempt).hex()
    answer.set_cookie(_cookie(request, kept, LASTS))
    return answer


@get(BACK, sync_to_thread=True)
def come_back(request: Asked, services: Given) -> Response[Any]:
    """Let somebody in whom the issuer sent back; raises NotFound when none is set up."""
    _issuer(services)
    attempt = _attempt(request)
    if attempt is None or not same(request.query_params.get("state", ""), attempt.state):
        return _refuse(request, services, "the state is not this browser's")
    try:
        claims = _claims(request, services, attempt)
        person = _person(services, claims)
    except (httpx.HTTPError, JoseError, msgspec.DecodeError, ValueError, InvalidInput) as error:
        return _refuse(request, services, "the issuer's answer can't be used", error)
    if person is None:
        return sign_in_form(request, services, SignInPage(error=UNKNOWN), 403)
    answer = let_in(request, services, person, "by another service", safe_path(attempt.next))
    answer.set_cookie(_cookie(request, "", 0))
    return answer


def _random() -> str:
    return secrets.token_urlsafe(32)


def _issuer(services: Services) -> str:
    if not services.settings.oidc_issuer:
        raise NotFound(NOT_SET_UP)
    return services.settings.oidc_issuer


def _endpoints(issuer: str) -> Endpoints:
    """What the issuer says about itself; raises InvalidInput for one that is not itself."""
    address = f"{issuer.rstrip('/')}/.well-known/openid-configuration"
    found: Endpoints = _ask("GET", address, Endpoints)
    if found.issuer.rstrip("/") != issuer.rstrip("/"):
        raise InvalidInput(f"The issuer calls itself {found.issuer[:200]!r}", "oidc_issuer")
    return found


def _ask(method: str, address: str, kind: Any, **sent: Any) -> Any:
    """What an address answers, over TLS unless it is on this machine."""
    parts = urlsplit(address)
    if parts.scheme != "https" and parts.hostname not in LOCAL_NAMES:
        raise InvalidInput(f"The address {address[:200]!r} is not an https one", "oidc_issuer")
    answer = httpx.request(method, address, timeout=PATIENCE, **sent)
    answer.raise_for_status()
    return msgspec.json.decode(answer.content, type=kind)


def _claims(request: Asked, services: Services, attempt: Attempt) -> dict[str, Any]:
    """What the issuer says of somebody, with its signature, audience, age and nonce checked."""
    settings = services.settings
    issuer = _endpoints(_issuer(services))
    sent = {
        "grant_type": "authorization_code",
        "code": request.query_params.get("code", ""),
        "redirect_uri": _back(request, services),
        "code_verifier": attempt.verifier,
    }
    client = (settings.oidc_client_id, settings.oidc_client_secret.get_secret_value())
    tokens = _ask("POST", issuer.token_endpoint, dict[str, Any], data=sent, auth=client)
    keys = KeySet.import_key_set(_ask("GET", issuer.jwks_uri, dict[str, Any]))
    token = jwt.decode(str(tokens.get("id_token", "")), keys, algorithms=ALGORITHMS)
    wanted = {
        "iss": {"essential": True, "values": [issuer.issuer]},
        "aud": {"essential": True, "value": client[0]},
        "exp": {"essential": True},
        "nonce": {"essential": True, "value": attempt.nonce},
    }
    claims = CodeIDToken(token.claims, token.header, wanted, {"client_id": client[0]})
    claims.validate(now=int(time.time()), leeway=LEEWAY)
    return dict(token.claims)


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
    _log.warning("a sign-in by another service failed", why=why, error=type(error).__name__)
    return sign_in_form(request, services, SignInPage(error=REFUSED), 400)


OIDC_HANDLERS = [leave, come_back]
