"""One generation that follows the log: folds every entity that new events touch, again and whole.

Rows, shared views, digests and the checkpoint of a batch move in one transaction, so
a crash at any point neither loses nor repeats an effect.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
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
            start = self.position
            events = read_after(self._log, start, until, limit, MOST_BYTES)
            if not events:
                return Advance(start, 0, frozenset())
            changes = Changes(self.views)
            for _, event in events:
                changes.count_event(event.occurred_at, event.type, event.organization_id)
            self._fold(_touched(events), dict(events), changes)
            end = events[-1][0]
            changes.write(end)
            self.unclean |= _erased(event for _, event in events)
        self._checkpoints.written()
        return Advance(end, len(events), frozenset(changes.keys | {"feed"}))

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
        stored = stored_positions(self.views, touched)
        earlier = {p for _, positions in stored.values() for p in positions} - known.keys()
        events = {**known, **read_at(self._log, earlier)}
        for (name, key), new in touched.items():
            positions = {*new, *stored[name, key][1]} if (name, key) in stored else set(new)
            before = stored_rows(self.views, name, key) if (name, key) in stored else []
            own = [events[p] for p in positions]
            folded = fold_entity(BY_NAME[name], key, own, frozenset(before))
            told = (folded.last_event_at, folded.name)
            row = (name, key, *told, pack_positions(positions), folded.broken)
            self.views.execute(UPSERT, row)
            # A broken fold leaves what was understood before.
            if folded.broken is None or _erased(own):
                old = refold_rows(BY_NAME[name], key, before, frozenset(folded.rows))
                changes.replace(old, folded, f"{name}:{key}")


def _erased(events: Iterable[Event]) -> bool:
    """What was understood before of an erased person must not stay, even where a fold fails."""
    return any(event.type in ERASURES for event in events)


def _touched(events: Iterable[tuple[int, Event]]) -> dict[Entity, list[int]]:
    touched: defaultdict[Entity, list[int]] = defaultdict(list)
    for position, event in events:
        for entity in entities_of(event):
            touched[entity].append(position)
    return touched
