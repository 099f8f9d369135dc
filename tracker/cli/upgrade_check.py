"""`tracker upgrade-check`: what this program would change in a data directory, and how long about.

Run it with the new version before the service is stopped.
"""

import typer

from tracker.cli.options import DataOption, JsonOption, example, existing
from tracker.cli.output import print_json, say
from tracker.files import readable
from tracker.upgrade import FileUpgrade, Upgrade, ViewsUpgrade, check


def register(app: typer.Typer) -> None:
    """Add the command to `tracker`."""
    app.command(epilog=example("tracker upgrade-check --data /var/lib/tracker"))(upgrade_check)


def upgrade_check(data: DataOption = None, json: JsonOption = False) -> None:
    """Say which tables and views this program would change; changes nothing itself.

    Exits 0 when this program can serve the directory, 1 when it can't.
    """
    upgrade = check(existing(data).data)
    if json:
        print_json(_for_programs(upgrade))
    else:
        _print(upgrade)
    for problem in upgrade.problems:
        typer.secho(f"✗ {problem}", err=True, fg=typer.colors.RED)
    raise typer.Exit(1 if upgrade.problems else 0)


def _for_programs(upgrade: Upgrade) -> dict[str, object]:
    return {
        "ok": not upgrade.problems,
        "changes": upgrade.changes,
        "files": upgrade.files,
        "views": upgrade.views,
        "problems": upgrade.problems,
    }


def _print(upgrade: Upgrade) -> None:
    for file in upgrade.files:
        _print_file(file)
    _print_views(upgrade.views)
    if upgrade.changes and not upgrade.problems:
        say("Nothing was changed; the service does this when it starts")


def _print_file(file: FileUpgrade) -> None:
    if not file.steps:
        typer.echo(f"{file.name}: schema {file.version}, nothing to change")
        return
    typer.echo(f"{file.name}: schema {file.version} becomes {file.becomes}")
    if file.copy:
        typer.echo(f"  first: copied to {file.copy} ({readable(file.bytes)})")
    for step in file.steps:
        typer.echo(f"  step {step.name}: {step.says}")


def _print_views(views: ViewsUpgrade) -> None:
    if not views.rebuild:
        typer.echo(f"views: as this program makes them, {views.events:,} events")
        return
    aside = "in the background, pages show the old views meanwhile"
    when = aside if views.in_background else "before the service answers"
    typer.echo(f"views: made again from {views.events:,} events, about {views.seconds:,} s, {when}")
    for reason in views.reasons:
        typer.echo(f"  because {reason}")
