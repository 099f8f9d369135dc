"""What commands print: lines and facts for people, JSON for programs."""

from collections.abc import Sequence
from typing import Any

import msgspec
import typer

from tracker.timing import to_iso


def say(line: str = "") -> None:
    """A line for people, on standard error: standard output is for results."""
    typer.echo(line, err=True)


def print_json(value: Any) -> None:
    """One JSON value on standard output."""
    typer.echo(msgspec.json.format(msgspec.json.encode(value), indent=2).decode())


def print_line(value: Any) -> None:
    """One JSON value on one line, for NDJSON."""
    typer.echo(msgspec.json.encode(value).decode())


def print_facts(facts: Sequence[tuple[str, Any]]) -> None:
    """Named values below each other."""
    width = max(len(name) for name, _ in facts)
    for name, value in facts:
        typer.echo(f"{name:<{width}}  {shown(value)}")


def shown(value: Any) -> str:
    """A value as people read it."""
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,}" if isinstance(value, int) else str(value)


def time_or_none(moment: int | None) -> str | None:
    """RFC 3339 of a time in microseconds, None for none."""
    return None if moment is None else to_iso(moment)
