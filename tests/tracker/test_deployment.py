"""The generated files do what they are for, as far as the programs that read them say."""

import subprocess
from pathlib import Path

import pytest

from tests.conftest import provided
from tracker.deployment import Deployment, caddy_file, files_of, how_to_start, unit_file

MOST_EXPOSED = 20  # systemd's score times ten


@pytest.fixture(scope="module")
def analyze() -> str:
    """The path of systemd-analyze, which judges a unit without running it."""
    return provided("systemd-analyze", "systemd")


@pytest.fixture
def unit(tmp_path: Path) -> Path:
    """The unit of a service that starts a program which exists."""
    path = tmp_path / "tracker.service"
    path.write_text(unit_file(Deployment(["/bin/true"])))
    return path


def test_the_unit_is_hardened(analyze: str, unit: Path) -> None:
    done = subprocess.run(
        [analyze, "security", "--offline=true", f"--threshold={MOST_EXPOSED}", "--no-pager", unit],
        capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert done.returncode == 0, done.stdout + done.stderr


def test_systemd_understands_every_line_of_the_unit(analyze: str, unit: Path) -> None:
    done = subprocess.run(
        [analyze, "verify", "--man=no", unit], capture_output=True, text=True, check=False
    )

    assert str(unit) not in done.stderr
    assert done.returncode == 0, done.stderr


def test_a_rebuild_typed_as_the_service_s_user_outlives_a_restart_of_the_service() -> None:
    """systemd would remove the semaphores of all processes of that user."""
    assert "\nRemoveIPC=" not in unit_file(Deployment(["t"]))


def test_words_with_a_meaning_to_systemd_are_kept_as_they_are() -> None:
    unit = unit_file(Deployment(["/opt/my tools/tracker"], data=Path("/srv/50%/$data")))

    assert "ExecStart='/opt/my tools/tracker' serve --data '/srv/50%%/$$data'\n" in unit


def test_a_directory_in_var_lib_is_made_by_systemd_and_another_one_is_opened() -> None:
    assert "StateDirectory=tracker/eu\n" in unit_file(
        Deployment(["t"], data=Path("/var/lib/tracker/eu"))
    )
    elsewhere = unit_file(Deployment(["t"], data=Path("/srv/tracker")))
    assert "ReadWritePaths=/srv/tracker\n" in elsewhere
    assert "StateDirectory" not in elsewhere


def test_the_proxy_knows_both_addresses_and_passes_streams_on() -> None:
    text = caddy_file(
        Deployment(["t"], base_url="http://[::1]:9000", public_url="https://jobs.example.org:8443")
    )

    assert "\njobs.example.org:8443 {\n" in text
    assert "reverse_proxy [::1]:9000 {" in text
    assert "flush_interval -1" in text
    assert text.count("{") == text.count("}")


def test_an_installed_service_is_started_by_systemd_and_any_other_by_hand(tmp_path: Path) -> None:
    here, elsewhere = Path("/var/lib/tracker"), Path("/srv/other")
    assert how_to_start(here, tmp_path) == "tracker serve --data /var/lib/tracker"
    (tmp_path / "tracker.service").write_text(unit_file(Deployment(["t"], data=here)))

    assert how_to_start(here, tmp_path) == "sudo systemctl start tracker.service"
    assert how_to_start(elsewhere, tmp_path) == "tracker serve --data /srv/other"


def test_each_file_has_a_place_of_its_own() -> None:
    assert {str(path) for path in files_of(Deployment(["t"]))} == {
        "/etc/sysusers.d/tracker.conf",
        "/etc/systemd/system/tracker.service",
        "/etc/tracker/Caddyfile",
    }
