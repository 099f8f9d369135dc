"""Finding anything by a name, an e-mail address, or an id of ours, Popp's or the customer's."""

from typing import Final

import msgspec

from projections.queries.paging import select_all
from tracker.database import Connection

NOTHING: Final = '""'
MOST_WORDS: Final = 12


class Hit(msgspec.Struct, frozen=True):
    """Something found: the entity of a projection, and the title to show for it."""

    projection: str
    entity: str
    title: str


def search(connection: Connection, text: str, limit: int = 100) -> list[Hit]:
    """What fits all words of a text best, first; the last letters of a word may be missing."""
    if not text.strip():
        return []
    query = """
        FROM (SELECT projection, entity, search.title AS title
            FROM search_index(?) AS found JOIN search ON search.id = found.rowid
            ORDER BY bm25(search_index, 4.0, 1.0), search.id DESC LIMIT ?)
    """
    return select_all(connection, Hit, query, (words_of(text), limit))


def words_of(text: str) -> str:
    """A text as a full-text query in which nothing has a special meaning."""
    words = text.replace("\0", " ").split()[:MOST_WORDS]
    quoted = ('"' + word.replace('"', '""') + '"*' for word in words)
    return " ".join(quoted) or NOTHING
