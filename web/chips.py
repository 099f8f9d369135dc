"""The saved views of a list as its page shows them: chips above it, and what can be saved."""

from collections.abc import Iterable
from urllib.parse import parse_qsl, urlencode

import msgspec

from projections.queries.filters import parameter_names, parse
from tracker.errors import InvalidInput
from tracker.saved_views import SavedView
from web.lists import LISTS, List
from web.services import Services


class Chip(msgspec.Struct, frozen=True):
    """A saved view; `current` when its filters are the ones in the address."""

    view: SavedView
    current: bool


class Shelf(msgspec.Struct, frozen=True):
    """The chips of a list, and the filters in the address; `new` when no chip holds them.

    `csv` is the address of the list as a file.
    """

    path: str
    query: str
    chips: list[Chip]
    new: bool
    csv: str


def shelf_of(services: Services, path: str, given: Iterable[tuple[str, str]]) -> Shelf | None:
    """What is saved for the page of a list; None for a page that is none."""
    listed = LISTS.get(path)
    if listed is None:
        return None
    known = set(parameter_names(listed.page_kind))
    query = _written(listed, [(name, value) for name, value in given if name in known])
    chips = [Chip(view, _same(view.query, query)) for view in services.control.saved_views.of(path)]
    new = bool(query) and not any(chip.current for chip in chips)
    return Shelf(path, query, chips, new, f"{path}.csv{'?' if query else ''}{query}")


def checked(path: str, query: str) -> str:
    """A query string in its plain form, for a page that is a list.

    Raises InvalidInput for another page, for a filter that it doesn't have, and for none.
    """
    listed = LISTS.get(path)
    if listed is None:
        raise InvalidInput(f"Views of {path[:100]!r} can't be saved; it is no list", "path")
    written = _written(listed, parse_qsl(query, keep_blank_values=True))
    if not written:
        raise InvalidInput("There are no filters to save; choose some first", "query")
    return written


def _written(listed: List, given: Iterable[tuple[str, str]]) -> str:
    """The filters without the place in the list, in the order of the filter's fields."""
    return urlencode(parse(listed.page_kind, given).parameters())


def _same(one: str, other: str) -> bool:
    return sorted(parse_qsl(one)) == sorted(parse_qsl(other))
