"""`tracker restore`: a new data directory from a backup."""

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from projections.erasing import file_under
from projections.rebuild import rebuild as make_views
from tracker.backups.restoring import BEFORE
from tracker.backups.restoring import restore as restore_backup
from tracker.cli.drawing import stages
from tracker.cli.options import DataOption, JsonOption, example, operator
from tracker.cli.output import print_json, say
from tracker.cli.owner import refuse_root
from tracker.control import Control
from tracker.deployment import how_to_start
from tracker.errors import InvalidInput
from tracker.log.ledger import LEDGER, Line, make_again, read_ledger
from tracker.settings import CONTROL, FILE_NAME, load_settings


def register(app: typer.Typer) -> None:
    """Add the command to `tracker`."""
    line = "tracker restore tracker-2026-03-01T02-00-00Z.zip --data /srv/tracker"
    app.command(epilog=example(line))(restore)


def restore(
    backup: Annotated[Path, typer.Argument(help="The backup, a file that tracker backup made.")],
    rebuild: Annotated[
        bool, typer.Option("--rebuild", help="Make the views now, not at the first start.")
    ] = False,
    erasures: Annotated[
        Path | None,
        typer.Option(
            help="The ledger of erasures; else erasures.ndjson beside the backup or above it.",
            show_default=False,
        ),
    ] = None,
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """Restore a backup into a new or empty data directory; nothing is ever lost from it.

    Settings that `tracker install` wrote there are kept beside those of the backup.

    Every part and the whole chain are verified before the first file is in its place. Who
    was erased after the backup was made is erased again.
    """
    into = load_settings(data).data
    refuse_root(into)
    with stages() as tell:
        amend = partial(_amend, backup=backup, lines=_ledger(backup, erasures))
        restored = restore_backup(backup, into, tell, amend)
        if rebuild:
            make_views(into, progress=tell)
    manifest = restored.manifest
    if json:
        print_json({"data": str(into), "events": restored.events, "manifest": manifest})
        return
    typer.echo(f"{into}: {restored.events:,} events as of {manifest.made_at}, their chain is whole")
    if any(part.name == FILE_NAME for part in manifest.parts):
        say(
            f"The settings came back, too; look at {into / FILE_NAME} first, above all at backup_to"
        )
    if (into / BEFORE).exists():
        say(f"Those that were there before are kept in {into / BEFORE}")
    say(f"Start it: {how_to_start(into)}")


def _ledger(backup: Path, named: Path | None) -> list[Line]:
    """The lines of the ledger that was named, else of the one that lies near the backup."""
    if named is not None and not named.exists():
        raise InvalidInput(f"There is no ledger of erasures at {named}", "erasures")
    near = [backup.parent / LEDGER, backup.parent.parent / LEDGER]
    return next(filter(None, map(read_ledger, [named] if named else near)), [])


def _amend(restored: Path, backup: Path, lines: list[Line]) -> None:
    """Before it takes its place: erase again who was erased since, and note who restored it."""
    audit = Control(restored / CONTROL).audit
    audit.note(operator(), "backup restored", backup.name)
    made = make_again(restored, lines, file_under)
    if made:
        audit.note(operator(), "erasures made again", str(made))
        say(f"{made} erasures that are newer than the backup were made again")
