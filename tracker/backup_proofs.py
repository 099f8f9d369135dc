"""Which backups were proven restorable, and which were not; kept over restarts."""

from typing import Final

import msgspec

from tracker.control_file import ControlFile
from tracker.timing import DAY

MOST_PROOFS: Final = 400  # a year of nights
OVERDUE: Final = 2 * DAY  # a night may be missed, two may not


class Proven(msgspec.Struct, frozen=True):
    """One attempt to make or prove a backup; `problem` is None when it can be restored.

    `at` is when it began, in microseconds. Without a `file` no backup was made at all.
    """

    at: int
    file: str = ""
    size: int = 0
    position: int = 0
    seconds: float = 0.0
    problem: str | None = None


class BackupProofs:
    """The proofs in control.db: the newest ones, and the last good one however old it is."""

    def __init__(self, file: ControlFile) -> None:
        self._file = file

    def add(self, proven: Proven) -> None:
        """Remember one, and forget the oldest beyond a fixed number."""
        with self._file.writing() as connection:
            connection.execute(
                "INSERT INTO backup_proofs (at, file, size, position, seconds, problem)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                msgspec.structs.astuple(proven),
            )
            connection.execute(
                "DELETE FROM backup_proofs WHERE id <= (SELECT max(id) FROM backup_proofs) - ?"
                " AND id IS NOT (SELECT max(id) FROM backup_proofs WHERE problem IS NULL)",
                (MOST_PROOFS,),
            )

    def newest(self) -> Proven | None:
        """The last attempt, None before the first."""
        return self._one(f"{_SELECT} ORDER BY id DESC LIMIT 1")

    def last_good(self) -> Proven | None:
        """The last one that was proven restorable, None when there is none."""
        return self._one(f"{_SELECT} WHERE problem IS NULL ORDER BY id DESC LIMIT 1")

    def _one(self, query: str) -> Proven | None:
        with self._file.reading() as connection:
            row = connection.execute(query).fetchone()
        return None if row is None else Proven(*row)


_SELECT: Final = "SELECT at, file, size, position, seconds, problem FROM backup_proofs"
