"""Work in another process: its result, its news, its errors, and its end."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Thread

import pytest

from tests.running import ROOT, eventually
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


def complain(place: str, tell: Callable[[object], None]) -> None:
    def counted() -> Iterator[int]:
        try:
            yield 1
        finally:
            raise ValueError("closed")

    for _ in counted():
        dawdle(place, tell)


COUNT_CHILDREN = """
import os
from pathlib import Path
from tests.tracker.test_aside import double
from tracker.aside import Aside

children = Path(f"/proc/self/task/{os.getpid()}/children")
told = lambda _news: print(len(children.read_text().split()))
Aside("doubling").run(double, 21, told=told)
print(len(children.read_text().split()))
"""


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


def test_there_is_one_process_more_while_it_works_and_none_afterwards() -> None:
    ran = subprocess.run(
        [sys.executable, "-c", COUNT_CHILDREN], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert ran.stdout.split() == ["1", "0"]


@pytest.mark.parametrize("long", [dawdle, complain])
def test_stopping_ends_the_work_and_lets_it_clear_up(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], long: Callable[..., None]
) -> None:
    aside, place, raised = Aside("dawdling"), tmp_path / "mark", []

    def work() -> None:
        try:
            aside.run(long, str(place))
        except NotReady as error:
            raised.append(str(error))

    thread = Thread(target=work)
    thread.start()
    eventually(place.exists)
    aside.stop()
    thread.join()
    assert not place.exists()
    assert "The service was stopped before dawdling was done" in raised[0]
    with pytest.raises(NotReady, match="The service is stopping"):
        aside.run(double, 1)
    assert capfd.readouterr().err == ""
