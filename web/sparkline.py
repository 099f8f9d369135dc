"""Small trend lines: a few numbers as a drawing, with the same numbers in words."""

from collections.abc import Sequence
from typing import Final

import msgspec

WIDTH: Final = 120
HEIGHT: Final = 28
MARGIN: Final = 3  # room for the dot at the end


class Sparkline(msgspec.Struct, frozen=True):
    """A drawing of numbers in order: points of a line, the last one's place, and words."""

    points: str
    last: tuple[float, float]
    words: str
    width: int = WIDTH
    height: int = HEIGHT


def sparkline(numbers: Sequence[int], words: str) -> Sparkline:
    """The drawing of one number or more; the lowest line is zero, so that heights compare."""
    largest = max(*numbers, 1)
    step = (WIDTH - 2 * MARGIN) / max(1, len(numbers) - 1)
    room = HEIGHT - 2 * MARGIN
    places = [
        (round(MARGIN + place * step, 1), round(HEIGHT - MARGIN - room * number / largest, 1))
        for place, number in enumerate(numbers)
    ]
    points = " ".join(f"{x:g},{y:g}" for x, y in places)
    return Sparkline(points, places[-1], f"{words}: {', '.join(map(str, numbers))}")
