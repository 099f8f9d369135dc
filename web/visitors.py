"""Who asks: somebody signed in, a program with a token, everybody where access is open, nobody.

Found once for each request, before anything else is done for it, and kept in its state.
"""

import hashlib
import hmac
from typing import Any, Final

import msgspec
from litestar import Request
from litestar.connection import ASGIConnection

from tracker.access import Grant
from tracker.sessions import Session
from tracker.tokens import Token
from web.origins import Origin

COOKIE: Final = "session"
SAFE_COOKIE: Final = f"__Host-{COOKIE}"
VISIT: Final = "visit"
SAFE_VISIT: Final = f"__Host-{VISIT}"
DASHBOARD: Final = "dashboard"

Connection = ASGIConnection[Any, Any, Any, Any]


class Visitor(msgspec.Struct, frozen=True, kw_only=True):
    """Who asks, what they may see, and what their forms must carry.

    `name` is for events and the audit trail. `open` where nobody has to sign in.
    """

    grant: Grant | None
    origin: Origin
    name: str = ""
    session: Session | None = None
    token: Token | None = None
    open: bool = False
    form: str = ""

    @property
    def key(self) -> tuple[str, int] | None:
        """What an open stream hangs on: it ends with this session or token."""
        if self.session is not None:
            return "session", self.session.id
        return None if self.token is None else ("token", self.token.id)


def cookie_name(origin: Origin, safe: str = SAFE_COOKIE) -> str:
    """The cookie's name: `__Host-…` over TLS, which no other host and no plain page can set.

    Over plain HTTP, which is for this machine alone, browsers would refuse that name.
    """
    return safe if origin.secure else safe.removeprefix("__Host-")


def secret_of(connection: Connection, origin: Origin) -> str:
    """The secret of the session in the cookie, empty when there is none."""
    return connection.cookies.get(cookie_name(origin), "")


def visit_of(connection: Connection, origin: Origin) -> str:
    """The secret by which forms of somebody who did not sign in are known, empty for none."""
    return connection.cookies.get(cookie_name(origin, SAFE_VISIT), "")


def form_token(secret: str) -> str:
    """What forms carry: it follows from the cookie, which no other site can read."""
    return hashlib.sha256(f"form {secret}".encode()).hexdigest() if secret else ""


def same(one: str, other: str) -> bool:
    """Whether two secrets are equal, in the same time for all."""
    return hmac.compare_digest(one.encode("utf-8", "replace"), other.encode("utf-8", "replace"))


def visitor_of(request: Request[Any, Any, Any]) -> Visitor | None:
    """Who sends this request; None before anybody looked, as for an address that is none."""
    found: Visitor | None = request.scope["state"].get("visitor")
    return found
