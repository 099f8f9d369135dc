"""The command `tracker`: all families joined, and errors translated in this one place.

Exit codes: 0 done, 1 it failed or something is wrong, 2 the command was used wrongly,
and 3 where `tracker digest` finds the views behind the log.
"""

import os
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from tracker.cli.by_name import ByName
from tracker.errors import InvalidInput, TrackerError
from tracker.release import licences, versions
from tracker.settings import PRIVATE_UMASK

FAILED = 1
USED_WRONGLY = 2


class _Commands(TyperGroup):
    """Ends a command that failed on purpose with its message instead of a traceback."""

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        self.commands = ByName()

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except TrackerError as error:
            typer.secho(f"tracker: {error}", err=True, fg=typer.colors.RED)
            code = USED_WRONGLY if isinstance(error, InvalidInput) else FAILED
            raise typer.Exit(code) from None


app = typer.Typer(
    name="tracker",
    cls=_Commands,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Receives every webhook of Popp, keeps it in a log that is never changed, "
    "and shows what follows from it.",
    epilog="Example: tracker demo",
)


def _say_versions(asked: bool) -> None:
    if asked:
        typer.echo("\n".join(f"{name} {text}" for name, text in versions()))
        raise typer.Exit


def _say_licences(asked: bool) -> None:
    if asked:
        typer.echo(licences())
        raise typer.Exit


@app.callback()
def _private(
    _version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_say_versions, is_eager=True, help="Say what is running."
        ),
    ] = False,
    _licenses: Annotated[
        bool,
        typer.Option(
            "--licenses",
            callback=_say_licences,
            is_eager=True,
            help="Print the licences of everything inside.",
        ),
    ] = False,
) -> None:
    # Whatever any command writes holds personal data: nobody but its owner reads it.
    os.umask(PRIVATE_UMASK)


def main() -> None:
    """Run the command that the arguments name, then exit."""
    app()
