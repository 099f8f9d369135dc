"""The files of the views: one generation is one complete build, one of them is served.

`views-000007.db` is generation 7; the pointer file `views.current` names the one
served and is replaced by an atomic rename.
"""

import re
from collections.abc import Callable, Sequence
from functools import cache
from operator import itemgetter
from pathlib import Path
from typing import Any, Final

from projections.catalogue import PROJECTIONS
from projections.codec import columns
from projections.projection import COUNTER, Attention, Table
from tracker import files
from tracker.database import Connection, DatabaseError, open_in_memory, open_reader, run_script

POINTER: Final = "views.current"
FEW_NAMES: Final = 3
NAME: Final = re.compile(r"views-(\d{6})\.db")

SHARED: Final = """
CREATE TABLE checkpoint (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    position INTEGER NOT NULL
) STRICT;
INSERT INTO checkpoint VALUES (1, 0);
CREATE TABLE projections (name TEXT PRIMARY KEY, version INTEGER NOT NULL) STRICT;
CREATE TABLE views (name TEXT PRIMARY KEY, rows INTEGER NOT NULL, digest TEXT NOT NULL) STRICT;
CREATE TABLE entities (
    id INTEGER PRIMARY KEY,
    projection TEXT NOT NULL,
    key TEXT NOT NULL,
    last_event_at INTEGER,
    name TEXT,
    positions BLOB NOT NULL,
    broken TEXT
) STRICT;
CREATE TABLE tallies (
    name TEXT NOT NULL,
    organization_id TEXT NOT NULL,
    subject TEXT NOT NULL,
    version TEXT NOT NULL,
    item TEXT NOT NULL,
    outcome TEXT NOT NULL,
    target TEXT NOT NULL,
    day INTEGER NOT NULL,
    count INTEGER NOT NULL,
    total INTEGER NOT NULL,
    PRIMARY KEY (name, organization_id, subject, version, item, outcome, target, day)
) STRICT, WITHOUT ROWID;
CREATE TABLE attention (
    projection TEXT NOT NULL,
    entity TEXT NOT NULL,
    item TEXT NOT NULL,
    reason TEXT NOT NULL,
    words TEXT NOT NULL,
    since INTEGER NOT NULL,
    organization_id TEXT NOT NULL,
    candidate_name TEXT,
    identity TEXT,
    url TEXT,
    PRIMARY KEY (projection, entity, item)
) STRICT, WITHOUT ROWID;
CREATE TABLE links (
    identity TEXT NOT NULL,
    projection TEXT NOT NULL,
    entity TEXT NOT NULL,
    PRIMARY KEY (identity, projection, entity)
) STRICT, WITHOUT ROWID;
CREATE TABLE people (identity TEXT PRIMARY KEY, person TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE persons (
    person TEXT PRIMARY KEY,
    name TEXT,
    name_order TEXT,
    named_by TEXT,
    named_at INTEGER,
    last_event_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE search (
    id INTEGER PRIMARY KEY,
    projection TEXT NOT NULL,
    entity TEXT NOT NULL,
    title TEXT NOT NULL,
    words TEXT NOT NULL
) STRICT;
CREATE TABLE feed (
    hour INTEGER NOT NULL,
    type TEXT NOT NULL,
    organization_id TEXT NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (hour, type, organization_id)
) STRICT, WITHOUT ROWID;
CREATE VIRTUAL TABLE search_index USING fts5 (
    title, words, content = 'search', content_rowid = 'id', prefix = '2 3'
);
"""

