"""What was deleted is gone from the file, as soon as nobody reads what was there before."""

from contextlib import closing
from pathlib import Path

import pytest

from tracker.database import Connection, open_reader, open_writer, transaction, truncate_wal

WORD = "a-word-of-its-own"


@pytest.fixture
def path(data: Path) -> Path:
    with closing(open_writer(data / "file.db")) as connection:
        connection.execute("CREATE TABLE notes (text TEXT)")
    return data / "file.db"


def written(path: Path) -> Connection:
    """A connection that has written a word and taken it away again."""
    connection = open_writer(path)
    for statement in (f"INSERT INTO notes VALUES ('{WORD * 300}')", "DELETE FROM notes"):
        with transaction(connection):
            connection.execute(statement)
    return connection


def holding(path: Path) -> list[str]:
    return [one.name for one in path.parent.iterdir() if WORD.encode() in one.read_bytes()]


def test_nothing_is_left_in_any_file(path: Path) -> None:
    with closing(written(path)) as connection:
        assert holding(path) == ["file.db-wal"]
        assert truncate_wal(connection)
        assert holding(path) == []


def test_a_reader_delays_it_and_is_not_waited_for(path: Path) -> None:
    with closing(open_writer(path)) as first:
        first.execute(f"INSERT INTO notes VALUES ('{WORD}')")
        with closing(open_reader(path)) as reader:
            reader.execute("BEGIN")
            reader.execute("SELECT * FROM notes").fetchall()
            first.execute("DELETE FROM notes")
            assert not truncate_wal(first)
            assert holding(path)
        assert truncate_wal(first)
        assert holding(path) == []
