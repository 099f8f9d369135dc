"""`tracker log`: look at the log, take it out, bring it in, prove it whole."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, BinaryIO

import msgspec
import typer

from tracker.cli.drawing import progress
from tracker.cli.options import (
    DataOption,
    JsonOption,
    LimitOption,
    example,
    existing,
    family,
    prepared,
)
from tracker.cli.output import print_facts, print_json, print_line, say, time_or_none
from tracker.commands import connect
from tracker.errors import InvalidInput, NotFound
from tracker.log import LogReader, StoredEvent, verify
from tracker.log.schema import refuse_others
from tracker.timing import to_iso
from tracker.transfer import export_log

FOLLOW_EVERY = 0.5  # seconds
LONGEST_POSITION = 19  # digits of a number that SQLite can hold

register, app = family("log", "Look at the log, take it out, bring it in, prove it whole.")


@app.command(epilog=example("tracker log tail --follow --type WORKFLOW_NODE_COMPLETED"))
def tail(
    limit: LimitOption = 20,
    types: Annotated[
        list[str] | None, typer.Option("--type", help="Only this type; may be repeated.")
    ] = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on until Ctrl-C.")] = False,
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """Print the newest events, the newest last; with --json as NDJSON."""
    with _reader(data) as reader:
        newest = reader.events(limit=limit, types=types or (), newest_first=True)
        position = reader.head()
        for event in reversed(newest):
            _print_event(event, json)
        try:
            while follow:
                for event in reader.events(after=position, limit=1000, types=types or ()):
                    _print_event(event, json)
                    position = event.position
                time.sleep(FOLLOW_EVERY)
        except KeyboardInterrupt:
            return


@app.command(epilog=example("tracker log show 42"))
def show(
    event: Annotated[str, typer.Argument(help="A position or an event id.", show_default=False)],
    raw: Annotated[bool, typer.Option("--raw", help="The exact bytes received, no more.")] = False,
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """Show one event with everything that the log knows of it."""
    with _reader(data) as reader:
        stored = _find(reader, event)
    if raw:
        typer.get_binary_stream("stdout").write(stored.body)
    elif json:
        print_json({**_described(stored), "data": _data(stored)})
    else:
        print_facts([(name, str(value)) for name, value in _described(stored).items()])
        typer.echo(msgspec.json.format(stored.body, indent=2).decode())


@app.command(epilog=example("tracker log export events.ndjson"))
def export(
    file: Annotated[str, typer.Argument(help="Where to; `-` is standard output.")] = "-",
    after: Annotated[int, typer.Option(min=0, help="Only events after this position.")] = 0,
    data: DataOption = None,
) -> None:
    """Write all events as NDJSON, each with its exact bytes."""
    with _reader(data) as reader, _sink(file) as stream, progress("Exporting") as report:
        exported = export_log(reader, stream, after=after, progress=report)
    say(f"{exported:,} events were exported")


@app.command("import", epilog=example("tracker log import events.ndjson"))
def import_(
    file: Annotated[
        str, typer.Argument(help="An export; `-` is standard input.", show_default=False)
    ],
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """Append the events of an export; those that the log holds already add nothing."""
    settings = prepared(data)
    with (
        _source(file) as stream,
        connect(settings.data) as desk,
        progress("Importing") as report,
    ):
        imported = desk.import_log(stream, report)
    if json:
        print_json(imported)
        return
    became = ", ".join(f"{number:,} {outcome}" for outcome, number in imported.outcomes.items())
    say(f"{imported.lines:,} lines were read: {became or 'nothing to do'}")


@app.command("verify", epilog=example("tracker log verify --json"))
def verify_(data: DataOption = None, json: JsonOption = False) -> None:
    """Walk the chain and name the first event that was changed, removed or reordered."""
    settings = existing(data)
    with progress("Verifying") as report:
        proof = verify(settings.data, report)
    if json:
        print_json(proof)
    elif proof.ok:
        typer.echo(f"All {proof.events:,} events are as they were received")
    else:
        typer.echo(f"The log is damaged at position {proof.first_bad_position}: {proof.reason}")
    raise typer.Exit(0 if proof.ok else 1)


@app.command(epilog=example("tracker log stats"))
def stats(data: DataOption = None, json: JsonOption = False) -> None:
    """Show how much the log holds and what became of the deliveries."""
    with _reader(data) as reader:
        found = reader.stats()
    facts: dict[str, Any] = {
        "events": found.events,
        "first_received_at": time_or_none(found.first_received_at),
        "last_received_at": time_or_none(found.last_received_at),
        "outcomes": found.outcomes,
        "quarantine_waiting": found.quarantine_waiting,
        "file_bytes": found.file_bytes,
    }
    if json:
        print_json(facts)
        return
    outcomes = [(f"deliveries {name}", count) for name, count in facts.pop("outcomes").items()]
    print_facts([(name.replace("_", " "), value) for name, value in facts.items()] + outcomes)


@contextmanager
def _reader(data: Path | None) -> Iterator[LogReader]:
    settings = existing(data)
    refuse_others(settings.data / "log.db")
    reader = LogReader(settings.data)
    try:
        yield reader
    finally:
        reader.close()


@contextmanager
def _sink(file: str) -> Iterator[BinaryIO]:
    """Where to write: a file appears under its name only when it is complete."""
    if file == "-":
        yield typer.get_binary_stream("stdout")
        return
    path = Path(file)
    partial = path.with_name(f"{path.name}.partial")
    try:
        with partial.open("wb") as stream:
            yield stream
        partial.replace(path)
    except OSError as error:
        raise InvalidInput(f"{file} can't be written: {error.strerror}") from None


@contextmanager
def _source(file: str) -> Iterator[BinaryIO]:
    if file == "-":
        yield typer.get_binary_stream("stdin")
        return
    try:
        stream = Path(file).open("rb")  # noqa: SIM115 - closed below, with the block's errors apart
    except OSError as error:
        raise InvalidInput(f"{file} can't be read: {error.strerror}") from None
    with stream:
        yield stream


def _described(event: StoredEvent) -> dict[str, Any]:
    return {
        "position": event.position,
        "event_id": event.event_id,
        "type": event.type,
        "family": event.family,
        "record_id": event.record_id,
        "organization_id": event.organization_id,
        "occurred_at": to_iso(event.occurred_at),
        "received_at": to_iso(event.received_at),
        "body_digest": event.body_digest.hex(),
        "chain": event.chain.hex(),
    }


def _find(reader: LogReader, event: str) -> StoredEvent:
    """An event by its id, which may look like a number, or by its position; raises NotFound."""
    try:
        return reader.event_by_id(event)
    except NotFound:
        if not (event.isascii() and event.isdecimal() and len(event) < LONGEST_POSITION):
            raise
    return reader.event(int(event))


def _data(event: StoredEvent) -> Any:
    return msgspec.json.decode(event.body).get("data")


def _print_event(event: StoredEvent, as_json: bool) -> None:
    if as_json:
        print_line({**_described(event), "data": _data(event)})
        return
    when = to_iso(event.occurred_at)
    typer.echo(f"{event.position:>8}  {when:<27}  {event.type:<36}  {event.record_id}")
