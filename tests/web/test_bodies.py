"""Bodies on their way in: in time, and in a room of limited size."""

import asyncio
from typing import Any

import pytest

from tests.running import PATIENCE
from web.bodies import SMALL, NoRoom, Room, in_time

KIB = 1024


def test_large_bodies_share_a_room_and_give_it_back() -> None:
    room = Room(100 * KIB)
    with room.share() as one, room.share() as other:
        one.grow(60 * KIB)
        other.grow(40 * KIB)
        with pytest.raises(NoRoom):
            other.grow(41 * KIB)
        assert room.taken == 100 * KIB
    assert room.taken == 0


def test_a_small_body_always_has_room() -> None:
    room = Room(20 * KIB)
    with room.share() as large, room.share() as small:
        large.grow(20 * KIB)
        small.grow(SMALL)
        with pytest.raises(NoRoom):
            small.grow(SMALL + 1)


def test_a_body_that_grows_is_counted_once() -> None:
    room = Room(50 * KIB)
    with room.share() as share:
        for size in range(KIB, 50 * KIB, KIB):
            share.grow(size)
        assert room.taken == 49 * KIB


def told(*messages: Any, seconds: float) -> list[Any]:
    """What an application is told of a body whose sender falls silent after these messages."""
    waiting = iter(messages)

    async def receive() -> Any:
        message = next(waiting, None)
        return message or await asyncio.Event().wait()

    async def read() -> list[Any]:
        patient, got = in_time(receive, seconds), []
        while not got or got[-1].get("more_body"):
            got.append(await patient())
        return got

    # Without a limit nobody would ever be told: then it fails instead of waiting for ever.
    return asyncio.run(asyncio.wait_for(read(), PATIENCE))


def test_who_falls_silent_in_the_middle_has_gone_away() -> None:
    chunk = {"type": "http.request", "body": b"{", "more_body": True}
    assert told(chunk, seconds=0.01) == [chunk, {"type": "http.disconnect"}]


def test_what_comes_after_the_body_may_take_its_time() -> None:
    whole = {"type": "http.request", "body": b"{}", "more_body": False}
    gone = {"type": "http.disconnect"}

    async def read() -> Any:
        waiting = iter([whole])

        async def receive() -> Any:
            if message := next(waiting, None):
                return message
            await asyncio.sleep(0.05)  # longer than the body may take
            return gone | {"late": True}

        patient = in_time(receive, 0.01)  # type: ignore[arg-type] # the test's own messages
        return [await patient(), await patient()]

    assert asyncio.run(read()) == [whole, gone | {"late": True}]
