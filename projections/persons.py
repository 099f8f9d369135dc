"""What is known of each person as a whole: when something last happened, and their name.

Both are the greatest of what the person's entities tell, so any order of events gives the
same. They are kept by comparing; only where the greatest may be gone, or where people were
joined or parted, all entities of the person are asked again.
"""

import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping

import msgspec

from projections.codec import Columns
from projections.folding import Folded
from projections.people import People
from tracker.database import Connection

# The projection that gave a name, when something last happened there, and the name. Names
# are compared in this order: any from `conversations` goes before all from `contacts`.
Naming = tuple[str, int, str]

# CROSS JOIN holds SQLite to the order of the tables: from one person to what tells of them,
# and from everything that tells, in the order of the file, to those whom it tells of.
OF_ONE = """
    SELECT entities.projection, entities.last_event_at, entities.name
    FROM people CROSS JOIN links USING (identity)
    CROSS JOIN entities ON entities.projection = links.projection AND entities.key = entity
    WHERE person = ?
"""
OF_ALL = """
    SELECT identity, entities.projection, entities.last_event_at, entities.name
    FROM entities CROSS JOIN links
    ON links.projection = entities.projection AND links.entity = entities.key
"""


class Told(msgspec.Struct, frozen=True):
    """What one entity tells of its person: under which identities, when last, which name."""

    identities: frozenset[str]
    at: int
    naming: Naming | None


class Known(msgspec.Struct):
    """The greatest of what is told of one person."""

    at: int = -(2**63)
    naming: Naming | None = None

    def hear(self, at: int, naming: Naming | None) -> None:
        """One more entity tells this."""
        self.at = max(self.at, at)
        if naming is not None and (self.naming is None or naming > self.naming):
            self.naming = naming

    def take(self, old: Told | None, new: Told) -> bool:
        """Let an entity tell `new` instead of `old`; False when the greatest may be gone."""
        if new.at >= self.at:
            self.at = new.at
        elif old is not None and old.at == self.at:
            return False
        if new.naming is not None and (self.naming is None or new.naming >= self.naming):
            self.naming = new.naming
        elif old is not None and old.naming is not None and old.naming == self.naming:
            return False
        return True

    def row(self, person: str) -> Columns:
        """The row of `persons`."""
        by, at, name = self.naming or (None, None, None)
        return (person, name, name_order(name) if name else None, by, at, self.at)


class Persons:
    """Finds the changes of `persons` beside those of links; `rows` after people are written."""

    def __init__(self, connection: Connection, people: People) -> None:
        self._connection = connection
        self._people = people
        self._retold: list[tuple[Told | None, Told | None]] = []
        self._before: dict[str, Columns | None] = {}

    def retell(self, old: Folded, new: Folded) -> None:
        """An entity that gave `old` now gives `new`."""
        before, after = told(old), told(new)
        if before != after:
            self._retold.append((before, after))

    def rows(
        self, gone: Iterable[Columns], come: Iterable[Columns]
    ) -> tuple[list[Columns], list[Columns]]:
        """The rows that change, before and after; given those of `people` that went and came."""
        known: dict[str, Known | None] = {}
        asked_again = _joined_or_parted(gone, dict(come))
        for old, new in self._retold:
            lost = old.identities - (new.identities if new else frozenset()) if old else ()
            asked_again.update(self._people.person_of(identity) for identity in lost)
            if new is not None:
                person = str(self._people.person_of(min(new.identities)))
                if not self._take(known, person, old, new):
                    asked_again.add(person)
        for again in filter(None, asked_again):
            known[again] = self._ask(again)
        before = [row for person in known if (row := self._stored(person))]
        return before, [one.row(person) for person, one in known.items() if one]

    def _take(
        self, known: dict[str, Known | None], person: str, old: Told | None, new: Told
    ) -> bool:
        if person not in known:
            row = self._stored(person)
            known[person] = _known(row) if row else None
        one = known[person]
        if one is None:
            known[person] = Known(new.at, new.naming)
            return True
        return one.take(old, new)

    def _stored(self, person: str) -> Columns | None:
        if person not in self._before:
            query = "SELECT * FROM persons WHERE person = ?"
            self._before[person] = self._connection.execute(query, (person,)).fetchone()
        return self._before[person]

    def _ask(self, person: str) -> Known | None:
        known = None
        for projection, at, name in self._connection.execute(OF_ONE, (person,)):
            known = known or Known()
            known.hear(at, _naming(projection, at, name))
        return known


def told(folded: Folded) -> Told | None:
    """What an entity tells of its person, None when it belongs to nobody."""
    if not folded.links or folded.last_event_at is None:
        return None
    _, projection, _ = folded.links[0]
    identities = frozenset(identity for identity, *_ in folded.links)
    naming = _naming(projection, folded.last_event_at, folded.name)
    return Told(identities, folded.last_event_at, naming)


def all_persons(connection: Connection, people: Mapping[str, str]) -> list[Columns]:
    """The row of every person, by person, from all links and entities; `people` by identity."""
    known: defaultdict[str, Known] = defaultdict(Known)
    for identity, projection, at, name in connection.execute(OF_ALL):
        known[people[identity]].hear(at, _naming(projection, at, name))
    return [known[person].row(person) for person in sorted(known)]


def name_order(name: str) -> str:
    """What a name is sorted by: without marks on its letters, and in small letters."""
    folded = name.casefold()
    if folded.isascii():
        return folded
    letters = unicodedata.normalize("NFKD", folded)
    return "".join(letter for letter in letters if not unicodedata.combining(letter))


def _joined_or_parted(gone: Iterable[Columns], now: dict[str, str]) -> set[str | None]:
    """The persons whose identities went elsewhere, and those to whom they went."""
    return {person for identity, was in gone for person in (was, now.get(identity))}


def _naming(projection: str, at: int, name: str | None) -> Naming | None:
    return (projection, at, name) if name else None


def _known(row: Columns) -> Known:
    _, name, _, by, at, last_event_at = row
    return Known(last_event_at, (by, at, name) if name else None)
