"""Forgetting a person everywhere: the log, the views, the quarantine, saved views, old files.

1. Saved views that name the person go first: afterwards nobody knows the name.
2. The log's writer appends the erasure and overwrites in one transaction.
3. The engine folds the erasure, which files the redacted events under their entities again.
4. What could bring the person back goes: other generations, write-ahead logs, copies that were
   made before an upgrade. The ledger learns of it, for whoever restores a backup.

A crash after step 2 is made good at the next start: the erasure stands in the log.
"""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec

from projections import generation
from projections.entities import entities_of
from projections.going_back import forget_outdated
from projections.queries.erasing import Subject, erasures_of, joined_since, subject
from projections.queries.views import Views
from projections.retention import silent, to_forget
from tracker.control import Control
from tracker.errors import InvalidInput, NotFound, NotReady
from tracker.events import Event
from tracker.ingest import Ingest
from tracker.log import Erasing, Erasure, Found, LogReader
from tracker.log.ledger import write_ledger
from tracker.migrations import BACKUPS

PATIENCE: Final = 60.0  # seconds for the views to follow
LONGEST_REASON: Final = 500


class Preview(msgspec.Struct, frozen=True, kw_only=True):
    """What an erasure would overwrite: events and ids, never what they say."""

    person: str
    identities: list[str]
    records: list[str]
    entities: dict[str, int]
    events: int
    erased_at: int | None


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What an erasure did.

    `positions` are those of the erasures in the log, none when nothing was left to erase.
    `clean` says that the views have followed and that no write-ahead log holds anything.
    """

    person: str
    positions: list[int]
    events: int
    quarantined: int
    saved_views: int
    generations: list[int]
    clean: bool


class Eraser:
    """Erases people; `follow` has the engine, or this process, fold what was appended."""

    def __init__(
        self,
        data: Path,
        ingest: Ingest,
        log: LogReader,
        views: Views,
        control: Control,
        follow: Callable[[], None],
    ) -> None:
        self._data = data
        self._ingest = ingest
        self._log = log
        self._views = views
        self._control = control
        self._follow = follow

    def preview(self, value: str) -> Preview:
        """What erasing the person of an id would overwrite; raises NotFound."""
        known = self._subject(value)
        found = self._found(known)
        told = [known.names, tuple(found.names)]
        names = sorted({name for some in told for name in some})
        return Preview(
            person=known.person,
            identities=[name for name in names if not _is_record(name)],
            records=[name for name in names if _is_record(name)],
            entities=known.entities,
            events=len(found.events),
            erased_at=known.erased_at,
        )

    def erase(self, value: str, *, actor: str, reason: str, remote: str = "") -> Report:
        """Erase the person of an id; raises NotFound, InvalidInput, NotStored.

        To be called again without harm: what is erased stays so, and nothing is appended.
        """
        if len(reason) > LONGEST_REASON:
            raise InvalidInput(
                f"The reason is {len(reason)} characters long; {LONGEST_REASON} can be kept, and "
                "it should not name the person",
                "reason",
            )
        report = self._erase(self._subject(value), actor, reason)
        self._control.audit.note(actor, "person erased", report.person, remote)
        return report

    def _erase(self, known: Subject, actor: str, reason: str) -> Report:
        forgotten = self._control.saved_views.forget(self._found(known).texts)
        done = self._overwrite(known, actor, reason)
        clean = self._settle(max((d.position or 0 for d in done), default=0))
        return Report(
            person=known.person,
            positions=[d.position for d in done if d.position is not None],
            events=sum(d.events for d in done),
            quarantined=sum(d.quarantined for d in done),
            saved_views=forgotten,
            generations=self.forget_copies(),
            clean=clean and self._emptied(),
        )

    def extend(self) -> int:
        """Erase what was joined to erased people since; gives how many people that were.

        An event may tell that an erased person has another id, under which earlier ones came.
        """
        with self._views.read() as connection:
            people = [subject(connection, person) for person in joined_since(connection)]
        extended = [self._erase(known, "tracker", "joined to an erased person") for known in people]
        for report in extended:
            if report.positions:
                self._control.audit.note("tracker", "person erased", report.person)
        return sum(bool(report.positions) for report in extended)

    def retain(self, months: int, now: int, limit: int) -> int:
        """Erase those who were last heard of longer ago than so many months; gives how many."""
        with self._views.read() as connection:
            due = to_forget(silent(connection, months, now, limit))
        for one in due:
            self.erase(one.person, actor="retention", reason=f"no contact for {months} months")
        return len(due)

    def lift(self, value: str, *, actor: str, reason: str) -> list[str]:
        """Keep again what comes about a person; what was overwritten stays so.

        Gives the ids of the erasures lifted. Raises NotFound when the person is not erased.
        """
        with self._views.read() as connection:
            person = subject(connection, value).person
            event_ids = erasures_of(connection, person)
        if not event_ids:
            raise NotFound(f"The person of {value!r} is not erased")
        for event_id in event_ids:
            data = {"recordId": event_id, "actor": actor, "reason": reason}
            self._ingest.append_internal("TRACKER_ERASURE_LIFTED", data)
        self._control.audit.note(actor, "person kept again", person)
        self._follow()
        self.forget_copies()
        return event_ids

    def forget_copies(self) -> list[int]:
        """Remove what may hold somebody who was erased; gives the generations that went."""
        write_ledger(self._data, self._log)
        for copy in _older_copies(self._data / BACKUPS, self._log):
            copy.unlink(missing_ok=True)
        return forget_outdated(self._data, self._log)

    def _subject(self, value: str) -> Subject:
        self._follow()
        with self._views.read() as connection:
            return subject(connection, value)

    def _found(self, known: Subject) -> Found:
        return self._log.find_person(erasure_of(known), file_under)

    def _overwrite(self, known: Subject, actor: str, reason: str) -> list[Erasing]:
        wanted = msgspec.structs.replace(erasure_of(known), actor=actor, reason=reason)
        done: list[Erasing] = []
        while not done or done[-1].position is not None:
            done.append(self._ingest.with_log(lambda log: log.erase(wanted, file_under)))
        return done

    def _settle(self, position: int) -> bool:
        """Wait until the views have folded an erasure; False when they take too long."""
        return _within(PATIENCE, lambda: self._follow_up_to(position))

    def _follow_up_to(self, position: int) -> bool:
        self._follow()
        try:
            with self._views.read() as connection:
                return generation.position(connection) >= position
        except NotReady:  # a rebuild makes the first views, from the log as it is now
            return True

    def _emptied(self) -> bool:
        """Whether no write-ahead log holds anything; whoever reads may delay that."""
        return _within(5, lambda: self._ingest.with_log(lambda log: log.truncate())) and _within(
            5, lambda: _empty(generation.served(self._data))
        )


def file_under(event: Event) -> list[str]:
    """The entities, `projection:key`, that an event belongs to."""
    return [f"{projection}:{key}" for projection, key in entities_of(event)]


def _older_copies(directory: Path, log: LogReader) -> list[Path]:
    """The copies, made before an upgrade changed a file, that are older than the last erasure."""
    erasure = log.last_erasure()
    if not erasure:
        return []
    erased_at = log.event(erasure).received_at
    copies = directory.glob("*-before-upgrade-from-schema-*.db")
    return [copy for copy in copies if copy.stat().st_mtime_ns // 1000 < erased_at]


def erasure_of(known: Subject) -> Erasure:
    """What finds a person's events in the log."""
    return Erasure(names=known.names, positions=known.positions, after=known.seen)


def _is_record(name: str) -> bool:
    return name.partition(":")[0] in {"run", "meeting", "contact"}


def _empty(path: Path | None) -> bool:
    wal = Path(f"{path}-wal")
    return path is None or not wal.exists() or wal.stat().st_size == 0


def _within(seconds: float, condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True
