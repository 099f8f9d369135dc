"""A kept file comes forward from every schema it ever had; nothing is lost on the way."""

import re
import signal
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from sqlite_utils import Database, Migrations

from tests.schemas import CASES, FILES, loaded, made, rows, stored, tables
from tracker import files
from tracker.control import Control
from tracker.database import (
    Connection,
    DatabaseError,
    open_in_memory,
    open_reader,
    open_writer,
    run_script,
)
from tracker.errors import NotReady
from tracker.log import LOG_STEPS, Log, LogReader, verify
from tracker.migrations import bring_up_to_date, copy_path, standing, standing_of, steps_of

ROOT = Path(__file__).parents[2]
NEWEST = {file: steps_of(steps)[-1].name for file, steps in FILES.items()}
every_schema = pytest.mark.parametrize(("file", "step"), CASES)


def steps_with(second: str = "ALTER TABLE notes ADD COLUMN at INTEGER") -> Migrations:
    """Two steps: a table, and what a later version of the program does to it."""
    steps = Migrations("notes")

    @steps()
    def create_notes(db: Database) -> None:
        db.execute("CREATE TABLE notes (text TEXT)")

    @steps()
    def say_when(db: Database) -> None:
        """When each was written."""
        run_script(db.conn, f"{second};\nUPDATE notes SET at = 7;")

    return steps


@pytest.fixture
def notes(data: Path) -> Path:
    """A file that the first of the two steps made, with a row, and one that was deleted."""
    path = data / "notes.db"
    connection = open_writer(path)
    steps_with().apply(Database(connection), stop_before="say_when")
    connection.execute("INSERT INTO notes VALUES ('first'), ('gone')")
    connection.execute("DELETE FROM notes WHERE text = 'gone'")
    connection.close()
    return path


def bring(path: Path, steps: Migrations) -> None:
    connection = open_writer(path)
    try:
        bring_up_to_date(connection, path, steps)
    finally:
        connection.close()


def content(path: Path) -> list[tuple[object, ...]]:
    """The notes of a file."""
    connection = open_reader(path)
    try:
        return rows(connection)["notes"]
    finally:
        connection.close()


def write(path: Path, connection: Connection) -> Path:
    """A file with what is in memory."""
    connection.execute("VACUUM INTO ?", (str(path),))
    connection.close()
    return path


@every_schema
def test_every_schema_is_kept_and_its_step_never_changes_again(file: str, step: str) -> None:
    assert stored(file, step).exists(), "run `python -m tests.schemas` and add rows by hand"
    assert tables(made(file, step)) == tables(loaded(file, step))


@every_schema
def test_every_kept_schema_has_rows_in_each_of_its_tables(file: str, step: str) -> None:
    assert [name for name, found in rows(loaded(file, step)).items() if not found] == []


@every_schema
def test_every_earlier_schema_becomes_the_one_of_today_and_keeps_its_rows(
    file: str, step: str, data: Path
) -> None:
    before = {name: len(found) for name, found in rows(loaded(file, step)).items()}
    path = write(data / f"{file}.db", loaded(file, step))

    bring(path, FILES[file])

    connection = open_reader(path)
    assert tables(connection) == tables(made(file, NEWEST[file]))
    after = {name: len(found) for name, found in rows(connection).items()}
    assert before.items() <= after.items()
    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    connection.close()


def test_a_log_of_the_first_schema_is_served_with_its_chain(data: Path) -> None:
    write(data / "log.db", loaded("log", "0001_log"))

    Log(data).close()

    reader = LogReader(data)
    assert reader.head() == 3
    reader.close()
    assert verify(data).ok


def test_a_control_file_of_the_first_schema_keeps_its_secret(data: Path) -> None:
    write(data / "control.db", loaded("control", "create_tables"))

    [secret] = Control(data / "control.db").secrets()

    assert (secret.label, secret.value) == ("popp", "a-secret-of-the-first-days")


def test_a_file_is_copied_as_it_was_before_it_changes(notes: Path) -> None:
    bring(notes, steps_with())

    assert content(notes) == [("first", 7)]
    copy = notes.parent / "backups" / "notes-before-upgrade-from-schema-1.db"
    assert copy == copy_path(notes, 1)
    assert content(copy) == [("first",)]
    assert b"gone" not in copy.read_bytes(), "a deleted row went into the copy"


def test_a_copy_is_for_its_owner_alone(notes: Path) -> None:
    bring(notes, steps_with())

    copy = copy_path(notes, 1)
    assert (copy.stat().st_mode & 0o777, copy.parent.stat().st_mode & 0o777) == (0o600, 0o700)


