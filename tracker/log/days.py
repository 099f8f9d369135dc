"""Where in the log the events of a day stand: by blocks of positions, kept in memory.

An index by time in the log would cost every event its bytes. Events come nearly in the
order in which they happened, so a day is in few blocks; and what is in a full block never
changes, so each is read once, by the first question for days that comes after it.
"""

import threading
from collections.abc import Iterator
from typing import Final

from tracker.database import Connection
from tracker.timing import DAY

BLOCK: Final = 4096  # positions


class Days:
    """In which blocks of one log events of each day stand; for any thread."""

    def __init__(self, block: int = BLOCK) -> None:
        self._block = block
        self._full = 0  # blocks read so far
        self._blocks: dict[int, list[int]] = {}
        self._lock = threading.Lock()

    def spans(
        self, connection: Connection, since: int | None, until: int | None
    ) -> list[tuple[int, int]]:
        """The first and the last position of all spans that may hold events of a time, in order.

        Events from `since` up to but not at `until`, in microseconds. The newest events,
        which fill no block yet, are in the last span, which has no end.
        """
        first = None if since is None else since // DAY
        last = None if until is None else (until - 1) // DAY
        with self._lock:
            self._read_on(connection)
            found = {
                block
                for day, blocks in self._blocks.items()
                if (first is None or day >= first) and (last is None or day <= last)
                for block in blocks
            }
            full = self._full
        return [*self._joined(sorted(found)), (full * self._block, 2**62)]

    def _read_on(self, connection: Connection) -> None:
        """Read the blocks that were filled since the last question."""
        head = int(connection.execute("SELECT position FROM head").fetchone()[0])
        full = (head + 1) // self._block
        if full <= self._full:
            return
        query = """
            SELECT DISTINCT position / ?1, (occurred_at - (occurred_at % ?2 + ?2) % ?2) / ?2
            FROM events WHERE position >= ?3 AND position < ?4 ORDER BY 1
        """
        span = self._full * self._block, full * self._block
        for block, day in connection.execute(query, (self._block, DAY, *span)):
            self._blocks.setdefault(day, []).append(block)
        self._full = full

    def _joined(self, blocks: list[int]) -> Iterator[tuple[int, int]]:
        """The positions of some blocks, those beside each other as one span."""
        start = 0
        for place, block in enumerate(blocks):
            if place and block > blocks[place - 1] + 1:
                yield blocks[start] * self._block, (blocks[place - 1] + 1) * self._block - 1
                start = place
        if blocks:
            yield blocks[start] * self._block, (blocks[-1] + 1) * self._block - 1
