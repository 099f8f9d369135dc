"""Folding as events arrive: in one transaction each, past any failure, one entity at a time."""

import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import msgspec
import pytest

from projections import engine as engine_module
from projections import follower as follower_module
from projections import generation, runs
from projections.engine import Engine
from projections.follower import Advance, Follower
from projections.projection import Row
from projections.rebuild import rebuild
from projections.status import (
    broken_entities,
    digest_report,
    engine_status,
    scanned_digests,
    stored_digests,
)
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
    reading,
)
from tracker.database import DatabaseError, open_reader
from tracker.errors import NotFound, NotReady
from tracker.events import Event
from tracker.timing import SECOND


def consistent(follower: Follower) -> bool:
    """Whether the digests kept with each write are those of the rows as they stand."""
    return dict(stored_digests(follower.views)) == scanned_digests(follower.views)


def digests_of(events: Sequence[bytes]) -> dict[str, str]:
    """What a rebuild makes of some events."""
    with directory() as data:
        append(data, events)
        rebuild(data)
        return digests(data)


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


def test_what_stays_the_same_is_not_announced(data: Path) -> None:
    append(data, [body("e1", record="t1")])
    with following(data) as follower:
        append(data, [body("e1", record="t1"), body("e2", "NEVER_HEARD_OF", record="t1")])
        assert follower.step().keys == {"feed"}


def test_a_step_that_is_cut_off_anywhere_leaves_no_trace(data: Path) -> None:
    """The database gives up after ever more of its own instructions, until a step succeeds."""
    append(data, [])
    events = bodies(40)
    cut_off = 0
    with following(data) as follower:
        append(data, events[:20])
        follower.step()
        append(data, events[20:])
        before = scanned_digests(follower.views)
        while follower.position < len(events):
            left = [30 * cut_off + 1]
            follower.views.set_progress_handler(lambda left=left: _instruction(left), 1)
            with suppress(DatabaseError):
                follower.step()
            follower.views.set_progress_handler(None, 0)
            assert consistent(follower)
            if follower.position < len(events):
                cut_off += 1 + cut_off // 10
                assert follower.position == 20
                assert scanned_digests(follower.views) == before
    assert cut_off > 20
    assert digests(data) == digests_of(events)


def _instruction(left: list[int]) -> int:
    left[0] -= 1
    return int(left[0] == 0)  # once, or it would cut off the way back, too


@pytest.mark.parametrize("batch", [1, 3, 500])
def test_closing_between_any_two_transactions_and_opening_again_changes_nothing(
    data: Path, batch: int
) -> None:
    events = [*bodies(12), *bodies(12)[::-3], body("late", "WORKFLOW_RUN_STARTED", record="r0")]
    append(data, [])
    built(data)
    append(data, events)
    advance = None
    while advance is None or advance.events:
        with following(data) as follower:
            advance = follower.step(limit=batch)
            assert consistent(follower)
    assert digests(data) == digests_of(events)


def test_minus_zero_is_folded_as_the_table_keeps_it(data: Path) -> None:
    append(data, [])
    built(data)
    append(data, [body("e1", "CONVERSATION_COMPLETED", scorecardTotalValue=-0.0)])
    follow(data)
    append(data, [body("e1"), body("e2", "CONVERSATION_COMPLETED", scorecardTotalValue=1, at=2)])
    follow(data)
    assert rebuild(data, check=True).parity


class Poison:
    """A fold of runs that fails for one entity."""

    def __init__(self, key: str) -> None:
        self.key = key
        self.projection = msgspec.structs.replace(runs.PROJECTION, fold=self.fold)

    def fold(self, events: Sequence[Event]) -> Sequence[Row]:
        if any(event.record_id == self.key for event in events):
            raise ZeroDivisionError("this fold is poisoned")
        return runs.PROJECTION.fold(events)


