"""One generation that follows the log: folds every entity that new events touch, again and whole.

Rows, shared views, digests and the checkpoint of a batch move in one transaction, so
a crash at any point neither loses nor repeats an effect.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

from projections import generation
from projections.catalogue import PROJECTIONS
from projections.changes import Changes
from projections.checkpoints import Checkpoints
from projections.entities import (
    Entity,
    entities_of,
    read_after,
    read_at,
    stored_positions,
    stored_rows,
)
from projections.folding import fold_entity, pack_positions, refold_rows
from projections.projection import ERASURES
from tracker.database import Connection, open_reader, open_writer, transaction, truncate_wal
from tracker.errors import NotFound
from tracker.events import Event

# A step takes all that is there, up to this. What comes close together touches the same entities
# and the same pages, so the further the views are behind, the faster they catch up: in steps of
# 1,000 an event takes three times as long, and the last of 20,000 is seen that much later.
MOST = 20_000  # events
MOST_BYTES = 16 << 20  # of bodies, whatever a sender puts into them
AT_ONCE = 2_000  # events held in memory; later ones are read again with their entities
BY_NAME = {projection.name: projection for projection in PROJECTIONS}
UPSERT = """
    INSERT INTO entities (projection, key, last_event_at, name, positions, broken)
    VALUES (?, ?, ?, ?, ?, ?)
    ON CONFLICT (projection, key) DO UPDATE
    SET positions = excluded.positions, broken = excluded.broken,
        last_event_at = iif(excluded.broken IS NULL, excluded.last_event_at, last_event_at),
        name = iif(excluded.broken IS NULL, excluded.name, name)
"""


class Advance(msgspec.Struct, frozen=True):
    """What one step did: folded up to `position`, `events` of them; `keys` names what changed.

    A key is `projection:entity` or the name of a shared view.
    """

    position: int
    events: int
    keys: frozenset[str]


class Follower:
    """One generation and the connection that writes it. Not for use by two threads at once."""

    def __init__(self, data: Path, path: Path) -> None:
        self.path = path
        self.views: Connection = open_writer(path, durable=False)
        self._checkpoints = Checkpoints(path, self.views)
        self._log: Connection = open_reader(data / "log.db")
        # An erasure may have been folded just before a crash.
        self.unclean = True

    def close(self) -> None:
        """Close both files."""
        self._checkpoints.close()
        self.views.close()
        self._log.close()

    @property
    def position(self) -> int:
        """Up to which position this generation is folded."""
        return generation.position(self.views)

    def step(self, until: int = 2**62, limit: int = MOST) -> Advance:
        """Fold the next events of the log, at most `limit` of them and none after `until`."""
        with transaction(self.views):
            news = News(self.position)
            changes = Changes(self.views)
            for position, event in read_after(self._log, news.end, until, limit, MOST_BYTES):
                news.hear(position, event)
                changes.count_event(event.occurred_at, event.type, event.organization_id)
            if not news.events:
                return Advance(news.end, 0, frozenset())
            self._fold(news.touched, news.known, changes)
            changes.write(news.end)
            self.unclean |= news.erasure
        self._checkpoints.written()
        return Advance(news.end, news.events, frozenset(changes.keys | {"feed"}))

    def clean(self) -> None:
        """After an erasure leave nothing in the write-ahead log, as soon as no reader holds it."""
        if self.unclean:
            self.unclean = not truncate_wal(self.views)

    def refold(self, projection: str, key: str) -> Advance:
        """Fold one entity again in place; raises NotFound when no event belongs to it."""
        entity = (projection, key)
        with transaction(self.views):
            if projection not in BY_NAME or not stored_positions(self.views, [entity]):
                raise NotFound(f"No event belongs to {projection} {key!r}")
            changes = Changes(self.views)
            self._fold({entity: []}, {}, changes)
            position = self.position
            changes.write(position)
        self._checkpoints.written()
        return Advance(position, 0, frozenset(changes.keys))

    def _fold(
        self,
        touched: Mapping[Entity, list[int]],
        known: Mapping[int, Event],
        changes: Changes,
    ) -> None:
        for group in _groups(touched, stored_positions(self.views, touched)):
            wanted = {p for positions in group.values() for p in positions}
            events = {**known, **read_at(self._log, wanted - known.keys())}
            for entity, positions in group.items():
                self._fold_entity(entity, {p: events[p] for p in positions}, changes)
            changes.put_rows()

    def _fold_entity(self, entity: Entity, events: Mapping[int, Event], changes: Changes) -> None:
        name, key = entity
        before = stored_rows(self.views, name, key)
        folded = fold_entity(BY_NAME[name], key, events.values(), frozenset(before))
        told = (folded.last_event_at, folded.name)
        row = (name, key, *told, pack_positions(events), folded.broken)
        self.views.execute(UPSERT, row)
        # A broken fold leaves what was understood before, but not of a person who was erased.
        if folded.broken is None or any(one.type in ERASURES for one in events.values()):
            old = refold_rows(BY_NAME[name], key, before, frozenset(folded.rows))
            changes.replace(old, folded, f"{name}:{key}")


class News:
    """What a step is told by the events after a position: whom they touch, and the first ones."""

    def __init__(self, start: int) -> None:
        self.end = start
        self.events = 0
        self.touched: defaultdict[Entity, list[int]] = defaultdict(list)
        self.known: dict[int, Event] = {}
        self.erasure = False

    def hear(self, position: int, event: Event) -> None:
        """Take in the next event."""
        self.end = position
        self.events += 1
        for entity in entities_of(event):
            self.touched[entity].append(position)
        if len(self.known) < AT_ONCE:
            self.known[position] = event
        self.erasure |= event.type in ERASURES


def _groups(
    touched: Mapping[Entity, list[int]], stored: Mapping[Entity, list[int]]
) -> Iterator[dict[Entity, set[int]]]:
    """The positions of all events of entities, of a few entities at a time, in their order."""
    group: dict[Entity, set[int]] = {}
    size = 0
    for entity in sorted(touched):
        positions = {*touched[entity], *stored.get(entity, ())}
        if group and size + len(positions) > AT_ONCE:
            yield group
            group, size = {}, 0
        group[entity] = positions
        size += len(positions)
    if group:
        yield group
