"""The tables and indexes of a generation."""

from collections.abc import Iterator, Sequence
from typing import Final

from projections.catalogue import VERSIONS
from projections.codec import columns
from projections.layout import TABLES, layout, view_names
from projections.projection import Table
from tracker.database import Connection, run_script

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
CREATE INDEX feed_by_type ON feed (type, organization_id, count);
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


def create_tables(connection: Connection) -> None:
    """All tables of a generation, without the indexes."""
    run_script(connection, SHARED)
    for table in TABLES.values():
        for statement in _tables(table):
            connection.execute(statement)
    connection.executemany("INSERT INTO projections VALUES (?, ?)", VERSIONS.items())
    connection.executemany("INSERT INTO views VALUES (?, 0, '0')", [(n,) for n in view_names()])


def _tables(table: Table) -> Iterator[str]:
    of, primary = layout(table.name), ", ".join(table.key)
    described = {column.name: f"{column.name} {column.sql}" for column in columns(table.row)}
    described["common"] = "common INTEGER NOT NULL"
    own = ", ".join(described[name] for name in of.columns)
    yield f"CREATE TABLE {of.table} ({own}, PRIMARY KEY ({primary})) STRICT"
    if of.common:
        common = ", ".join(described[name] for name in of.common)
        yield f"CREATE TABLE {of.common_table} (id INTEGER PRIMARY KEY, {common}) STRICT"
        named = ", ".join(column.name for column in columns(table.row))
        yield (
            f"CREATE VIEW {table.name} AS SELECT {named} FROM {of.table}"
            f" LEFT JOIN {of.common_table} ON {of.common_table}.id = common"
        )


def create_indexes(connection: Connection) -> None:
    """The indexes, made after the rows when a generation is built in bulk."""
    run_script(connection, SHARED_INDEXES)
    for table in TABLES.values():
        of = layout(table.name)
        for wanted in _indexes(table):
            _index(connection, of.table, wanted)
        if of.common:
            _index(connection, of.common_table, of.common[:1])


def _index(connection: Connection, table: str, wanted: Sequence[str]) -> None:
    name = "_".join((table, "by", *wanted))
    connection.execute(f"CREATE INDEX {name} ON {table} ({', '.join(wanted)})")


def _indexes(table: Table) -> list[tuple[str, ...]]:
    by_entity = [] if table.key[0] == table.entity else [(table.entity,)]
    return list(dict.fromkeys([*by_entity, *table.indexes]))
