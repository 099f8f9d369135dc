"""How the service starts, and when it refuses to."""

import gc
from pathlib import Path

import pytest

from tests.tracker.cli.running import process, tracker
from tracker.cli import serve


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


def test_nothing_is_collected_until_the_service_answers() -> None:
    with serve.nothing_to_collect() as collect:
        assert not gc.isenabled()
        collect()
        assert gc.isenabled()
        assert gc.get_freeze_count() > 0
    gc.unfreeze()

    with pytest.raises(ValueError, match="refused"), serve.nothing_to_collect():
        raise ValueError("refused")
    assert gc.isenabled()
