"""Reading the log: by position, by entity's record, by type; and what was not accepted."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Final

from tracker.access import Grant
from tracker.database import Connection, Readers
from tracker.errors import NotFound
from tracker.events import Event
from tracker.log.compressing import Compressed, came_to, preview
from tracker.log.days import Days
from tracker.log.erasing import Erasure, Found, find, speaks_of
from tracker.log.restricted import restrict_log
from tracker.log.rows import (
    EVENT_COLUMNS,
    Delivery,
    LogStats,
    Quarantined,
    StoredEvent,
    from_row,
)
from tracker.once import Once

MOST_LIMITED: Final = 32  # different limits whose connections are kept
DELIVERY_COLUMNS = (
    "id, received_at, outcome, reason, size, remote, key_label, event_id, position, digest"
)
QUARANTINE_COLUMNS = "id, received_at, reason, body, position, deliveries, status"


class LogReader:
    """Reads log.db beside its writer; safe to use from many threads."""

    def __init__(
        self, data: Path, prepare: Callable[[Connection], None] = lambda _connection: None
    ) -> None:
        self.path = data / "log.db"
        self._data = data
        self._readers = Readers(self.path, prepare)
        self._days = Days()
        self._limited: Once[tuple[str, ...] | None, LogReader] = Once(MOST_LIMITED, LogReader.close)

    def close(self) -> None:
        """Close all connections."""
        self._readers.close()
        self._limited.clear()

    def seen_by(self, grant: Grant | None) -> "LogReader":
        """The same log with only what a grant allows."""
        if grant is not None and grant.whole and not grant.masked:
            return self
        key = None if grant is None or grant.masked else grant.organizations
        return self._limited.get(
            key, lambda: LogReader(self._data, lambda connection: restrict_log(connection, key))
        )

    def head(self) -> int:
        """The position of the newest event, 0 when there is none."""
        with self._readers.lend() as connection:
            row = connection.execute("SELECT position FROM head").fetchone()
        return int(row[0])

    def compressible(self, older_than: int) -> Compressed:
        """What compressing all bodies received before a time would do."""
        with self._readers.lend() as connection:
            done = Compressed(position=came_to(connection))
        while True:
            with self._readers.lend() as connection:
                more = preview(connection, done.position, older_than)
            if not more.events:
                return done
            done = done.and_then(more)

    def end(self) -> tuple[int, bytes]:
        """The position of the newest event and the chain value there."""
        with self._readers.lend() as connection:
            row = connection.execute("SELECT position, chain FROM head").fetchone()
        return int(row[0]), bytes(row[1])

    def find_person(
        self, wanted: Erasure, file_under: Callable[[Event], Iterable[str]] = lambda _event: ()
    ) -> Found:
        """All events of a person; `file_under` names the entities of an event."""
        with self._readers.lend() as connection:
            return find(connection, wanted, file_under)

    def quarantine_about(self, found: Found) -> list[Quarantined]:
        """The quarantined deliveries that speak of a person, oldest first."""
        query = f"SELECT {QUARANTINE_COLUMNS} FROM quarantine ORDER BY id"
        with self._readers.lend() as connection:
            held = (Quarantined(*row) for row in connection.execute(query))
            return [one for one in held if speaks_of(found, one.position, one.body)]

    def last_erasure(self) -> int:
        """The position of the newest event that erased a person, 0 when there is none."""
        query = "SELECT max(position) FROM events WHERE type = 'TRACKER_PERSON_ERASED'"
        with self._readers.lend() as connection:
            return int(connection.execute(query).fetchone()[0] or 0)

    def erasures(self) -> list[StoredEvent]:
        """Every event that erased a person or lifted an erasure, in order."""
        query = f"""
            SELECT {EVENT_COLUMNS} FROM events
            WHERE type IN ('TRACKER_PERSON_ERASED', 'TRACKER_ERASURE_LIFTED') ORDER BY position
        """
        with self._readers.lend() as connection:
            return [from_row(row) for row in connection.execute(query)]

    def chain_at(self, position: int) -> bytes:
        """The chain value at a position, which tells nothing of its event; raises NotFound."""
        with self._readers.lend() as connection:
            query = "SELECT chain FROM main.events WHERE position = ?"
            row = connection.execute(query, (position,)).fetchone()
        if row is None:
            raise NotFound(f"The log holds no event {position}")
        return bytes(row[0])

    def event(self, position: int) -> StoredEvent:
        """The event at a position; raises NotFound."""
        return self._one("position = ?", position)

    def event_by_id(self, event_id: str) -> StoredEvent:
        """The event with an id; raises NotFound."""
        return self._one("event_id = ?", event_id)

    def _one(self, condition: str, value: object) -> StoredEvent:
        with self._readers.lend() as connection:
            row = connection.execute(
                f"SELECT {EVENT_COLUMNS} FROM events WHERE {condition}",
                (value,),
            ).fetchone()
        if row is None:
            raise NotFound(f"The log holds no event {value!r}")
        return from_row(row)

    def events(
        self,
        *,
        after: int = 0,
        before: int | None = None,
        limit: int = 100,
        types: Sequence[str] = (),
        record_id: str | None = None,
        organizations: Sequence[str] = (),
        since: int | None = None,
        until: int | None = None,
        newest_first: bool = False,
    ) -> list[StoredEvent]:
        """Events between two positions (both excluded) that fit all filters given.

        `since` and `until` bound `occurred_at` in microseconds, the second excluded.
        """
        where, values = _conditions(types, record_id, organizations, since, until)
        order = "DESC" if newest_first else "ASC"
        # Everything spliced in is a constant of this module; values are bound.
        query = f"""
            SELECT {EVENT_COLUMNS} FROM events WHERE position >= ? AND position <= ? AND {where}
            ORDER BY position {order} LIMIT ?
        """
        first, last = after + 1, 2**62 if before is None else before - 1
        spans = [(first, last)]
        rows: list[Any] = []
        with self._readers.lend() as connection:
            if since is not None or until is not None:
                spans = self._days.spans(connection, since, until)
            for start, end in reversed(spans) if newest_first else spans:
                span = max(start, first), min(end, last)
                found = connection.execute(query, (*span, *values, limit - len(rows)))
                rows += found.fetchall()
                if len(rows) == limit:
                    break
        return [from_row(row) for row in rows]

    def any_received(self) -> bool:
        """Whether the provider has sent an event; our own do not count."""
        with self._readers.lend() as connection:
            row = connection.execute(
                "SELECT 1 FROM events WHERE family <> 'tracker' LIMIT 1"
            ).fetchone()
        return row is not None

    def deliveries(
        self,
        *,
        after: int = 0,
        before: int | None = None,
        limit: int = 100,
        outcome: str | None = None,
        reason: str | None = None,
        newest_first: bool = True,
    ) -> list[Delivery]:
        """Deliveries that were not simply accepted, between two ids (both excluded)."""
        query = f"""
            SELECT {DELIVERY_COLUMNS} FROM deliveries
            WHERE id > ? AND id < ? AND (? IS NULL OR outcome = ?) AND (? IS NULL OR reason = ?)
            ORDER BY id {"DESC" if newest_first else "ASC"} LIMIT ?
        """
        bound = 2**62 if before is None else before
        values = (after, bound, outcome, outcome, reason, reason, limit)
        with self._readers.lend() as connection:
            rows = connection.execute(query, values).fetchall()
        return [Delivery(*row) for row in rows]

    def reasons(self, limit: int = 50) -> list[tuple[str, str, int]]:
        """Why deliveries were rejected or quarantined: outcome, reason, count; most first."""
        query = """
            SELECT outcome, coalesce(reason, ''), count(*) FROM deliveries
            WHERE outcome IN ('rejected', 'quarantined')
            GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2 LIMIT ?
        """
        with self._readers.lend() as connection:
            return [tuple(row) for row in connection.execute(query, (limit,))]

    def quarantined(
        self, *, before: int | None = None, limit: int = 100, status: str | None = None
    ) -> list[Quarantined]:
        """Signed deliveries that are not events, newest first."""
        query = f"""
            SELECT {QUARANTINE_COLUMNS} FROM quarantine
            WHERE id < ? AND (? IS NULL OR status = ?) ORDER BY id DESC LIMIT ?
        """
        bound = 2**62 if before is None else before
        with self._readers.lend() as connection:
            rows = connection.execute(query, (bound, status, status, limit)).fetchall()
        return [Quarantined(*row) for row in rows]

    def quarantine(self, quarantine_id: int) -> Quarantined:
        """One quarantined delivery; raises NotFound."""
        query = f"SELECT {QUARANTINE_COLUMNS} FROM quarantine WHERE id = ?"
        with self._readers.lend() as connection:
            row = connection.execute(query, (quarantine_id,)).fetchone()
        if row is None:
            raise NotFound(f"Nothing is quarantined under number {quarantine_id}")
        return Quarantined(*row)

    def quarantine_of(self, digest: str) -> Quarantined:
        """The quarantined delivery whose bytes have a SHA-256 in hex; raises NotFound."""
        query = f"SELECT {QUARANTINE_COLUMNS} FROM quarantine WHERE digest = unhex(?)"
        with self._readers.lend() as connection:
            row = connection.execute(query, (digest,)).fetchone()
        if row is None:
            raise NotFound(f"Nothing is quarantined with the digest {digest[:64]!r}")
        return Quarantined(*row)

    def quarantine_counts(self) -> dict[str, int]:
        """How many quarantined deliveries there are, by status."""
        query = "SELECT status, count(*) FROM quarantine GROUP BY status"
        with self._readers.lend() as connection:
            return dict(connection.execute(query).fetchall())

    def stats(self) -> LogStats:
        """How much the log holds."""
        with self._readers.lend() as connection:
            one = connection.execute
            events = one("SELECT position FROM head").fetchone()[0]
            first = one("SELECT received_at FROM events ORDER BY position LIMIT 1").fetchone()
            last = one("SELECT received_at FROM events ORDER BY position DESC LIMIT 1").fetchone()
            outcomes = dict(
                one("SELECT outcome, count(*) FROM deliveries GROUP BY outcome").fetchall()
            )
            waiting = one("SELECT count(*) FROM quarantine WHERE status = 'waiting'").fetchone()[0]
            size = one("SELECT page_count * page_size FROM pragma_page_count, pragma_page_size")
            file_bytes = size.fetchone()[0]
        return LogStats(
            events=events,
            first_received_at=first and first[0],
            last_received_at=last and last[0],
            outcomes={"accepted": events, **outcomes},
            quarantine_waiting=waiting,
            file_bytes=file_bytes,
        )


def _conditions(
    types: Sequence[str],
    record_id: str | None,
    organizations: Sequence[str],
    since: int | None,
    until: int | None,
) -> tuple[str, list[Any]]:
    wanted: list[tuple[str, Sequence[Any]]] = [("1", ())]
    if types:
        wanted.append((f"type IN ({', '.join('?' * len(types))})", types))
    if record_id is not None:
        # All families are named so that the index (family, record_id) is used.
        families = ", ".join(f"'{family}'" for family in FAMILIES)
        wanted.append((f"family IN ({families}) AND record_id = ?", [record_id]))
    if organizations:
        wanted.append(
            (f"organization_id IN ({', '.join('?' * len(organizations))})", organizations)
        )
    if since is not None:
        wanted.append(("occurred_at >= ?", [since]))
    if until is not None:
        wanted.append(("occurred_at < ?", [until]))
    return " AND ".join(w for w, _ in wanted), [v for _, values in wanted for v in values]


FAMILIES = (
    "conversation",
    "analysis",
    "meeting",
    "run",
    "contact",
    "workflow",
    "tracker",
    "unknown",
)
