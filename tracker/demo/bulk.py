"""Provider traffic in bulk: many bodies a second, for benchmarks and load tests.

A window of open stories is interleaved. What doesn't change within a story is
written once, so that an event costs a few joins of bytes. Memory depends on the
window, not on the number of events.
"""

import heapq
import random
from collections.abc import Iterator
from typing import Final

from tracker.demo.bulk_stories import Author, Step, authors, published
from tracker.demo.cast import dice
from tracker.timing import DAY, MINUTE, to_datetime

_START_OF_2026: Final = 1_767_225_600_000_000
_OPEN_STORIES: Final = 2000
_FARTHEST_LATE: Final = 5000
_GOLDEN: Final = 0x9E3779B97F4A7C15
_64_BITS: Final = 0xFFFFFFFFFFFFFFFF


def bulk(
    seed: int,
    events: int,
    start: int = _START_OF_2026,
    days: float = 30,
    late: float = 0.05,
    duplicates: float = 0.02,
) -> Iterator[bytes]:
    """Bodies of `events` different events, in order of arrival, the same for the same arguments.

    Events happen evenly from `start` (microseconds) over `days`. The share `late`
    of them arrives up to some thousand events after its turn; the share
    `duplicates` arrives a second time, on top of `events`.
    """
    chance = dice("bulk", seed)
    held: list[tuple[int, int, bytes]] = []
    for number, body in enumerate(_in_order(chance, events, start, days)):
        luck = chance.random()
        if luck >= late:
            yield body
        if luck < late or luck >= 1 - duplicates:
            heapq.heappush(held, (number + _lateness(chance), number, body))
        while held and held[0][0] <= number:
            yield heapq.heappop(held)[2]
    while held:
        yield heapq.heappop(held)[2]


def _lateness(chance: random.Random) -> int:
    """By how many events one is late: mostly few, sometimes thousands."""
    return 1 + int(_FARTHEST_LATE * chance.random() ** 3)


def _in_order(chance: random.Random, events: int, start: int, days: float) -> Iterator[bytes]:
    """One body an event, in order of occurrence."""
    window = _Window(chance)
    pace = max(1, int(days * DAY / max(events, 1)))
    salt = chance.getrandbits(64)
    minute, prefix = -1, b""
    for number in range(events):
        moment = start + number * pace
        if moment // MINUTE != minute:
            minute = moment // MINUTE
            prefix = to_datetime(moment).strftime("%Y-%m-%dT%H:%M:").encode()
        at = b"%b%06.3fZ" % (prefix, moment % MINUTE // 1000 / 1000)
        before, after, timed = window.next_step(moment)
        # Ids as random as real ones: an index over them is filled in no order.
        event_id = b"%016x-%08x" % ((number + salt) * _GOLDEN & _64_BITS, number)
        opening = b'","data":{"timestamp":"%b",' % at if timed else b'","data":{'
        yield b"".join((before, event_id, b'","eventTimestamp":"', at, opening, after))


class _Window:
    """The open stories. One is added with each step until it is full, so that starts are spread."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._authors: list[Author] = authors(chance)
        self._open: list[list[Step]] = [published()]
        self._started = 0

    def next_step(self, moment: int) -> Step:
        """The next event of an open story that is picked at random."""
        place = int(len(self._open) * self._chance.random())
        story = self._open[place]
        step = story.pop()
        if not story:
            self._open[place] = self._story(moment)
        if len(self._open) < _OPEN_STORIES:
            self._open.append(self._story(moment))
        return step

    def _story(self, moment: int) -> list[Step]:
        self._started += 1
        return self._chance.choice(self._authors).story(self._chance, self._started, moment)
