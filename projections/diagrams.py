"""The README's state diagrams, drawn from the machines themselves.

`python -m projections.diagrams` prints the section that stands between the two markers.
"""

import sys
from collections.abc import Iterator
from typing import Any, Final

from projections import conversations, meetings, runs
from projections.projection import Machine
from tracker.errors import InvalidInput

START_MARK: Final = "<!-- diagrams:start -->"
END_MARK: Final = "<!-- diagrams:end -->"

MACHINES: Final[tuple[tuple[str, Machine[Any]], ...]] = (
    ("Conversation", conversations.MACHINE),
    ("Meeting", meetings.MACHINE),
    ("Run", runs.MACHINE),
)


def mermaid(machine: Machine[Any]) -> str:
    """One machine as a Mermaid state diagram; the first row of the table is where life begins."""
    return "\n".join(("stateDiagram-v2", *(f"    {line}" for line in _lines(machine))))


def _lines(machine: Machine[Any]) -> Iterator[str]:
    yield f"[*] --> {next(iter(machine))}"
    for state, row in machine.items():
        events: dict[str, list[str]] = {}
        for event, following in row.items():
            events.setdefault(following, []).append(event)
        for following, names in events.items():
            yield f"{state} --> {following}: {'<br/>'.join(names)}"
        if not row:
            yield f"{state} --> [*]"


def section() -> str:
    """The generated section, markers included."""
    drawn = (f"### {title}\n\n```mermaid\n{mermaid(machine)}\n```" for title, machine in MACHINES)
    return "\n\n".join((START_MARK, *drawn, END_MARK))


def check(readme: str) -> bool:
    """Whether a README shows the machines as they are. Raises InvalidInput as `replace` does."""
    return replace(readme) == readme


def replace(readme: str) -> str:
    """A README with its section of diagrams made anew.

    Raises InvalidInput when the markers are missing.
    """
    before, start, rest = readme.partition(START_MARK)
    _, end, after = rest.partition(END_MARK)
    if not start or not end:
        raise InvalidInput(
            f"The README has no place for diagrams: add a line {START_MARK} and, after it, "
            f"a line {END_MARK}."
        )
    return before + section() + after


if __name__ == "__main__":
    sys.stdout.write(section() + "\n")
