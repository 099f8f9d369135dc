"""How far one step of a follower goes."""

from pathlib import Path

import pytest

from projections import follower as module
from projections.rebuild import rebuild
from tests.sample import append, bodies, built, follow, following


@pytest.fixture
def behind(data: Path) -> Path:
    """Views of nothing, and a log of 40 events."""
    append(data, [])
    built(data)
    append(data, bodies(40))
    return data


def test_a_step_takes_all_that_is_there(behind: Path) -> None:
    with following(behind) as follower:
        assert follower.step().events == 40
        assert follower.step().events == 0


def test_a_step_ends_where_its_bodies_are_large_and_the_next_one_goes_on(
    behind: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_BYTES", 1_000)
    with following(behind) as follower:
        assert 1 < follower.step().events < 10
    follow(behind)
    assert rebuild(behind).parity


def test_a_body_larger_than_a_step_is_a_step_of_its_own(
    behind: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_BYTES", 1)
    with following(behind) as follower:
        assert [follower.step().events for _ in range(41)] == [*[1] * 40, 0]


def test_what_is_not_held_in_memory_is_read_again(
    behind: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "AT_ONCE", 3)
    with following(behind) as follower:
        assert follower.step().events == 40
    assert rebuild(behind).parity
