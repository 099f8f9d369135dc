"""`tracker erase`: forget a person."""

from typing import Annotated

import typer

from projections.erasing import Preview, Report
from tracker.cli.options import DataOption, JsonOption, example, existing, operator
from tracker.cli.output import print_facts, print_json, say
from tracker.commands import connect
from tracker.errors import NotReady
from tracker.timing import to_iso


def register(app: typer.Typer) -> None:
    """Add the command to `tracker`."""
    app.command(epilog=example('tracker erase cand-17 --reason "asked on 3 May"'))(erase)


def erase(
    person: Annotated[
        str,
        typer.Argument(help="Any id of the person, Popp's or the customer's.", show_default=False),
    ],
    reason: Annotated[str, typer.Option(help="Why, without a name; kept in the log.")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would go.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    lift: Annotated[
        bool, typer.Option("--lift", help="Keep again what comes; what went stays gone.")
    ] = False,
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """Forget a person for good: names, addresses, answers and links in all their events.

    Ids, times and outcomes stay, so counts stay right and the log still proves itself.
    What comes about the person later is stored without what is personal.
    """
    with connect(existing(data).data) as desk:
        if lift:
            lifted = desk.lift_erasure(person, operator(), reason)
            _tell(json, lifted, f"What comes about {person} is kept again")
            return
        preview = desk.preview_erasure(person)
        if dry_run:
            _show(json, preview)
            return
        if not yes:
            _confirm(preview)
        report = desk.erase(person, operator(), reason)
        _tell(json, report, _said(report))


def _confirm(preview: Preview) -> None:
    _show(False, preview)
    if not typer.confirm("Overwrite this for good?", err=True):
        raise NotReady("Nothing was erased")


def _show(as_json: bool, preview: Preview) -> None:
    if as_json:
        print_json(preview)
        return
    counted = ", ".join(f"{count} {name}" for name, count in preview.entities.items())
    print_facts(
        [
            ("person", preview.person),
            ("ids", ", ".join(preview.identities)),
            ("records", ", ".join(preview.records) or None),
            ("in the views", counted or None),
            ("events", preview.events),
            ("erased before", to_iso(preview.erased_at) if preview.erased_at else None),
        ]
    )


def _said(report: Report) -> str:
    if not report.positions:
        return f"{report.person} was erased before; nothing was left to overwrite"
    at = ", ".join(map(str, report.positions))
    rest = "" if report.clean else "; the last traces go when those who read now are done"
    return (
        f"{report.person} was erased as event {at}: {report.events} events, "
        f"{report.quarantined} quarantined deliveries and {report.saved_views} saved views "
        f"were overwritten or removed{rest}. Backups made before still hold the person"
    )


def _tell(as_json: bool, value: object, words: str) -> None:
    if as_json:
        print_json(value)
    else:
        say(words)
