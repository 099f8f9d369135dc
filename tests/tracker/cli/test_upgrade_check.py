"""What a new version would do is said before it does it, and nothing is changed by asking."""

import re
from pathlib import Path

import pytest

from projections import generation
from projections.rebuild import rebuild
from tests.schemas import loaded
from tests.tracker.cli.running import answer, tracker
from tracker import files
from tracker.control import Control
from tracker.database import open_writer


@pytest.fixture
def ready(filled: Path) -> Path:
    """A data directory that this program made, with views and a control file."""
    Control(filled / "control.db")
    rebuild(filled)
    return filled


def change(path: Path, statement: str) -> None:
    connection = open_writer(path)
    connection.execute(statement)
    connection.close()


def older_control(data: Path) -> None:
    (data / "control.db").unlink()
    first = loaded("control", "create_tables")
    first.execute("VACUUM INTO ?", (str(data / "control.db"),))
    first.close()


def listing(data: Path) -> dict[str, bytes]:
    passing = (".lock", "-shm", "-wal")
    return {
        str(path.relative_to(data)): path.read_bytes()
        for path in data.rglob("*")
        if path.is_file() and not path.name.endswith(passing)
    }


def test_nothing_is_to_be_done_where_this_program_served(ready: Path) -> None:
    said = answer(ready, "upgrade-check")

    assert (said["ok"], said["changes"]) == (True, False)
    assert [file["steps"] for file in said["files"]] == [[], []]
    assert not said["views"]["rebuild"]


def test_steps_copies_and_rebuilds_are_announced_and_nothing_is_touched(ready: Path) -> None:
    older_control(ready)
    served = generation.served(ready)
    assert served is not None
    change(served, "DROP INDEX attention_by_since")
    before = listing(ready)

    said = answer(ready, "upgrade-check")

    control = next(file for file in said["files"] if file["name"] == "control.db")
    assert (control["version"], control["steps"][0]["name"]) == (1, "create_saved_views")
    assert control["copy"] == str(ready / "backups/control-before-upgrade-from-schema-1.db")
    assert control["bytes"] > 0
    assert said["views"]["reasons"] == [
        "tables or indexes are made another way: attention_by_since"
    ]
    assert (said["views"]["events"], said["views"]["seconds"]) == (2, 1)
    assert listing(ready) == before


def test_what_was_announced_is_what_happens(ready: Path) -> None:
    older_control(ready)
    said = answer(ready, "upgrade-check")

    Control(ready / "control.db")

    control = next(file for file in said["files"] if file["name"] == "control.db")
    assert Path(control["copy"]).exists()
    done = answer(ready, "upgrade-check")
    assert not done["changes"]
    assert done["files"][1]["version"] == control["becomes"]


def test_people_read_it_in_words(ready: Path) -> None:
    older_control(ready)
    result = tracker(ready, "upgrade-check")

    assert result.exit_code == 0
    assert "control.db: schema 1 becomes" in result.stdout
    assert "first: copied to" in result.stdout
    assert "step create_saved_views: The filters of lists that people gave a name." in result.stdout
    assert re.search(r"log\.db: schema \d+, nothing to change", result.stdout)
    assert "Nothing was changed" in result.stderr


def test_missing_views_are_a_rebuild(filled: Path) -> None:
    assert answer(filled, "upgrade-check")["views"]["reasons"] == ["there are no views yet"]
    assert "made again from 2 events" in tracker(filled, "upgrade-check").stdout


def test_a_directory_of_a_newer_program_can_not_be_served(ready: Path) -> None:
    newer = "INSERT INTO _sqlite_migrations (migration_set, name) VALUES ('log', 'of_tomorrow')"
    change(ready / "log.db", newer)
    result = tracker(ready, "upgrade-check")

    assert result.exit_code == 1
    assert "log.db was written by a newer version" in result.stderr


def test_too_little_room_is_said_before_the_upgrade(
    ready: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    older_control(ready)
    monkeypatch.setattr(files, "SPARE", 2**60)
    result = tracker(ready, "upgrade-check")

    assert result.exit_code == 1
    assert "make room there" in result.stderr
