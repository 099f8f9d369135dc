"""What holds for every command: messages, exit codes, permissions."""

import stat
import subprocess
import sys
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


def test_a_misspelt_command_is_answered_with_the_nearest(data: Path) -> None:
    result = tracker(data, "srve")

    assert result.exit_code == 2
    assert "Did you mean 'serve'" in result.stderr


@pytest.mark.parametrize(
    ("imports", "needless"),
    [
        ("tracker.cli.secret", {"litestar", "granian", "jinja2", "httpx", "projections"}),
        # A start waits for each of these for some hundredths of a second, and they stay in memory.
        ("tracker.service", {"authlib", "cryptography", "joserfc", "httpx", "icalendar", "segno"}),
    ],
)
def test_what_few_ask_for_is_imported_when_they_do(imports: str, needless: set[str]) -> None:
    code = f"import sys, tracker.cli, {imports}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert needless & set(done.stdout.split()) == set()
