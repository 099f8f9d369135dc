"""Installing writes what is missing, replaces what nobody changed, and shows what somebody did."""

import os
import stat
import tomllib
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from tracker.cli import install as command
from tracker.cli.app import app
from tracker.cli.install import _refuse_hidden
from tracker.deployment import Deployment
from tracker.errors import NotReady
from tracker.placing import State, compared, marked

UNIT = Path("etc/systemd/system/tracker.service")
TOML = Path("var/lib/tracker/tracker.toml")


def install(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["install", *arguments])


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "root"


@pytest.fixture
def harmless(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is ever written to this machine, even if it were not refused."""

    def never(*_arguments: object) -> None:
        raise AssertionError("would have been written")

    monkeypatch.setattr(command, "_put_all", never)
    monkeypatch.setattr(command, "_run", never)


def test_what_is_missing_is_written_and_a_second_time_changes_nothing(root: Path) -> None:
    first = install("--root", str(root), "--public-url", "tracker.example.org")
    written = {path: path.read_text() for path in root.rglob("*") if path.is_file()}
    second = install("--root", str(root), "--public-url", "tracker.example.org")

    assert (first.exit_code, second.exit_code) == (0, 0)
    assert len(written) == 4
    assert {path: path.read_text() for path in root.rglob("*") if path.is_file()} == written
    assert second.stderr.count("is as it should be") == 3
    assert tomllib.loads(written[root / TOML]) == {
        "public_url": "https://tracker.example.org",
        "trusted_proxies": "127.0.0.1,::1",  # Caddy, on this machine
    }
    assert stat.S_IMODE((root / UNIT).stat().st_mode) == 0o644
    assert stat.S_IMODE((root / TOML).stat().st_mode) == 0o600
    assert stat.S_IMODE((root / TOML).parent.stat().st_mode) == 0o700


def test_the_first_command_of_the_service_s_user_finds_a_place_to_unpack_to(root: Path) -> None:
    install("--root", str(root))

    assert stat.S_IMODE((root / "var/cache/tracker").stat().st_mode) == 0o700


def test_a_changed_file_is_shown_and_kept_and_nothing_else_is_written(root: Path) -> None:
    install("--root", str(root))
    changed = (root / UNIT).read_text().replace("RestartSec=5", "RestartSec=50")
    (root / UNIT).write_text(changed)
    (root / "etc/tracker/Caddyfile").unlink()

    refused = install("--root", str(root))

    assert refused.exit_code == 1
    assert "-RestartSec=50\n+RestartSec=5\n" in refused.stdout
    assert "--force" in refused.stderr
    assert (root / UNIT).read_text() == changed
    assert not (root / "etc/tracker/Caddyfile").exists()

    assert install("--root", str(root), "--force").exit_code == 0
    assert "RestartSec=5\n" in (root / UNIT).read_text()


def test_a_file_of_an_earlier_version_that_nobody_changed_is_replaced(root: Path) -> None:
    (root / UNIT).parent.mkdir(parents=True)
    (root / UNIT).write_text(marked("[Unit]\nDescription=an earlier version\n"))

    done = install("--root", str(root))

    assert done.exit_code == 0
    assert "replaced: nobody had changed it" in done.stderr
    assert "Restart=on-failure" in (root / UNIT).read_text()


def test_settings_are_the_operators_and_never_replaced(root: Path) -> None:
    install("--root", str(root))
    (root / TOML).write_text("port = 9000\n")

    assert install("--root", str(root), "--force").exit_code == 0
    assert (root / TOML).read_text() == "port = 9000\n"


def test_printing_changes_nothing(root: Path) -> None:
    printed = install("--print", "--root", str(root))

    assert printed.exit_code == 0
    assert "SystemCallFilter=@system-service" in printed.stdout
    assert "# port = 8000" in printed.stdout
    assert not root.exists()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--data", "relative"], "a path from the root"),
        (["--public-url", "http://tracker.example.org"], "must be https://tracker.example.org"),
    ],
)
def test_what_cannot_be_used_is_refused(root: Path, arguments: list[str], says: str) -> None:
    refused = install("--root", str(root), *arguments)

    assert refused.exit_code == 2
    assert says in refused.stderr
    assert not root.exists()


@pytest.mark.usefixtures("harmless")
def test_a_machine_without_systemd_is_told_what_it_can_do(monkeypatch: pytest.MonkeyPatch) -> None:
    there = Path.is_dir
    monkeypatch.setattr(Path, "is_dir", lambda self: "systemd" not in str(self) and there(self))

    refused = install()

    assert refused.exit_code == 1
    assert "tracker install --print" in refused.stderr


@pytest.mark.usefixtures("harmless")
def test_only_root_installs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "is_dir", lambda _self: True)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)

    refused = install()

    assert refused.exit_code == 1
    assert "sudo tracker install" in refused.stderr


@pytest.mark.parametrize("program", ["/root/tracker", "/home/ann/.venv/bin/tracker"])
def test_a_program_that_the_unit_could_not_see_is_refused(program: str) -> None:
    with pytest.raises(NotReady, match="copy it: install -m 755 tracker /usr/local/bin/tracker"):
        _refuse_hidden(Deployment([program]))


def test_a_checksum_tells_a_changed_file_from_an_older_one(tmp_path: Path) -> None:
    files = {Path("/a"): "new\n"}
    states = []
    for current in (None, marked("new\n"), marked("old\n"), marked("old\n") + "mine\n", "mine\n"):
        if current is not None:
            (tmp_path / "a").write_text(current)
        states.append(compared(files, tmp_path)[0].state)

    assert states == [State.MISSING, State.SAME, State.OLDER, State.CHANGED, State.CHANGED]
