"""Finding anything by a name, an e-mail address, or an id of ours, Popp's or the customer's."""

from typing import Final

import msgspec

from projections.catalogue import PROJECTIONS
from projections.queries.paging import select_all
from projections.queries.restricted import is_masked, limits_of
from tracker.database import Connection

NOTHING: Final = '""'
MOST_WORDS: Final = 12
# Where more than this fits, the best among the newest so many: of what half of all fits,
# no order says much, and to weigh each takes longest.
MOST_WEIGHED: Final = 5_000
# Only the best are looked up.
ALL: Final = """
    FROM (
        SELECT id, worse
        FROM (SELECT rowid AS id, bm25(search_index, 4.0, 1.0) AS worse
            FROM search_index(?) ORDER BY id DESC LIMIT ?)
        ORDER BY worse, id DESC LIMIT ?
    ) CROSS JOIN search USING (id)
    ORDER BY worse, id DESC
"""
# Which are the best of those that somebody may see, each has to be looked up to know.
OF_SOME: Final = """
    FROM (SELECT projection, entity, search.title AS title
        FROM search_index(?) AS found JOIN search ON search.id = found.rowid
        ORDER BY bm25(search_index, 4.0, 1.0), search.id DESC LIMIT ?)
"""


class Hit(msgspec.Struct, frozen=True):
    """Something found: the entity of a projection, and the title to show for it."""

    projection: str
    entity: str
    title: str


def search(connection: Connection, text: str, limit: int = 100) -> list[Hit]:
    """What has just this id, then what fits all words of a text, best first.

    The last letters of a word may be missing.
    """
    if not text.strip():
        return []
    exact = _by_id(connection, text.strip(), limit)
    if is_masked(connection):
        return exact
    if limits_of(connection) is None:
        fitting = select_all(connection, Hit, ALL, (words_of(text), MOST_WEIGHED, limit))
    else:
        fitting = select_all(connection, Hit, OF_SOME, (words_of(text), limit))
    return list(dict.fromkeys([*exact, *fitting]))[:limit]


def _by_id(connection: Connection, text: str, limit: int) -> list[Hit]:
    """What has just this id, all that somebody finds to whom names are hidden."""
    rest = "FROM search WHERE projection = ? AND entity = ?"
    found = [select_all(connection, Hit, rest, (one.name, text)) for one in PROJECTIONS]
    return [hit for hits in found for hit in hits][:limit]


def words_of(text: str) -> str:
    """A text as a full-text query in which nothing has a special meaning."""
    words = text.replace("\0", " ").split()[:MOST_WORDS]
    quoted = ('"' + word.replace('"', '""') + '"*' for word in words)
    return " ".join(quoted) or NOTHING
