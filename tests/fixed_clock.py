"""`python -m tests.fixed_clock`: the service with a clock that stands still, and its history.

What pages show then depends on the seed alone: the same pictures, the same lists, the
same findings on every day and every machine.
"""

import argparse
import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from unittest.mock import patch

from tracker import audit, people, tokens
from tracker.cli.serve import nothing_to_collect
from tracker.configuration import read_import
from tracker.demo.generator import FORGED, MALFORMED, Posting, generate
from tracker.demo.workflows import configurations
from tracker.envelope import read_envelope
from tracker.ingest import NOT_SIGNED
from tracker.log import Incoming, Log
from tracker.service import serve
from tracker.settings import load_settings
from tracker.timing import DAY, from_iso, to_iso

NOW = from_iso("2026-03-18T10:42:00Z")  # a Wednesday, between two changes of the clocks
SEED = 1
DAYS = 21


def fill(data: Path, people: int = 60) -> None:
    """Append the demo's configurations and history, as they would have come until `NOW`."""
    arrivals = [*_imports(), *map(_arrival, generate(SEED, NOW, people, DAYS))]
    log = Log(data)
    try:
        log.append(arrivals)
    finally:
        log.close()


@contextmanager
def standing(moment: int) -> Iterator[None]:
    """Let the parts that ask for the time by themselves hear one moment."""
    with ExitStack() as patches:
        for part in (audit, people, tokens):
            patches.enter_context(patch.object(part, "now", lambda: moment))
        yield


def _arrival(posting: Posting) -> Incoming:
    if posting.kind == FORGED:
        return Incoming(posting.body, posting.at, reason=NOT_SIGNED, remote="demo", rejected=True)
    if posting.kind == MALFORMED:
        return Incoming(posting.body, posting.at, reason="the body is not JSON: it is cut off")
    return Incoming(posting.body, posting.at, read_envelope(posting.body), key_label="demo")


def _imports() -> Iterator[Incoming]:
    """The configurations, imported when the history began."""
    at = NOW - DAYS * DAY
    for number, (flow, version, text) in enumerate(configurations()):
        wanted = read_import(
            text.encode(),
            workflow_id=flow.id,
            version_id=version.id,
            organization_id=flow.organization.id,
            name=flow.name,
        )
        message = {
            "event": "TRACKER_WORKFLOW_IMPORTED",
            "eventId": f"tracker-import-{number}",
            "eventTimestamp": to_iso(at),
            "data": wanted.event_data("tracker demo"),
        }
        body = json.dumps(message).encode()
        yield Incoming(body, at, read_envelope(body, trusted=True), remote="command")


def main() -> None:
    """Serve a data directory at one moment, for ever."""
    parser = argparse.ArgumentParser(prog="python -m tests.fixed_clock", description=main.__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--at", type=from_iso, default=NOW, help="when the clock stands still")
    given = parser.parse_args()
    settings = load_settings(given.data, host="127.0.0.1", port=given.port)
    # As `tracker serve` does it: else what was imported would be looked through between requests.
    with standing(given.at), nothing_to_collect() as collect:
        serve(settings, started=lambda _url: collect(), clock=lambda: given.at)


if __name__ == "__main__":
    main()
