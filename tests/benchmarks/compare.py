"""Two runs beside each other: `python -m tests.benchmarks.compare BEFORE.json AFTER.json`."""

import argparse
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.benchmarks.figures import Figure
from tests.benchmarks.machine import machine_line
from tests.benchmarks.report import measured, read

NOISE = 0.1  # of a value; what differs by less says nothing


def main() -> None:
    """Print one table."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("before", type=Path)
    arguments.add_argument("after", type=Path)
    chosen = arguments.parse_args()
    before, after = read(chosen.before), read(chosen.after)
    console = Console()
    console.print(f"before: {machine_line(before.machine)}", highlight=False)
    console.print(f"after:  {machine_line(after.machine)}", highlight=False)
    earlier = {figure.name: figure for figure in before.figures}
    table = Table("what", "before", "after", "after / before", "")
    for figure in after.figures:
        table.add_row(*_row(earlier.get(figure.name), figure))
    console.print(table)


def _row(before: Figure | None, after: Figure) -> tuple[str, ...]:
    shown = measured(after.value, after.unit)
    if before is None or before.value is None or after.value is None:
        return after.name, measured(before.value, before.unit) if before else "-", shown, "", ""
    ratio = after.value / before.value if before.value else float(after.value == 0) or float("inf")
    return (
        after.name,
        measured(before.value, before.unit),
        shown,
        f"{ratio:.2f}",
        _judged(after, ratio),
    )


def _judged(figure: Figure, ratio: float) -> str:
    """Better or worse, where a target says which way is better."""
    if abs(ratio - 1) < NOISE or (figure.least is None and figure.most is None):
        return ""
    return "better" if (ratio > 1) == (figure.least is not None) else "WORSE"


if __name__ == "__main__":
    main()
