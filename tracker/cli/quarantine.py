"""`tracker quarantine`: signed deliveries that are not events, kept with their bytes."""

from typing import Annotated, Any

import typer

from tracker.cli.drawing import print_table
from tracker.cli.options import DataOption, JsonOption, LimitOption, example, existing, family
from tracker.cli.output import print_facts, print_json, say
from tracker.commands import connect
from tracker.log import LogReader, Quarantined
from tracker.timing import to_iso

register, app = family(
    "quarantine", "Signed deliveries that are not events, kept with their bytes."
)

Number = Annotated[int, typer.Argument(help="Its number in the list.", show_default=False)]


@app.command("list", epilog=example("tracker quarantine list --status waiting"))
def list_(
    limit: LimitOption = 50,
    status: Annotated[
        str | None, typer.Option(help="Only waiting, retried or discarded ones.")
    ] = None,
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """List what is quarantined and why, newest first."""
    reader = LogReader(existing(data).data)
    described = [_described(held) for held in reader.quarantined(limit=limit, status=status)]
    reader.close()
    if json:
        print_json(described)
        return
    columns = ("id", "received_at", "status", "deliveries", "size", "reason")
    print_table(
        columns, [[one[name] for name in columns] for one in described], "Nothing is quarantined"
    )


@app.command(epilog=example("tracker quarantine show 3 --raw > body.json"))
def show(
    number: Number,
    raw: Annotated[bool, typer.Option("--raw", help="The exact bytes received, no more.")] = False,
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """Show one quarantined delivery with its bytes."""
    reader = LogReader(existing(data).data)
    held = reader.quarantine(number)
    reader.close()
    if raw:
        typer.get_binary_stream("stdout").write(held.body)
        return
    text = held.body.decode("utf-8", "backslashreplace")
    if json:
        print_json({**_described(held), "body": text})
        return
    print_facts(list(_described(held).items()))
    typer.echo(text)


@app.command(epilog=example("tracker quarantine retry 3"))
def retry(number: Number, data: DataOption = None, json: JsonOption = False) -> None:
    """Try to read a delivery again, for example with newer software."""
    with connect(existing(data).data) as desk:
        receipt = desk.retry_quarantined(number)
    if json:
        print_json(receipt)
    else:
        say(f"Quarantined delivery {number} is {receipt.outcome}, position {receipt.position}")


@app.command(epilog=example("tracker quarantine discard 3"))
def discard(number: Number, data: DataOption = None) -> None:
    """Put a delivery aside: it no longer waits; its bytes stay."""
    with connect(existing(data).data) as desk:
        desk.discard_quarantined(number)
    say(f"Quarantined delivery {number} was put aside")


def _described(held: Quarantined) -> dict[str, Any]:
    return {
        "id": held.id,
        "received_at": to_iso(held.received_at),
        "status": held.status,
        "deliveries": held.deliveries,
        "position": held.position,
        "size": len(held.body),
        "reason": held.reason,
    }
