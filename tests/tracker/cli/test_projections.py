"""Making the views anew, comparing them, and their digests."""

import json
from pathlib import Path

import pytest

from projections.rebuild import rebuild
from tests.tracker.cli.running import STARTED, answer, tracker
from tracker.envelope import read_envelope
from tracker.log import Incoming, Log


def test_digests_lag_until_the_views_have_caught_up(filled: Path) -> None:
    rebuild(filled)
    assert answer(filled, "digest")["log_head"] == 2

    log = Log(filled)
    third = STARTED.replace(b"e-1", b"e-3").replace(b"run-1", b"run-3")
    log.append([Incoming(third, 1, read_envelope(third))])
    log.close()

    result = tracker(filled, "digest", "--json")
    assert result.exit_code == 3
    assert json.loads(result.stdout)["log_head"] == 3


def test_a_check_compares_and_leaves_the_generation(filled: Path) -> None:
    answer(filled, "rebuild")
    checked = answer(filled, "rebuild", "--check")

    assert (checked["position"], checked["events"], checked["switched"]) == (2, 2, False)
    assert checked["views"]["runs"] == {"rows": 1, "differing": 0}
    assert answer(filled, "projections")["generation"] == 1


def test_a_rebuild_serves_a_new_generation(filled: Path) -> None:
    assert [answer(filled, "rebuild")["generation"] for _ in range(2)] == [1, 2]

    status = answer(filled, "projections")
    assert (status["log_head"], status["generation"]) == (2, 2)
    assert {p["name"] for p in status["projections"]} > {"runs", "conversations", "meetings"}


def test_one_entity_can_be_folded_again(filled: Path) -> None:
    tracker(filled, "rebuild")

    result = tracker(filled, "rebuild", "runs", "--entity", "run-1")

    assert result.exit_code == 0
    assert "'run-1' was folded again in runs" in result.stderr
    noted = [(line["action"], line["detail"]) for line in answer(filled, "audit")]
    assert noted == [("rebuild started", "run-1"), ("rebuild started", "rebuild")]


@pytest.mark.parametrize("more", [(), ("--entity", "run-1")])
def test_an_unknown_projection_ends_with_2(filled: Path, more: tuple[str, ...]) -> None:
    result = tracker(filled, "rebuild", "rnus", *more)

    assert result.exit_code == 2
    assert "there are" in result.stderr


def test_without_views_the_way_to_make_them_is_told(filled: Path) -> None:
    result = tracker(filled, "projections")

    assert result.exit_code == 1
    assert "tracker rebuild" in result.stderr
