"""The ledger: every erasure once more, beside the log and outside of all backups.

A backup that is older than an erasure brings the person back. Whoever restores one makes the
erasures of the ledger again. It holds ids, never names.
"""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

import msgspec

from tracker import files
from tracker.envelope import internal_body, read_envelope
from tracker.errors import NotReady
from tracker.events import Event
from tracker.log.erasing import Erasure
from tracker.log.erasures import LIFTED, erased, names_of
from tracker.log.reader import LogReader
from tracker.log.rows import Incoming, StoredEvent
from tracker.log.writer import Log
from tracker.timing import now

LEDGER: Final = "erasures.ndjson"


class Line(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One erasure; or, with `lifted`, that the one of that event id was lifted."""

    event_id: str
    at: int
    names: tuple[str, ...] = ()
    actor: str = ""
    reason: str = ""
    lifted: str = ""


def read_ledger(path: Path) -> list[Line]:
    """The lines of a ledger, none when there is no file; raises NotReady when it is damaged."""
    try:
        return list(msgspec.json.Decoder(Line).decode_lines(path.read_bytes()))
    except FileNotFoundError:
        return []
    except msgspec.DecodeError as error:
        raise NotReady(f"{path} is not a ledger of erasures: {error}") from None


def write_ledger(data: Path, log: LogReader) -> None:
    """Have the ledger hold every erasure of the log, and keep those that the log lacks."""
    path = data / LEDGER
    known = {line.event_id: line for line in read_ledger(path)}
    lines = known | {line.event_id: line for line in map(_line, log.erasures())}
    if lines.keys() == known.keys():
        return
    unfinished = files.begin(path)
    ordered = sorted(lines.values(), key=lambda line: (line.at, line.event_id))
    unfinished.write_bytes(msgspec.json.Encoder().encode_lines(ordered))
    files.put_in_place(unfinished, path)


def _line(event: StoredEvent) -> Line:
    if event.type == LIFTED:
        return Line(event_id=event.event_id, at=event.occurred_at, lifted=event.record_id)
    told = erased(event.body)
    return Line(
        event_id=event.event_id,
        at=event.occurred_at,
        names=tuple(sorted(names_of(event.body))),
        actor=told.actor or "",
        reason=told.reason or "",
    )


def make_again(
    data: Path, lines: Iterable[Line], file_under: Callable[[Event], Iterable[str]]
) -> int:
    """Erase in a log what a ledger says and the log does not know; gives how many erasures.

    No service may run there. Raises Busy when one does, NotStored.
    """
    lines = list(lines)
    if not lines:
        return 0
    log, reader = Log(data), LogReader(data)
    try:
        known = {event.event_id for event in reader.erasures()}
        missing = [line for line in lines if line.event_id not in known]
        for line in missing:
            _make(log, line, file_under)
        log.truncate()
        write_ledger(data, reader)
        return len(missing)
    finally:
        reader.close()
        log.close()


def _make(log: Log, line: Line, file_under: Callable[[Event], Iterable[str]]) -> None:
    if line.lifted:
        body = internal_body(LIFTED, {"recordId": line.lifted}, line.event_id, line.at)
        log.append([Incoming(body, now(), read_envelope(body, trusted=True), remote="ledger")])
        return
    wanted = Erasure(
        names=line.names,
        actor=line.actor,
        reason=line.reason,
        event_id=line.event_id,
        at=line.at,
    )
    while log.erase(wanted, file_under).position is not None:
        wanted = msgspec.structs.replace(wanted, event_id=None)  # the rest of very many events
