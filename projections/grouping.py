"""Sorts the whole log by entity, in a scratch file, so that memory does not grow with it.

Where the record alone names the entity, SQLite sorts by itself; workers read the payloads
of the other types.
"""

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from projections.catalogue import PROJECTIONS
from projections.codec import Columns
from projections.entities import SELECT_ROW, entities_of
from projections.projection import ABOUT_ENTITIES, by_record
from tracker.database import Connection, open_writer, read_only, transaction
from tracker.events import read_event
from tracker.timing import HOUR

RANGE = 50_000  # events that are sorted at once, and whose payloads one task reads

Span = tuple[int, int]
Members = list[tuple[int, str, int]]

NUMBERS = {projection.name: number for number, projection in enumerate(PROJECTIONS)}
BY_RECORD = [projection for projection in PROJECTIONS if projection.key is by_record]
# Types of which some entity is told by the payload alone; events of our own name theirs.
BY_PAYLOAD = sorted(
    {name for p in PROJECTIONS if p.key is not by_record for name in p.hears} | ABOUT_ENTITIES
)

# Rounds down for times before 1970, too, as Python does.
FEED = """
    SELECT (occurred_at - ((occurred_at % :hour) + :hour) % :hour) / :hour, type,
        organization_id, count(*)
    FROM events WHERE position > :start AND position <= :end GROUP BY 1, 2, 3
"""
# CROSS JOIN holds SQLite to one walk through the log.
TELL_BY_RECORD = """
    INSERT INTO members
    SELECT heard.projection, record_id, position FROM log.events CROSS JOIN heard USING (type)
    WHERE position > ? AND position <= ? AND record_id <> '' ORDER BY 1, 2, 3
"""


class Told(msgspec.Struct):
    """The members of a span that only payloads can tell, and the counts of its feed."""

    members: Members
    feed: list[Columns]


class Groups:
    """The log's positions by entity, and the counts of the feed."""

    def __init__(self, scratch: Connection) -> None:
        self._scratch = scratch
        self.feed: Counter[Columns] = Counter()
        self.size = 0

    def sort(self, span: Span, told: "Told") -> None:
        """Take in a span of the log, and what a worker has read of it."""
        with transaction(self._scratch):
            added = self._scratch.execute(TELL_BY_RECORD, span).rowcount
            self._scratch.executemany("INSERT INTO members VALUES (?, ?, ?)", told.members)
        for *counter, count in told.feed:
            self.feed[tuple(counter)] += count
        self.size += added + len(told.members)

    def entities(self) -> Iterator[tuple[int, str, str, int]]:
        """Number of the projection, key, positions as JSON and their count, sorted."""
        yield from self._scratch.execute(
            """
            SELECT projection, key, json_group_array(position), count(*)
            FROM members GROUP BY projection, key
            """
        )


@contextmanager
def scratch_groups(log: Path, file: Path) -> Iterator[Groups]:
    """Groups in a scratch file, which is deleted at the end."""
    file.unlink(missing_ok=True)
    scratch = open_writer(file)
    try:
        scratch.execute("PRAGMA journal_mode = OFF")
        scratch.execute("PRAGMA synchronous = OFF")
        scratch.execute("PRAGMA cache_size = -49152")
        scratch.execute("ATTACH ? AS log", (read_only(log),))
        scratch.execute(
            "CREATE TABLE members (projection INTEGER, key TEXT, position INTEGER,"
            " PRIMARY KEY (projection, key, position)) WITHOUT ROWID"
        )
        scratch.execute("CREATE TABLE heard (type TEXT, projection INTEGER)")
        scratch.execute("CREATE UNIQUE INDEX heard_by_type ON heard (type, projection)")
        scratch.executemany(
            "INSERT INTO heard VALUES (?, ?)",
            [(name, NUMBERS[one.name]) for one in BY_RECORD for name in one.hears],
        )
        yield Groups(scratch)
    finally:
        scratch.close()
        file.unlink()


def spans(until: int) -> list[Span]:
    """The log up to a position in spans: after one position, up to another."""
    return [(start, min(start + RANGE, until)) for start in range(0, until, RANGE)]


def read_span(log: Connection, span: Span) -> "Told":
    """Read what a span of the log tells beside what SQLite sorts by itself."""
    feed = log.execute(FEED, {"hour": HOUR, "start": span[0], "end": span[1]}).fetchall()
    return Told(_told_by_payload(log, span), feed)


def _told_by_payload(log: Connection, span: Span) -> Members:
    members: Members = []
    rows = log.execute(
        f"{SELECT_ROW} WHERE position > ? AND position <= ?"
        " AND +type IN (SELECT value FROM json_each(?))",
        (*span, json.dumps(BY_PAYLOAD)),
    )
    sorted_by_sqlite = {projection.name for projection in BY_RECORD}
    for position, *columns in rows:
        event = read_event(*columns)
        members.extend(
            (NUMBERS[name], key, position)
            for name, key in entities_of(event)
            if name not in sorted_by_sqlite or event.type in ABOUT_ENTITIES
        )
    members.sort()
    return members
