"""Folding as events arrive: in one transaction each, past any failure, and one entity at a time."""

import json
import os
import signal
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from projections import engine as engine_module
from projections import follower as follower_module
from projections import generation, runs
from projections.engine import Engine
from projections.follower import Advance, Follower
from projections.projection import Row
from projections.rebuild import rebuild
from projections.status import broken_entities, engine_status, scanned_digests, stored_digests
from tests.running import eventually
from tests.sample import (
    append,
    bodies,
    body,
    built,
    digests,
    directory,
    follow,
    following,
    opened,
    incoming,
    reading,
)
from tests.traffic import streams
from tracker.database import DatabaseError, open_reader
from tracker.errors import NotFound, NotReady
from tracker.events import Event


def consistent(follower: Follower) -> bool:
    """Whether the digests kept with each write are those of the rows as they stand."""
    return dict(stored_digests(follower.views)) == scanned_digests(follower.views)


def test_a_step_says_how_far_it_came_and_which_keys_changed(data: Path) -> None:
    append(data, [])
    with following(data) as follower:
        append(data, [body("e1", record="t1"), body("e2", "WORKFLOW_RUN_FAILED", record="r1")])
        advance = follower.step()
        assert (advance.position, advance.events) == (2, 2)
        assert advance.keys >= {"conversations:t1", "runs:r1", "attention", "feed"}
        assert follower.step() == Advance(2, 0, frozenset())


def test_a_step_takes_no_more_than_it_is_told(data: Path) -> None:
    append(data, [])
    with following(data) as follower:
        append(data, bodies(9))
        assert [follower.step(until=7, limit=3).position for _ in range(4)] == [3, 6, 7, 7]


def test_an_entity_that_stays_the_same_is_not_announced(data: Path) -> None:
    append(data, [body("e1", "WORKFLOW_PUBLISHED", record="w1")])
    with following(data) as follower:
        append(data, [body("e2", "NEVER_HEARD_OF", record="w1")])
        assert follower.step().keys == {"feed"}


@settings(deadline=None, max_examples=25)
@given(events=streams(), steps=st.lists(st.integers(1, 3000), min_size=1, max_size=6))
def test_a_step_that_is_cut_off_anywhere_leaves_no_trace(
    events: list[bytes], steps: list[int]
) -> None:
    """The database gives up after so many of its own instructions, wherever that is."""
    with directory() as data:
        served = built(data)
        append(data, events)
        for instructions in steps:
            with closing(Follower(data, served)) as follower:
                before = follower.position, scanned_digests(follower.views)
                left = [instructions]
                follower.views.set_progress_handler(lambda left=left: _cut_off(left), 10)
                with pytest.raises(DatabaseError) if instructions < 20 else _any_end():
                    follower.step(limit=4)
                follower.views.set_progress_handler(None, 0)
                after = follower.position, scanned_digests(follower.views)
                assert after == before or after[0] == min(before[0] + 4, len(events))
                assert consistent(follower)
        follow(data, batch=5)
        before_rebuild = digests(data)
        rebuild(data)
        assert digests(data) == before_rebuild


def _cut_off(left: list[int]) -> int:
    left[0] -= 10
    return int(left[0] <= 0)
