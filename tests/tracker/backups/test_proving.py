"""A backup counts as good when it was restored and its views are those that were served."""

from pathlib import Path

import pytest

from projections import generation
from tests.sample import append, bodies, built, follow
from tracker.aside import Aside
from tracker.backups import nightly as nightly_module
from tracker.backups.archive import read_manifest
from tracker.backups.desk import DESK, desk
from tracker.backups.making import make
from tracker.backups.nightly import NightlyBackup, night_of
from tracker.backups.proving import prove
from tracker.backups.shelf import Keep, backups_in, name_at
from tracker.control import Control
from tracker.database import open_writer
from tracker.errors import BackupDamaged, Busy, NotReady
from tracker.timing import DAY, from_iso

NIGHT = from_iso("2026-03-02T02:00:00Z")


@pytest.fixture
def filled(data: Path) -> Path:
    append(data, bodies(30))
    built(data)
    return data


@pytest.fixture
def control(filled: Path) -> Control:
    return Control(filled / "control.db")


def nightly(data: Path, control: Control) -> NightlyBackup:
    return NightlyBackup(data, data / "backups", Keep(daily=2), control.backup_proofs)


def damage_views(data: Path) -> None:
    """Change a kept digest, as a bug of a fold would."""
    views = open_writer(built(data))
    views.execute("UPDATE views SET digest = '1' WHERE name = 'runs'")
    views.close()


def test_a_good_backup_is_proven_and_its_scratch_removed(filled: Path) -> None:
    backup, _ = make(filled, filled / "backups")
    proof = prove(filled, backup.path)

    assert (proof.problem, proof.compared, proof.position) == (None, True, 30)
    assert (proof.file, proof.size) == (backup.path.name, backup.path.stat().st_size)
    assert not (filled / DESK).exists()


def test_views_that_stood_behind_the_log_are_compared_where_they_stood(filled: Path) -> None:
    append(filled, bodies(12, start=30))
    backup, manifest = make(filled, filled / "backups")
    assert manifest.views is not None
    assert (manifest.head, manifest.views.position) == (42, 30)
    follow(filled)

    proof = prove(filled, backup.path)
    assert (proof.problem, proof.compared, proof.position) == (None, True, 42)


def test_views_that_do_not_follow_from_the_log_are_named(filled: Path) -> None:
    damage_views(filled)
    proof = prove(filled, make(filled, filled / "backups")[0].path)

    assert proof.problem is not None
    assert "differ from those served at position 30: runs" in proof.problem
    assert not (filled / DESK).exists()


def test_a_damaged_backup_is_a_problem_not_a_crash(filled: Path) -> None:
    backup, _ = make(filled, filled / "backups")
    content = bytearray(backup.path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    backup.path.write_bytes(content)

    proof = prove(filled, backup.path)
    assert "'log.db'" in str(proof.problem)


def test_without_views_the_log_alone_is_proven(filled: Path) -> None:
    (filled / generation.POINTER).unlink()
    proof = prove(filled, make(filled, filled / "backups")[0].path)

    assert (proof.problem, proof.compared) == (None, False)


def test_another_at_work_is_no_failed_proof(filled: Path) -> None:
    backup, _ = make(filled, filled / "backups")
    with desk(filled), pytest.raises(Busy):
        prove(filled, backup.path)


def test_a_night_makes_proves_and_remembers(filled: Path, control: Control) -> None:
    said = nightly(filled, control).run(lambda: NIGHT)

    [backup] = backups_in(filled / "backups")
    assert backup.path.name in said
    assert "30 events, their chain is whole, no view differs" in said
    good = control.backup_proofs.last_good()
    assert good is not None
    assert (good.at, good.file, good.position) == (NIGHT, backup.path.name, 30)
    assert good.size == read_size(backup.path)


def read_size(path: Path) -> int:
    assert read_manifest(path).head == 30
    return path.stat().st_size


def test_older_backups_go_only_when_the_new_one_is_good(filled: Path) -> None:
    shelf = filled / "backups"
    shelf.mkdir()
    for age in range(1, 5):
        (shelf / name_at(NIGHT - age * DAY)).write_bytes(b"an old one")
    damage_views(filled)
    assert night_of(str(filled), str(shelf), Keep(daily=2), lambda _: None).proof.problem
    assert len(backups_in(shelf)) == 5

    (filled / generation.POINTER).unlink()
    night = night_of(str(filled), str(shelf), Keep(daily=2), lambda _: None)
    assert night.proof.problem is None
    assert len(backups_in(shelf)) == 2
    assert len(night.deleted) == 4


def test_a_bad_night_is_loud_and_the_last_good_one_stays_known(
    filled: Path, control: Control
) -> None:
    nightly(filled, control).run(lambda: NIGHT)
    damage_views(filled)

    with pytest.raises(BackupDamaged, match="can't be restored"):
        nightly(filled, control).run(lambda: NIGHT + DAY)

    newest, good = control.backup_proofs.newest(), control.backup_proofs.last_good()
    assert newest is not None
    assert good is not None
    assert (newest.at, good.at) == (NIGHT + DAY, NIGHT)
    assert "runs" in str(newest.problem)


def test_a_night_without_a_backup_at_all_is_remembered_with_its_reason(
    filled: Path, control: Control, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise NotReady("no room")

    monkeypatch.setattr(Aside, "run", fail)
    with pytest.raises(NotReady):
        nightly(filled, control).run(lambda: NIGHT)
    newest = control.backup_proofs.newest()
    assert newest is not None
    assert (newest.file, newest.problem) == ("", "no room")


def test_what_a_killed_night_left_is_removed_at_the_next_start(
    filled: Path, control: Control
) -> None:
    (filled / DESK).mkdir()
    nightly(filled, control)
    assert not (filled / DESK).exists()


def test_a_stopped_service_begins_no_backup(filled: Path, control: Control) -> None:
    night = nightly(filled, control)
    night.stop()
    with pytest.raises(NotReady, match="The service is stopping"):
        night.run()
    assert nightly_module.POLITENESS > 0
