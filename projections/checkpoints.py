"""Moves the write-ahead log of the views into their file, beside the folding.

SQLite's own way is to do it within a commit, which then takes ten times as long, and what
came meanwhile waits. Here a thread does it, a few times a second; SQLite works outside of
Python's lock, and lets one connection write while another one checkpoints.
"""

import threading
from contextlib import closing
from pathlib import Path
from typing import Final

from tracker.database import Connection, DatabaseError, open_writer

PAUSE: Final = 0.2  # seconds between two rounds
PAGE: Final = 4_096  # bytes
LARGE: Final = 8_192  # pages in the write-ahead log, from which on it must begin anew


class Checkpoints:
    """For the one connection that writes a file: call `written` after each commit."""

    def __init__(self, path: Path, writer: Connection) -> None:
        writer.execute("PRAGMA wal_autocheckpoint = 0")
        writer.execute(f"PRAGMA journal_size_limit = {LARGE * PAGE}")
        self._path = path
        self._writer = writer
        self._news = threading.Event()
        self._closed = threading.Event()
        self._large = False
        self._thread: threading.Thread | None = None

    def written(self) -> None:
        """There is something to move; raises DatabaseError when the file can't be opened."""
        if self._thread is None:
            # Opened here, where a failure is heard.
            connection = open_writer(self._path, durable=False)
            self._thread = threading.Thread(
                target=self._work, args=(connection,), name="checkpoints", daemon=True
            )
            self._thread.start()
        self._news.set()
        # While others are written, some pages are always left over, and the log grows on.
        # Nobody writes now, so the few since the last round are all.
        if self._large and _checkpoint(self._writer) is not None:
            self._large = False

    def close(self) -> None:
        """End the round under way."""
        self._closed.set()
        self._news.set()
        if self._thread is not None:
            self._thread.join()

    def _work(self, connection: Connection) -> None:
        with closing(connection):
            while self._news.wait() and not self._closed.is_set():
                self._news.clear()
                self._large = (_checkpoint(connection) or 0) > LARGE
                self._closed.wait(PAUSE)


def _checkpoint(connection: Connection) -> int | None:
    """Move what no reader holds; how many pages the log has, None while somebody else does it."""
    try:
        busy, pages, _ = connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
    except DatabaseError:
        return None
    return None if busy else int(pages)
