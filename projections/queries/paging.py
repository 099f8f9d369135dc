"""Lists that stay fast at a million rows: sorted, filtered, walked by keyset cursors.

A cursor holds the sort, the sorted column's value and the key of the last row shown, so
the next page begins right after that row, whatever came or went meanwhile. Rows without
a value in the sorted column come last in both directions.
"""

import base64
import binascii
import json
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import Any, Final, Generic, TypeVar

import msgspec

from projections.codec import columns
from tracker.database import Connection
from tracker.errors import InvalidInput

Struct = TypeVar("Struct", bound=msgspec.Struct)
Item = TypeVar("Item")
Other = TypeVar("Other")

DEFAULT_LIMIT: Final = 100
LARGEST_LIMIT: Final = 500
LARGEST_INTEGER: Final = 2**63 - 1


class Page(msgspec.Struct, Generic[Item], frozen=True):
    """Some items of a list; `next_cursor` leads to those after them, None when there are none."""

    items: list[Item]
    next_cursor: str | None = None

    def of(self, items: "list[Other]") -> "Page[Other]":
        """The same page with other items, made from these."""
        return Page(items, self.next_cursor)


class Listing(msgspec.Struct, frozen=True):
    """What is listed: a FROM clause, the columns of its unique key, those that may be NULL."""

    source: str
    key: tuple[str, ...]
    nullable: frozenset[str] = frozenset()


class Where:
    """Conditions that must all hold, with the values bound to them.

    `few` tells that only few rows are left, which are then sorted: without it, SQLite
    would walk the whole list in order and look for them.
    """

    def __init__(self) -> None:
        self._conditions = ["1"]
        self.values: list[Any] = []
        self.few = False

    @property
    def sql(self) -> str:
        """The conditions as one expression."""
        return " AND ".join(self._conditions)

    def add(self, condition: str, *values: Any) -> "Where":
        """Demand a condition; its question marks stand for the values."""
        self._conditions.append(f"({condition})")
        self.values += values
        return self

    def equal(self, column: str, value: Any) -> "Where":
        """Demand a value of a column, unless the value is None."""
        return self if value is None else self.add(f"{column} = ?", value)

    def among(self, column: str, values: Sequence[Any]) -> "Where":
        """Demand one of several values, unless there are none."""
        if len(values) <= 1:
            return self.equal(column, values[0] if values else None)
        # The plus keeps the column's index aside: it could not give the list's order.
        return self.add(f"+{column} IN ({', '.join('?' * len(values))})", *values)

    def one_of(self, column: str, values: Sequence[str] | None) -> "Where":
        """Demand one of a few values, none at all if there are none; None demands nothing."""
        if values is None:
            return self
        self.few = True
        return self.add(f"{column} IN (SELECT value FROM json_each(?))", json.dumps([*values]))

    def between(self, column: str, since: int | None, until: int | None) -> "Where":
        """Demand since <= column < until; an end that is None is open."""
        if since is not None:
            self.add(f"{column} >= ?", since)
        if until is not None:
            self.add(f"{column} < ?", until)
        return self

    def copy(self) -> "Where":
        """The same conditions, to be added to."""
        other = Where()
        other._conditions, other.values = [*self._conditions], [*self.values]
        other.few = self.few
        return other


def select_page(
    connection: Connection,
    kind: type[Struct],
    listing: Listing,
    where: Where,
    sort: str,
    limit: int = DEFAULT_LIMIT,
    cursor: str | None = None,
) -> Page[Struct]:
    """A page of structs in the order of `sort`, a column's name, descending with a `-` before it.

    Raises InvalidInput for a cursor that this list did not give in this order.
    """
    column = sort.removeprefix("-")
    after = _read_cursor(cursor, sort, len(listing.key)) if cursor else None
    names = [c.name for c in columns(kind)]
    chosen = ", ".join((*names, column, *listing.key))
    first = f"+{column}" if where.few else column
    order = ", ".join(f"{c} {_direction(sort)}" for c in dict.fromkeys((first, *listing.key)))
    rows: list[tuple[Any, ...]] = []
    for phase in _phases(listing, where, sort, after):
        query = f"SELECT {chosen} FROM {listing.source} WHERE {phase.sql} ORDER BY {order} LIMIT ?"
        rows += connection.execute(query, (*phase.values, limit + 1 - len(rows))).fetchall()
        if len(rows) > limit:
            break
    following = _write_cursor(sort, rows[limit - 1][len(names) :]) if len(rows) > limit else None
    return Page([decode(kind, row[: len(names)]) for row in rows[:limit]], following)


