"""The file control.db: its tables, and how a process reads and writes it.

Any process may write, one at a time: each write takes a file lock, opens the one
writing connection, and closes it again. Writes are rare, and reads never wait.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from sqlite_utils import Database, Migrations

from tracker.database import Connection, open_reader, open_writer, transaction
from tracker.migrations import bring_up_to_date


class ControlFile:
    """control.db at `path`, made when it is missing, brought up to date when it is older.

    Raises NotReady when its tables are those of a newer program.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        with self._locked() as connection:
            bring_up_to_date(connection, path, CONTROL_STEPS)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection that reads."""
        connection = open_reader(self._path)
        try:
            yield connection
        finally:
            connection.close()

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """The one connection that writes, in a transaction."""
        with self._locked() as connection, transaction(connection):
            yield connection

    @contextmanager
    def _locked(self) -> Iterator[Connection]:
        lock = self._path.with_suffix(".lock")
        descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            connection = open_writer(self._path)
            try:
                yield connection
            finally:
                connection.close()
        finally:
            os.close(descriptor)


CONTROL_STEPS: Final = Migrations("control")


@CONTROL_STEPS()
def create_tables(db: Database) -> None:
    """Signing secrets and their last use, results of jobs, and the audit trail."""
    for statement in _SCHEMA:
        db.execute(statement)


@CONTROL_STEPS()
def create_saved_views(db: Database) -> None:
    """The filters of lists that people gave a name."""
    db.execute(_SAVED_VIEWS)


@CONTROL_STEPS()
def create_backup_proofs(db: Database) -> None:
    """Which backups were proven restorable, and which were not."""
    db.execute(_BACKUP_PROOFS)


@CONTROL_STEPS()
def let_audit_only_grow(db: Database) -> None:
    """Where whoever is in the audit trail came from; lines can't be changed or taken away."""
    for statement in _AUDIT:
        db.execute(statement)


@CONTROL_STEPS()
def create_access(db: Database) -> None:
    """People, and what lets them in."""
    for statement in _ACCESS:
        db.execute(statement)


_SCHEMA: Final = (
    """CREATE TABLE signing_secrets (
        id INTEGER PRIMARY KEY, label TEXT NOT NULL, value TEXT NOT NULL,
        created_at INTEGER NOT NULL, revoked_at INTEGER) STRICT""",
    "CREATE UNIQUE INDEX active_labels ON signing_secrets (label) WHERE revoked_at IS NULL",
    "CREATE TABLE secret_uses (label TEXT PRIMARY KEY, last_verified_at INTEGER NOT NULL) STRICT",
    """CREATE TABLE jobs (
        name TEXT PRIMARY KEY, last_started_at INTEGER NOT NULL, last_finished_at INTEGER,
        ok INTEGER, result TEXT) STRICT""",
    """CREATE TABLE audit (
        id INTEGER PRIMARY KEY, at INTEGER NOT NULL, actor TEXT NOT NULL,
        action TEXT NOT NULL, detail TEXT NOT NULL) STRICT""",
)

_SAVED_VIEWS: Final = """CREATE TABLE saved_views (
    id INTEGER PRIMARY KEY, path TEXT NOT NULL, name TEXT NOT NULL COLLATE NOCASE,
    query TEXT NOT NULL, created_at INTEGER NOT NULL, UNIQUE (path, name)) STRICT"""

_BACKUP_PROOFS: Final = """CREATE TABLE backup_proofs (
    id INTEGER PRIMARY KEY, at INTEGER NOT NULL, file TEXT NOT NULL, size INTEGER NOT NULL,
    position INTEGER NOT NULL, seconds REAL NOT NULL, problem TEXT) STRICT"""

_AUDIT: Final = (
    "ALTER TABLE audit ADD COLUMN remote TEXT NOT NULL DEFAULT ''",
    "CREATE INDEX audit_by_actor ON audit (actor, id)",
    "CREATE INDEX audit_by_action ON audit (action, id)",
    "CREATE INDEX audit_by_detail ON audit (detail, id)",
    """CREATE TRIGGER audit_keeps BEFORE UPDATE ON audit
        BEGIN SELECT RAISE(ABORT, 'the audit trail is only added to'); END""",
    """CREATE TRIGGER audit_stays BEFORE DELETE ON audit
        BEGIN SELECT RAISE(ABORT, 'the audit trail is only added to'); END""",
)

_ACCESS: Final = (
    """CREATE TABLE people (
        id INTEGER PRIMARY KEY, email TEXT NOT NULL UNIQUE, role TEXT NOT NULL,
        organizations TEXT, password TEXT, totp TEXT, totp_step INTEGER NOT NULL DEFAULT 0,
        created_at INTEGER NOT NULL) STRICT""",
    """CREATE TABLE links (
        hash BLOB PRIMARY KEY, purpose TEXT NOT NULL,
        person_id INTEGER REFERENCES people ON DELETE CASCADE,
        created_at INTEGER NOT NULL, expires_at INTEGER NOT NULL) STRICT""",
    "CREATE INDEX links_by_person ON links (person_id)",
    """CREATE TABLE sessions (
        id INTEGER PRIMARY KEY, hash BLOB NOT NULL UNIQUE,
        person_id INTEGER NOT NULL REFERENCES people ON DELETE CASCADE,
        created_at INTEGER NOT NULL, seen_at INTEGER NOT NULL,
        remote TEXT NOT NULL, agent TEXT NOT NULL) STRICT""",
    "CREATE INDEX sessions_by_person ON sessions (person_id)",
    """CREATE TABLE tokens (
        id INTEGER PRIMARY KEY, hash BLOB NOT NULL UNIQUE, kind TEXT NOT NULL, name TEXT NOT NULL,
        person_id INTEGER REFERENCES people ON DELETE CASCADE,
        role TEXT, organizations TEXT, made_by TEXT NOT NULL, created_at INTEGER NOT NULL,
        expires_at INTEGER NOT NULL, used_at INTEGER, revoked_at INTEGER) STRICT""",
    "CREATE INDEX tokens_by_person ON tokens (person_id)",
)


def note_audit(connection: Connection, at: int, actor: str, action: str, detail: str) -> None:
    """Add a line to the audit trail, in the transaction of what it tells of."""
    connection.execute(
        "INSERT INTO audit (at, actor, action, detail) VALUES (?, ?, ?, ?)",
        (at, actor, action, detail),
    )
