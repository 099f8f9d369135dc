"""How SQLite files are opened: one process writes a file and alone checkpoints it.

pysqlite3 brings its own SQLite. The one that Python links may be older than 3.51.3,
which repaired a loss of committed pages when a write-ahead log is reset.
"""

import fcntl
import os
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from tracker import files
from tracker.errors import Busy, NotReady

if TYPE_CHECKING:
    import sqlite3
else:
    from pysqlite3 import dbapi2 as sqlite3

Connection = sqlite3.Connection
Cursor = sqlite3.Cursor
DatabaseError = sqlite3.Error

OLDEST_SQLITE = (3, 51, 3)
PATIENCE = 10  # seconds to wait for a lock


def sqlite_version() -> tuple[int, ...]:
    """The version of the SQLite in use."""
    return sqlite3.sqlite_version_info


def open_writer(path: Path, *, durable: bool = True) -> Connection:
    """The one writing connection of a file, in WAL mode.

    A commit survives a power cut if `durable`. If not, the last commits may be gone after
    one, whole and in order: right for what can be made again. Transactions are begun by
    hand. Raises NotReady when SQLite is too old.
    """
    if sqlite3.sqlite_version_info < OLDEST_SQLITE:
        wanted = ".".join(map(str, OLDEST_SQLITE))
        raise NotReady(
            f"SQLite {sqlite3.sqlite_version} can lose commits; install a pysqlite3 "
            f"that brings {wanted} or later"
        )
    connection = _connect(f"{_uri(path)}?mode=rwc")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
    connection.execute("PRAGMA foreign_keys = ON")
    # What was overwritten or deleted is gone from the file, not only from the tables.
    connection.execute("PRAGMA secure_delete = ON")
    return connection


def open_reader(
    path: Path,
    prepare: Callable[[Connection], None] = lambda _connection: None,
    kind: type[Connection] = Connection,
) -> Connection:
    """A connection that can't write and never checkpoints; usable from any one thread at a time.

    `prepare` may give it temporary tables and views first; `kind` may be one that changes
    what is read. Raises NotReady when the file does not exist.
    """
    if not path.exists():
        raise NotReady(f"{path.name} does not exist yet in {path.parent}; start the service once")
    connection = _connect(read_only(path), kind)
    prepare(connection)
    connection.execute("PRAGMA query_only = ON")
    connection.execute("PRAGMA wal_autocheckpoint = 0")
    return connection


def open_in_memory() -> Connection:
    """A database that no file holds."""
    return _connect(":memory:")


def _connect(uri: str, kind: type[Connection] = Connection) -> Connection:
    connection = sqlite3.connect(
        uri,
        uri=True,
        isolation_level=None,
        check_same_thread=False,
        timeout=PATIENCE,
        factory=kind,
    )
    connection.execute("PRAGMA cache_size = -4000")
    connection.execute("PRAGMA trusted_schema = OFF")
    return connection


def read_only(path: Path) -> str:
    """The address of a file that is opened or attached for reading."""
    return f"{_uri(path)}?mode=ro"


def _uri(path: Path) -> str:
    return f"file:{quote(str(path.resolve()))}"


@contextmanager
def transaction(connection: Connection) -> Iterator[Connection]:
    """A writing transaction: committed at the end, rolled back on any error."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield connection
        # A commit that fails (a full disk) leaves the transaction open: that is an error, too.
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def truncate_wal(connection: Connection) -> bool:
    """Move the write-ahead log into the file and empty it; False while readers hold it.

    Waits for them only a moment: whoever writes has other things to do.
    """
    connection.execute("PRAGMA busy_timeout = 50")
    try:
        busy, _, _ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    except DatabaseError:  # somebody else checkpoints
        return False
    finally:
        connection.execute(f"PRAGMA busy_timeout = {PATIENCE * 1000}")
    return not busy


def run_script(connection: Connection, script: str) -> None:
    """Run several statements inside the current transaction (`executescript` would commit it)."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            connection.execute(statement)
            statement = ""


@contextmanager
def snapshot(connection: Connection) -> Iterator[Connection]:
    """A reading transaction: every query inside sees the same moment."""
    connection.execute("BEGIN")
    try:
        yield connection
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def copy_into(connection: Connection, path: Path) -> None:
    """Copy the file of a connection as it is at this moment, without pages that hold deleted rows.

    The copy is whole or not there, survives a power cut, and is its owner's alone. Whoever
    writes the file goes on; its write-ahead log only grows until the copy is made. Raises
    NotReady when the copy can't be written, or the file can't be read.
    """
    unfinished = files.begin(path)
    (guarded,) = connection.execute("PRAGMA query_only").fetchone()
    connection.execute("PRAGMA query_only = OFF")  # it guards against this as well
    try:
        connection.execute("VACUUM INTO ?", (str(unfinished),))
        files.put_in_place(unfinished, path)
    except (DatabaseError, OSError) as error:
        raise NotReady(f"The copy {path} could not be made: {error}") from error
    finally:
        connection.execute(f"PRAGMA query_only = {guarded}")
        unfinished.unlink(missing_ok=True)


def file_size(connection: Connection) -> int:
    """How many bytes the file of a connection has, with what still waits in its write-ahead log."""
    query = "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size"
    return int(connection.execute(query).fetchone()[0])


@contextmanager
def exclusive(path: Path, doing: str) -> Iterator[None]:
    """Hold a lock file for as long as the block runs; the lock ends with the process.

    Raises Busy when another process holds it; `doing` says what it is held for.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Busy(
                f"Another process is {doing} in {path.parent}; stop it, or wait until it is done"
            ) from None
        yield
    finally:
        os.close(descriptor)


class Readers:
    """Read connections of one file, lent to one thread at a time.

    `open_reader` semantics; a lent connection goes back to the pool afterwards.
    """

    def __init__(
        self,
        path: Path,
        prepare: Callable[[Connection], None] = lambda _connection: None,
        kind: type[Connection] = Connection,
    ) -> None:
        self.path = path
        self._prepare = prepare
        self._kind = kind
        self._idle: deque[Connection] = deque()
        self._closed = False

    @contextmanager
    def lend(self) -> Iterator[Connection]:
        """A connection in a reading transaction: every query inside sees the same moment."""
        try:
            connection = self._idle.pop()
        except IndexError:
            connection = open_reader(self.path, self._prepare, self._kind)
        try:
            with snapshot(connection):
                yield connection
        finally:
            self._idle.append(connection)
            if self._closed:
                self.close()

    def close(self) -> None:
        """Close the idle connections now, and lent ones when they come back."""
        self._closed = True
        while self._idle:
            self._idle.pop().close()
