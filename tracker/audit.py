"""The audit trail: who did what, when and from where. Lines are added and never change.

What changes something is noted before it is answered. What was only looked at is noted a
moment later, so that no page waits for a disk.
"""

import threading
from collections import OrderedDict
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Final

import msgspec

from tracker.control_file import ControlFile
from tracker.database import DatabaseError
from tracker.timing import MINUTE, now

ONCE_WITHIN: Final = 10 * MINUTE  # the same look again within this time is no new line
MOST_REMEMBERED: Final = 10_000
MOST_WAITING: Final = 10_000
LONGEST: Final = 1_000  # characters of what a line speaks of


class AuditEntry(msgspec.Struct, frozen=True):
    """One line; `detail` is what it speaks of, for a person their id, never a name."""

    id: int
    at: int
    actor: str
    action: str
    detail: str
    remote: str


class AuditTrail:
    """The audit trail in control.db. Every method may be called from any thread."""

    def __init__(self, file: ControlFile) -> None:
        self._file = file
        self._wake = threading.Condition()
        self._waiting: list[tuple[Any, ...]] = []
        self._writing = False
        self._seen: OrderedDict[tuple[str, ...], int] = OrderedDict()

    def note(self, actor: str, action: str, detail: str = "", remote: str = "") -> None:
        """Add a line; on return it is on disk."""
        self._write([(now(), actor, action, detail[:LONGEST], remote)])

    def looked(self, actor: str, action: str, detail: str, remote: str = "") -> None:
        """Have a line added soon, once for the same look within ten minutes."""
        line, at = (actor, action, detail[:LONGEST], remote), now()
        with self._wake:
            if at - self._seen.get(line, -ONCE_WITHIN) < ONCE_WITHIN:
                return
            self._seen[line] = at
            self._seen.move_to_end(line)
            if len(self._seen) > MOST_REMEMBERED:
                self._seen.popitem(last=False)
            if len(self._waiting) < MOST_WAITING:
                self._waiting.append((at, *line))
            if not self._writing:
                self._writing = True
                threading.Thread(target=self._write_waiting, name="audit", daemon=True).start()

    def flush(self) -> None:
        """Wait until what was looked at is on disk."""
        with self._wake:
            while self._writing:
                self._wake.wait()

    def _write_waiting(self) -> None:
        """Write until nothing waits; what comes meanwhile shares one transaction."""
        while True:
            with self._wake:
                lines, self._waiting = self._waiting, []
                if not lines:
                    self._writing = False
                    self._wake.notify_all()
                    return
            with suppress(DatabaseError, OSError):  # a full disk must not stop the pages
                self._write(lines)

    def _write(self, lines: Sequence[tuple[Any, ...]]) -> None:
        with self._file.writing() as connection:
            connection.executemany(
                "INSERT INTO audit (at, actor, action, detail, remote) VALUES (?, ?, ?, ?, ?)",
                lines,
            )

    def entries(
        self,
        *,
        after: int = 0,
        before: int | None = None,
        limit: int = 100,
        actor: str | None = None,
        action: str | None = None,
        detail: str | None = None,
        since: int | None = None,
        until: int | None = None,
        newest_first: bool = True,
    ) -> list[AuditEntry]:
        """Lines between two numbers (both excluded) that fit all that is given."""
        wanted: list[tuple[str, Any]] = [
            ("id > ?", after),
            ("id < ?", before),
            ("actor = ?", actor),
            ("action = ?", action),
            ("detail = ?", detail),
            ("at >= ?", since),
            ("at < ?", until),
        ]
        given = [(condition, value) for condition, value in wanted if value is not None]
        where = " AND ".join(condition for condition, _ in given)
        order = "DESC" if newest_first else "ASC"
        # What is spliced in are the constants above; values are bound.
        query = f"{SELECT} WHERE {where} ORDER BY id {order} LIMIT ?"
        with self._file.reading() as connection:
            rows = connection.execute(query, (*(value for _, value in given), limit)).fetchall()
        return [AuditEntry(*row) for row in rows]

    def actions(self) -> list[str]:
        """What was done so far, each once."""
        with self._file.reading() as connection:
            rows = connection.execute("SELECT DISTINCT action FROM audit ORDER BY 1").fetchall()
        return [action for (action,) in rows]


SELECT: Final = "SELECT id, at, actor, action, detail, remote FROM audit"
