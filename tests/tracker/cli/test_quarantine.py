"""What is quarantined is kept, shown, tried again or put aside."""

from pathlib import Path

from tests.tracker.cli.running import BROKEN, answer, tracker


def test_quarantined_bytes_are_listed_and_shown(filled: Path) -> None:
    [held] = answer(filled, "quarantine", "list")
    number = str(held["id"])

    assert held["reason"] == "not JSON"
    assert answer(filled, "quarantine", "show", number)["body"] == BROKEN.decode()
    assert tracker(filled, "quarantine", "show", number, "--raw").stdout_bytes == BROKEN


def test_retrying_what_is_still_no_event_ends_with_1(filled: Path) -> None:
    result = tracker(filled, "quarantine", "retry", "1")

    assert result.exit_code == 1
    assert "not JSON" in result.stderr


def test_what_is_discarded_no_longer_waits(filled: Path) -> None:
    assert tracker(filled, "quarantine", "discard", "1").exit_code == 0
    assert answer(filled, "quarantine", "list", "--status", "waiting") == []
    assert len(answer(filled, "quarantine", "list")) == 1
