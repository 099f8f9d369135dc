"""Backups from the command line, beside a running service or without one."""

import json
from pathlib import Path

import httpx
import pytest

from projections import generation
from projections.rebuild import rebuild
from tests.running import eventually, service
from tests.running import tracker as in_a_process
from tests.sample import append, bodies, built, digests
from tests.tracker.cli.running import answer, tracker
from tracker.backups.desk import DESK
from tracker.backups.shelf import backups_in, name_at
from tracker.database import open_writer
from tracker.timing import DAY, from_iso, now


@pytest.fixture
def ready(filled: Path) -> Path:
    rebuild(filled)
    return filled


def test_a_backup_made_while_serving_is_restored_and_served_again(
    data: Path, tmp_path: Path
) -> None:
    with service(data) as running:
        for body in bodies(20):
            assert running.post(body).is_success
        made = in_a_process("backup", "--prove", "--json", "--data", str(data))
        assert made.returncode == 0, made.stderr
        assert running.post(bodies(21)[20]).is_success
    said = json.loads(made.stdout)
    assert (said["head"], said["proof"]["problem"]) == (20, None)

    new = tmp_path / "new"
    restored = in_a_process("restore", said["path"], "--data", str(new))
    assert restored.returncode == 0, restored.stderr
    assert f"{new}: 20 events" in restored.stdout
    with service(new) as running:
        assert running.post(bodies(20)[19]).json()["status"] == "duplicate"
        assert running.post(bodies(21)[20]).json() == {"status": "accepted", "position": 21}
        eventually(lambda: running.get("/readyz").json()["lag_events"] == 0)
        assert running.stop() == 0
    assert digests(new) == rebuilt(new)


def rebuilt(data: Path) -> dict[str, str]:
    rebuild(data)
    return digests(data)


def test_what_was_made_is_listed_with_its_proof(ready: Path) -> None:
    made = answer(ready, "backup", "--prove")

    [listed] = answer(ready, "backup", "--list")
    assert (listed["path"], listed["size"]) == (made["path"], made["size"])
    shown = tracker(ready, "backup", "--list").stdout
    assert "last proven restorable" in shown
    assert Path(made["path"]).name in shown


def test_without_backups_the_list_says_so(ready: Path) -> None:
    assert "There is no backup in" in tracker(ready, "backup", "--list").stdout
    assert answer(ready, "backup", "--list") == []


def test_without_a_rule_nothing_is_deleted(ready: Path, tmp_path: Path) -> None:
    for age in (9, 5, 1):
        (tmp_path / name_at(now() - age * DAY)).write_bytes(b"an older one")

    assert answer(ready, "backup", "--to", str(tmp_path))["deleted"] == []
    said = answer(ready, "backup", "--to", str(tmp_path), "--keep-daily", "2")
    assert len(said["deleted"]) == 3
    assert len(backups_in(tmp_path)) == 2


def test_a_backup_that_can_not_be_restored_ends_with_one_and_is_remembered(ready: Path) -> None:
    views = open_writer(built(ready))
    views.execute("UPDATE views SET digest = '1' WHERE name = 'runs'")
    views.close()
    (ready / "backups").mkdir()
    (ready / "backups" / name_at(from_iso("2026-01-01"))).write_bytes(b"an old one")

    result = tracker(ready, "backup", "--prove", "--keep-daily", "1")

    assert result.exit_code == 1
    assert "can't be restored" in result.stderr
    assert len(backups_in(ready / "backups")) == 2, "an old one went though the new one is bad"
    assert "The last backup failed" in tracker(ready, "doctor").stdout


def test_restore_can_make_the_views_at_once(ready: Path, tmp_path: Path) -> None:
    made = answer(ready, "backup")
    said = answer(tmp_path / "new", "restore", made["path"], "--rebuild")

    assert (said["events"], said["manifest"]["head"]) == (2, 2)
    assert digests(tmp_path / "new") == digests(ready)


def test_who_restored_it_is_in_the_audit_trail_of_what_was_restored(
    ready: Path, tmp_path: Path
) -> None:
    made = Path(answer(ready, "backup")["path"])
    answer(tmp_path / "new", "restore", str(made))

    newest = answer(tmp_path / "new", "audit")[0]
    assert (newest["action"], newest["detail"]) == ("backup restored", made.name)
    assert newest["actor"].endswith("command line)")
    assert "backup restored" not in {line["action"] for line in answer(ready, "audit")}


def test_restored_settings_are_pointed_out_before_the_start(ready: Path, tmp_path: Path) -> None:
    (ready / "tracker.toml").write_text('backup_to = "/mnt/usb"\n')
    said = answer(ready, "backup", "--to", str(tmp_path))
    result = tracker(tmp_path / "new", "restore", said["path"])

    assert f"look at {tmp_path / 'new' / 'tracker.toml'} first" in result.stderr
    assert "Start it: tracker serve --data" in result.stderr


def test_a_restore_over_a_used_directory_is_refused(ready: Path) -> None:
    made = answer(ready, "backup")
    result = tracker(ready, "restore", made["path"])

    assert result.exit_code == 1
    assert "a restore never replaces anything" in result.stderr
    assert generation.served(ready) is not None


def test_the_doctor_knows_how_old_the_last_good_backup_is(ready: Path) -> None:
    assert "No backup was proven restorable yet" in tracker(ready, "doctor").stdout
    tracker(ready, "backup", "--prove")
    assert "proven restorable is tracker-" in tracker(ready, "doctor").stdout
    assert ", 0 days old" in tracker(ready, "doctor").stdout

    control = open_writer(ready / "control.db")
    control.execute("UPDATE backup_proofs SET at = at - ?", (3 * DAY,))
    control.close()
    said = tracker(ready, "doctor").stdout
    assert "✗ The last backup proven restorable" in said
    assert "3 days old" in said


def test_the_doctor_says_that_no_backup_is_made_at_night(ready: Path) -> None:
    (ready / "tracker.toml").write_text("nightly_backup = false\n")
    assert "nightly_backup is off" in tracker(ready, "doctor").stdout


@pytest.mark.parametrize("ending", ["kill", "stop"])
def test_a_service_that_ends_in_the_middle_of_a_backup_leaves_nothing_behind(
    data: Path, ending: str
) -> None:
    append(data, bodies(3_000))
    with service(data) as running:
        eventually(lambda: running.get("/readyz").json()["lag_events"] == 0)
        httpx.post(f"{running.url}/system/job", data={"name": "backup"})
        eventually((data / DESK).exists)
        getattr(running, ending)()
    with service(data) as running:
        # An orphan notices at its next step that nobody listens, and clears up itself.
        eventually(lambda: not (data / DESK).exists())
        assert not list((data / "backups").glob("*.part"))
        httpx.post(f"{running.url}/system/job", data={"name": "backup"})
        eventually(lambda: "Proven restorable" in running.get("/system").text)
        assert running.stop() == 0
