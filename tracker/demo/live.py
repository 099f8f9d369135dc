"""The live trickle: what goes on after the history, faster than in life, so that a visitor sees it.

It is a plan without a clock: pairs of a delay and a body. The times inside the
bodies assume that the caller waits as it is told.
"""

import random
from collections import deque
from collections.abc import Iterator
from itertools import count
from typing import Final

import msgspec

from tracker.demo.cast import dice
from tracker.demo.happenings import Happening, encode
from tracker.demo.stories import story
from tracker.demo.telling import World
from tracker.timing import DAY, SECOND

_SHORTEST_DELAY: Final = 0.2
_LONGEST_DELAY: Final = 1.3
_PEOPLE_AT_ONCE: Final = 16
_DUPLICATE_SHARE: Final = 0.02


def trickle(
    seed: int, now: int, people: int = 300, days: float = 21
) -> Iterator[tuple[float, bytes]]:
    """Endless pairs of seconds to wait and a body to post then, from `now` (microseconds) on.

    It goes on where `generate` with the same arguments stopped and begins new
    people's stories; with `people=0` there are only new ones. A story pauses for
    good before what follows a meeting that hasn't taken place by then.
    """
    world = World(seed, now - int(days * DAY), now)
    chance = dice(seed, now, "live")
    stories = _stories(world, people)
    open_stories = [next(stories) for _ in range(_PEOPLE_AT_ONCE)]
    clock = now
    while True:
        place = chance.randrange(_PEOPLE_AT_ONCE)
        while not _can_go_on(open_stories[place], clock):
            open_stories[place] = next(stories)
        delay = chance.uniform(_SHORTEST_DELAY, _LONGEST_DELAY)
        clock += int(delay * SECOND)
        body = _encode_at(chance, open_stories[place].popleft(), clock)
        yield delay, body
        if chance.random() < _DUPLICATE_SHARE:
            yield 0.0, body


def _stories(world: World, people: int) -> Iterator[deque[Happening]]:
    """What is left of the stories under way and, alternating with them, new ones."""
    under_way = (
        rest
        for number in range(people)
        if (rest := deque(h for h in story(world, number) if h.at > world.now))
    )
    # New people's numbers begin far from the history's, so that they never name the same person.
    beginners = count(max(people, 1_000_000))
    while True:
        yield next(under_way, deque())
        yield deque(story(world, next(beginners), at=world.now))


def _can_go_on(rest: deque[Happening], clock: int) -> bool:
    return bool(rest) and rest[0].after <= clock


def _encode_at(chance: random.Random, happening: Happening, clock: int) -> bytes:
    return encode(chance, msgspec.structs.replace(happening, at=clock - clock % 1000))
