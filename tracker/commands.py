"""Commands that write, the same whether a service runs in the data directory or not.

Only one process writes log.db. While a service runs, it is that one: commands reach it
through a Unix socket in the data directory, which only the directory's owner can open.
Otherwise the command opens the files itself.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import msgspec

from projections import generation
from projections.erasing import Eraser, Preview, Report
from projections.follower import Follower
from projections.queries.views import Views
from tracker import transfer
from tracker.control import Control
from tracker.envelope import read_envelope
from tracker.errors import Busy, NotReady
from tracker.ingest import Ingest
from tracker.log import Compressed, Incoming, Log, LogReader, Receipt
from tracker.socket import answers, ask

PATIENCE = 10.0  # seconds for a service to open its socket, or another command to end


class Writers(msgspec.Struct, frozen=True):
    """What commands work with, in the one process that may write."""

    ingest: Ingest
    log: LogReader
    refold: Callable[[str, str], int]
    eraser: Eraser


class AppendInternal(msgspec.Struct, frozen=True, tag=True):
    """Append one of our own events."""

    event_type: str
    data: dict[str, Any]

    def do(self, writers: Writers) -> Receipt:
        """Carry it out."""
        return writers.ingest.append_internal(self.event_type, self.data)


class RetryQuarantined(msgspec.Struct, frozen=True, tag=True):
    """Read quarantined bytes again."""

    number: int

    def do(self, writers: Writers) -> Receipt:
        """Carry it out."""
        return writers.ingest.retry_quarantined(writers.log, self.number)


class DiscardQuarantined(msgspec.Struct, frozen=True, tag=True):
    """Put quarantined bytes aside."""

    number: int

    def do(self, writers: Writers) -> None:
        """Carry it out."""
        writers.ingest.discard_quarantined(self.number)


class AppendImported(msgspec.Struct, frozen=True, tag=True):
    """Append bodies with the times (microseconds) at which they were first received."""

    bodies: list[tuple[int, bytes]]

    def do(self, writers: Writers) -> list[Receipt]:
        """Carry it out."""
        incoming = [
            Incoming(body, at, read_envelope(body, trusted=True), remote="import")
            for at, body in self.bodies
        ]
        return writers.ingest.with_log(lambda log: log.append(incoming))


class Refold(msgspec.Struct, frozen=True, tag=True):
    """Fold one entity again in place."""

    projection: str
    key: str

    def do(self, writers: Writers) -> int:
        """Carry it out; gives the position of the views."""
        return writers.refold(self.projection, self.key)


class Erase(msgspec.Struct, frozen=True, tag=True):
    """Forget a person."""

    person: str
    actor: str
    reason: str

    def do(self, writers: Writers) -> Report:
        """Carry it out."""
        return writers.eraser.erase(self.person, actor=self.actor, reason=self.reason)


class PreviewErasure(msgspec.Struct, frozen=True, tag=True):
    """Say what forgetting a person would overwrite."""

    person: str

    def do(self, writers: Writers) -> Preview:
        """Carry it out."""
        return writers.eraser.preview(self.person)


class LiftErasure(msgspec.Struct, frozen=True, tag=True):
    """Keep again what comes about a person."""

    person: str
    actor: str
    reason: str

    def do(self, writers: Writers) -> list[str]:
        """Carry it out."""
        return writers.eraser.lift(self.person, actor=self.actor, reason=self.reason)


class Compress(msgspec.Struct, frozen=True, tag=True):
    """Compress a few more bodies that were received before a time."""

    older_than: int

    def do(self, writers: Writers) -> Compressed:
        """Carry it out."""
        return writers.ingest.with_log(lambda log: log.compress(self.older_than))


class Shrink(msgspec.Struct, frozen=True, tag=True):
    """Give what is free in log.db back to the disk."""

    def do(self, writers: Writers) -> int:
        """Carry it out; gives the bytes."""
        return writers.ingest.with_log(lambda log: log.shrink())


Command = (
    AppendInternal
    | RetryQuarantined
    | DiscardQuarantined
    | AppendImported
    | Refold
    | Erase
    | PreviewErasure
    | LiftErasure
    | Compress
    | Shrink
)


class Ask(Protocol):
    """Has a command carried out, and reads the result as the type given."""

    def __call__(self, command: Command, result: Any) -> Any:
        """The result of a command."""


class Desk:
    """What a command line can have written; errors are those of the class that does it."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask

    def append_internal(self, event_type: str, data: dict[str, Any]) -> int:
        """Append one of our own events and return its position."""
        receipt: Receipt = self._ask(AppendInternal(event_type, data), Receipt)
        return receipt.position or 0

    def retry_quarantined(self, number: int) -> Receipt:
        """Read quarantined bytes again; raises NotFound, or InvalidEnvelope if still no event."""
        receipt: Receipt = self._ask(RetryQuarantined(number), Receipt)
        return receipt

    def discard_quarantined(self, number: int) -> None:
        """Put quarantined bytes aside; raises NotFound."""
        self._ask(DiscardQuarantined(number), None)

    def import_log(
        self, lines: Iterable[bytes], progress: transfer.Progress = lambda _done, _all: None
    ) -> transfer.Imported:
        """Append exported lines that the log does not hold yet; raises InvalidInput."""
        return transfer.import_log(lines, self._append_imported, progress)

    def _append_imported(self, incoming: list[Incoming]) -> list[Receipt]:
        bodies = [(delivery.received_at, delivery.body) for delivery in incoming]
        receipts: list[Receipt] = self._ask(AppendImported(bodies), list[Receipt])
        return receipts

    def preview_erasure(self, person: str) -> Preview:
        """What erasing the person of an id would overwrite; raises NotFound."""
        preview: Preview = self._ask(PreviewErasure(person), Preview)
        return preview

    def erase(self, person: str, actor: str, reason: str) -> Report:
        """Forget the person of an id; raises NotFound."""
        report: Report = self._ask(Erase(person, actor, reason), Report)
        return report

    def lift_erasure(self, person: str, actor: str, reason: str) -> list[str]:
        """Keep again what comes about a person; raises NotFound. Gives the erasures' event ids."""
        lifted: list[str] = self._ask(LiftErasure(person, actor, reason), list[str])
        return lifted

    def compress(self, older_than: int) -> Compressed:
        """Compress a few more bodies received before a time; no events when none is left."""
        done: Compressed = self._ask(Compress(older_than), Compressed)
        return done

    def shrink(self) -> int:
        """Give what is free in log.db back to the disk; gives the bytes. Deliveries wait."""
        freed: int = self._ask(Shrink(), int)
        return freed

    def refold(self, projection: str, key: str) -> int:
        """Fold one entity again in place; raises NotFound. Gives the position of the views."""
        position: int = self._ask(Refold(projection, key), int)
        return position


