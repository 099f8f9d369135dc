"""`tracker send`: sign recorded bodies and post them to a running service."""

import sys
from collections.abc import Iterable, Iterator
from itertools import count
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import msgspec
import typer

from tracker.cli.drawing import print_table, progress
from tracker.cli.options import DataOption, JsonOption, control_of, example
from tracker.cli.output import print_json, say
from tracker.envelope import internal_body
from tracker.errors import InvalidInput, NotReady
from tracker.events import TEST_RECEIVED
from tracker.sender import LINE_FILES, Summary, read_bodies
from tracker.sender import send as post

ENDPOINT = "/webhooks/popp"
TAKEN = frozenset({"accepted", "duplicate", "conflict", "quarantined"})


def register(app: typer.Typer) -> None:
    """Add the command to `tracker`."""
    app.command(epilog=example("tracker send fixtures/stories --url http://127.0.0.1:8000"))(send)


def send(
    files: Annotated[
        list[str] | None,
        typer.Argument(
            help="JSON bodies, NDJSON with one a line, folders of these, or `-`.",
            show_default=False,
        ),
    ] = None,
    test: Annotated[
        bool, typer.Option("--test", help="A test delivery instead, which counts nowhere.")
    ] = False,
    url: Annotated[
        str | None,
        typer.Option(
            help="The service; else where the settings say it listens.", show_default=False
        ),
    ] = None,
    secret: Annotated[
        str | None,
        typer.Option(
            help="The signing secret; else the first one of the data directory.", show_default=False
        ),
    ] = None,
    concurrency: Annotated[
        int, typer.Option(min=1, max=64, help="Connections; with one, bodies arrive in order.")
    ] = 1,
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """Sign recorded bodies and post them. Exits 1 when one is not answered with 200."""
    if test is bool(files):
        raise InvalidInput("Name files to send, or give --test for a test delivery", "files")
    address, value = _destination(url, secret, data)
    bodies = [test_delivery(address)] if test else _all_bodies(files or ())
    with progress("Sending") as report:
        done = count(1)
        summary = post(
            address, value, bodies, concurrency, progress=lambda _outcome: report(next(done), 0)
        )
    if json:
        print_json({"url": address, "sent": summary.sent, **msgspec.to_builtins(summary)})
    else:
        _print(summary)
    raise typer.Exit(0 if summary.outcomes.keys() <= TAKEN else 1)


def _all_bodies(files: Iterable[str]) -> Iterator[bytes]:
    return (body for file in files for body in bodies_of(file))


def test_delivery(address: str) -> bytes:
    """A new test delivery for an endpoint: it is stored and shown, and counts in no number."""
    return internal_body(TEST_RECEIVED, {"recordId": "test", "via": address})


def _print(summary: Summary) -> None:
    print_table(("outcome", "deliveries"), list(summary.outcomes.items()), "Nothing was sent")
    for error in dict.fromkeys(summary.errors):
        say(error)


def _destination(url: str | None, secret: str | None, data: Path | None) -> tuple[str, str]:
    """The address and the secret, from the data directory what was not given."""
    if url is None or secret is None:
        settings, control = control_of(data)
        known = control.secrets()
        if secret is None and not known:
            raise NotReady(
                f"There is no signing secret in {settings.data}; give one with --secret, "
                "name the service's data directory with --data, or begin with `tracker setup`"
            )
        url, secret = url or settings.base_url, secret or known[0].value
    return endpoint(url), secret


def endpoint(url: str) -> str:
    """A service's address with the path of the webhook endpoint, unless it has a path already."""
    return url.rstrip("/") + ENDPOINT if urlsplit(url).path in {"", "/"} else url


def bodies_of(file: str) -> Iterator[bytes]:
    """The bodies in a file, in a folder's files in order of their names, or on standard input.

    Raises InvalidInput when a file can't be read.
    """
    path = Path(file)
    if file == "-":
        yield from _piped(sys.stdin.buffer.read())
    elif path.is_dir():
        kinds = {".json", *LINE_FILES}
        for found in sorted(p for p in path.rglob("*") if p.suffix.lower() in kinds):
            yield from read_bodies(found)
    else:
        yield from read_bodies(path)


def _piped(content: bytes) -> Iterator[bytes]:
    """One body if it is one JSON value, else one a line."""
    try:
        msgspec.json.decode(content)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        yield from (line for line in content.splitlines() if line.strip())
    else:
        yield content
