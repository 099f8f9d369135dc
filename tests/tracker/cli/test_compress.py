"""Old bodies are compressed on the command line, in a running service and every night."""

from pathlib import Path
from typing import Any

import pytest

from tests.canaries import PERSON, Canaries, files_with
from tests.running import eventually, service
from tests.running import tracker as typed
from tests.sample import NOON, append, bodies, opened, reading
from tests.test_service import caught_up
from tests.tracker.cli.running import answer, tracker
from tests.tracker.log.test_compressing import columns, small
from tests.tracker.test_transfer import exported
from tracker.backups.making import make
from tracker.backups.restoring import restore
from tracker.ingest import Ingest
from tracker.jobs import Compressor
from tracker.log import verify
from tracker.timing import DAY

COUNT = 250


@pytest.fixture
def told(data: Path) -> Path:
    """A log whose events were received long ago."""
    append(data, bodies(COUNT))
    return data


def test_a_look_says_what_would_come_of_it(told: Path) -> None:
    found = answer(told, "compress", "--older-than-days", "30", "--dry-run")
    assert found["events"] == COUNT
    assert 0 < 2 * found["bytes_after"] < found["bytes_before"]
    assert small(told) == set()
    done = answer(told, "compress", "--older-than-days", "30")
    assert done == found | {"dry_run": False}
    assert len(small(told)) == COUNT
    assert answer(told, "compress", "--older-than-days", "30")["events"] == 0


def test_it_speaks_to_people(told: Path) -> None:
    result = tracker(told, "compress", "--older-than-days", "0", "--shrink")
    assert result.exit_code == 0
    assert "ratio" in result.stdout
    assert "given back to the disk" in result.stderr


def test_without_a_setting_nothing_is_compressed(told: Path) -> None:
    result = tracker(told, "compress")
    assert result.exit_code == 2
    assert "compress_after_days is 0" in result.stderr


def test_the_setting_is_read_from_the_directory(told: Path) -> None:
    (told / "tracker.toml").write_text("compress_after_days = 30\n")
    assert answer(told, "compress")["events"] == COUNT


def test_a_backup_of_a_compressed_log_is_whole(told: Path, tmp_path: Path) -> None:
    out = exported(told)
    answer(told, "compress", "--older-than-days", "30")
    restored = restore(make(told, tmp_path / "shelf")[0].path, tmp_path / "new")
    assert restored.events == COUNT
    assert exported(tmp_path / "new") == out
    assert columns(tmp_path / "new") == columns(told)
    assert len(small(tmp_path / "new")) == COUNT


def run(data: Path, days: int, now: int, **more: Any) -> str:
    with opened(data) as log:
        ingest = Ingest(log, secrets=list)
        ingest.start()
        compressor = Compressor(ingest)
        if more.get("stopped"):
            compressor.stop()
        result = compressor.run(days, now)
        ingest.stop()
    return result


def test_every_night_what_became_old_enough_is_compressed(told: Path) -> None:
    assert run(told, 0, NOON + 99 * DAY) == "nothing is compressed"
    assert run(told, 30, NOON + 29 * DAY).startswith("0 events")
    assert small(told) == set()
    assert run(told, 30, NOON + 31 * DAY).startswith(f"{COUNT} events, ")
    assert len(small(told)) == COUNT


def test_a_service_that_stops_does_not_wait_for_all_of_it(told: Path) -> None:
    run(told, 30, NOON + 31 * DAY, stopped=True)
    assert 0 < len(small(told)) < COUNT


def test_beside_a_running_service_pages_show_the_bytes_and_the_person_is_forgotten(
    data: Path,
) -> None:
    canaries = Canaries()
    story = list(canaries.story())
    with service(data) as running:
        for one in [*bodies(40), *story]:
            assert running.post(one).is_success
        eventually(lambda: caught_up(running))
        place = "/api/v1/events?limit=500&after=40"
        before = running.get(place).json()["items"][: len(story)]

        done = typed("compress", "--older-than-days", "0", "--data", str(data))
        assert done.returncode == 0, done.stderr
        assert set(range(1, 41 + len(story))) <= small(data)
        assert running.get(place).json()["items"][: len(story)] == before
        assert running.post(story[0]).json()["status"] == "duplicate"
        checked = typed("rebuild", "--check", "--data", str(data))
        assert checked.returncode == 0, checked.stderr

        erased = typed("erase", PERSON, "--yes", "--data", str(data))
        assert erased.returncode == 0, erased.stderr
        with reading(data) as log:
            left = b"".join(event.body for event in log.events(limit=500))
        assert not [word for word in canaries.words if word.encode() in left]
        assert files_with(data, canaries.words) == {}
        assert verify(data).ok
