"""`tracker audit`: who did what."""

from typing import Annotated, Any

import typer

from tracker.audit import AuditEntry
from tracker.cli.drawing import print_table
from tracker.cli.options import DataOption, JsonOption, LimitOption, control_of, example
from tracker.cli.output import print_json
from tracker.timing import to_iso


def register(app: typer.Typer) -> None:
    """Add the command to `tracker`."""
    app.command(epilog=example('tracker audit --action "person seen" --about candidate:17'))(audit)


def audit(
    limit: LimitOption = 50,
    actor: Annotated[str | None, typer.Option(help="Only what this one did.")] = None,
    action: Annotated[str | None, typer.Option(help="Only this, such as `person seen`.")] = None,
    about: Annotated[str | None, typer.Option(help="Only what speaks of exactly this.")] = None,
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """List who did what, newest first: signed in, saw a person, erased, changed something."""
    _, control = control_of(data)
    entries = control.audit.entries(limit=limit, actor=actor, action=action, detail=about)
    described = [_described(entry) for entry in entries]
    if json:
        print_json(described)
        return
    columns = ("at", "actor", "action", "detail", "remote")
    rows = [[one[name] for name in columns] for one in described]
    print_table(columns, rows, "Nothing was noted")


def _described(entry: AuditEntry) -> dict[str, Any]:
    return {
        "id": entry.id,
        "at": to_iso(entry.at),
        "actor": entry.actor,
        "action": entry.action,
        "detail": entry.detail,
        "remote": entry.remote,
    }
