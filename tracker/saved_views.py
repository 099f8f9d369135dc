"""Saved views: the filters of a list under a name, the same for everybody."""

from collections.abc import Collection, Sequence
from typing import Final
from urllib.parse import unquote_plus

import msgspec

from tracker.control_file import ControlFile
from tracker.database import Connection
from tracker.errors import InvalidInput, NotFound
from tracker.timing import now

MOST_VIEWS: Final = 30  # of one list: more would be no help above it
LONGEST_NAME: Final = 60
LONGEST_QUERY: Final = 2000


class SavedView(msgspec.Struct, frozen=True):
    """A named list: the page's `path`, and its filters as the address holds them."""

    id: int
    path: str
    name: str
    query: str

    @property
    def url(self) -> str:
        """The address that it opens."""
        return f"{self.path}?{self.query}" if self.query else self.path


class SavedViews:
    """The saved views in control.db. Which paths and filters there are, its caller knows."""

    def __init__(self, file: ControlFile) -> None:
        self._file = file

    def of(self, path: str) -> list[SavedView]:
        """The saved views of a page, by name."""
        with self._file.reading() as connection:
            rows = connection.execute(f"{_SELECT} WHERE path = ? ORDER BY name", (path,)).fetchall()
        return [SavedView(*row) for row in rows]

    def save(self, path: str, name: str, query: str) -> SavedView:
        """Keep filters under a name.

        Raises InvalidInput for a name that can't be used or is in use on the page, for
        filters that are too long, and when the page has enough saved views.
        """
        name = _checked_name(name)
        if len(query) > LONGEST_QUERY:
            raise InvalidInput(
                f"The filters are {len(query)} characters long; {LONGEST_QUERY} can be saved",
                "query",
            )
        with self._file.writing() as connection:
            _check_free(connection, path, name)
            _check_room(connection, path)
            written = connection.execute(
                "INSERT INTO saved_views (path, name, query, created_at) VALUES (?, ?, ?, ?)"
                " RETURNING id",
                (path, name, query, now()),
            ).fetchone()
        return SavedView(written[0], path, name, query)

    def rename(self, view_id: int, name: str) -> SavedView:
        """Give a saved view another name.

        Raises NotFound, and InvalidInput for a name that can't be used or is in use.
        """
        name = _checked_name(name)
        with self._file.writing() as connection:
            view = _one(connection, view_id)
            _check_free(connection, view.path, name, but=view_id)
            connection.execute("UPDATE saved_views SET name = ? WHERE id = ?", (name, view_id))
        return msgspec.structs.replace(view, name=name)

    def forget(self, texts: Collection[str]) -> int:
        """Delete the saved views in which one of some texts stands, in whatever case."""
        with self._file.writing() as connection:
            rows = connection.execute("SELECT id, name, query FROM saved_views").fetchall()
            naming = [(number,) for number, *told in rows if _tells(told, texts)]
            connection.executemany("DELETE FROM saved_views WHERE id = ?", naming)
        return len(naming)

    def delete(self, view_id: int) -> SavedView:
        """Forget a saved view; the one that was there. Raises NotFound."""
        with self._file.writing() as connection:
            view = _one(connection, view_id)
            connection.execute("DELETE FROM saved_views WHERE id = ?", (view_id,))
        return view


def _tells(told: Sequence[str], texts: Collection[str]) -> bool:
    """Whether all words of one of the texts stand in a saved view."""
    words = " ".join(unquote_plus(text) for text in told).casefold()
    return any(all(word in words for word in text.split()) for text in texts)


_SELECT: Final = "SELECT id, path, name, query FROM saved_views"


def _one(connection: Connection, view_id: int) -> SavedView:
    row = connection.execute(f"{_SELECT} WHERE id = ?", (view_id,)).fetchone()
    if row is None:
        raise NotFound(f"There is no saved view {view_id}; somebody may have deleted it")
    return SavedView(*row)


def _check_free(connection: Connection, path: str, name: str, but: int = 0) -> None:
    taken = "SELECT 1 FROM saved_views WHERE path = ? AND name = ? AND id <> ?"
    if connection.execute(taken, (path, name, but)).fetchone():
        raise InvalidInput(
            f"This list has a saved view {name!r} already; choose another name or delete that one",
            "name",
        )


def _check_room(connection: Connection, path: str) -> None:
    counted = "SELECT count(*) FROM saved_views WHERE path = ?"
    if connection.execute(counted, (path,)).fetchone()[0] >= MOST_VIEWS:
        raise InvalidInput(
            f"This list has {MOST_VIEWS} saved views, as many as there can be; delete one first",
            "name",
        )


def _checked_name(name: str) -> str:
    name = name.strip()
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise InvalidInput(
            f"The name {name[:100]!r} can't be used; give 1 to {LONGEST_NAME} printable characters",
            "name",
        )
    return name
