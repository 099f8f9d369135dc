"""Old bodies in less room: rewritten a few at a time, from the oldest event on.

Digests, chain and every other column stay as they are. How far this came is written in the
same transaction, so that it goes on there after a crash. Events of our own and those of an
erased person are few or short, and stay as they are.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final

import msgspec

from tracker.compression import as_received, compressed
from tracker.database import Connection
from tracker.log.rows import EVENT_COLUMNS

# What one transaction rewrites: deliveries wait for it.
MOST_AT_ONCE: Final = 100
MOST_BYTES: Final = 1024 * 1024  # but always one body
EVERY: Final = 5

NEXT: Final = """
    SELECT position, received_at, family = 'tracker' OR erased_by IS NOT NULL,
        body, event_id, type, record_id, organization_id, occurred_at
    FROM events WHERE position > ? ORDER BY position LIMIT ?
"""
WHOLE: Final = f"SELECT {EVENT_COLUMNS} FROM events WHERE position = ?"
PUT_BACK: Final = f"INSERT INTO events ({EVENT_COLUMNS}) VALUES ({', '.join('?' * 12)})"


class Compressed(msgspec.Struct, frozen=True):
    """How many events were seen, up to which position; their bytes before and after."""

    events: int = 0
    position: int = 0
    before: int = 0
    after: int = 0

    def and_then(self, other: "Compressed") -> "Compressed":
        """Both together, the other being the later one."""
        return Compressed(
            self.events + other.events,
            other.position,
            self.before + other.before,
            self.after + other.after,
        )


def step_by_step(
    step: Callable[[], Compressed], told: Callable[[Compressed], bool] = lambda _done: True
) -> Compressed:
    """Take steps until one finds nothing to do, or `told` what is done does not want to go on."""
    done = Compressed()
    while (more := step()).events:
        done = done.and_then(more)
        if not told(done):
            break
    return done


def came_to(connection: Connection) -> int:
    """The position up to which bodies are compressed."""
    return int(connection.execute("SELECT position FROM compressed").fetchone()[0])


def preview(connection: Connection, position: int, older_than: int) -> Compressed:
    """What compressing the next events after a position would do, when it is their turn."""
    return _figures(_next(connection, position, older_than))


def compress(connection: Connection, older_than: int) -> Compressed:
    """Compress the next bodies that were received before a time, inside a transaction.

    Nothing is left to do when no event was seen.
    """
    rows = _next(connection, came_to(connection), older_than)
    smaller = [(new, position) for position, old, new in rows if new is not old]
    _make_room(connection, [position for _, position in smaller])
    connection.executemany("UPDATE events SET body = ? WHERE position = ?", smaller)
    done = _figures(rows)
    if rows:
        connection.execute("UPDATE compressed SET position = ?", (done.position,))
    return done


def _next(connection: Connection, position: int, older_than: int) -> list[tuple[int, bytes, bytes]]:
    """Position, body and what becomes of it, up to the first event that is not old enough."""
    found: list[tuple[int, bytes, bytes]] = []
    size = 0
    for at, received_at, stays, body, *columns in connection.execute(
        NEXT, (position, MOST_AT_ONCE)
    ):
        size += len(body)
        if received_at >= older_than or (found and size > MOST_BYTES):
            break
        found.append((at, body, body if stays else _smaller(body, *columns)))
    return found


def _smaller(body: bytes, *columns: Any) -> bytes:
    """A body from now on. One that would not come out again as it is stays."""
    received = as_received(body, *columns)  # a body that is compressed already is not again
    new = compressed(received, *columns)
    fits = len(new) < len(body) and as_received(new, *columns) == received
    return new if fits else body


def _figures(rows: Sequence[tuple[int, bytes, bytes]]) -> Compressed:
    if not rows:
        return Compressed()
    sizes = [(len(old), len(new)) for _, old, new in rows]
    return Compressed(
        len(rows), rows[-1][0], sum(old for old, _ in sizes), sum(new for _, new in sizes)
    )


def _make_room(connection: Connection, positions: Sequence[int]) -> None:
    """Empty bodies, and have SQLite join the pages that are almost empty then.

    It does so only where a row is taken out; an update would leave every page half full.
    One row of a few is enough, and is put back as it was.
    """
    empty = [(position,) for position in positions]
    connection.executemany("UPDATE events SET body = x'' WHERE position = ?", empty)
    for one in empty[::EVERY]:
        row = connection.execute(WHOLE, one).fetchone()
        connection.execute("DELETE FROM events WHERE position = ?", one)
        connection.execute(PUT_BACK, row)
