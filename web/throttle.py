"""Slows down those who guess: each failure in a row doubles the wait before another try.

Failures are counted for an account and for an address, in as many places as were made at
the start: keys share a place by a secret hash, so the memory never grows, and nobody can
push a count out by trying many names. A restart forgets all, which nobody outside can cause.
"""

import hashlib
import secrets
import threading
from typing import Final

from tracker.timing import HOUR, SECOND

PLACES: Final = 1 << 16
# Failures that cost nothing: people mistype. Tokens are counted for themselves, as a program
# that asks on and on with an old one must not keep the people beside it from signing in.
FREE: Final = {"account": 5, "address": 20, "token": 20}
LONGEST: Final = 15 * 60 * SECOND
FORGOTTEN: Final = HOUR  # without a failure


class Throttle:
    """Counts failures by keys of a kind; safe to use from many threads."""

    def __init__(self) -> None:
        self._secret = secrets.token_bytes(16)
        self._guard = threading.Lock()
        self._failures = [0] * PLACES
        self._last = [0] * PLACES

    def wait(self, keys: dict[str, str], now: int) -> int:
        """How long, in microseconds, until another try is looked at; 0 for at once."""
        with self._guard:
            return max(
                (self._wait(kind, self._place(kind, key), now) for kind, key in keys.items())
            )

    def failed(self, keys: dict[str, str], now: int) -> int:
        """Count a failure; how many there were in a row by the key that has most."""
        most = 0
        with self._guard:
            for kind, key in keys.items():
                place = self._place(kind, key)
                fresh = now - self._last[place] > FORGOTTEN
                self._failures[place] = 1 if fresh else self._failures[place] + 1
                self._last[place] = now
                most = max(most, self._failures[place])
        return most

    def succeeded(self, account: str) -> None:
        """Forget the failures of an account; those of the address stay."""
        with self._guard:
            self._failures[self._place("account", account)] = 0

    def _wait(self, kind: str, place: int, now: int) -> int:
        beyond = self._failures[place] - FREE[kind]
        if beyond < 0 or now - self._last[place] > FORGOTTEN:
            return 0
        delay = min(SECOND << min(beyond, 20), LONGEST)
        return max(0, self._last[place] + delay - now)

    def _place(self, kind: str, key: str) -> int:
        digest = hashlib.blake2b(
            f"{kind}:{key}".encode("utf-8", "replace"), key=self._secret, digest_size=4
        )
        return int.from_bytes(digest.digest(), "big") % PLACES