def _direction(sort: str) -> str:
    return "DESC" if sort.startswith("-") else "ASC"


def _phases(
    listing: Listing, where: Where, sort: str, after: tuple[Any, ...] | None
) -> Iterator[Where]:
    """Rows with a value after those shown, then rows without one after those shown."""
    column, than = sort.removeprefix("-"), "<" if sort.startswith("-") else ">"
    key, marks = ", ".join(listing.key), ", ".join("?" * len(listing.key))
    nullable = column in listing.nullable
    if after is None or after[0] is not None:
        valued = where.copy()
        if nullable:
            valued.add(f"{column} IS NOT NULL")
        if after is not None:
            valued.add(f"({column}, {key}) {than} (?, {marks})", *after)
        yield valued
    if nullable:
        without = where.copy().add(f"{column} IS NULL")
        if after is not None and after[0] is None:
            without.add(f"({key}) {than} ({marks})", *after[1:])
        yield without


def _write_cursor(sort: str, place: Sequence[Any]) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode([sort, *place])).decode().rstrip("=")


def _read_cursor(cursor: str, sort: str, key_length: int) -> tuple[Any, ...]:
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        content = base64.b64decode(padded, altchars=b"-_", validate=True)
        read = msgspec.json.decode(content, type=list[str | int | float | None])
    except (UnicodeEncodeError, binascii.Error, msgspec.DecodeError, UnicodeDecodeError):
        raise _bad_cursor() from None
    kept = len(read) == key_length + 2 and read[0] == sort and None not in read[2:]
    if not kept or any(isinstance(v, int) and abs(v) > LARGEST_INTEGER for v in read):
        raise _bad_cursor()
    return tuple(read[1:])


def _bad_cursor() -> InvalidInput:
    return InvalidInput(
        "The cursor is not one that this list gave in this order; leave it out to start again",
        field="cursor",
    )


def count(connection: Connection, listing: Listing, where: Where) -> int:
    """How many rows a list has in all."""
    query = f"SELECT count(*) FROM {listing.source} WHERE {where.sql}"
    return int(connection.execute(query, where.values).fetchone()[0])


def select_all(
    connection: Connection, kind: type[Struct], rest: str, values: Sequence[Any] = ()
) -> list[Struct]:
    """All structs of `SELECT <columns of kind> <rest>`."""
    query = f"SELECT {', '.join(c.name for c in columns(kind))} {rest}"
    return [decode(kind, row) for row in connection.execute(query, values)]


def select_one(
    connection: Connection, kind: type[Struct], rest: str, values: Sequence[Any] = ()
) -> Struct | None:
    """The first struct of `SELECT <columns of kind> <rest>`, None when there is none."""
    found = select_all(connection, kind, f"{rest} LIMIT 1", values)
    return found[0] if found else None


def decode(kind: type[Struct], values: Sequence[Any]) -> Struct:
    """The struct of column values, in the order of its fields."""
    names, read = _fields(kind)
    fields = dict(zip(names, values, strict=True))
    for name, reader in read:
        if fields[name] is not None:
            fields[name] = reader(fields[name])
    return kind(**fields)


@cache
def _fields(
    kind: type[msgspec.Struct],
) -> tuple[tuple[str, ...], tuple[tuple[str, Callable[[Any], Any]], ...]]:
    """The names of a struct's fields, and what reads those that a column holds otherwise."""
    described = columns(kind)
    read = (
        (c.name, msgspec.json.Decoder(c.python).decode if c.json else bool)
        for c in described
        if c.json or c.boolean
    )
    return tuple(c.name for c in described), tuple(read)
