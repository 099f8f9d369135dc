"""What all tests share: an own data directory, settings that come from nowhere else, Chromium."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import settings

# A busy machine is no failure: nothing here depends on a time limit.
settings.register_profile("tracker", deadline=None)
settings.load_profile("tracker")

INSTALL = ["apt-get", "install", "--yes", "--no-install-recommends"]


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("TRACKER_"):
            monkeypatch.delenv(name)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """An empty data directory."""
    directory = tmp_path / "data"
    directory.mkdir(mode=0o700)
    return directory


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of Debian's Chromium."""
    return provided("chromium")


def provided(program: str, package: str = "") -> str:
    """The path of a program of the system; root gets its package installed when it is missing.

    No test is skipped for want of one: it fails with the command to type.
    """
    install = [*INSTALL, package or program]
    found = _found(program)
    if found is None and os.geteuid() == 0 and shutil.which("apt-get"):
        # In runlevel 1 a package starts no service of its own.
        quietly = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
        for command in (["apt-get", "update"], install):
            subprocess.run(command, env=quietly, stdin=subprocess.DEVNULL, check=True)
        found = _found(program)
    if found is None:
        pytest.fail(f"{program} is missing; type: sudo {' '.join(install)}", pytrace=False)
    return found


def _found(program: str) -> str | None:
    """Where a program is; those of administrators are not on everybody's path."""
    return shutil.which(program, path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin")
