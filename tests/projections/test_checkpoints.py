"""The write-ahead log of the views moves into their file beside the folding, and stays small."""

import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from projections.checkpoints import LARGE, PAGE, Checkpoints
from tests.running import eventually
from tracker.database import Connection, open_reader, open_writer, transaction


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "views-000001.db"


@pytest.fixture
def writer(path: Path) -> Iterator[Connection]:
    with closing(open_writer(path, durable=False)) as connection:
        connection.execute("CREATE TABLE pages (id INTEGER PRIMARY KEY, content BLOB)")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        yield connection


def write(writer: Connection, pages: int) -> None:
    with transaction(writer):
        rows = ((n, b"x" * PAGE) for n in range(pages))
        writer.executemany("INSERT OR REPLACE INTO pages VALUES (?, ?)", rows)


def log_size(path: Path) -> int:
    return Path(f"{path}-wal").stat().st_size


def test_a_commit_moves_nothing_but_soon_everything_is_in_the_file(
    path: Path, writer: Connection
) -> None:
    checkpoints = Checkpoints(path, writer)
    before = path.stat().st_size
    write(writer, 2_000)
    assert path.stat().st_size == before
    checkpoints.written()
    eventually(lambda: path.stat().st_size > before + 2_000 * PAGE)
    checkpoints.close()


def test_the_log_begins_anew_while_others_are_written_all_the_time(
    path: Path, writer: Connection
) -> None:
    checkpoints = Checkpoints(path, writer)
    pages, largest = 500, 0
    commits = 20 * LARGE // pages
    for _ in range(commits):
        write(writer, pages)
        checkpoints.written()
        largest = max(largest, log_size(path))
    checkpoints.close()
    assert largest < commits * pages * PAGE / 2
    with closing(open_reader(path)) as reader:
        assert reader.execute("SELECT count(*) FROM pages").fetchone() == (pages,)


def test_closing_ends_the_thread(path: Path, writer: Connection) -> None:
    before = threading.active_count()
    checkpoints = Checkpoints(path, writer)
    checkpoints.written()
    assert threading.active_count() == before + 1
    checkpoints.close()
    assert threading.active_count() == before


def test_nothing_written_needs_no_thread(path: Path, writer: Connection) -> None:
    before = threading.active_count()
    checkpoints = Checkpoints(path, writer)
    assert threading.active_count() == before
    checkpoints.close()
