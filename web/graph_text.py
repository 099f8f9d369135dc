"""How text fits into a drawing: measured generously, wrapped, shortened, never cut off."""

import re
from typing import Final

TEXT_WIDTH: Final = 23
"""Characters on a line of a node's label."""

LABEL_WIDTH: Final = 26
"""Characters on a line of an edge's label."""

CHARACTER: Final = 7.0  # pixels of an average one at 12 px in a wide font
WORD: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[^A-Z]+")


def spoken(outcome: str) -> str:
    """A routing event as words: `onNotInterested` is `Not interested`; others as they are."""
    match = re.fullmatch(r"on([A-Z][A-Za-z0-9]*)", outcome)
    if not match:
        return outcome
    words = " ".join(w if w.isupper() and len(w) > 1 else w.lower() for w in WORD.findall(match[1]))
    return words[:1].upper() + words[1:]


def shorten(text: str, width: int) -> str:
    """At most `width` characters, with an ellipsis where something is cut off."""
    return text if len(text) <= width else text[: width - 1].rstrip() + "…"


def wrapped(text: str, width: int = TEXT_WIDTH) -> tuple[str, ...]:
    """A text on at most two lines, broken between words where it can be."""
    if len(text) <= width:
        return (text,)
    between_words = text.rfind(" ", 8, width + 1) + 1
    cut = between_words or max(text.rfind(mark, 8, width) for mark in "-_/.") + 1 or width
    return text[:cut].rstrip(), shorten(text[cut:].lstrip(), width)


def label_width(*lines: str) -> int:
    """The pixels that the longest of some lines of an edge's label takes, with a margin."""
    return round(max(map(len, lines), default=0) * CHARACTER + 12)
