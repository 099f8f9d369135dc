"""What was backed up while the service wrote can be restored, whole, into a new directory."""

import threading
from itertools import count
from pathlib import Path

import pytest

from projections.rebuild import rebuild
from tests.running import eventually
from tests.sample import append, bodies, built, digests, follow, incoming, opened
from tests.schemas import loaded
from tracker import files
from tracker.backups import making, restoring
from tracker.backups.archive import Manifest, read_manifest, write
from tracker.backups.desk import DESK, clear, desk
from tracker.backups.making import make
from tracker.backups.restoring import restore
from tracker.control import Control
from tracker.database import open_writer
from tracker.errors import BackupDamaged, Busy, NotReady
from tracker.log import LogReader, verify


@pytest.fixture
def filled(data: Path) -> Path:
    """Thirty events with their views, a secret, and settings."""
    append(data, bodies(30))
    built(data)
    Control(data / "control.db").add_secret("popp", "s3cret", actor="ann")
    (data / "tracker.toml").write_text("port = 8123\n")
    return data


@pytest.fixture
def shelf(tmp_path: Path) -> Path:
    return tmp_path / "shelf"


def backup_of(data: Path, shelf: Path) -> Path:
    return make(data, shelf)[0].path


def names(directory: Path) -> set[str]:
    passing = ("-shm", "-wal")
    return {path.name for path in directory.iterdir() if not path.name.endswith(passing)}


def test_everything_comes_back_and_makes_the_same_views(
    filled: Path, shelf: Path, tmp_path: Path
) -> None:
    restored = restore(backup_of(filled, shelf), tmp_path / "new")

    new = tmp_path / "new"
    assert restored.events == 30
    assert names(new) == {"log.db", "control.db", "tracker.toml"}
    assert new.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in new.iterdir()} == {0o600}
    assert verify(new) == verify(filled)
    [secret] = Control(new / "control.db").secrets()
    assert secret.value == "s3cret"
    rebuild(new)
    assert digests(new) == digests(filled)


def test_the_manifest_says_what_is_inside(filled: Path, shelf: Path) -> None:
    manifest = read_manifest(backup_of(filled, shelf))

    proof = verify(filled)
    assert (manifest.head, manifest.chain) == (30, proof.head_chain)
    assert [part.name for part in manifest.parts] == ["log.db", "control.db", "tracker.toml"]
    assert manifest.schemas["log.db"][0] == "0001_log"
    assert manifest.views is not None
    assert (manifest.views.position, manifest.views.digests) == (30, digests(filled))


def test_a_backup_is_made_while_events_arrive(filled: Path, shelf: Path, tmp_path: Path) -> None:
    ended = threading.Event()
    stored: list[int] = []

    def write_on() -> None:
        with opened(filled) as log:
            for number in count(30):
                receipts = log.append([incoming(body) for body in bodies(1, start=number)])
                stored.append(receipts[0].position or 0)
                if ended.is_set():
                    return

    writing = threading.Thread(target=write_on)
    writing.start()
    eventually(lambda: len(stored) > 1)
    try:
        backups = [backup_of(filled, shelf) for _ in range(5)]
    finally:
        ended.set()
        writing.join()
    heads = [read_manifest(backup).head for backup in backups]
    assert heads == sorted(heads)
    assert len(set(heads)) > 1, "nothing arrived meanwhile"
    for number, backup in enumerate(backups):
        into = tmp_path / f"new-{number}"
        assert restore(backup, into).events == heads[number]
    assert verify(filled).events == stored[-1]


def test_a_fresh_directory_without_views_or_control_file_can_be_backed_up(
    data: Path, shelf: Path, tmp_path: Path
) -> None:
    append(data, [])
    backup = backup_of(data, shelf)

    assert read_manifest(backup).views is None
    assert restore(backup, tmp_path / "new").events == 0


def test_views_of_another_program_are_not_promised(filled: Path, shelf: Path) -> None:
    views = open_writer(built(filled))
    views.execute("UPDATE projections SET version = 0 WHERE name = 'runs'")
    views.close()

    assert read_manifest(backup_of(filled, shelf)).views is None


