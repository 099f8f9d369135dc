"""Writes the difference between what entities gave to the views and what they give now.

Nothing is counted again: tallies move by what the old rows gave and the new ones give,
digests by the hashes of the rows that went and came.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from functools import cache

from projections.codec import MODULUS, Columns, digest_of
from projections.folding import Folded
from projections.layout import Layout, layout, view_columns
from projections.people import People
from projections.persons import Persons
from tracker.database import Connection
from tracker.timing import HOUR


class Changes:
    """What one transaction changes in a generation; `write` puts it there."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._people = People(connection)
        self._persons = Persons(connection, self._people)
        self._gone: defaultdict[str, list[Columns]] = defaultdict(list)
        self._come: defaultdict[str, list[Columns]] = defaultdict(list)
        self._digests: defaultdict[str, int] = defaultdict(int)
        self._rows: Counter[str] = Counter()
        self._tallies: Counter[tuple[Columns, str]] = Counter()
        self._feed: Counter[Columns] = Counter()
        self.keys: set[str] = set()

    def count_event(self, occurred_at: int, event_type: str, organization_id: str) -> None:
        """Count an event in the feed; to be called once for each."""
        self._feed[occurred_at // HOUR, event_type, organization_id] += 1

    def replace(self, old: Folded, new: Folded, key: str) -> None:
        """Take away what an entity gave and add what it gives; `key` names it to listeners."""
        if self._replace_rows(old.rows, new.rows):
            self.keys.add(key)
        for sign, folded in ((-1, old), (1, new)):
            for counter, count, total in folded.tallies:
                self._tallies[counter, "count"] += sign * count
                self._tallies[counter, "total"] += sign * total
        if self._replace_in("attention", old.attention, new.attention):
            self.keys.add("attention")
        self._replace_in("search", old.search, new.search)
        if self._replace_in("links", old.links, new.links):
            self._people.relink([row[0] for row in old.links], [row[0] for row in new.links])
        self._persons.retell(old, new)

    def _replace_rows(
        self, old: Sequence[tuple[str, Columns]], new: Sequence[tuple[str, Columns]]
    ) -> bool:
        changed = False
        for table in {name for name, _ in (*old, *new)}:
            before = [row for name, row in old if name == table]
            after = [row for name, row in new if name == table]
            changed |= self._replace_in(table, before, after)
        return changed

    def _replace_in(self, view: str, old: Sequence[Columns], new: Sequence[Columns]) -> bool:
        gone, come = _difference(old, new)
        self._gone[view] += gone
        self._come[view] += come
        return bool(gone or come)

    def _write_rows(self, view: str, gone: Sequence[Columns], come: Sequence[Columns]) -> None:
        """Where a row stays and changes only its columns are written, and the indexes on those."""
        of = layout(view)
        removed, before = of.apart(gone)
        added, after = of.apart(come)
        if of.common:
            self._connection.executemany(of.insert_common, [(n, *v) for n, v in after.items()])
        self._write_table(of, removed, added)
        left = before.keys() - after.keys()
        if left:
            self._connection.executemany(of.forget_common, [(n, n) for n in left])
        self._moved(view, gone, come)

    def _write_table(self, of: Layout, gone: Sequence[Columns], come: Sequence[Columns]) -> None:
        added = {of.key_of(row): row for row in come}
        removed = []
        for row in gone:
            key = of.key_of(row)
            now = added.pop(key, None)
            if now is None:
                removed.append(key)
                continue
            changed = tuple(n for n, value in enumerate(row) if value != now[n])
            values = (*(now[n] for n in changed), *key)
            self._connection.execute(_update(of.view, changed), values)
        self._connection.executemany(_delete(of.view), removed)
        self._connection.executemany(of.insert, added.values())

    def _moved(self, view: str, gone: Sequence[Columns], come: Sequence[Columns]) -> None:
        self._digests[view] += digest_of(come) - digest_of(gone)
        self._rows[view] += len(come) - len(gone)

    def put_rows(self) -> None:
        """Write the rows that were replaced since the last time."""
        for view in self._come:
            self._write_rows(view, self._gone[view], self._come[view])
        self._gone.clear()
        self._come.clear()

    def write(self, position: int) -> None:
        """Write what is left of the rows, what they count and tell of, and the checkpoint."""
        self.put_rows()
        self._write_tallies()
        self._write_feed()
        gone, come = self._people.write()
        self._moved("people", gone, come)
        self._write_rows("persons", *_difference(*self._persons.rows(gone, come)))
        for view, moved in self._digests.items():
            self._move_digest(view, moved)
        self._connection.execute("UPDATE checkpoint SET position = ?", (position,))

    def _write_tallies(self) -> None:
        touched = {counter for (counter, _), value in self._tallies.items() if value}
        gone, come = [], []
        for counter in touched:
            row = self._connection.execute(_find("tallies"), counter).fetchone()
            count, total = row[-2:] if row else (0, 0)
            if row:
                gone.append(row)
            after = (
                count + self._tallies[counter, "count"],
                total + self._tallies[counter, "total"],
            )
            if after != (0, 0):
                come.append((*counter, *after))
        self._write_rows("tallies", gone, come)

    def _write_feed(self) -> None:
        gone, come = [], []
        for counter, count in self._feed.items():
            row = self._connection.execute(_find("feed"), counter).fetchone()
            if row:
                gone.append(row)
            come.append((*counter, count + (row[-1] if row else 0)))
        self._write_rows("feed", gone, come)

    def _move_digest(self, view: str, moved: int) -> None:
        query = "SELECT digest FROM views WHERE name = ?"
        before = int(self._connection.execute(query, (view,)).fetchone()[0], 16)
        self._connection.execute(
            "UPDATE views SET digest = ?, rows = rows + ? WHERE name = ?",
            (f"{(before + moved) % MODULUS:x}", self._rows[view], view),
        )


def _difference(
    old: Sequence[Columns], new: Sequence[Columns]
) -> tuple[list[Columns], list[Columns]]:
    before, after = set(old), set(new)
    return [row for row in old if row not in after], [row for row in new if row not in before]


@cache
def _delete(view: str) -> str:
    of = layout(view)
    return f"DELETE FROM {of.table} WHERE {_by_key(of)}"


@cache
def _update(view: str, places: tuple[int, ...]) -> str:
    of = layout(view)
    changed = ", ".join(f"{of.columns[place]} = ?" for place in places)
    return f"UPDATE {of.table} SET {changed} WHERE {_by_key(of)}"


@cache
def _find(view: str) -> str:
    return f"SELECT {', '.join(view_columns(view))} FROM {view} WHERE {_by_key(layout(view))}"


def _by_key(of: Layout) -> str:
    return " AND ".join(f"{name} = ?" for name in of.key)