@contextmanager
def connect(data: Path) -> Iterator[Desk]:
    """A desk for a data directory: the running service's, else one of this process.

    Raises NotReady when another process holds the log for long and does not answer.
    """
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            log = Log(data)
            break
        except Busy:
            # A service, or another command that will be done in a moment.
            if answers(data):
                yield Desk(lambda command, result: ask(data, command, result))
                return
            if time.monotonic() > deadline:
                raise NotReady(
                    f"A process holds the log in {data} but does not answer; "
                    "stop it, or wait until it has started"
                ) from None
            time.sleep(0.1)
    with _own_desk(data, log) as desk:
        yield desk


@contextmanager
def _own_desk(data: Path, log: Log) -> Iterator[Desk]:
    ingest, reader = Ingest(log, secrets=list), LogReader(data)
    ingest.start()
    views = Views(data)
    eraser = Eraser(
        data, ingest, reader, views, Control(data / "control.db"), lambda: _catch_up(data)
    )
    refold = partial(_refold, data)
    writers = Writers(ingest, reader, refold, eraser)
    try:
        yield Desk(lambda command, _result: command.do(writers))
        _catch_up(data)
    finally:
        views.close()
        ingest.stop()
        reader.close()
        log.close()


def _refold(data: Path, projection: str, key: str) -> int:
    served = generation.served(data)
    if served is None:
        raise NotReady("There are no views yet; `tracker rebuild` makes them")
    follower = Follower(data, served)
    try:
        return follower.refold(projection, key).position
    finally:
        follower.close()


def _catch_up(data: Path) -> None:
    """Fold what was appended, so that the views are right even if no service starts."""
    served = generation.served(data)
    if served is None:
        return
    follower = Follower(data, served)
    try:
        while generation.usable(follower.views) and follower.step().events:
            pass
        follower.clean()
    finally:
        follower.close()
