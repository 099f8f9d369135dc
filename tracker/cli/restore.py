"""`tracker restore`: a new data directory from a backup."""

from pathlib import Path
from typing import Annotated

import typer

from projections.rebuild import rebuild as make_views
from tracker.backups.restoring import restore as restore_backup
from tracker.cli.options import DataOption, JsonOption, example
from tracker.cli.output import print_json, say, stages
from tracker.settings import FILE_NAME, load_settings


def register(app: typer.Typer) -> None:
    """Add the command to `tracker`."""
    line = "tracker restore tracker-2026-03-01T02-00-00Z.zip --data /srv/tracker"
    app.command(epilog=example(line))(restore)


def restore(
    backup: Annotated[Path, typer.Argument(help="The backup, a file that tracker backup made.")],
    rebuild: Annotated[
        bool, typer.Option("--rebuild", help="Make the views now, not at the first start.")
    ] = False,
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """Restore a backup into a new or empty data directory; nothing is ever replaced.

    Every part and the whole chain are verified before the first file is in its place.
    """
    into = load_settings(data).data
    with stages() as tell:
        restored = restore_backup(backup, into, tell)
        if rebuild:
            make_views(into, progress=tell)
    manifest = restored.manifest
    if json:
        print_json({"data": str(into), "events": restored.events, "manifest": manifest})
        return
    typer.echo(f"{into}: {restored.events:,} events as of {manifest.made_at}, their chain is whole")
    settings = into / FILE_NAME
    if settings.exists():
        say(f"The settings came back, too; look at {settings} first, above all at backup_to")
    say(f"Start it: tracker serve --data {into}")
