"""Jobs run by the clock, once for any number of missed times, and say how they went."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tracker.control import Control
from tracker.schedule import SOON, Job, Scheduler, Trigger, daily, every
from tracker.timing import EPOCH, HOUR, MICROSECOND, from_iso, now, to_datetime


@pytest.fixture
def memory(data: Path) -> Control:
    return Control(data / "control.db")


def job(run: Callable[[], str] = lambda: "done", trigger: Trigger | None = None) -> Job:
    return Job("prune", "Forgets old deliveries.", trigger or every(3600), run)


def test_a_job_that_ran_says_when_and_with_which_result(memory: Control) -> None:
    times = iter([10, 25])
    scheduler = Scheduler([job(lambda: "3 deliveries forgotten")], memory, lambda: next(times))

    scheduler.run("prune")

    [status] = scheduler.status()
    assert (status.last_started_at, status.last_finished_at, status.ok) == (10, 25, True)
    assert status.result == "3 deliveries forgotten"
    assert not status.running


def test_an_error_is_a_result_and_stops_nothing(memory: Control) -> None:
    def fail() -> str:
        raise OSError("disk full")

    scheduler = Scheduler([job(fail)], memory)
    scheduler.run("prune")

    [status] = scheduler.status()
    assert (status.ok, status.result) == (False, "OSError: disk full")


def test_a_job_shows_that_it_is_running(memory: Control) -> None:
    seen = []

    def look() -> str:
        seen.append(scheduler.status()[0].running)
        return ""

    scheduler = Scheduler([job(look)], memory)
    scheduler.run("prune")

    assert seen == [True]


def test_results_outlive_the_scheduler(data: Path, memory: Control) -> None:
    Scheduler([job(lambda: "fine")], memory).run("prune")

    [status] = Scheduler([job()], Control(data / "control.db")).status()

    assert status.result == "fine"


def test_a_job_that_never_ran_has_neither_last_nor_next_run_before_the_start(
    memory: Control,
) -> None:
    [status] = Scheduler([job()], memory).status()

    assert (status.next_run_at, status.last_started_at, status.ok) == (None, None, None)
    assert status.says == "Forgets old deliveries."


def test_a_started_scheduler_knows_the_next_run_in_utc(memory: Control) -> None:
    scheduler = Scheduler([job(trigger=daily(3, 15))], memory)
    scheduler.start()
    try:
        next_run = scheduler.status()[0].next_run_at
    finally:
        scheduler.stop()

    assert next_run is not None
    assert to_datetime(next_run).strftime("%H:%M") == "03:15"


def test_any_number_of_missed_times_is_made_up_for_once(memory: Control) -> None:
    ran, runs = threading.Event(), []

    def count() -> str:
        runs.append(1)
        ran.set()
        return ""

    scheduler = Scheduler([job(count)], memory)
    scheduler._scheduler.start(paused=True)
    a_week_ago = datetime.now(UTC) - timedelta(days=7)
    scheduler._scheduler.modify_job("prune", next_run_time=a_week_ago)
    scheduler._scheduler.resume()
    assert ran.wait(timeout=30)
    next_run = scheduler.status()[0].next_run_at
    scheduler.stop()

    assert len(runs) == 1
    assert next_run is not None
    assert 0 <= next_run - (datetime.now(UTC) - EPOCH) // timedelta(microseconds=1) <= HOUR


AT = from_iso("2026-03-05T12:00:00Z")


@pytest.mark.parametrize(
    ("finished", "ok", "begun_again", "made_up"),
    [
        (AT - 9 * HOUR, True, False, False),  # at three this morning
        (AT - 33 * HOUR, True, False, True),  # the machine was off this night
        (AT - 33 * HOUR, True, True, True),  # and this night's run was cut off
        (AT - 9 * HOUR, False, False, True),
        (None, None, True, True),
        (None, None, False, False),  # it was never to run yet
    ],
)
def test_what_was_missed_or_cut_off_before_a_start_is_made_up_for_soon(
    memory: Control, finished: int | None, ok: bool | None, begun_again: bool, made_up: bool
) -> None:
    if finished is not None:
        memory.job_finished("prune", finished - 10, finished, bool(ok), "")
    if begun_again:
        memory.job_started("prune", AT - 9 * HOUR)
    scheduler = Scheduler([job(trigger=daily(3))], memory, lambda: AT)
    before = now()
    scheduler.start()
    try:
        [status] = scheduler.status()
    finally:
        scheduler.stop()

    assert status.next_run_at is not None
    soon = SOON // MICROSECOND
    assert (before + soon <= status.next_run_at <= now() + soon) == made_up


def test_what_was_missed_is_made_up_for_one_after_the_other(memory: Control) -> None:
    jobs = [Job(name, "", daily(3), str) for name in ("one", "other")]
    for name in ("one", "other"):
        memory.job_finished(name, AT - 40 * HOUR, AT - 40 * HOUR, True, "")
    scheduler = Scheduler(jobs, memory, lambda: AT)
    scheduler.start()
    try:
        first, second = (status.next_run_at or 0 for status in scheduler.status())
    finally:
        scheduler.stop()

    assert second - first == SOON // MICROSECOND


def test_stopping_twice_or_before_the_start_is_harmless(memory: Control) -> None:
    scheduler = Scheduler([], memory)
    scheduler.stop()
    scheduler.start()
    scheduler.stop()
    scheduler.stop()
