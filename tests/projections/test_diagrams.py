"""The README's state diagrams are those of the code."""

from enum import StrEnum
from pathlib import Path

import pytest

from projections import diagrams
from tracker.errors import InvalidInput

README = Path(__file__).parents[2] / "README.md"


class Light(StrEnum):
    RED = "red"
    GREEN = "green"
    OFF = "off"


def test_the_readme_shows_the_machines_as_they_are() -> None:
    assert diagrams.check(README.read_text(encoding="utf-8")), (
        "The README's diagrams are stale: put the output of `python -m projections.diagrams` "
        "between its markers."
    )


def test_a_machine_is_drawn_from_its_table() -> None:
    machine = {
        Light.RED: {"GO": Light.GREEN, "HURRY": Light.GREEN, "BREAK": Light.OFF},
        Light.GREEN: {"STOP": Light.RED},
        Light.OFF: {},
    }
    assert diagrams.mermaid(machine).splitlines() == [
        "stateDiagram-v2",
        "    [*] --> red",
        "    red --> green: GO<br/>HURRY",
        "    red --> off: BREAK",
        "    green --> red: STOP",
        "    off --> [*]",
    ]


def test_replacing_touches_only_what_stands_between_the_markers() -> None:
    stale = f"before\n{diagrams.START_MARK}\nold\n{diagrams.END_MARK}\nafter\n"
    fresh = diagrams.replace(stale)
    assert not diagrams.check(stale)
    assert diagrams.check(fresh)
    assert fresh == f"before\n{diagrams.section()}\nafter\n"


@pytest.mark.parametrize("readme", ["", diagrams.START_MARK, diagrams.END_MARK])
def test_a_readme_without_markers_is_told_which_to_add(readme: str) -> None:
    with pytest.raises(InvalidInput, match="diagrams:start"):
        diagrams.replace(readme)
