"""Who was silent for too long is told by id, and erased only when that is meant."""

from pathlib import Path

import pytest

from projections.rebuild import rebuild
from tests.sample import append, body, reading
from tests.tracker.cli.running import answer, tracker

LONG_AGO = [
    body("e1", record="talk-ada", candidateId="ada", participantFirstName="Ada").replace(
        b"2026-", b"2001-"
    ),
    body("e2", "WORKFLOW_RUN_STARTED", record="run", candidateProfileId="bob").replace(
        b"2026-", b"2001-"
    ),
]


@pytest.fixture
def told(data: Path) -> Path:
    append(data, LONG_AGO)
    rebuild(data)
    return data


def head(data: Path) -> int:
    with reading(data) as log:
        return log.head()


def test_a_look_says_who_would_go_and_who_is_kept_and_why(told: Path) -> None:
    found = answer(told, "retention", "--dry-run", "--months", "24")
    assert [(one["person"], one["what"]) for one in found] == [
        ("candidate:ada", "would be erased"),
        ("candidate:bob", "kept: a run has not ended"),
    ]
    assert "Ada" not in tracker(told, "retention", "--dry-run", "--months", "24").stdout
    assert head(told) == 2


def test_it_erases_and_says_so(told: Path) -> None:
    found = answer(told, "retention", "--months", "24")
    assert [one["what"] for one in found] == ["erased", "kept: a run has not ended"]
    assert head(told) == 3
    rest = answer(told, "retention", "--months", "24")
    assert [one["person"] for one in rest] == ["candidate:bob"]


def test_without_a_setting_nobody_goes(told: Path) -> None:
    result = tracker(told, "retention")
    assert result.exit_code == 2
    assert "retention_months is 0" in result.stderr


def test_the_setting_is_read_from_the_directory(told: Path) -> None:
    (told / "tracker.toml").write_text("retention_months = 24\nretention_limit = 5\n")
    assert len(answer(told, "retention", "--dry-run")) == 2
