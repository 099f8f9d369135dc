"""Rows as SQLite keeps them, and the digest of a view.

A row struct becomes a tuple of column values: texts, numbers and NULL as they are,
truth values as 0 and 1, anything with an inside as JSON.

The digest of a view is the sum of its rows' SHA-256 modulo 2²⁵⁶, so it does not depend
on the order of rows, moves with each write by subtraction and addition, and adds up
over processes that fold different entities.
"""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from types import UnionType
from typing import Any, get_args, get_origin, get_type_hints

import msgspec
from msgspec.structs import astuple

from projections.projection import Row, Table

Columns = tuple[Any, ...]
PLAIN = {str: "TEXT", int: "INTEGER", float: "REAL", bool: "INTEGER"}
MODULUS = 1 << 256

_encode = msgspec.json.Encoder().encode


class Column(msgspec.Struct, frozen=True):
    """One column: its SQL type, and what to turn its values into (None: leave as they are)."""

    name: str
    sql: str
    json: bool
    boolean: bool
    python: Any


@cache
def columns(table_row: type[Row]) -> tuple[Column, ...]:
    """The columns of a row struct, in the order of its fields."""
    hints = get_type_hints(table_row)
    return tuple(_column(field, hints[field]) for field in table_row.__struct_fields__)


def _column(name: str, hint: Any) -> Column:
    kind = hint
    if get_origin(hint) is UnionType:
        kind = next(option for option in get_args(hint) if option is not type(None))
    plain = PLAIN.get(kind)
    return Column(name, plain or "TEXT", plain is None, kind is bool, hint)


def _as_json(value: Any) -> str:
    return _encode(value).decode()


def _without_sign_of_zero(value: float) -> float:
    return value + 0.0  # SQLite keeps -0.0 as 0.0


@cache
def _changed(table_row: type[Row]) -> tuple[tuple[int, Callable[[Any], Any]], ...]:
    """The places of values that SQLite would not give back as they are, with what changes them."""
    by_kind = [
        (n, _as_json if c.json else int if c.boolean else _without_sign_of_zero)
        for n, c in enumerate(columns(table_row))
        if c.json or c.boolean or c.sql == "REAL"
    ]
    return tuple(by_kind)


def encode_row(row: Row) -> Columns:
    """The column values of a row struct, exactly as SQLite gives them back."""
    changed = _changed(type(row))
    if not changed:
        return astuple(row)
    values = list(astuple(row))
    for n, change in changed:
        if values[n] is not None:
            values[n] = change(values[n])
    return tuple(values)


def decode_row(table: Table, values: Sequence[Any]) -> Any:
    """The row struct of column values read back."""
    described = columns(table.row)
    return table.row(**{c.name: read_value(c, v) for c, v in zip(described, values, strict=True)})


def read_value(column: Column, value: Any) -> Any:
    """The value of a struct's field that a column's value was made from."""
    if value is None:
        return None
    if column.json:
        return msgspec.json.decode(value, type=column.python)
    return bool(value) if column.boolean else value


def digest_of(rows: Iterable[Columns]) -> int:
    """The sum of the rows' hashes; 0 for none."""
    return sum(int.from_bytes(hashlib.sha256(_encode(row)).digest(), "big") for row in rows)


def digest_text(total: int) -> str:
    """A digest as it is shown: SHA-256 over the sum modulo 2²⁵⁶, in hexadecimal."""
    return hashlib.sha256((total % MODULUS).to_bytes(32, "big")).hexdigest()
