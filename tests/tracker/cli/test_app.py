"""What holds for every command: messages, exit codes, permissions."""

import stat
from pathlib import Path

import pytest

from tests.tracker.cli.running import process, tracker


def test_errors_are_told_without_a_traceback(data: Path) -> None:
    done = process(data, "log", "tail")

    assert done.returncode == 1
    assert done.stderr.startswith("tracker: There is no log in")
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_wrong_use_ends_with_2(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert tracker(data, "log", "tail", "--limit", "none").exit_code == 2

    monkeypatch.setenv("TRACKER_PORT", "many")
    result = tracker(data, "secret", "list")
    assert result.exit_code == 2
    assert "TRACKER_PORT" in result.stderr


def test_what_is_written_is_its_owners_alone(tmp_path: Path) -> None:
    tracker(tmp_path / "new", "secret", "add", "--label", "popp")

    modes = {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "new").iterdir()}
    assert modes == {0o600}
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o700