def test_nothing_is_left_behind_and_backups_are_private(filled: Path, shelf: Path) -> None:
    before = names(filled)
    backup = backup_of(filled, shelf)

    assert names(filled) - before == {"backup.lock"}
    assert names(shelf) == {backup.name}
    assert (backup.stat().st_mode & 0o777, shelf.stat().st_mode & 0o777) == (0o600, 0o700)


def test_a_directory_that_holds_anything_is_refused_and_left_alone(
    filled: Path, shelf: Path, tmp_path: Path
) -> None:
    backup = backup_of(filled, shelf)
    into = tmp_path / "used"
    into.mkdir()
    (into / "notes.txt").write_text("mine")

    with pytest.raises(NotReady, match=r"is not empty \(it holds notes\.txt\)"):
        restore(backup, into)
    assert names(into) == {"notes.txt"}


def test_settings_of_a_fresh_installation_give_way_and_are_kept(
    filled: Path, shelf: Path, tmp_path: Path
) -> None:
    backup = backup_of(filled, shelf)
    into = tmp_path / "installed"
    into.mkdir()
    (into / "tracker.toml").write_text("port = 8000\n")

    restore(backup, into)

    assert names(into) == {"log.db", "control.db", "tracker.toml", restoring.BEFORE}
    assert (into / "tracker.toml").read_text() == "port = 8123\n"
    assert (into / restoring.BEFORE).read_text() == "port = 8000\n"


def test_settings_stay_when_the_backup_brings_none(
    filled: Path, shelf: Path, tmp_path: Path
) -> None:
    (filled / "tracker.toml").unlink()
    backup = backup_of(filled, shelf)
    into = tmp_path / "installed"
    into.mkdir()
    (into / "tracker.toml").write_text("port = 8000\n")

    restore(backup, into)

    assert names(into) == {"log.db", "control.db", "tracker.toml"}
    assert (into / "tracker.toml").read_text() == "port = 8000\n"


def test_what_a_killed_restore_left_is_no_hindrance(
    filled: Path, shelf: Path, tmp_path: Path
) -> None:
    (tmp_path / "new" / restoring.ASIDE).mkdir(parents=True)
    (tmp_path / "new" / restoring.ASIDE / "log.db.part").write_bytes(b"half")

    restore(backup_of(filled, shelf), tmp_path / "new")
    assert names(tmp_path / "new") == {"log.db", "control.db", "tracker.toml"}


def test_a_log_that_was_changed_before_the_backup_is_named(
    filled: Path, shelf: Path, tmp_path: Path
) -> None:
    log = open_writer(filled / "log.db")
    log.execute("UPDATE events SET body = CAST(replace(body, 'r0', 'r9') AS BLOB)")
    log.close()

    with pytest.raises(BackupDamaged, match=r"'log\.db' in .* can't be used: the bytes of event 1"):
        restore(backup_of(filled, shelf), tmp_path / "new")
    assert names(tmp_path / "new") == set()


def test_a_file_that_is_no_database_is_named(filled: Path, shelf: Path, tmp_path: Path) -> None:
    backup = backup_of(filled, shelf)
    manifest = read_manifest(backup)
    bad = tmp_path / "log.db"
    bad.write_bytes(b"SQLite format 3\0 but no more")
    write(backup, [bad], lambda parts: told(manifest, parts), making.silent)

    with pytest.raises(BackupDamaged, match=r"'log\.db'"):
        restore(backup, tmp_path / "new")


def told(manifest: Manifest, parts: list[object]) -> Manifest:
    return Manifest(**{name: getattr(manifest, name) for name in manifest.__struct_fields__} | {
        "parts": parts
    })  # fmt: skip


def test_a_whole_log_that_is_not_the_one_of_the_manifest_is_refused(
    filled: Path, shelf: Path, tmp_path: Path
) -> None:
    backup = backup_of(filled, shelf)
    manifest = read_manifest(backup)
    append(tmp_path, bodies(7))
    reader = open_writer(tmp_path / "log.db")
    reader.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    reader.close()
    write(backup, [tmp_path / "log.db"], lambda parts: told(manifest, parts), making.silent)

    with pytest.raises(BackupDamaged, match=r"ends at event 7, not where the manifest says \(30\)"):
        restore(backup, tmp_path / "new")


