"""Secrets are added, listed and revoked, and their values stay secret."""

from pathlib import Path

from tests.tracker.cli.running import answer, tracker
from tracker.control import Control


def test_a_secret_that_is_made_is_printed_once(data: Path) -> None:
    made = answer(data, "secret", "add", "--label", "popp")
    listed = answer(data, "secret", "list")

    assert made["label"] == "popp"
    assert len(made["value"]) == 64
    assert [one["label"] for one in listed] == ["popp"]
    assert "value" not in listed[0]


def test_a_given_secret_is_not_printed(data: Path) -> None:
    result = tracker(data, "secret", "add", "--label", "popp", "--value", "from the portal")

    assert result.exit_code == 0
    assert "from the portal" not in result.output
    assert Control(data / "control.db").secrets()[0].value == "from the portal"


def test_a_secret_can_be_read_from_standard_input(data: Path) -> None:
    tracker(data, "secret", "add", "--label", "popp", "--value", "-", stdin=b"piped\n")

    assert Control(data / "control.db").secrets()[0].value == "piped"


def test_a_revoked_secret_is_listed_only_when_asked_for(data: Path) -> None:
    tracker(data, "secret", "add", "--label", "popp")

    assert tracker(data, "secret", "revoke", "popp").exit_code == 0
    assert answer(data, "secret", "list") == []
    assert [one["label"] for one in answer(data, "secret", "list", "--revoked")] == ["popp"]
    assert tracker(data, "secret", "revoke", "popp").exit_code == 1
