"""Forgetting a person by command: it asks, it says what it did, it does so without a service."""

from pathlib import Path

import pytest

from projections.rebuild import rebuild
from tests.sample import append, reading
from tests.tracker.cli.running import answer, tracker
from tests.tracker.log.test_erasing import STORY


@pytest.fixture
def told(data: Path) -> Path:
    append(data, STORY)
    rebuild(data)
    return data


def head(data: Path) -> int:
    with reading(data) as log:
        return log.head()


def test_looking_tells_ids_and_changes_nothing(told: Path) -> None:
    preview = answer(told, "erase", "cand-ada", "--dry-run")
    assert (preview["person"], preview["events"]) == ("candidate:cand-ada", 5)
    shown = tracker(told, "erase", "cand-ada", "--dry-run").stdout
    assert "through:talk-ada" in shown
    assert "Lovelace" not in shown
    assert head(told) == len(STORY)


def test_it_asks_first(told: Path) -> None:
    result = tracker(told, "erase", "cand-ada", stdin=b"n\n")
    assert result.exit_code == 1
    assert "Nothing was erased" in result.stderr
    assert head(told) == len(STORY)
    assert tracker(told, "erase", "cand-ada", stdin=b"y\n").exit_code == 0
    assert head(told) == len(STORY) + 1


def test_it_says_what_it_did_and_what_it_can_not_do(told: Path) -> None:
    said = tracker(told, "erase", "cand-ada", "--yes", "--reason", "asked").stderr
    assert "was erased as event 7: 5 events" in said
    assert "Backups made before still hold the person" in said
    assert "nothing was left" in tracker(told, "erase", "cand-ada", "--yes").stderr


def test_an_erasure_is_lifted_once(told: Path) -> None:
    answer(told, "erase", "cand-ada", "--yes")
    assert len(answer(told, "erase", "cand-ada", "--lift")) == 1
    newest = answer(told, "audit")[0]
    assert (newest["action"], newest["detail"]) == ("person kept again", "candidate:cand-ada")
    again = tracker(told, "erase", "cand-ada", "--lift")
    assert (again.exit_code, "is not erased" in again.stderr) == (1, True)


def test_somebody_who_is_not_known_is_named(told: Path) -> None:
    result = tracker(told, "erase", "nobody", "--yes")
    assert result.exit_code == 1
    assert "No person is known by the id 'nobody'" in result.stderr


def test_without_views_it_says_what_to_do(data: Path) -> None:
    append(data, STORY)
    result = tracker(data, "erase", "cand-ada", "--yes")
    assert result.exit_code == 1
    assert "There are no views yet" in result.stderr
