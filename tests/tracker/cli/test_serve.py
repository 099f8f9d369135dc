"""When the service refuses to start."""

from pathlib import Path

import pytest

from tests.tracker.cli.running import process, tracker


def test_serve_without_a_secret_says_how_to_add_one(data: Path) -> None:
    done = process(data, "serve", "--port", "0")

    assert done.returncode == 1
    assert "There is no signing secret" in done.stderr
    assert "tracker secret add" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("host", ["0.0.0.0", "example.com"])  # noqa: S104 - it is refused
def test_without_a_sign_in_serve_listens_nowhere_that_others_can_reach(
    data: Path, host: str
) -> None:
    tracker(data, "secret", "add", "--label", "popp")
    (data / "tracker.toml").write_text("open_access = true\n")

    done = process(data, "serve", "--host", host)

    assert done.returncode == 1
    assert host in done.stderr
