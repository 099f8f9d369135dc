"""What is dear to make is made once for all who ask, and only a bounded number is kept."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from tracker.once import Once


def test_ten_who_ask_at_once_wait_for_one_making() -> None:
    kept, together, made = Once[str, object](3), threading.Barrier(10), list[object]()

    def make() -> object:
        made.append(object())
        return made[-1]

    def ask(_: int) -> object:
        together.wait()
        return kept.get("key", make)

    with ThreadPoolExecutor(10) as askers:
        got = list(askers.map(ask, range(10)))
    assert len(made) == 1
    assert set(got) == set(made)


def test_those_asked_for_last_are_kept() -> None:
    kept, made = Once[int, int](3), list[int]()

    def ask(key: int) -> int:
        return kept.get(key, lambda: made.append(key) or key)  # type: ignore[func-returns-value]  # notes what is made

    for key in (1, 2, 3, 1, 4):
        ask(key)
    assert len(kept) == 3
    ask(1)
    assert made == [1, 2, 3, 4]
    ask(2)
    assert made == [1, 2, 3, 4, 2]


def test_what_failed_is_tried_again() -> None:
    kept = Once[str, int](3)
    with pytest.raises(ZeroDivisionError):
        kept.get("key", lambda: 1 // 0)
    assert kept.get("key", lambda: 1) == 1


def test_what_is_kept_no_longer_is_told_once_and_what_failed_never() -> None:
    dropped = list[int]()
    kept = Once[int, int](2, dropped.append)
    for key in (1, 2, 3):
        kept.get(key, lambda key=key: key)  # type: ignore[misc] # bound in the loop on purpose
    assert dropped == [1]
    with pytest.raises(ZeroDivisionError):
        kept.get(4, lambda: 1 // 0)
    assert dropped == [1, 2]
    kept.clear()
    assert dropped == [1, 2, 3]
    assert len(kept) == 0
