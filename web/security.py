"""Headers that every answer carries."""

from litestar.datastructures import MutableScopeHeaders
from litestar.types import Message, Scope

POLICY = (
    "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "X-Frame-Options": "DENY",
}


async def headers(message: Message, scope: Scope) -> None:
    """Add the headers; pages hold personal data, so nothing is cached unless it says so."""
    if message["type"] != "http.response.start" or scope["path"].startswith("/webhooks/"):
        return
    answer = MutableScopeHeaders.from_message(message)
    for name, value in HEADERS.items():
        answer.setdefault(name, value)
    answer.setdefault("Cache-Control", "no-store")
