"""What is running, and under which licences."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.running import tracker
from tracker import release


def test_the_versions_of_everything_that_matters_are_told() -> None:
    said = tracker("--version").stdout.splitlines()

    assert said[0].startswith("Workflow run tracker ")
    assert said[1].startswith(f"Python {sys.version.split()[0]} ")
    assert said[2].startswith("SQLite 3.")
    assert said[3].startswith("Zone data 20")


def test_a_binary_states_its_commit_and_the_glibc_that_it_needs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "build.json").write_text('{"commit": "0123abc", "glibc": "2.35"}')
    monkeypatch.setattr(release, "files", lambda _package: tmp_path)
    stated = dict(release.versions())

    assert stated["Workflow run tracker"].endswith(" (0123abc)")
    assert stated["System"].endswith(", needs glibc 2.35 or later")


def test_the_licences_of_all_packages_are_printed() -> None:
    said = tracker("--licenses").stdout

    assert {"litestar", "pydantic", "tzdata"} <= set(said.split())
    assert "Permission is hereby granted" in said
    assert "Apache License" in said


def test_a_binary_prints_the_licences_that_were_laid_into_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "licenses.txt").write_text("Everything inside")
    monkeypatch.setattr(release, "files", lambda _package: tmp_path)

    assert release.licences() == "Everything inside"


def test_a_child_is_started_by_the_binary_or_by_the_interpreter(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert release.own_command() == [sys.executable, "-m", "tracker"]
    assert release.own_file() is None
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.setenv(release.LAUNCHED_AS, "/usr/local/bin/tracker")
    assert release.own_command() == [sys.executable]
    assert release.own_file() == Path("/usr/local/bin/tracker")


def test_the_machine_s_own_zone_files_are_never_read() -> None:
    code = (
        "import tracker.timing, zoneinfo; print(zoneinfo.TZPATH);"
        "print(zoneinfo.ZoneInfo('Europe/Berlin'));"
        "zoneinfo.ZoneInfo('posix/Europe/Berlin')"  # in a system's files, not in the package
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert ran.stdout.splitlines() == ["()", "Europe/Berlin"]
    assert "ZoneInfoNotFoundError" in ran.stderr
