"""Looking at the log, taking it out and in, and proving it whole."""

import json
import sqlite3
from pathlib import Path

import pytest

from tests.tracker.cli.running import NODE, STARTED, answer, tracker
from tracker.log import LogReader


def test_tail_prints_the_newest_events_oldest_first(filled: Path) -> None:
    lines = tracker(filled, "log", "tail", "--json").stdout.splitlines()

    events = [json.loads(line) for line in lines]
    assert [event["event_id"] for event in events] == ["e-1", "e-2"]
    assert events[0]["data"]["recordId"] == "run-1"
    assert events[0]["occurred_at"] == "2026-03-01T09:00:00Z"


def test_tail_can_be_narrowed(filled: Path) -> None:
    result = tracker(filled, "log", "tail", "--type", "WORKFLOW_NODE_COMPLETED")

    assert "WORKFLOW_NODE_COMPLETED" in result.stdout
    assert "WORKFLOW_RUN_STARTED" not in result.stdout


@pytest.mark.parametrize("name", ["2", "e-2"])
def test_an_event_is_shown_by_position_or_id(filled: Path, name: str) -> None:
    assert answer(filled, "log", "show", name)["event_id"] == "e-2"


def test_raw_shows_the_exact_bytes(filled: Path) -> None:
    assert tracker(filled, "log", "show", "1", "--raw").stdout_bytes == STARTED


@pytest.mark.parametrize("name", ["3", "e-3", "9" * 30, "²"])
def test_an_unknown_event_ends_with_1(filled: Path, name: str) -> None:
    assert tracker(filled, "log", "show", name).exit_code == 1


def test_export_and_import_keep_every_byte(filled: Path, tmp_path: Path) -> None:
    first, second = tmp_path / "first.ndjson", tmp_path / "second.ndjson"
    copy = tmp_path / "copy"

    assert tracker(filled, "log", "export", str(first)).exit_code == 0
    imported = answer(copy, "log", "import", str(first))
    tracker(copy, "log", "export", str(second))

    assert imported == {"lines": 2, "outcomes": {"accepted": 2}}
    assert first.read_bytes() == second.read_bytes()
    assert [event.body for event in LogReader(copy).events()] == [STARTED, NODE]


def test_importing_twice_adds_nothing(filled: Path) -> None:
    exported = tracker(filled, "log", "export").stdout_bytes

    imported = answer(filled, "log", "import", "-", stdin=exported)

    assert imported["outcomes"] == {"duplicate": 2}
    assert LogReader(filled).head() == 2


def test_an_export_that_cannot_be_written_or_read_says_so(filled: Path, tmp_path: Path) -> None:
    missing = str(tmp_path / "missing" / "file.ndjson")

    for command in ("export", "import"):
        result = tracker(filled, "log", command, missing)
        assert result.exit_code == 2
        assert missing in result.stderr


def test_verify_finds_a_flipped_byte(filled: Path) -> None:
    assert answer(filled, "log", "verify")["ok"] is True

    with sqlite3.connect(filled / "log.db") as connection:
        connection.execute(
            "UPDATE events SET body = CAST(replace(body, 'run-1', 'run-2') AS BLOB)"
            " WHERE position = 2"
        )
    connection.close()

    result = tracker(filled, "log", "verify", "--json")
    found = json.loads(result.stdout)
    assert result.exit_code == 1
    assert (found["ok"], found["first_bad_position"]) == (False, 2)


def test_stats_count_what_arrived(filled: Path) -> None:
    stats = answer(filled, "log", "stats")

    assert stats["events"] == 2
    assert stats["outcomes"] == {"accepted": 2, "quarantined": 1}
    assert stats["quarantine_waiting"] == 1
