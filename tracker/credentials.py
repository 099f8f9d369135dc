"""Random secrets that let somebody in, of which only hashes are kept.

They are 256 random bits, so SHA-256 is enough: nothing can be guessed, and a slow hash
would only slow down every request.
"""

import hashlib
import secrets
import string
import zlib
from typing import Final

PREFIX: Final = "trk_"
DIGITS: Final = string.digits + string.ascii_letters
RANDOM: Final = 43  # digits of 62 that hold 256 bits
CHECKED: Final = 6  # digits of 62 that hold a CRC-32


def new_secret() -> str:
    """What a cookie or a link holds."""
    return secrets.token_urlsafe(32)


def new_token() -> str:
    """A token with a known beginning and a checksum, by which scanners find leaked ones."""
    body = "".join(secrets.choice(DIGITS) for _ in range(RANDOM))
    return PREFIX + body + _checksum(body)


def is_token(text: str) -> bool:
    """Whether a text can be one of our tokens; what can't needs no look into any file."""
    body, check = text[len(PREFIX) : -CHECKED], text[-CHECKED:]
    whole = text.startswith(PREFIX) and len(body) == RANDOM and text.isascii()
    return whole and check == _checksum(body)


def hashed(secret: str) -> bytes:
    """What is kept of a secret."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).digest()


def _checksum(body: str) -> str:
    number, digits = zlib.crc32(body.encode()), ""
    for _ in range(CHECKED):
        number, digit = divmod(number, len(DIGITS))
        digits = DIGITS[digit] + digits
    return digits
