"""Puts generated files in place, and never over something that a person has changed.

The first line of each file holds a checksum of the rest. As long as it fits, the file is as it
was generated, so a newer one may replace it.
"""

import difflib
import hashlib
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Final

import msgspec

MARK: Final = (
    "# Made by `tracker install`, checksum {}; a changed file is never replaced unasked.\n"
)
DIGITS: Final = 16


class State(StrEnum):
    """How a file stands to the one that was generated."""

    MISSING = "missing"
    SAME = "same"
    OLDER = "older"
    CHANGED = "changed"


class Placed(msgspec.Struct, frozen=True):
    """One generated file: where it goes, its whole text, and what lies there now."""

    path: Path
    text: str
    current: str | None

    @property
    def state(self) -> State:
        """What there is to do."""
        if self.current is None:
            return State.MISSING
        if self.current == self.text:
            return State.SAME
        return State.OLDER if _untouched(self.current) else State.CHANGED

    def difference(self) -> str:
        """What replacing would change, line by line."""
        before = (self.current or "").splitlines(keepends=True)
        after = self.text.splitlines(keepends=True)
        return "".join(difflib.unified_diff(before, after, str(self.path), "generated"))


def compared(files: Mapping[Path, str], root: Path = Path("/")) -> list[Placed]:
    """Generated files beside what lies in their places, below `root`."""
    return [_compared(root / path.relative_to("/"), marked(text)) for path, text in files.items()]


def marked(text: str) -> str:
    """A generated text with its first line."""
    return MARK.format(_checksum(text)) + text


def put(placed: Placed) -> None:
    """Write a file whole or not at all, readable by everybody."""
    placed.path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    draft = placed.path.with_name(f".{placed.path.name}.new")
    draft.write_text(placed.text, encoding="utf-8")
    draft.chmod(0o644)
    draft.replace(placed.path)


def _compared(path: Path, text: str) -> Placed:
    return Placed(path, text, path.read_text(encoding="utf-8") if path.exists() else None)


def _untouched(text: str) -> bool:
    first, _, rest = text.partition("\n")
    return f"{first}\n" == MARK.format(_checksum(rest))


def _checksum(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:DIGITS]
