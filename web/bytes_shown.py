"""Received bytes as a page may show them: nothing in them acts, and nothing is hidden."""

import difflib
import re
from typing import Final

import msgspec

from web.rendering import pretty

MOST_TEXT: Final = 32_000  # characters
MOST_HEX: Final = 4_096  # bytes
ROW: Final = 16
MOST_LINES: Final = 1_500  # that are compared: comparing takes time with their square
PICTURES: Final = 0x2400  # where Unicode draws the control characters
CONTROLS: Final = re.compile(r"[\x00-\x08\x0b-\x1f]")
ASCII: Final = range(0x20, 0x7F)

Lines = list[tuple[str, str]]


class Shown(msgspec.Struct, frozen=True):
    """Bytes as text and, where they are no UTF-8, in hex; `cut` when only the beginning."""

    text: str
    hex: str | None
    cut: bool


def show_bytes(body: bytes, most: int = MOST_TEXT) -> Shown:
    """The bytes as text, control characters as their pictures; odd bytes also in hex."""
    try:
        text, dump = body.decode(), None
    except UnicodeDecodeError:
        text, dump = body.decode("utf-8", "replace"), _dump(body[: min(most, MOST_HEX)])
    cut = len(text) > most or (dump is not None and len(body) > min(most, MOST_HEX))
    return Shown(CONTROLS.sub(_picture, text[:most]), dump, cut)


def _picture(found: re.Match[str]) -> str:
    return chr(PICTURES + ord(found[0]))


def _dump(body: bytes) -> str:
    rows = ((start, body[start : start + ROW]) for start in range(0, len(body), ROW))
    return "\n".join(f"{start:06x}  {row.hex(' '):<47}  {_ascii(row)}" for start, row in rows)


def _ascii(row: bytes) -> str:
    return "".join(chr(byte) if byte in ASCII else "." for byte in row)


def compare(first: bytes, second: bytes) -> tuple[Lines, Lines] | None:
    """Two bodies line by line, indented; a line is `same`, or `del` or `ins` where they differ.

    None when they are too long to be compared.
    """
    before, after = pretty(first).splitlines(), pretty(second).splitlines()
    if max(len(before), len(after)) > MOST_LINES:
        return None
    left: Lines = []
    right: Lines = []
    matcher = difflib.SequenceMatcher(None, before, after, autojunk=False)
    for kind, i1, i2, j1, j2 in matcher.get_opcodes():
        left += [("same" if kind == "equal" else "del", line) for line in before[i1:i2]]
        right += [("same" if kind == "equal" else "ins", line) for line in after[j1:j2]]
    return left, right
