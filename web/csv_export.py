"""A list as CSV: every row that fits the filters, page after page, never all in memory.

Cells can't act as formulas: a spreadsheet would calculate one that begins with `=`,
`+`, `-`, `@`, a tab or a carriage return, so an apostrophe is put before it.
"""

import csv
import io
from collections.abc import Callable, Iterator
from functools import cache
from itertools import chain
from operator import attrgetter
from typing import Any, Final

import msgspec
from litestar.response import Stream

from projections.queries.filters import Filter, parse
from projections.queries.paging import LARGEST_LIMIT
from tracker.timing import to_iso
from web.lists import List
from web.pages.frame import Asked, Given
from web.services import Services

FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
TIMES: Final = frozenset({"at", "since", "status_since"})


def export(listed: List, request: Asked, services: Given) -> Stream:
    """The list's CSV for the filters in the address; raises InvalidInput that names a bad one."""
    asked = parse(listed.kind, request.query_params.multi_items())
    chunks = csv_chunks(listed, services, asked)
    # The first chunk is made at once, so that what can't be read is an error and no file.
    content = chain([next(chunks)], chunks)
    name = f"{listed.path.strip('/')}-{to_iso(services.now())[:10]}.csv"
    return Stream(
        content,
        media_type="text/csv; header=present",
        headers={
            "Content-Disposition": f'attachment; filename="{name}"',
            "Cache-Control": "no-store",
        },
    )


def csv_chunks(listed: List, services: Services, asked: Filter) -> Iterator[bytes]:
    """The head and the rows, a page at a time; all of one moment, whatever arrives meanwhile."""
    asked = asked.model_copy(update={"limit": LARGEST_LIMIT, "cursor": None})
    head: list[Any] = [name for name, _ in listed.columns]
    with listed.reading(services) as read:
        page = read(asked)
        yield _lines([head, *(_cells(listed, row) for row in page.items)])
        while page.next_cursor is not None:
            page = read(asked.model_copy(update={"cursor": page.next_cursor}))
            yield _lines([_cells(listed, row) for row in page.items])


def _lines(rows: list[list[str]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    return text.getvalue().encode("utf-8", "replace")


def _cells(listed: List, row: Any) -> list[str]:
    return [_safe(_words(value(row), is_time)) for value, is_time in _columns(listed.columns)]


@cache
def _columns(
    columns: tuple[tuple[str, str], ...],
) -> tuple[tuple[Callable[[Any], Any], bool], ...]:
    """For each column what takes its value out of a row, and whether a number in it is a time."""
    return tuple((_value(way), name in TIMES or name.endswith("_at")) for name, way in columns)


def _value(way: str) -> Callable[[Any], Any]:
    """What takes an attribute of an attribute, None where the first one is None."""
    name, _, rest = way.partition(".")
    first = attrgetter(name)
    if not rest:
        return first
    second = attrgetter(rest)
    return lambda row: None if (found := first(row)) is None else second(found)


def _words(value: Any, is_time: bool) -> str:
    if value is None or isinstance(value, str):
        return value or ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int) and is_time:
        return to_iso(value)
    if isinstance(value, list | tuple) and all(isinstance(one, str) for one in value):
        return "; ".join(value)
    if isinstance(value, list | tuple | dict):
        return msgspec.json.encode(value).decode()
    return str(value)


def _safe(text: str) -> str:
    return f"'{text}" if text.startswith(FORMULA) else text