SHARED_INDEXES: Final = """
CREATE UNIQUE INDEX entities_by_key ON entities (projection, key);
CREATE INDEX entities_broken ON entities (projection) WHERE broken IS NOT NULL;
CREATE INDEX attention_by_since ON attention (since);
CREATE INDEX attention_by_reason ON attention (reason, since);
CREATE INDEX links_by_entity ON links (projection, entity);
CREATE INDEX people_by_person ON people (person);
CREATE INDEX persons_by_name ON persons (name_order);
CREATE INDEX persons_by_last_event_at ON persons (last_event_at);
CREATE UNIQUE INDEX search_by_entity ON search (projection, entity);
INSERT INTO search_index (search_index) VALUES ('rebuild');
INSERT INTO search_index (search_index, rank) VALUES ('secure-delete', 1);
CREATE TRIGGER search_added AFTER INSERT ON search BEGIN
    INSERT INTO search_index (rowid, title, words) VALUES (new.id, new.title, new.words);
END;
CREATE TRIGGER search_removed AFTER DELETE ON search BEGIN
    INSERT INTO search_index (search_index, rowid, title, words)
    VALUES ('delete', old.id, old.title, old.words);
END;
CREATE TRIGGER search_changed AFTER UPDATE ON search BEGIN
    INSERT INTO search_index (search_index, rowid, title, words)
    VALUES ('delete', old.id, old.title, old.words);
    INSERT INTO search_index (rowid, title, words) VALUES (new.id, new.title, new.words);
END;
"""

# What a digest covers of each shared view, and its primary key: never an internal number.
SHARED_VIEWS: Final = {
    "tallies": ((*COUNTER, "count", "total"), len(COUNTER)),
    "attention": (("projection", "entity", *Attention.__struct_fields__), 3),
    "links": (("identity", "projection", "entity"), 3),
    "people": (("identity", "person"), 1),
    "persons": (("person", "name", "name_order", "named_by", "named_at", "last_event_at"), 1),
    "search": (("projection", "entity", "title", "words"), 2),
    "feed": (("hour", "type", "organization_id", "count"), 3),
}

TABLES: Final[dict[str, Table]] = {
    table.name: table for projection in PROJECTIONS for table in projection.tables
}


def view_names() -> list[str]:
    """All views that have a digest: the projections' tables, then the shared ones."""
    return [*TABLES, *SHARED_VIEWS]


def view_columns(name: str) -> tuple[str, ...]:
    """The columns of a view that its digest covers."""
    if name in TABLES:
        return tuple(_names(TABLES[name]))
    return SHARED_VIEWS[name][0]


def select_view(name: str) -> str:
    """The SELECT of everything in a view that its digest covers."""
    return f"SELECT {', '.join(view_columns(name))} FROM {name}"


@cache
def insert_into(name: str) -> str:
    """The INSERT of a row of a view."""
    names = view_columns(name)
    return f"INSERT INTO {name} ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})"


def key_columns(name: str) -> tuple[str, ...]:
    """The columns that tell the rows of a view apart."""
    if name in TABLES:
        return TABLES[name].key
    return view_columns(name)[: SHARED_VIEWS[name][1]]


@cache
def key_of(name: str) -> Callable[[Sequence[Any]], Any]:
    """What takes the primary key out of a view's row: one value, or a tuple of several."""
    names = view_columns(name)
    return itemgetter(*(names.index(column) for column in key_columns(name)))


def _names(table: Table) -> list[str]:
    return [column.name for column in columns(table.row)]


def create_tables(connection: Connection) -> None:
    """All tables of a generation, without the indexes."""
    run_script(connection, SHARED)
    for table in TABLES.values():
        described = ", ".join(f"{column.name} {column.sql}" for column in columns(table.row))
        primary = ", ".join(table.key)
        connection.execute(
            f"CREATE TABLE {table.name} ({described}, PRIMARY KEY ({primary})) STRICT"
        )
    connection.executemany(
        "INSERT INTO projections VALUES (?, ?)", [(p.name, p.version) for p in PROJECTIONS]
    )
    connection.executemany("INSERT INTO views VALUES (?, 0, '0')", [(n,) for n in view_names()])


def create_indexes(connection: Connection) -> None:
    """The indexes, made after the rows when a generation is built in bulk."""
    run_script(connection, SHARED_INDEXES)
    for table in TABLES.values():
        for wanted in _indexes(table):
            name = "_".join((table.name, "by", *wanted))
            connection.execute(f"CREATE INDEX {name} ON {table.name} ({', '.join(wanted)})")


