"""What the API answers: one struct a thing, whose fields are the names that others rely on.

A struct takes over the fields of what a query gave that have the same names. Only times
change on the way: microseconds become RFC 3339 with a `Z`.
"""

from collections.abc import Iterable
from datetime import datetime
from functools import cache
from types import UnionType
from typing import Any, Generic, TypeVar, get_args, get_origin, get_type_hints

import msgspec

from projections.queries.paging import Page
from tracker.timing import to_datetime

Kind = TypeVar("Kind", bound=msgspec.Struct)
Item = TypeVar("Item")


class Items(msgspec.Struct, Generic[Item], frozen=True):
    """A page of a list; `next_cursor` is to be sent as `cursor` for the next one."""

    items: list[Item]
    next_cursor: str | None = None


def items(kind: type[Kind], page: Page[Any]) -> Items[Kind]:
    """A page of answers."""
    return Items([answer(kind, one) for one in page.items], page.next_cursor)


def answer(kind: type[Kind], given: Any, **others: Any) -> Kind:
    """An answer with the fields of a struct; `others` holds those that it lacks."""
    values = {
        name: _value(wanted, others[name] if name in others else getattr(given, name))
        for name, wanted in _fields(kind)
    }
    return kind(**values)


@cache
def _fields(kind: type[msgspec.Struct]) -> tuple[tuple[str, Any], ...]:
    hints = get_type_hints(kind)
    return tuple((name, _without_none(hints[name])) for name in kind.__struct_fields__)


def _without_none(hint: Any) -> Any:
    if get_origin(hint) is UnionType:
        return next(option for option in get_args(hint) if option is not type(None))
    return hint


def _value(wanted: Any, value: Any) -> Any:
    if value is None:
        return None
    if wanted is datetime and isinstance(value, int):
        return to_datetime(value)
    if get_origin(wanted) is list:
        inner = get_args(wanted)[0]
        return [_value(inner, one) for one in value]
    if isinstance(wanted, type) and issubclass(wanted, msgspec.Struct):
        return value if isinstance(value, wanted) else answer(wanted, value)
    return value


def answers(kind: type[Kind], given: Iterable[Any]) -> list[Kind]:
    """Answers with the fields of structs."""
    return [answer(kind, one) for one in given]
