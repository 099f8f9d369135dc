"""Codes of authenticator apps: RFC 6238 with SHA-1, six digits and thirty seconds.

That is what every app understands. A code counts in its own thirty seconds and the ones
before and after, and only once.
"""

import base64
import hashlib
import hmac
import secrets
from typing import Final
from urllib.parse import quote, urlencode

from tracker.timing import SECOND

STEP: Final = 30 * SECOND
DIGITS: Final = 6
ISSUER: Final = "Run tracker"


def new_secret() -> str:
    """160 random bits in base32, as apps take them."""
    return base64.b32encode(secrets.token_bytes(20)).decode()


def code_at(secret: str, step: int) -> str:
    """The code of a step, which is the number of half minutes since 1970."""
    digest = hmac.digest(base64.b32decode(secret), step.to_bytes(8, "big"), hashlib.sha1)
    start = digest[-1] & 15
    number = int.from_bytes(digest[start : start + 4], "big") & 0x7FFFFFFF
    return f"{number % 10**DIGITS:0{DIGITS}}"


def used_step(secret: str, code: str, now: int, last: int) -> int | None:
    """The step of a code that is right at `now` (microseconds) and later than the last one used.

    None for any other code.
    """
    given = "".join(code.split())
    present = now // STEP
    found = None
    for step in (present - 1, present, present + 1):
        if hmac.compare_digest(code_at(secret, step).encode(), given.encode()) and step > last:
            found = step
    return found


def address(secret: str, email: str) -> str:
    """What a QR code for an app holds."""
    label = quote(f"{ISSUER}:{email}", safe="")
    return f"otpauth://totp/{label}?{urlencode({'secret': secret, 'issuer': ISSUER})}"