def _indexes(table: Table) -> list[tuple[str, ...]]:
    by_entity = [] if table.key[0] == table.entity else [(table.entity,)]
    return list(dict.fromkeys([*by_entity, *table.indexes]))


def usable(connection: Connection) -> bool:
    """Whether this program can go on with a generation: it would make the same one."""
    return not differences(connection)


def is_usable(path: Path) -> bool:
    """The same of a generation's file."""
    views = open_reader(path)
    try:
        return usable(views)
    finally:
        views.close()


def differences(connection: Connection) -> list[str]:
    """In words, why a generation must be made again: versions, tables or indexes differ."""
    before, after = versions(connection), {p.name: p.version for p in PROJECTIONS}
    raised = [
        f"{name}: version {before.get(name, 'none')} becomes {after.get(name, 'none')}"
        for name in dict.fromkeys([*after, *before])
        if before.get(name) != after.get(name)
    ]
    found, wanted = schema(connection), _schema_of_today()
    names = sorted(dict(found.items() ^ wanted.items()))
    more = f" and {len(names) - FEW_NAMES} more" if len(names) > FEW_NAMES else ""
    made = f"tables or indexes are made another way: {', '.join(names[:FEW_NAMES])}{more}"
    return [*raised, made] if names else raised


def schema(connection: Connection) -> dict[str, str]:
    """The statement that made each table, index and trigger of a generation.

    Without what SQLite makes by itself: another version of it may word that otherwise.
    """
    query = """
        SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT IN
        (SELECT name FROM pragma_table_list WHERE type = 'shadow')
    """
    return dict(connection.execute(query).fetchall())


@cache
def _schema_of_today() -> dict[str, str]:
    connection = open_in_memory()
    try:
        create_tables(connection)
        create_indexes(connection)
        return schema(connection)
    finally:
        connection.close()


def versions(connection: Connection) -> dict[str, int]:
    """The version of each projection that a generation was built with."""
    return dict(connection.execute("SELECT name, version FROM projections").fetchall())


def position(connection: Connection) -> int:
    """Up to which position of the log a generation is folded."""
    return int(connection.execute("SELECT position FROM checkpoint").fetchone()[0])


def position_of(path: Path) -> int:
    """The same of a file; 0 for one that can't be read, as it is being made."""
    views = open_reader(path)
    try:
        return position(views)
    except DatabaseError:
        return 0
    finally:
        views.close()


def served(data: Path) -> Path | None:
    """The file of the served generation, None when there is none."""
    try:
        name = (data / POINTER).read_text().strip()
    except FileNotFoundError:
        return None
    path = data / name
    return path if NAME.fullmatch(name) and path.exists() else None


def number(path: Path) -> int:
    """7 for `views-000007.db`."""
    found = NAME.fullmatch(path.name)
    return int(found[1]) if found else 0


def generations(data: Path) -> list[Path]:
    """All generation files, oldest first."""
    return sorted(path for path in data.glob("views-*.db") if NAME.fullmatch(path.name))


def next_file(data: Path) -> Path:
    """The file name of the generation to be built next."""
    newest = max((number(path) for path in generations(data)), default=0)
    return data / f"views-{newest + 1:06}.db"


def switch(data: Path, path: Path) -> None:
    """Serve a generation from now on: one atomic rename."""
    pointer = data / POINTER
    waiting = files.begin(pointer)
    waiting.write_text(f"{path.name}\n")
    files.put_in_place(waiting, pointer)


def remove(path: Path) -> None:
    """Delete a generation's files."""
    for suffix in ("", "-wal", "-shm", "-journal"):
        Path(f"{path}{suffix}").unlink(missing_ok=True)


def remove_unfinished(data: Path, served: Path | None) -> None:
    """Delete what an interrupted rebuild left behind: generations newer than the served one."""
    for path in generations(data):
        if served is None or path.name > served.name:
            remove(path)


def remove_all_but(data: Path, *kept: Path | None) -> None:
    """Delete every generation besides those given."""
    for path in generations(data):
        if path not in kept:
            remove(path)
