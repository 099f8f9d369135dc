"""Signatures of deliveries: HMAC-SHA256 over the exact bytes of the body.

The provider doesn't say how it writes the signature down, so every usual way is
accepted. The caller's value is never decoded: the accepted ways are computed and
compared with it in constant time. There is one way in, so it is kept short.
"""

import base64
import hmac
from collections.abc import Sequence
from typing import Final

PREFIX: Final = "sha256="

# The longest accepted value has 71 characters; the rest is room for white space.
LONGEST_HEADER: Final = 128


def sign(secret: str, body: bytes) -> str:
    """The signature of a body in lower-case hexadecimal, without a prefix."""
    return _mac(secret, body).hex()


def encodings(secret: str, body: bytes) -> tuple[str, ...]:
    """The usual ways to write a body's signature: hex and base64, each with and without prefix."""
    mac = _mac(secret, body)
    plain = (mac.hex(), base64.b64encode(mac).decode())
    return (*plain, *(PREFIX + value for value in plain))


def verify(body: bytes, header: str | None, secrets: Sequence[tuple[str, str]]) -> str | None:
    """The label of the first secret by which `header` signs `body`, None if there is none.

    `secrets` are pairs of label and secret; an empty secret never matches. White
    space around the value, upper-case hex, base64url and missing padding are
    accepted, too. A header that is absent, not ASCII or far too long is no signature.
    """
    if header is None or len(header) > LONGEST_HEADER or not header.isascii():
        return None
    claimed = header.strip().encode("ascii")
    if claimed[: len(PREFIX)].lower() == PREFIX.encode():
        claimed = claimed[len(PREFIX) :]
    verified = None
    for label, secret in secrets:
        # Every secret is tried, so that the time taken doesn't tell which one matched.
        if secret and _matches(claimed, _mac(secret, body)) and verified is None:
            verified = label
    return verified


def _mac(secret: str, body: bytes) -> bytes:
    return hmac.digest(secret.encode(), body, "sha256")


def _matches(claimed: bytes, mac: bytes) -> bool:
    """Whether a value is one of the accepted ways to write a signature; no early exit."""
    hexadecimal = mac.hex().encode()
    standard = base64.b64encode(mac)
    for_urls = standard.translate(_TO_URL_ALPHABET)
    return bool(
        hmac.compare_digest(claimed, hexadecimal)
        | hmac.compare_digest(claimed, hexadecimal.upper())
        | hmac.compare_digest(claimed, standard)
        | hmac.compare_digest(claimed, standard.rstrip(b"="))
        | hmac.compare_digest(claimed, for_urls)
        | hmac.compare_digest(claimed, for_urls.rstrip(b"="))
    )


_TO_URL_ALPHABET: Final = bytes.maketrans(b"+/", b"-_")
