"""A backup from before an erasure does not bring the person back."""

from pathlib import Path

import pytest

from projections.rebuild import rebuild
from tests.sample import append
from tests.tracker.cli.running import answer, tracker
from tests.tracker.log.test_erasing import STORY, bodies
from tracker.log import verify
from tracker.log.ledger import LEDGER


@pytest.fixture
def backup(data: Path) -> Path:
    """A backup that was made before the person was erased, where backups are by default."""
    append(data, STORY)
    rebuild(data)
    assert tracker(data, "backup").exit_code == 0
    answer(data, "erase", "cand-ada", "--yes")
    (found,) = [one for one in (data / "backups").iterdir() if one.is_file()]
    return found


def test_the_ledger_above_the_backups_is_found(backup: Path, data: Path, tmp_path: Path) -> None:
    result = tracker(tmp_path / "new", "restore", str(backup))
    assert result.exit_code == 0, result.stderr
    assert "1 erasures that are newer than the backup were made again" in result.stderr
    assert bodies(tmp_path / "new") == bodies(data)
    assert verify(tmp_path / "new").ok
    assert b"Lovelace" not in (tmp_path / "new" / "log.db").read_bytes()
    noted = [(line["action"], line["detail"]) for line in answer(tmp_path / "new", "audit")]
    assert ("erasures made again", "1") in noted


def test_one_that_was_kept_elsewhere_is_named(backup: Path, data: Path, tmp_path: Path) -> None:
    ledger = (data / LEDGER).rename(tmp_path / "kept.ndjson")
    result = tracker(tmp_path / "new", "restore", str(backup), "--erasures", str(ledger))
    assert result.exit_code == 0, result.stderr
    assert bodies(tmp_path / "new") == bodies(data)


def test_one_that_is_not_there_is_said_before_anything_is_restored(
    backup: Path, tmp_path: Path
) -> None:
    result = tracker(tmp_path / "new", "restore", str(backup), "--erasures", "missing.ndjson")
    assert result.exit_code == 2
    assert "no ledger of erasures at missing.ndjson" in result.stderr
    assert not (tmp_path / "new").exists()
