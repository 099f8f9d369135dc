"""How many events there were: by type, and by hour or day."""

from collections import Counter

import msgspec

from tracker.database import Connection
from tracker.events import CATALOGUE
from tracker.timing import HOUR


class TypeCount(msgspec.Struct, frozen=True):
    """How many events of a type there are; not `understood` when the catalogue lacks it."""

    type: str
    count: int
    understood: bool


def types(connection: Connection) -> list[TypeCount]:
    """Every type that was received, by name."""
    query = "SELECT type, sum(count) FROM feed GROUP BY type ORDER BY type"
    return [TypeCount(name, n, name in CATALOGUE) for name, n in connection.execute(query)]


def hourly(connection: Connection, now: int, hours: int = 24) -> list[int]:
    """How many events happened in each of the last hours, the present one last."""
    last = now // HOUR
    query = "SELECT hour, sum(count) FROM feed WHERE hour > ? AND hour <= ? GROUP BY hour"
    counted: Counter[int] = Counter()
    counted.update(dict(connection.execute(query, (last - hours, last)).fetchall()))
    return [counted[hour] for hour in range(last - hours + 1, last + 1)]
