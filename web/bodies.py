"""Bodies on their way in: each in limited time, all together in limited memory.

Until a body is whole nobody knows whether it is signed, so the room that bodies take
must not depend on how many senders there are or how slowly they send.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from litestar.types import Receive

SECONDS: Final = 30.0  # from the end of the headers to the end of the body
SMALL: Final = 16 * 1024  # bytes that any body may have; connections limit how many there are
ROOM: Final = 64 * 1024**2  # bytes that larger bodies may have together


class NoRoom(Exception):
    """Too many large bodies are on their way at once."""


class Room:
    """How many bytes large bodies take in memory at the moment, `size` at the most."""

    def __init__(self, size: int = ROOM) -> None:
        self._size = size
        self.taken = 0

    @contextmanager
    def share(self) -> Iterator["Share"]:
        """One body's part of the room, given back when the delivery is answered."""
        share = Share(self)
        try:
            yield share
        finally:
            self.taken -= share.taken

    def take(self, size: int) -> None:
        """Take some bytes; raises NoRoom when there are not so many left."""
        if self.taken + size > self._size:
            raise NoRoom
        self.taken += size


class Share:
    """What one body has taken of a room."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self.taken = 0

    def grow(self, size: int) -> None:
        """Let the body be `size` bytes; raises NoRoom, and takes nothing more then."""
        if size > max(SMALL, self.taken):
            self._room.take(size - self.taken)
            self.taken = size


def in_time(receive: Receive, seconds: float = SECONDS) -> Receive:
    """Receive a body within some seconds; after them it is as if the sender had gone away."""
    deadline = asyncio.get_running_loop().time() + seconds
    complete = False

    async def impatient() -> Any:
        nonlocal complete
        if complete:
            return await receive()
        try:
            async with asyncio.timeout_at(deadline):
                message: Any = await receive()
        except TimeoutError:
            return {"type": "http.disconnect"}
        complete = not message.get("more_body", False)
        return message

    return impatient
