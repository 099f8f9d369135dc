"""A long log to work on."""

from itertools import islice
from pathlib import Path

from tracker.demo.bulk import bulk
from tracker.envelope import read_envelope
from tracker.log import Incoming, Log

BATCH = 1_000


def fill(data: Path, events: int) -> None:
    """Append events to the log of a new data directory."""
    data.mkdir()
    log = Log(data)
    bodies = bulk(2, events)
    while batch := list(islice(bodies, BATCH)):
        log.append([Incoming(body, 1, read_envelope(body)) for body in batch])
    log.close()
