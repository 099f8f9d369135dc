"""Asking an OpenID Connect issuer: where it signs people in, and what it says of somebody.

Imported by `web.oidc` when somebody signs in that way: what checks an issuer's signature
takes time and memory that a service without an issuer can do without.
"""

import time
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

import httpx
import msgspec
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from tracker.errors import InvalidInput
from tracker.settings import Settings
from web.origins import LOCAL_NAMES

ALGORITHMS: Final = ["RS256", "ES256", "PS256", "EdDSA"]  # a shared secret signs nothing
PATIENCE: Final = 5.0  # seconds for the issuer to answer
LEEWAY: Final = 60  # seconds between its clock and ours
# What asking may end with: it is away, or its answer can't be used.
ERRORS: Final = (httpx.HTTPError, JoseError, msgspec.DecodeError, ValueError, InvalidInput)


class Endpoints(msgspec.Struct, frozen=True):
    """What an issuer says about itself."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str


def address(settings: Settings, back: str, *, state: str, nonce: str, verifier: str) -> str:
    """Where somebody signs in, to be sent back afterwards; raises one of ERRORS."""
    issuer = _endpoints(settings.oidc_issuer)
    asked = {
        "response_type": "code",
        "scope": "openid email",
        "client_id": settings.oidc_client_id,
        "redirect_uri": back,
        "state": state,
        "nonce": nonce,
        "code_challenge": create_s256_code_challenge(verifier),
        "code_challenge_method": "S256",
    }
    mark = "&" if "?" in issuer.authorization_endpoint else "?"
    return f"{issuer.authorization_endpoint}{mark}{urlencode(asked)}"


def claims(
    settings: Settings, back: str, *, code: str, nonce: str, verifier: str
) -> dict[str, Any]:
    """What the issuer says of somebody, with its signature, audience, age and nonce checked.

    Raises one of ERRORS.
    """
    issuer = _endpoints(settings.oidc_issuer)
    sent = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": back,
        "code_verifier": verifier,
    }
    client = (settings.oidc_client_id, settings.oidc_client_secret.get_secret_value())
    tokens = _ask("POST", issuer.token_endpoint, dict[str, Any], data=sent, auth=client)
    keys = KeySet.import_key_set(_ask("GET", issuer.jwks_uri, dict[str, Any]))
    token = jwt.decode(str(tokens.get("id_token", "")), keys, algorithms=ALGORITHMS)
    wanted = {
        "iss": {"essential": True, "values": [issuer.issuer]},
        "aud": {"essential": True, "value": client[0]},
        "exp": {"essential": True},
        "nonce": {"essential": True, "value": nonce},
    }
    checked = CodeIDToken(token.claims, token.header, wanted, {"client_id": client[0]})
    checked.validate(now=int(time.time()), leeway=LEEWAY)
    return dict(token.claims)


def _endpoints(issuer: str) -> Endpoints:
    """What the issuer says about itself; raises InvalidInput for one that is not itself."""
    found: Endpoints = _ask(
        "GET", f"{issuer.rstrip('/')}/.well-known/openid-configuration", Endpoints
    )
    if found.issuer.rstrip("/") != issuer.rstrip("/"):
        raise InvalidInput(f"The issuer calls itself {found.issuer[:200]!r}", "oidc_issuer")
    return found


def _ask(method: str, url: str, kind: Any, **sent: Any) -> Any:
    """What an address answers, over TLS unless it is on this machine."""
    parts = urlsplit(url)
    if parts.scheme != "https" and parts.hostname not in LOCAL_NAMES:
        raise InvalidInput(f"The address {url[:200]!r} is not an https one", "oidc_issuer")
    answer = httpx.request(method, url, timeout=PATIENCE, **sent)
    answer.raise_for_status()
    return msgspec.json.decode(answer.content, type=kind)