def test_a_file_that_is_new_or_up_to_date_is_not_copied(notes: Path, data: Path) -> None:
    bring(data / "new.db", steps_with())
    assert not (data / "backups").exists()

    bring(notes, steps_with())
    copy_path(notes, 1).unlink()
    bring(notes, steps_with())
    assert list((data / "backups").iterdir()) == []


def test_a_step_that_fails_leaves_the_file_as_it_was_and_can_be_repeated(notes: Path) -> None:
    broken = steps_with("ALTER TABLE notes ADD COLUMN at INTEGER;\nSELECT 1 FROM nowhere")
    with pytest.raises(DatabaseError, match="nowhere"):
        bring(notes, broken)
    assert content(notes) == [("first",)]

    bring(notes, steps_with())
    assert content(notes) == [("first", 7)]


def test_a_file_of_a_newer_program_is_refused_and_left_alone(notes: Path) -> None:
    bring(notes, steps_with())
    older = Migrations("notes")
    older(name="create_notes")(lambda _db: None)
    before = notes.read_bytes()

    with pytest.raises(NotReady, match=re.escape("newer version of this program")) as refused:
        bring(notes, older)

    assert "say_when" in str(refused.value)
    assert notes.read_bytes() == before


@pytest.mark.parametrize("name", ["log.db", "control.db"])
def test_neither_log_nor_secrets_of_a_newer_program_are_opened(name: str, data: Path) -> None:
    Log(data).close()
    Control(data / "control.db")
    connection = open_writer(data / name)
    connection.execute(
        "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES (?, ?, '')",
        (name.removesuffix(".db"), "of_tomorrow"),
    )
    connection.close()

    for _ in range(2):  # a refusal leaves no lock behind
        with pytest.raises(NotReady, match="of_tomorrow"):
            Log(data) if name == "log.db" else Control(data / name)
    if name == "log.db":
        with pytest.raises(NotReady, match="of_tomorrow"):
            verify(data)


def test_without_room_for_the_copy_nothing_is_changed(
    notes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "SPARE", 2**60)

    with pytest.raises(NotReady, match="make room there"):
        bring(notes, steps_with())

    assert content(notes) == [("first",)]


def test_steps_are_told_apart_by_what_is_behind_and_ahead(notes: Path) -> None:
    now = standing_of(notes, steps_with())

    assert (now.version, now.behind, now.unknown) == (1, ["create_notes"], [])
    assert [(step.name, step.says) for step in now.ahead] == [
        ("say_when", "When each was written.")
    ]


def test_a_missing_file_has_all_steps_ahead_and_stays_missing(data: Path) -> None:
    ahead = [step.name for step in standing_of(data / "none.db", steps_with()).ahead]

    assert ahead == ["create_notes", "say_when"]
    assert standing(open_in_memory(), steps_with()).version == 0
    assert not (data / "none.db").exists()


DYING = """
import os, signal, sys
from pathlib import Path
from tests.tracker.test_migrations import steps_with
from tracker.database import open_writer
from tracker.migrations import bring_up_to_date

path, breath = Path(sys.argv[1]), int(sys.argv[2])

def breathe():
    global breath
    breath -= 1
    if breath < 0:
        os.kill(os.getpid(), signal.SIGKILL)

connection = open_writer(path)
connection.set_progress_handler(breathe, 25)
bring_up_to_date(connection, path, steps_with())
connection.close()
"""


def test_a_kill_at_any_moment_leaves_the_old_or_the_new_version(notes: Path) -> None:
    """The process dies after ever more work of SQLite, until it comes through alive."""
    seen, breath, died = set(), 0, True
    while died:
        ended = subprocess.run(
            [sys.executable, "-c", DYING, str(notes), str(breath)], cwd=ROOT, check=False
        )
        died = ended.returncode == -signal.SIGKILL
        assert died or ended.returncode == 0
        seen.add(str(content(notes)))
        breath = breath * 5 // 4 + 2
    assert seen == {"[('first',)]", "[('first', 7)]"}
    assert content(copy_path(notes, 1)) == [("first",)]
    left = [path.name for path in (notes.parent / "backups").iterdir()]
    assert left == [copy_path(notes, 1).name], "a half-written copy stays behind"


def test_who_only_reads_an_older_log_is_told_what_to_do(data: Path) -> None:
    kept = open_writer(data / "log.db")
    with closing(loaded("log", steps_of(LOG_STEPS)[0].name)) as first, closing(kept):
        first.backup(kept)
    with pytest.raises(NotReady, match="Start the service once"):
        verify(data)
