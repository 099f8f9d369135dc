"""Headers that every answer carries, and the nonce that a page's own scripts are known by."""

import secrets
from typing import Final

from litestar.datastructures import MutableScopeHeaders
from litestar.types import Message, Scope

# Only scripts that carry the answer's nonce run, and only htmx may write HTML into a page.
POLICY: Final = (
    "default-src 'none'; script-src {scripts}; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types htmx"
)
STRICT: Final = "max-age=31536000"  # said over TLS alone: browsers come back by it for a year
HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "X-Frame-Options": "DENY",
}
NONCE: Final = "nonce"
NONCE_BYTES: Final = 16


def nonce_of(scope: Scope) -> str:
    """The nonce of the answer to a request, made when it is first asked for."""
    nonce: str = scope["state"].setdefault(NONCE, secrets.token_urlsafe(NONCE_BYTES))
    return nonce


async def headers(message: Message, scope: Scope) -> None:
    """Add the headers; pages hold personal data, so nothing is cached unless it says so.

    An answer that asked for no nonce may run no script at all.
    """
    if message["type"] != "http.response.start":
        return
    answer = MutableScopeHeaders.from_message(message)
    nonce = scope["state"].get(NONCE)
    scripts = f"'nonce-{nonce}'" if nonce else "'none'"
    answer.setdefault("Content-Security-Policy", POLICY.format(scripts=scripts))
    for name, value in HEADERS.items():
        answer.setdefault(name, value)
    visitor = scope["state"].get("visitor")
    if visitor is not None and visitor.origin.secure:
        answer.setdefault("Strict-Transport-Security", STRICT)
    answer.setdefault("Cache-Control", "no-store")
