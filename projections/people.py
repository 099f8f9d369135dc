"""Which identities name one person: the connected parts of identities and entities.

Two identities belong together when one entity gives both. A person is called by the
smallest of its identities, so any order of events gives the same people.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from projections.codec import Columns
from tracker.database import Connection


class People:
    """Keeps `people` beside changes of `links`; `write` after all links are in place."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._known: dict[str, str | None] = {}
        self._now: dict[str, str | None] = {}
        self._of_person: defaultdict[str, set[str]] = defaultdict(set)  # `_now`, by person
        self._loosened: set[str] = set()

    def relink(self, old: Sequence[str], new: Sequence[str]) -> None:
        """An entity that gave the identities `old` now gives `new`."""
        if set(old) - set(new):
            self._loosened.update(old, new)
        if new:
            self._join(new)

    def _join(self, identities: Sequence[str]) -> None:
        persons = {self.person_of(identity) for identity in identities}
        smallest = min([*identities, *(person for person in persons if person)])
        for person in persons - {smallest, None}:
            for member in self._members(str(person)):
                self._call(member, smallest)
        for identity in identities:
            self._call(identity, smallest)

    def _call(self, identity: str, person: str | None) -> None:
        before = self._now.get(identity)
        if before is not None:
            self._of_person[before].discard(identity)
        self._now[identity] = person
        if person is not None:
            self._of_person[person].add(identity)

    def person_of(self, identity: str) -> str | None:
        """Whose an identity is by now, None for nobody's."""
        if identity not in self._now:
            row = self._connection.execute(
                "SELECT person FROM people WHERE identity = ?", (identity,)
            ).fetchone()
            self._known[identity] = row[0] if row else None
            self._call(identity, self._known[identity])
        return self._now[identity]

    def _members(self, person: str) -> set[str]:
        rows = self._connection.execute("SELECT identity FROM people WHERE person = ?", (person,))
        stored = {identity for (identity,) in rows if self.person_of(identity) == person}
        return stored | self._of_person[person]

    def write(self) -> tuple[list[Columns], list[Columns]]:
        """Write what changed; gives the rows that went and those that came."""
        self._part_again()
        changed = {i: now for i, now in self._now.items() if now != self._known.get(i)}
        gone = [(i, str(was)) for i in changed if (was := self._known.get(i)) is not None]
        come = [(i, now) for i, now in changed.items() if now is not None]
        delete = "DELETE FROM people WHERE identity = ?"
        self._connection.executemany(delete, [row[:1] for row in gone])
        self._connection.executemany("INSERT INTO people VALUES (?, ?)", come)
        return list(gone), list(come)

    def _part_again(self) -> None:
        """Where a link was taken away, walk what is still connected."""
        affected = set(self._loosened)
        for identity in self._loosened:
            if person := self.person_of(identity):
                affected |= self._members(person)
        while affected:
            part = self._connected(affected.pop())
            for identity in part:
                self.person_of(identity)
                self._call(identity, min(part))
            affected -= part
        self._forget_unlinked()

    def _connected(self, identity: str) -> set[str]:
        part, edge = {identity}, [identity]
        while edge:
            rows = self._connection.execute(
                """
                SELECT DISTINCT other.identity FROM links AS own
                JOIN links AS other USING (projection, entity) WHERE own.identity = ?
                """,
                (edge.pop(),),
            )
            found = {other for (other,) in rows} - part
            part |= found
            edge.extend(found)
        return part

    def _forget_unlinked(self) -> None:
        for identity in self._loosened:
            query = "SELECT 1 FROM links WHERE identity = ? LIMIT 1"
            if self._connection.execute(query, (identity,)).fetchone() is None:
                self._call(identity, None)


def joined(links: Iterable[tuple[str, str, str]]) -> dict[str, str]:
    """The person of every identity, from all links (identity, projection, entity).

    The links of one entity must follow each other.
    """
    parents: dict[str, str] = {}
    entity, first = ("", ""), ""
    for identity, *owner in links:
        parents.setdefault(identity, identity)
        if tuple(owner) != entity:
            entity, first = (owner[0], owner[1]), identity
        _unite(parents, first, identity)
    return {identity: _root(parents, identity) for identity in parents}


def _unite(parents: dict[str, str], one: str, other: str) -> None:
    one, other = _root(parents, one), _root(parents, other)
    if one != other:
        parents[max(one, other)] = min(one, other)


def _root(parents: dict[str, str], identity: str) -> str:
    while parents[identity] != identity:
        parents[identity] = parents[parents[identity]]
        identity = parents[identity]
    return identity
