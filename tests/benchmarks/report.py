"""The table for people and the JSON for comparing commits."""

import sys
from pathlib import Path

import msgspec
from rich.console import Console
from rich.table import Table

from tests.benchmarks.figures import Figure
from tests.benchmarks.machine import machine_line
from tests.benchmarks.stored import Shape

WIDTH = 160  # of a table that goes into a file


class Report(msgspec.Struct, frozen=True):
    """All that one run found."""

    machine: dict[str, str]
    traffic: list[Shape]
    figures: list[Figure]


def write(report: Report, file: Path) -> None:
    """Keep a report for later."""
    file.write_bytes(msgspec.json.format(msgspec.json.encode(report)))


def read(file: Path) -> Report:
    """A report that was kept."""
    return msgspec.json.decode(file.read_bytes(), type=Report)


def show(report: Report) -> None:
    """Print one table, the machine and the traffic before it, what bounds a figure after it."""
    console = Console(width=None if sys.stdout.isatty() else WIDTH)
    console.print(machine_line(report.machine), highlight=False)
    for shape in report.traffic:
        console.print(_traffic(shape), highlight=False)
    table = Table("what", "measured", "target", "met", "beside")
    for column in table.columns[1:3]:
        column.justify = "right"
    for figure in report.figures:
        met = {True: "yes", False: "NO", None: ""}[figure.met]
        value = measured(figure.value, figure.unit)
        table.add_row(figure.name, value, target(figure), met, figure.beside)
    console.print(table)
    for figure in report.figures:
        if figure.bounded_by:
            name = figure.name.strip()
            console.print(f"{name}: bounded by {figure.bounded_by}", highlight=False, markup=False)


def measured(value: float | None, unit: str) -> str:
    """A value as people read it."""
    if value is None:
        return "-"
    digits = 0 if abs(value) >= 100 or value == int(value) else 2 if abs(value) < 10 else 1
    return f"{value:,.{digits}f} {unit}".rstrip()


def target(figure: Figure) -> str:
    """What was to be reached."""
    if figure.least is not None:
        return f"≥ {measured(figure.least, figure.unit)}"
    if figure.most is not None:
        return f"≤ {measured(figure.most, figure.unit)}"
    return ""


def _traffic(shape: Shape) -> str:
    return (
        f"{shape.events:,} events of {shape.entities:,} entities; runs of {shape.shortest_run} to "
        f"{shape.longest_run} events, {shape.median_run} in the middle; {shape.late:.1%} late, "
        f"{shape.duplicates:.1%} duplicates besides"
    )
