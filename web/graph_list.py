"""The list that says the same as a drawing, for screen readers and narrow screens."""

import re
import zlib
from collections.abc import Iterable
from typing import Final
from urllib.parse import parse_qsl

import msgspec

from web.viewer import Viewer

LONGEST: Final = 110
"""A list of more lines than this is cut beside a drawing; the whole has an address of its own."""

CUT: Final = 16
"""How many lines are kept of a list that is cut."""

PLAIN_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,48}")


class Line(msgspec.Struct, frozen=True):
    """Some words, and where they lead when they lead anywhere."""

    words: str
    href: str = ""


class Way(msgspec.Struct, frozen=True):
    """A way on from a node: where it leads, with what is counted on it."""

    label: str
    facts: tuple[Line, ...]


class Item(msgspec.Struct, frozen=True):
    """A node: its label with what is counted on it, and what stands under it.

    `aside` are the ways that nobody took, told in one line.
    """

    label: str
    facts: tuple[Line, ...]
    below: tuple[Way, ...] = ()
    aside: tuple[str, ...] = ()
    active: bool = True
    href: str = ""


class Listing(msgspec.Struct, frozen=True):
    """The items shown, how many are left out, and those where nothing happened, to be unfolded."""

    items: list[Item]
    left_out: int = 0
    folded: list[Item] = []

    @property
    def lines(self) -> int:
        """How long the list is."""
        return sum(map(_lines, self.items))


def shortened(items: Iterable[Item]) -> Listing:
    """As many items as stand beside a drawing: those where something happened go first."""
    every = list(items)
    if sum(map(_lines, every)) <= LONGEST:
        return Listing(every)
    chosen: list[int] = []
    lines = 0
    for number in sorted(range(len(every)), key=lambda n: (not every[n].active, n)):
        lines += _lines(every[number])
        if lines > CUT and chosen:
            break
        chosen.append(number)
    return Listing([every[n] for n in sorted(chosen)], len(every) - len(chosen))


def folded(listing: Listing) -> Listing:
    """The same list with what nothing happened at set apart."""
    return Listing(
        [item for item in listing.items if item.active],
        listing.left_out,
        [item for item in listing.items if not item.active],
    )


def _lines(item: Item) -> int:
    return 1 + len(item.below) + len(item.aside)


def anchor(kind: str, id_: str) -> str:
    """The same short name for the same id, whatever it holds, to stand after a `#`."""
    name = id_ if PLAIN_ID.fullmatch(id_) else f"{zlib.crc32(id_.encode()):08x}"
    return f"{kind}-{name}"


def whole_list(viewer: Viewer) -> bool:
    """Whether the address asks for the whole list, which then stands there without a drawing."""
    return ("list", "all") in parse_qsl(viewer.query)
