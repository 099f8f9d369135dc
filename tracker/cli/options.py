"""Options that many commands share, and the settings that they lead to."""

import getpass
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from tracker.cli.owner import refuse_root
from tracker.control import Control
from tracker.errors import NotReady
from tracker.settings import Settings, load_settings, prepare_data

DataOption = Annotated[
    Path | None,
    typer.Option(
        "--data", help="Data directory; else TRACKER_DATA, else ./data.", show_default=False
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
LimitOption = Annotated[int, typer.Option("--limit", "-n", min=1, max=10_000, help="How many.")]


def family(name: str, says: str) -> tuple[Callable[[typer.Typer], None], typer.Typer]:
    """A family of commands: what adds it to `tracker`, and what its commands are added to."""
    group = typer.Typer(help=says, no_args_is_help=True)
    return lambda app: app.add_typer(group, name=name), group


def example(line: str) -> str:
    """The last lines of a command's help."""
    return f"Example: {line}"


def existing(data: Path | None) -> Settings:
    """The settings of a data directory that holds a log; raises NotReady when it does not."""
    settings = load_settings(data)
    refuse_root(settings.data)
    if not settings.log_path.exists():
        raise NotReady(
            f"There is no log in {settings.data}; name the data directory with --data, "
            "or begin one with `tracker setup`"
        )
    return settings


def prepared(data: Path | None, **overrides: Any) -> Settings:
    """The settings of a data directory, which is made when it is missing."""
    settings = load_settings(data, **overrides)
    refuse_root(settings.data)
    prepare_data(settings)
    return settings


def control_of(data: Path | None, **overrides: Any) -> tuple[Settings, Control]:
    """The settings and control.db of a data directory, both made when they are missing."""
    settings = prepared(data, **overrides)
    return settings, Control(settings.control_path, settings.secrets)


def operator() -> str:
    """Who types the command, for the audit trail."""
    try:
        return f"{getpass.getuser()} (command line)"
    except (KeyError, OSError):  # a user id without a name
        return "command line"
