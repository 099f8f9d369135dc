"""One person's data as files: a page and JSON, for their owner alone."""

import json
from pathlib import Path

import pytest

from projections.rebuild import rebuild
from tests.sample import append
from tests.tracker.cli.running import answer, tracker
from tests.tracker.log.test_erasing import STORY


@pytest.fixture
def told(data: Path) -> Path:
    append(data, STORY)
    rebuild(data)
    return data


def test_both_files_stand_in_a_directory(told: Path, tmp_path: Path) -> None:
    written = answer(told, "export-person", "talk-ada", "--to", str(tmp_path))
    assert written["person"] == "candidate:cand-ada"
    paths = [Path(path) for path in written["files"]]
    assert [path.name for path in paths] == ["person-cand-ada.html", "person-cand-ada.json"]
    assert {path.stat().st_mode & 0o777 for path in paths} == {0o600}
    events = json.loads(paths[1].read_text())["events"]
    assert [event["body"].encode() for event in events] == [*STORY[:4], STORY[5]]
    assert "Ada and Bob" in paths[0].read_text()


def test_one_file_is_of_the_kind_that_its_name_says(told: Path, tmp_path: Path) -> None:
    page = tmp_path / "ada.html"
    assert answer(told, "export-person", "cand-ada", "--to", str(page))["files"] == [str(page)]
    assert page.read_text().startswith("<!doctype html>")


@pytest.mark.parametrize("place", ["missing/", "ada.pdf", "missing/ada.json"])
def test_a_place_that_can_not_be_written_is_named(told: Path, tmp_path: Path, place: str) -> None:
    result = tracker(told, "export-person", "cand-ada", "--to", str(tmp_path / place))
    assert result.exit_code == 2
    assert place.rstrip("/") in result.stderr
    assert list(tmp_path.rglob("*ada*")) == []


def test_it_is_in_the_audit_trail(told: Path, tmp_path: Path) -> None:
    tracker(told, "export-person", "cand-ada", "--to", str(tmp_path))
    (line,) = answer(told, "audit")
    assert (line["action"], line["detail"]) == ("person exported", "candidate:cand-ada")
    assert "person exported" in tracker(told, "audit").stdout


def test_somebody_who_is_not_known_is_named(told: Path) -> None:
    assert "No person is known by the id 'x'" in tracker(told, "export-person", "x").stderr
