"""`tracker retention`: forget those who were last heard of too long ago."""

from typing import Annotated, Any

import typer

from projections.queries.views import Views
from projections.retention import Silent, silent, to_forget
from tracker.cli.drawing import print_table, progress
from tracker.cli.options import DataOption, JsonOption, LimitOption, example, existing, operator
from tracker.cli.output import print_json, say
from tracker.commands import connect
from tracker.errors import InvalidInput
from tracker.settings import Settings
from tracker.timing import now, to_iso


def register(app: typer.Typer) -> None:
    """Add the command to `tracker`."""
    app.command(epilog=example("tracker retention --dry-run --months 24"))(retention)


def retention(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say who would go.")] = False,
    months: Annotated[
        int | None,
        typer.Option(min=1, max=1200, help="Instead of the setting.", show_default=False),
    ] = None,
    limit: LimitOption = 100,
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """Forget those who were last heard of longer ago than retention_months.

    A running service does so by itself every night. Nobody is named here but by id.
    """
    settings = existing(data)
    span = _months(settings, months)
    views = Views(settings.data)
    with views.read() as connection:
        people = silent(connection, span, now(), limit)
    views.close()
    if not dry_run:
        _forget(settings, people, span)
    if json:
        print_json([_described(one, dry_run) for one in people])
        return
    columns = ("person", "last_contact", "events", "what")
    rows = [[_described(one, dry_run)[name] for name in columns] for one in people]
    print_table(columns, rows, f"Everybody was heard of within {span} months")


def _months(settings: Settings, given: int | None) -> int:
    months = given or settings.retention_months
    if not months:
        raise InvalidInput(
            "retention_months is 0, so everybody is kept; set it, or name --months", "months"
        )
    return months


def _forget(settings: Settings, people: list[Silent], months: int) -> None:
    due = to_forget(people)
    if not due:
        return
    with connect(settings.data) as desk, progress("Erasing") as report:
        for done, one in enumerate(due, 1):
            desk.erase(one.person, operator(), f"no contact for {months} months")
            report(done, len(due))
    say(f"{len(due)} people were erased")


def _described(one: Silent, dry_run: bool) -> dict[str, Any]:
    done = "would be erased" if dry_run else "erased"
    return {
        "person": one.person,
        "last_contact": to_iso(one.last_contact),
        "events": one.events,
        "what": f"kept: {one.kept}" if one.kept else done,
    }
