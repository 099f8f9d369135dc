"""The tables of log.db and how they came to be."""

from pathlib import Path
from typing import Final

from sqlite_utils import Database, Migrations

from tracker.database import Connection, run_script
from tracker.errors import NotReady
from tracker.migrations import bring_up_to_date, refuse_newer, standing_of

LOG_STEPS: Final = Migrations("log")


@LOG_STEPS(name="0001_log")
def create_tables(db: Database) -> None:
    """The events, their head, other deliveries, and the quarantine."""
    run_script(
        db.conn,
        """
        CREATE TABLE events (
            position INTEGER PRIMARY KEY,
            event_id TEXT NOT NULL UNIQUE,
            type TEXT NOT NULL,
            family TEXT NOT NULL,
            record_id TEXT NOT NULL,
            organization_id TEXT NOT NULL,
            occurred_at INTEGER NOT NULL,
            received_at INTEGER NOT NULL,
            body BLOB NOT NULL,
            body_digest BLOB NOT NULL,
            chain BLOB NOT NULL
        ) STRICT;
        CREATE INDEX events_by_record ON events (family, record_id);
        CREATE INDEX events_by_type ON events (type);
        CREATE TABLE head (
            id INTEGER PRIMARY KEY CHECK (id = 1),
            position INTEGER NOT NULL,
            chain BLOB NOT NULL
        ) STRICT;
        INSERT INTO head VALUES (1, 0, zeroblob(32));
        CREATE TABLE deliveries (
            id INTEGER PRIMARY KEY,
            received_at INTEGER NOT NULL,
            outcome TEXT NOT NULL,
            reason TEXT,
            size INTEGER NOT NULL,
            remote TEXT NOT NULL,
            key_label TEXT NOT NULL,
            event_id TEXT,
            position INTEGER,
            digest TEXT NOT NULL
        ) STRICT;
        CREATE INDEX deliveries_by_outcome ON deliveries (outcome, id);
        CREATE TABLE quarantine (
            id INTEGER PRIMARY KEY,
            digest BLOB NOT NULL UNIQUE,
            received_at INTEGER NOT NULL,
            reason TEXT NOT NULL,
            body BLOB NOT NULL,
            position INTEGER,
            deliveries INTEGER NOT NULL DEFAULT 1,
            status TEXT NOT NULL DEFAULT 'waiting'
        ) STRICT;
        """,
    )


@LOG_STEPS(name="0002_erasures")
def add_erasures(db: Database) -> None:
    """Which event erased the person of an event, so that its bytes may differ from its digest."""
    run_script(
        db.conn,
        """
        ALTER TABLE events ADD COLUMN erased_by INTEGER;
        CREATE INDEX events_erased ON events (erased_by) WHERE erased_by IS NOT NULL;
        """,
    )


@LOG_STEPS(name="0003_compressed")
def add_compressed(db: Database) -> None:
    """How far old bodies are compressed, which an earlier version could not read."""
    run_script(
        db.conn,
        """
        CREATE TABLE compressed (
            id INTEGER PRIMARY KEY CHECK (id = 1),
            position INTEGER NOT NULL
        ) STRICT;
        INSERT INTO compressed VALUES (1, 0);
        """,
    )


def migrate(connection: Connection, path: Path) -> None:
    """Bring log.db up to date; raises NotReady when a newer program wrote it."""
    bring_up_to_date(connection, path, LOG_STEPS)


def refuse_others(path: Path) -> None:
    """Raise NotReady for a log with the tables of another version; only a writer changes them."""
    now = standing_of(path, LOG_STEPS)
    refuse_newer(path.name, now)
    if now.behind and now.ahead:
        raise NotReady(
            f"{path.name} has the tables of an earlier version. Start the service once, which "
            "brings them up to date; `tracker upgrade-check` says beforehand what it will do"
        )
