"""How the rows of a view stand in the file of a generation, and how they are written there.

A view is one table. But where a table says that its rows have columns in common (the steps
of runs name the same few ways again and again), each combination of these is written once,
into `steps_common`, under a number made of it; `steps_own` holds the other columns and that
number, and `steps` is an SQL view of both. Queries and digests need not know.
"""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from functools import cache, cached_property, lru_cache
from operator import itemgetter
from typing import Final

import msgspec

from projections.catalogue import PROJECTIONS
from projections.codec import Columns, columns
from projections.projection import COUNTER, Attention, Table

# What a digest covers of each shared view, and its primary key: never an internal number.
SHARED_VIEWS: Final = {
    "tallies": ((*COUNTER, "count", "total"), len(COUNTER)),
    "attention": (("projection", "entity", *Attention.__struct_fields__), 3),
    "links": (("identity", "projection", "entity"), 3),
    "people": (("identity", "person"), 1),
    "persons": (("person", "name", "name_order", "named_by", "named_at", "last_event_at"), 1),
    "search": (("projection", "entity", "title", "words"), 2),
    "feed": (("hour", "type", "organization_id", "count"), 3),
}

TABLES: Final[dict[str, Table]] = {
    table.name: table for projection in PROJECTIONS for table in projection.tables
}


def view_names() -> list[str]:
    """All views that have a digest: the projections' tables, then the shared ones."""
    return [*TABLES, *SHARED_VIEWS]


def view_columns(name: str) -> tuple[str, ...]:
    """The columns of a view that its digest covers."""
    if name in TABLES:
        return tuple(_names(TABLES[name]))
    return SHARED_VIEWS[name][0]


def select_view(name: str) -> str:
    """The SELECT of everything in a view that its digest covers."""
    return f"SELECT {', '.join(view_columns(name))} FROM {name}"


def key_columns(name: str) -> tuple[str, ...]:
    """The columns that tell the rows of a view apart."""
    if name in TABLES:
        return TABLES[name].key
    return view_columns(name)[: SHARED_VIEWS[name][1]]


@cache
def key_of(view: str) -> Callable[[Columns], Columns]:
    """What takes the primary key out of a row of a view."""
    return _taking(view_columns(view), key_columns(view))


class Layout(msgspec.Struct, frozen=True, dict=True):
    """The table that holds the rows of a view, its columns and its primary key.

    `common` are the columns that stand in a table of their own; the last of the others
    is then the number under which they stand there.
    """

    view: str
    table: str
    columns: tuple[str, ...]
    key: tuple[str, ...]
    common: tuple[str, ...] = ()

    @property
    def common_table(self) -> str:
        """The table of the columns in common."""
        return f"{self.view}_common"

    @cached_property
    def insert(self) -> str:
        """The INSERT of a row as `apart` gives it."""
        return _insert(self.table, self.columns)

    @cached_property
    def insert_common(self) -> str:
        """The INSERT of values in common after their number; twice is as good as once."""
        return f"{_insert(self.common_table, ('id', *self.common))} ON CONFLICT DO NOTHING"

    @cached_property
    def forget_common(self) -> str:
        """The DELETE of values in common that no row has any more, given their number twice."""
        used = f"EXISTS (SELECT 1 FROM {self.table} WHERE common = ?)"
        return f"DELETE FROM {self.common_table} WHERE id = ? AND NOT {used}"

    @cached_property
    def key_of(self) -> Callable[[Columns], Columns]:
        """What takes the primary key out of a row as `apart` gives it."""
        return _taking(self.columns, self.key)

    def apart(self, rows: Iterable[Columns]) -> tuple[list[Columns], dict[int, Columns]]:
        """Rows of the view as its table holds them, and their values in common by number."""
        if not self.common:
            return list(rows), {}
        own, common = self._parts
        own_rows, found = [], {}
        for row in rows:
            values = common(row)
            number = number_of(values)
            found[number] = values
            own_rows.append((*own(row), number))
        return own_rows, found

    @cached_property
    def _parts(self) -> tuple[Callable[[Columns], Columns], Callable[[Columns], Columns]]:
        names = view_columns(self.view)
        return _taking(names, self.columns[:-1]), _taking(names, self.common)


@cache
def layout(view: str) -> Layout:
    """How the rows of a view are written."""
    common = TABLES[view].common if view in TABLES else ()
    names, key = view_columns(view), key_columns(view)
    if not common:
        return Layout(view, view, names, key)
    own = tuple(name for name in names if name not in common)
    return Layout(view, f"{view}_own", (*own, "common"), key, common)


@lru_cache(maxsize=20_000)
def number_of(values: Columns) -> int:
    """The number of values in common: 63 bits of their SHA-256, so it is the same everywhere."""
    digest = hashlib.sha256(msgspec.json.encode(values)).digest()
    return int.from_bytes(digest[:8], "big") >> 1


def _taking(names: Sequence[str], wanted: Sequence[str]) -> Callable[[Columns], Columns]:
    """What takes some columns out of a row, always as a tuple."""
    places = [names.index(column) for column in wanted]
    if len(places) == 1:
        (only,) = places
        return lambda row: (row[only],)
    return itemgetter(*places)


def _insert(table: str, names: Sequence[str]) -> str:
    return f"INSERT INTO {table} ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})"


def _names(table: Table) -> list[str]:
    return [column.name for column in columns(table.row)]
