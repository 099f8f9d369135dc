"""The command `tracker`: all families joined, and errors translated in this one place.

Exit codes: 0 done, 1 it failed or something is wrong, 2 the command was used wrongly,
and 3 where `tracker digest` finds the views behind the log.
"""

import os
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from tracker.cli.audit import register as register_audit
from tracker.cli.backup import register as register_backup
from tracker.cli.compress import register as register_compress
from tracker.cli.demo import register as register_demo
from tracker.cli.doctor import register as register_doctor
from tracker.cli.erase import register as register_erase
from tracker.cli.export_person import register as register_export_person
from tracker.cli.install import register as register_install
from tracker.cli.log import app as log
from tracker.cli.projections import register as register_projections
from tracker.cli.quarantine import app as quarantine
from tracker.cli.restore import register as register_restore
from tracker.cli.retention import register as register_retention
from tracker.cli.secret import app as secret
from tracker.cli.send import register as register_send
from tracker.cli.serve import register as register_serve
from tracker.cli.setup import register as register_setup
from tracker.cli.token import app as token
from tracker.cli.upgrade_check import register as register_upgrade_check
from tracker.cli.user import app as user
from tracker.cli.workflow import app as workflow
from tracker.errors import InvalidInput, TrackerError
from tracker.release import licences, versions
from tracker.settings import PRIVATE_UMASK

FAILED = 1
USED_WRONGLY = 2


class _Commands(TyperGroup):
    """Ends a command that failed on purpose with its message instead of a traceback."""

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


register_demo(app)
register_setup(app)
register_install(app)
register_serve(app)
register_send(app)
register_projections(app)
app.add_typer(log, name="log")
app.add_typer(quarantine, name="quarantine")
app.add_typer(workflow, name="workflow")
app.add_typer(secret, name="secret")
register_backup(app)
register_restore(app)
app.add_typer(user, name="user")
app.add_typer(token, name="token")
register_doctor(app)
register_erase(app)
register_export_person(app)
register_retention(app)
register_compress(app)
register_audit(app)
register_upgrade_check(app)


def main() -> None:
    """Run the command that the arguments name, then exit."""
    app()
