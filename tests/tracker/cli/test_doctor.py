"""The doctor names what is wrong and the command for it."""

from pathlib import Path

import pytest

from projections.rebuild import rebuild
from tests.tracker.cli.running import tracker
from tracker.cli.doctor import Level, examine
from tracker.control import Control


def found(data: Path, level: Level) -> str:
    return "\n".join(f"{f.says} → {f.do}" for f in examine(data) if f.level is level)


def test_the_doctor_names_what_is_missing_and_the_command_for_it(data: Path) -> None:
    wrong = found(data, Level.WRONG)

    assert "There is no signing secret" in wrong
    assert "tracker secret add" in wrong
    assert tracker(data, "doctor").exit_code == 1


def test_the_doctor_is_content_with_a_healthy_directory(filled: Path) -> None:
    tracker(filled, "secret", "add", "--label", "popp")
    rebuild(filled)

    assert found(filled, Level.WRONG) == ""
    notices = found(filled, Level.NOTICE)
    assert "tracker quarantine list" in notices
    assert "has not verified a delivery yet" in notices
    assert tracker(filled, "doctor").exit_code == 0


def test_the_doctor_sees_settings_that_cannot_be_read(data: Path) -> None:
    (data / "tracker.toml").write_text("prot = 1")

    assert "'prot' in tracker.toml is not a setting" in found(data, Level.WRONG)


def test_the_doctor_sees_misspelt_variables_short_secrets_and_failed_jobs(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRACKER_PROT", "1")
    control = Control(data / "control.db")
    control.add_secret("popp", "short", actor="ann")
    control.job_finished("nightly proof", 1, 2, ok=False, result="rows differ")

    notices, wrong = found(data, Level.NOTICE), found(data, Level.WRONG)

    assert "TRACKER_PROT" in notices
    assert "only 5 characters" in notices
    assert "The job nightly proof failed: rows differ" in wrong


def test_the_doctor_sees_a_directory_that_others_can_read(data: Path) -> None:
    data.chmod(0o755)

    assert f"chmod 700 {data}" in found(data, Level.NOTICE)
