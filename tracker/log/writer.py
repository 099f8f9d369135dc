"""The one writer of log.db."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from pathlib import Path

import msgspec

from tracker import files
from tracker.database import (
    Connection,
    DatabaseError,
    exclusive,
    file_size,
    open_writer,
    transaction,
    truncate_wal,
)
from tracker.envelope import read_envelope
from tracker.errors import NotFound, NotStored
from tracker.events import Event
from tracker.log import compressing, erasing
from tracker.log.batch import Batch
from tracker.log.compressing import Compressed
from tracker.log.erasing import Erasure
from tracker.log.erasures import Erasures
from tracker.log.rows import Incoming, Receipt
from tracker.log.schema import migrate
from tracker.timing import now

MOST_DELIVERIES = 100_000


class Log:
    """Appends deliveries; only one process at a time can open it.

    Without `checkpoints` somebody else moves the write-ahead log into the file.

    Raises Busy when another process writes this log, NotReady when its tables are those of a
    newer program. Not for use by two threads at once.
    """

    def __init__(self, data: Path, *, checkpoints: bool = True) -> None:
        with ExitStack() as opening:
            opening.enter_context(exclusive(data / "log.lock", "writing the log"))
            self._connection: Connection = open_writer(data / "log.db")
            opening.callback(self._connection.close)
            if not checkpoints:
                self._connection.execute("PRAGMA wal_autocheckpoint = 0")
            migrate(self._connection, data / "log.db")
            self._closing = opening.pop_all()
        self._path = data / "log.db"
        self._head: tuple[int, bytes] | None = None
        self._erasures: Erasures | None = Erasures.stored(self._connection)

    def close(self) -> None:
        """Close the file and release the lock."""
        self._closing.close()

    def append(self, deliveries: Sequence[Incoming]) -> list[Receipt]:
        """Store deliveries in one transaction; on return they survive a power cut.

        Raises NotStored when they could not be committed: then nothing was.
        """
        try:
            with transaction(self._connection):
                batch = self._batch()
                receipts = batch.take(deliveries)
                batch.write()
        except DatabaseError as error:
            self._forget()
            raise NotStored(f"log.db could not be written: {error}") from error
        self._head = batch.head
        return receipts

    def _batch(self) -> Batch:
        if self._erasures is None:
            self._erasures = Erasures.stored(self._connection)
        return Batch(self._connection, self._head, self._erasures)

    def _forget(self) -> None:
        """What is in memory may be ahead of the file, whose transaction was rolled back."""
        self._head = self._erasures = None

    def erase(self, wanted: Erasure, file_under: Callable[[Event], Iterable[str]]) -> "Erasing":
        """Append an erasure and overwrite what is personal, in one transaction.

        Nothing is appended when nothing is left to overwrite and all names are erased already.
        Raises NotStored when it could not be committed.
        """
        try:
            with transaction(self._connection):
                return self._erase(wanted, file_under)
        except DatabaseError as error:
            self._forget()
            raise NotStored(f"log.db could not be written: {error}") from error

    def _erase(self, wanted: Erasure, file_under: Callable[[Event], Iterable[str]]) -> "Erasing":
        batch = self._batch()
        found = erasing.find(self._connection, wanted, file_under)
        changed = erasing.to_overwrite(found.events)
        texts = erasing.who_is(found.texts)
        if not changed and batch.erases(found.names):
            return Erasing(None, 0, 0, texts)
        body = erasing.body_of(wanted, found, changed)
        (receipt,) = batch.take([Incoming(body, now(), read_envelope(body, trusted=True))])
        wiped = erasing.wipe(self._connection, found)
        batch.write()
        self._head = batch.head
        return Erasing(receipt.position, len(changed), wiped, texts)

    def prune_deliveries(self, before: int) -> int:
        """Forget deliveries received before a time, and the oldest beyond a fixed number."""
        with transaction(self._connection):
            cursor = self._connection.execute(
                """
                DELETE FROM deliveries WHERE received_at < ?
                OR id <= (SELECT max(id) FROM deliveries) - ?
                """,
                (before, MOST_DELIVERIES),
            )
        return int(cursor.rowcount)

    def compress(self, older_than: int) -> Compressed:
        """Compress a few more bodies received before a time; raises NotStored.

        Nothing is left to do when no event was seen.
        """
        try:
            with transaction(self._connection):
                return compressing.compress(self._connection, older_than)
        except DatabaseError as error:
            raise NotStored(f"log.db could not be written: {error}") from error

    def shrink(self) -> int:
        """Give what is free in log.db back to the disk; gives the bytes. Deliveries wait.

        Raises NotReady without room for a second copy, NotStored when it can't be written.
        """
        before = file_size(self._connection)
        files.check_room(self._path.parent, 2 * before, "Shrinking log.db")
        try:
            self._connection.execute("VACUUM")
        except DatabaseError as error:
            raise NotStored(f"log.db could not be written: {error}") from error
        self.truncate()
        return before - file_size(self._connection)

    def settle_quarantined(self, quarantine_id: int, status: str) -> None:
        """Record that a quarantined delivery was retried or discarded; its bytes stay."""
        with transaction(self._connection):
            cursor = self._connection.execute(
                "UPDATE quarantine SET status = ? WHERE id = ?", (status, quarantine_id)
            )
        if cursor.rowcount == 0:
            raise NotFound(f"Nothing is quarantined under number {quarantine_id}")

    def truncate(self) -> bool:
        """Leave nothing in the write-ahead log; False while readers hold it."""
        return truncate_wal(self._connection)

    def checkpoint(self) -> str:
        """Move the write-ahead log into log.db; says how many pages were moved."""
        busy, pages, moved = self._connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        self.truncate()
        return f"{moved} of {pages} pages" + (", readers hold the rest" if busy else "")


class Erasing(msgspec.Struct, frozen=True):
    """What an erasure did: where it stands in the log, None when nothing was left to do.

    `texts` is what the person was called, in lower case, to be taken out of other files.
    """

    position: int | None
    events: int
    quarantined: int
    texts: frozenset[str]
