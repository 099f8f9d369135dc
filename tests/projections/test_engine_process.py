"""What the engine's process and whoever wakes it tell each other."""

from collections.abc import Iterator
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from projections.engine_process import MANY, Following, Idle, Wake, _hear
from tests.sample import append, body, built

FULL = 3 * MANY


@pytest.fixture
def ends() -> Iterator[tuple[Connection, Connection]]:
    here, there = Pipe()
    with here, there:
        yield here, there


def heard(pipe: Connection) -> list[object]:
    told = []
    while pipe.poll(0):
        told.append(pipe.recv())
    return told


def test_it_says_that_it_is_idle_after_each_wake_even_if_there_was_nothing_to_fold(
    data: Path, ends: tuple[Connection, Connection]
) -> None:
    here, there = ends
    append(data, [body("e1")])
    built(data)
    following = Following(data, there.send)
    following.work()
    assert heard(here)[-1] == Idle()
    for _ in range(2):  # nobody wakes it again before it has said so
        here.send(Wake())
        assert not _hear(there, following)
        following.work()
        assert heard(here) == [Idle()]
    following.close()


@pytest.mark.parametrize(("events", "rests"), [(1, False), (2 * MANY, True), (FULL, False)])
def test_it_rests_after_many_events_unless_more_of_them_wait(
    data: Path,
    ends: tuple[Connection, Connection],
    monkeypatch: pytest.MonkeyPatch,
    events: int,
    rests: bool,
) -> None:
    monkeypatch.setattr("projections.engine_process.MOST", FULL)
    append(data, [body("before")])
    built(data)
    append(data, [body(f"e{number}") for number in range(events)])
    following = Following(data, ends[1].send)
    following.work()
    assert (following.patience > 0) == rests
    following.close()
