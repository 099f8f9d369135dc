"""Passwords: argon2id, few at a time.

One check takes 32 MiB and about 50 ms of one core. At most two run at once and eight more
wait, so that a flood of sign-ins takes neither the memory of a small machine nor all
threads; whoever comes after them is told to try again.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from tracker.errors import Busy, InvalidInput

SHORTEST: Final = 10
LONGEST: Final = 200  # characters; longer ones would only cost time
AT_ONCE: Final = 2
WAITING: Final = 8
# Made with the parameters below from a random password that was forgotten at once.
NOBODYS: Final = (
    "$argon2id$v=19$m=32768,t=3,p=1"
    "$JqBD67TdHJevooHDnZe0hw$BIUL2vviILy4mzdIsSnV5vyH6zhiDf42UWZYqYweFkQ"
)

_hasher = PasswordHasher(time_cost=3, memory_cost=32 * 1024, parallelism=1)
_running = threading.BoundedSemaphore(AT_ONCE)
_admitted = threading.BoundedSemaphore(AT_ONCE + WAITING)


def checked_password(password: str) -> str:
    """The password, if it may be one; raises InvalidInput."""
    if not SHORTEST <= len(password) <= LONGEST:
        raise InvalidInput(
            f"The password has {len(password)} characters; take {SHORTEST} to {LONGEST}. "
            "Four words that don't belong together are a good one",
            "password",
        )
    return password


def hash_password(password: str) -> str:
    """What is kept of a password; raises InvalidInput, and Busy when too many are at it."""
    checked_password(password)
    with _turn():
        return _hasher.hash(password)


def verify_password(kept: str | None, password: str) -> bool:
    """Whether a password is the one that was kept; raises Busy when too many are at it.

    For nobody, or somebody without a password, it takes as long and is False.
    """
    with _turn():
        try:
            _hasher.verify(kept or NOBODYS, password[:LONGEST])
        except (VerificationError, InvalidHashError):
            return False
    return kept is not None


def outdated(kept: str) -> bool:
    """Whether a kept password was hashed with other parameters than today's."""
    return _hasher.check_needs_rehash(kept)


@contextmanager
def _turn() -> Iterator[None]:
    if not _admitted.acquire(blocking=False):
        raise Busy("Too many people sign in at once; try again in a few seconds")
    try:
        with _running:
            yield
    finally:
        _admitted.release()
