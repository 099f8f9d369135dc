"""New rows wait: a list that is fetched again keeps the rows it began with and counts newer ones.

The address of a list's fragment names the rows on the page (`seen`). Fetched with them,
it answers these rows as they are now, in their old order, and how many came above them;
fetched without, everything anew. Only the first page of a list that begins with the
newest row does so: nowhere else can new rows come in from above.
"""

from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar
from urllib.parse import urlencode

import msgspec

from projections.queries.filters import Filter
from projections.queries.paging import Page
from web.pages.frame import PAGE_SIZE, SEEN, Asked
from web.viewer import Viewer

Row = TypeVar("Row")
Kind = TypeVar("Kind", bound=Filter)
DIGITS = 19  # as many as a number of the log can't have
LONGEST_ADDRESS = 6000  # characters; with longer ids than usual a list just shows new rows


class Held(msgspec.Struct, Generic[Row], frozen=True, kw_only=True):
    """The rows to show, the number of newer ones that wait, and where the list is fetched again."""

    rows: list[Row]
    next_cursor: str | None
    newer: int = 0
    more: bool = False
    address: str = ""
    fresh: str = ""


def hold(
    request: Asked,
    viewer: Viewer,
    page: Page[Row],
    *,
    key: Callable[[Row], Any],
    again: Callable[[Sequence[str]], Sequence[Row]],
    newest_first: bool,
) -> Held[Row]:
    """What a list shows of a page that was just read.

    `again` reads rows by their keys, as far as they still fit the filters.
    """
    if not newest_first or viewer.cursor is not None:
        return Held(rows=page.items, next_cursor=page.next_cursor)
    rows, newer = page.items, 0
    seen = request.query_params.getall(SEEN, [])[:PAGE_SIZE]
    if seen:
        found = {str(key(row)): row for row in again(seen)}
        known = [found[one] for one in seen if one in found]
        if known:
            rows, newer = known, _newer([str(key(row)) for row in page.items], found)
    return Held(
        rows=rows,
        next_cursor=page.next_cursor,
        newer=newer,
        more=newer == len(page.items) and page.next_cursor is not None,
        address=_address(viewer, [str(key(row)) for row in rows]),
        fresh=f"/parts{viewer.link()}",
    )


def from_row(asked: Kind, numbers: Sequence[str]) -> Kind:
    """The filters of a list by number, newest first, from the newest of some rows on."""
    known = [int(one) for one in numbers if one.isascii() and one.isdigit() and len(one) < DIGITS]
    return asked.model_copy(update={"cursor": str(max(known, default=0) + 1)})


def _newer(now: Sequence[str], known: dict[str, Any]) -> int:
    """How many rows stand above the last known one; those below it were there before."""
    last = max((n for n, one in enumerate(now) if one in known), default=len(now))
    return sum(one not in known for one in now[:last])


def _address(viewer: Viewer, keys: Sequence[str]) -> str:
    address = f"/parts{viewer.link()}"
    joint = "&" if "?" in address else "?"
    held = address + joint + urlencode([(SEEN, key) for key in keys]) if keys else address
    return held if len(held) <= LONGEST_ADDRESS else address
