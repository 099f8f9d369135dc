"""Compares two generations row by row, several views at once.

SQLite works outside of Python's lock, so threads compare views at the same time. Each has a
connection of its own, and all of them see the same moment of both files.
"""

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from queue import SimpleQueue

import msgspec

from projections.layout import layout, view_columns
from tracker.database import Connection, open_reader, read_only


class ViewDifference(msgspec.Struct, frozen=True):
    """How many rows a view has in the new generation and how many differ from the old one."""

    rows: int
    differing: int


class Comparison:
    """Connections that see one moment of an old generation, attached to a new one as `old`.

    The snapshot of an attached file begins with its first read. So the new generation may
    still be brought to the position of the old one: it is read by `differences` only.
    """

    def __init__(self, connections: Sequence[Connection], position: int) -> None:
        self._connections = connections
        self.position = position

    @property
    def versions(self) -> dict[str, int]:
        """The version of each projection in the old generation."""
        query = "SELECT name, version FROM old.projections"
        return dict(self._connections[0].execute(query).fetchall())

    def differences(self, views: Sequence[str]) -> Iterator[tuple[str, ViewDifference]]:
        """The differences view by view, in the order in which they are given."""
        free: SimpleQueue[Connection] = SimpleQueue()
        for connection in self._connections:
            free.put(connection)

        def compare(view: str) -> ViewDifference:
            connection = free.get()
            try:
                return _compare(connection, view)
            finally:
                free.put(connection)

        with ThreadPoolExecutor(len(self._connections)) as threads:
            yield from zip(views, threads.map(compare, views), strict=True)


@contextmanager
def comparison(old: Path, new: Path) -> Iterator[Comparison]:
    """Fix the old generation at where it stands now."""
    with ExitStack() as stack:
        connections = [_both(stack, old, new) for _ in range(os.cpu_count() or 1)]
        while True:
            positions = {_begin(connection) for connection in connections}
            if len(positions) == 1:
                break
            # The old generation moved on meanwhile.
            for connection in connections:
                connection.execute("ROLLBACK")
        yield Comparison(connections, *positions)


def _both(stack: ExitStack, old: Path, new: Path) -> Connection:
    both = open_reader(new)
    stack.callback(both.close)
    both.execute("ATTACH ? AS old", (read_only(old),))
    return both


def _begin(both: Connection) -> int:
    both.execute("BEGIN")
    return int(both.execute("SELECT position FROM old.checkpoint").fetchone()[0])


def _compare(both: Connection, view: str) -> ViewDifference:
    """Rows that changed or came, and rows that went, found by primary key."""
    of = layout(view)
    rows = _count(both, f"main.{of.table}")
    if set(of.columns) <= _old_columns(both, of.table):
        table, names = of.table, of.columns
    elif set(view_columns(view)) <= _old_columns(both, view):
        table, names = view, view_columns(view)
    else:
        return ViewDifference(rows, rows)
    key = " AND ".join(f"o.{name} = n.{name}" for name in of.key)
    old = f"SELECT 1 FROM old.{table} AS o WHERE {key} AND {_same(names)}"
    changed = f"NOT EXISTS ({old})"
    if of.common and table == of.table:
        changed += f" OR n.common IN ({_changed_in_common(of.common_table, of.common)})"
    differing = _count(both, f"main.{table} AS n WHERE {changed}")
    if differing == 0 and _count(both, f"old.{table}") == rows:
        return ViewDifference(rows, 0)  # the old one has all rows and no more: none can have gone
    gone = f"NOT EXISTS (SELECT 1 FROM main.{table} AS n WHERE {key})"
    return ViewDifference(rows, differing + _count(both, f"old.{table} AS o WHERE {gone}"))


def _same(names: Sequence[str]) -> str:
    return " AND ".join(f"o.{name} IS n.{name}" for name in names)


def _changed_in_common(table: str, names: Sequence[str]) -> str:
    """The numbers under which the old generation has other values in common, or none."""
    same = f"SELECT 1 FROM old.{table} AS o WHERE o.id = n.id AND {_same(names)}"
    return f"SELECT id FROM main.{table} AS n WHERE NOT EXISTS ({same})"


def _count(both: Connection, which: str) -> int:
    return int(both.execute(f"SELECT count(*) FROM {which}").fetchone()[0])


def _old_columns(both: Connection, table: str) -> set[str]:
    return {row[1] for row in both.execute(f"PRAGMA old.table_info({table})")}
