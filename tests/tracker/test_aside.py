"""Work in another process: its result, its news, its errors, and its end."""

import os
import time
from collections.abc import Callable
from pathlib import Path
from threading import Thread

import pytest

from tests.running import eventually
from tracker.aside import Aside
from tracker.errors import Busy, NotReady

LAST = 19  # the lowest priority there is


def double(number: int, tell: Callable[[object], None]) -> int:
    tell(f"half of {number * 2}")
    return number * 2


def refuse(_tell: Callable[[object], None]) -> None:
    raise Busy("not now")


def crash(_tell: Callable[[object], None]) -> None:
    os._exit(3)


def politeness(_tell: Callable[[object], None]) -> int:
    return os.nice(0)


def dawdle(place: str, _tell: Callable[[object], None]) -> None:
    try:
        Path(place).write_text("begun")
        time.sleep(600)
    finally:
        Path(place).unlink()


def test_the_result_and_the_news_come_back() -> None:
    heard: list[object] = []
    assert Aside("doubling").run(double, 21, told=heard.append) == 42
    assert heard == ["half of 42"]


def test_an_error_on_purpose_is_raised_here() -> None:
    with pytest.raises(Busy, match="not now"):
        Aside("refusing").run(refuse)


def test_a_process_that_ends_by_itself_is_an_error_in_words() -> None:
    with pytest.raises(NotReady, match="The process for crashing ended before it was done"):
        Aside("crashing").run(crash)


def test_it_steps_back_for_others() -> None:
    assert Aside("being polite", 15).run(politeness) == min(os.nice(0) + 15, LAST)


def test_stopping_ends_the_work_and_lets_it_clear_up(tmp_path: Path) -> None:
    aside, place, raised = Aside("dawdling"), tmp_path / "mark", []

    def work() -> None:
        try:
            aside.run(dawdle, str(place))
        except NotReady as error:
            raised.append(str(error))

    thread = Thread(target=work)
    thread.start()
    eventually(place.exists)
    aside.stop()
    thread.join()
    assert not place.exists()
    assert "ended before it was done" in raised[0]
    with pytest.raises(NotReady, match="The service is stopping"):
        aside.run(double, 1)
