"""The log as NDJSON, out and in again, byte for byte.

One line an event: `{"position", "received_at", "body"}`, the body as text, which for
UTF-8 is exactly its bytes. Importing appends what the log does not hold yet, in the
order of the lines, with the time at which each event was first received.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import BinaryIO

import msgspec

from tracker.envelope import read_envelope
from tracker.errors import InvalidEnvelope, InvalidInput
from tracker.log import Incoming, LogReader, Receipt
from tracker.timing import from_iso, to_iso

LINES_AT_ONCE = 500
BYTES_AT_ONCE = 8 * 1024 * 1024

Append = Callable[[list[Incoming]], list[Receipt]]
Progress = Callable[[int, int], None]


class Line(msgspec.Struct, frozen=True):
    """One event in a file; `position` is told for people and not used when reading."""

    position: int
    received_at: str
    body: str


class Imported(msgspec.Struct, frozen=True):
    """How many lines were read, and what became of them."""

    lines: int
    outcomes: dict[str, int]


def export_log(
    reader: LogReader,
    file: BinaryIO,
    *,
    after: int = 0,
    progress: Progress = lambda _done, _all: None,
) -> int:
    """Write all events after a position; returns how many."""
    head = reader.head()
    written = 0
    while batch := reader.events(after=after, limit=LINES_AT_ONCE):
        lines = [
            Line(event.position, to_iso(event.received_at), event.body.decode()) for event in batch
        ]
        file.write(msgspec.json.Encoder().encode_lines(lines))
        written += len(lines)
        after = batch[-1].position
        progress(after, max(head, after))
    return written


def import_log(
    lines: Iterable[bytes], append: Append, progress: Progress = lambda _done, _all: None
) -> Imported:
    """Append the events of exported lines; one that the log holds already adds nothing.

    Raises InvalidInput with the number of the first line that can't be used; the lines
    before it are in the log then, and importing the corrected file again adds the rest.
    """
    outcomes: dict[str, int] = {}
    total = 0
    for batch in _batches(_read_lines(lines)):
        for receipt in append(batch):
            outcomes[receipt.outcome] = outcomes.get(receipt.outcome, 0) + 1
        total += len(batch)
        progress(total, 0)
    return Imported(total, outcomes)


def _read_lines(lines: Iterable[bytes]) -> Iterator[Incoming]:
    decoder = msgspec.json.Decoder(Line)
    for number, text in enumerate(lines, 1):
        if not text.strip():
            continue
        try:
            line = decoder.decode(text)
            body = line.body.encode()
            envelope = read_envelope(body, trusted=True)
            yield Incoming(body, from_iso(line.received_at), envelope, remote="import")
        except (msgspec.DecodeError, ValueError, InvalidEnvelope) as error:
            raise InvalidInput(f"Line {number} is not an exported event: {error}") from None


def _batches(incoming: Iterable[Incoming]) -> Iterator[list[Incoming]]:
    batch: list[Incoming] = []
    size = 0
    try:
        for delivery in incoming:
            batch.append(delivery)
            size += len(delivery.body)
            if len(batch) >= LINES_AT_ONCE or size >= BYTES_AT_ONCE:
                yield batch
                batch, size = [], 0
    except InvalidInput:
        if batch:
            yield batch
        raise
    if batch:
        yield batch