def test_tables_of_a_newer_program_are_refused(filled: Path, shelf: Path, tmp_path: Path) -> None:
    newer = "INSERT INTO _sqlite_migrations (migration_set, name) VALUES ('log', 'of_tomorrow')"
    log = open_writer(filled / "log.db")
    log.execute(newer)
    log.close()

    with pytest.raises(NotReady, match="newer version of this program"):
        restore(backup_of(filled, shelf), tmp_path / "new")
    assert names(tmp_path / "new") == set()


def test_tables_of_an_older_program_come_forward(filled: Path, shelf: Path, tmp_path: Path) -> None:
    for name, step in (("log", "0001_log"), ("control", "create_tables")):
        (filled / f"{name}.db").unlink()
        first = loaded(name, step)
        first.execute("VACUUM INTO ?", (str(filled / f"{name}.db"),))
        first.close()
    rebuild(filled)

    assert restore(backup_of(filled, shelf), tmp_path / "new").events == 3
    [secret] = Control(tmp_path / "new" / "control.db").secrets()
    assert secret.value == "a-secret-of-the-first-days"
    assert names(tmp_path / "new") == {"log.db", "control.db", "control.lock", "tracker.toml"}


def test_what_is_amended_is_amended_before_anything_is_in_place(
    filled: Path, shelf: Path, tmp_path: Path
) -> None:
    new = tmp_path / "new"

    def amend(restored: Path) -> None:
        assert names(new) == {restored.name}
        (restored / "tracker.toml").write_text("port = 9\n")

    restore(backup_of(filled, shelf), new, amend=amend)
    assert (new / "tracker.toml").read_text() == "port = 9\n"


def test_an_amendment_that_fails_leaves_nothing(filled: Path, shelf: Path, tmp_path: Path) -> None:
    def fail(_restored: Path) -> None:
        raise NotReady("the erasures can't be read")

    with pytest.raises(NotReady, match="erasures"):
        restore(backup_of(filled, shelf), tmp_path / "new", amend=fail)
    assert names(tmp_path / "new") == set()


def test_without_room_nothing_is_begun(
    filled: Path, shelf: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    backup = backup_of(filled, shelf)
    monkeypatch.setattr(files, "SPARE", 2**60)

    with pytest.raises(NotReady, match=r"Making a backup needs .* make room there"):
        make(filled, shelf)
    with pytest.raises(NotReady, match=r"Restoring .* needs .* make room there"):
        restore(backup, tmp_path / "new")
    assert names(shelf) == {backup.name}
    assert names(tmp_path / "new") == set()


def test_only_one_is_made_at_a_time(filled: Path, shelf: Path) -> None:
    with desk(filled), pytest.raises(Busy, match="making a backup"):
        make(filled, shelf)


def test_what_a_killed_backup_left_is_removed_but_never_under_a_running_one(
    filled: Path,
) -> None:
    (filled / DESK).mkdir()
    (filled / DESK / "log.db").write_bytes(b"half")
    clear(filled)
    assert not (filled / DESK).exists()

    with desk(filled) as place:
        (place / "log.db").write_bytes(b"at work")
        clear(filled)
        assert (place / "log.db").exists()


def test_a_place_that_can_not_be_made_is_said_in_words(filled: Path) -> None:
    (filled / "a-file").write_text("")
    with pytest.raises(NotReady, match="for backups can't be made"):
        make(filled, filled / "a-file" / "shelf")


def test_a_directory_without_a_log_has_nothing_to_back_up(data: Path, shelf: Path) -> None:
    with pytest.raises(NotReady, match="There is no log"):
        make(data, shelf)
    assert not shelf.exists()


def test_the_log_is_readable_while_it_is_copied(filled: Path, shelf: Path) -> None:
    reader = LogReader(filled)
    backup_of(filled, shelf)
    follow(filled)
    assert reader.head() == 30
    reader.close()