def test_a_failing_fold_breaks_its_entity_and_no_other(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = body("e1", "WORKFLOW_RUN_STARTED", record="r1", workflowId="w")
    append(data, [start])
    with following(data) as follower, reading(data) as log:
        stood = follower.views.execute("SELECT * FROM runs").fetchall()
        with monkeypatch.context() as patched:
            patched.setitem(follower_module.BY_NAME, "runs", Poison("r1").projection)
            append(
                data,
                [
                    start,
                    body("e2", "WORKFLOW_RUN_COMPLETED", record="r1"),
                    body("e3", "WORKFLOW_RUN_COMPLETED", record="r2"),
                    body("e4", record="t1"),
                ],
            )
            assert follower.step().position == 4
        rows = dict(follower.views.execute("SELECT id, status FROM runs").fetchall())
        assert rows == {"r1": "running", "r2": "completed"}
        assert stood[0] in follower.views.execute("SELECT * FROM runs").fetchall()
        assert follower.views.execute("SELECT id FROM conversations").fetchall() == [("t1",)]
        [broken] = broken_entities(follower.views)
        assert (broken.projection, broken.key) == ("runs", "r1")
        assert "this fold is poisoned" in broken.traceback
        status = engine_status(follower.views, log, 1, now=0)
        assert {p.name: p.broken for p in status.projections if p.broken} == {"runs": 1}
        assert consistent(follower)


@pytest.mark.parametrize("heal", ["refold", "next event", "rebuild"])
def test_what_was_broken_is_whole_again_once_the_fold_is_repaired(
    data: Path, heal: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    events = [body(f"e{n}", name, record="r1", at=n) for n, name in enumerate(
        ["WORKFLOW_RUN_STARTED", "WORKFLOW_NODE_COMPLETED"]
    )]  # fmt: skip
    append(data, [])
    built(data)
    with monkeypatch.context() as patched:
        patched.setitem(follower_module.BY_NAME, "runs", Poison("r1").projection)
        append(data, events)
        follow(data)
    if heal == "rebuild":
        rebuild(data)
    with following(data) as follower:
        if heal == "refold":
            assert "runs:r1" in follower.refold("runs", "r1").keys
        if heal == "next event":
            events.append(body("end", "WORKFLOW_RUN_COMPLETED", record="r1", at=9))
            append(data, events)
            follower.step()
        assert broken_entities(follower.views) == []
    assert digests(data) == digests_of(events)


def test_refolding_what_is_right_changes_nothing_and_what_is_unknown_is_refused(data: Path) -> None:
    append(data, bodies(20))
    with following(data) as follower:
        before = scanned_digests(follower.views)
        assert follower.refold("runs", "r0") == Advance(20, 0, frozenset())
        for projection, key in (("runs", "nobody"), ("nothing", "r0")):
            with pytest.raises(NotFound, match=key):
                follower.refold(projection, key)
        assert scanned_digests(follower.views) == before


def test_the_lag_is_told_in_events_and_seconds(data: Path) -> None:
    append(data, bodies(2))
    with following(data) as follower, reading(data) as log:
        append(data, bodies(7))
        waiting_since = log.event(3).received_at
        status = engine_status(follower.views, log, 4, now=waiting_since + 3 * SECOND)
        assert (status.log_head, status.generation) == (7, 4)
        assert {(p.position, p.lag_events, p.lag_seconds) for p in status.projections} == {
            (2, 5, 3.0)
        }
        follower.step()
        status = engine_status(follower.views, log, 4, now=waiting_since + 3 * SECOND)
        assert {(p.lag_events, p.lag_seconds) for p in status.projections} == {(0, 0.0)}


def test_a_digest_does_not_depend_on_when_or_where_events_arrived(data: Path) -> None:
    append(data, bodies(10))
    rebuild(data)
    assert digests(data) == digests_of(bodies(10)[::-1])
    assert digests(data) != digests_of(bodies(9))


def test_without_views_the_digests_say_what_is_missing(data: Path) -> None:
    append(data, [])
    with pytest.raises(NotReady, match="does not exist yet"):
        digest_report(data)


Heard = list[Advance]


@pytest.fixture
def heard() -> Heard:
    return []


@pytest.fixture
def engine(data: Path, heard: Heard, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    monkeypatch.setattr(engine_module, "RESTART", 0.01)
    append(data, bodies(3))
    built(data)
    engine = Engine(data, heard.append)
    engine.start()
    yield engine
    engine.stop()


def reached(data: Path, position: int) -> Callable[[], bool]:
    def there() -> bool:
        path = generation.served(data)
        assert path is not None
        views = open_reader(path)
        try:
            return generation.position(views) >= position
        finally:
            views.close()

    return there


def test_the_running_engine_folds_what_arrives_and_tells_which_keys_changed(
    data: Path, engine: Engine, heard: Heard
) -> None:
    append(data, [*bodies(3), body("new", record="t9")])
    engine.wake()
    eventually(lambda: any("conversations:t9" in advance.keys for advance in heard))
    assert heard[-1].position == 4
    assert engine.running


def test_the_running_engine_goes_on_with_the_generation_that_is_switched_to(
    data: Path, engine: Engine, heard: Heard
) -> None:
    eventually(lambda: heard != [])
    rebuild(data)
    append(data, bodies(9))
    engine.wake()
    eventually(reached(data, 9))
    assert sum("generation" in advance.keys for advance in heard) == 2
    assert rebuild(data, check=True).parity


def test_the_running_engine_refolds_one_entity(engine: Engine, heard: Heard) -> None:
    assert engine.refold("runs", "r0").position == 3
    with pytest.raises(NotFound, match="nobody"):
        engine.refold("runs", "nobody")
    eventually(lambda: heard != [])


def test_an_engine_whose_process_dies_goes_on(data: Path, engine: Engine) -> None:
    eventually(lambda: engine.running)
    for position in (6, 9):
        assert engine._process is not None
        assert engine._process.pid is not None
        os.kill(engine._process.pid, signal.SIGKILL)
        append(data, bodies(position))
        engine.wake()
        eventually(reached(data, position))
    assert rebuild(data, check=True).parity


def test_an_engine_without_views_says_so_and_follows_once_they_are_there(
    data: Path, heard: Heard
) -> None:
    append(data, bodies(3))
    engine = Engine(data, heard.append)
    engine.start()
    try:
        with pytest.raises(NotReady, match="views"):
            engine.refold("runs", "r0")
        rebuild(data)
        append(data, bodies(5))
        engine.wake()
        eventually(reached(data, 5))
    finally:
        engine.stop()


def test_stopping_does_not_wait_for_a_long_step(
    data: Path, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine_module, "PATIENCE", 0.1)
    eventually(reached(data, 3))
    process = engine._process
    assert process is not None
    os.kill(process.pid, signal.SIGSTOP)  # as if it were busy for ever
    engine.stop()
    assert process.poll() == -signal.SIGKILL
    append(data, bodies(5))
    follow(data)
    assert rebuild(data, check=True).parity


def test_stopping_ends_the_process_even_while_it_is_started_again(
    data: Path, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine_module, "RESTART", 0.5)
    process = engine._process
    assert process is not None
    process.kill()
    eventually(lambda: engine.error is not None)
    stopping = threading.Thread(target=engine.stop)
    stopping.start()
    stopping.join(10)
    assert not stopping.is_alive()
    assert engine._process is not None
    assert engine._process.poll() is not None
    append(data, bodies(5))
    assert not reached(data, 5)()
