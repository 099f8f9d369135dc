"""What follows from the events of one entity: its rows, and what they give to the shared views.

The engine and the rebuild both come through here, so they can't disagree.
"""

import traceback
from array import array
from collections.abc import Collection, Iterable, Sequence
from typing import Any

import msgspec
from msgspec.structs import astuple

from projections.codec import Columns, decode_row, encode_row
from projections.layout import key_of
from projections.projection import About, Found, Projection, Table, Tally
from tracker.events import Event, canonical

StoredRow = tuple[str, Columns]  # the name of a table, and the values of a row's columns


class Folded(msgspec.Struct):
    """Everything that one entity gives to the views.

    `rows` holds column values by table, `tallies` (key, count, total), `attention`,
    `links` and `search` whole rows of these views. `last_event_at` and `name` are what
    the entity tells of its person. `broken` is a traceback.
    """

    rows: list[StoredRow] = msgspec.field(default_factory=list)
    tallies: list[Tally] = msgspec.field(default_factory=list)
    attention: list[Columns] = msgspec.field(default_factory=list)
    links: list[Columns] = msgspec.field(default_factory=list)
    search: list[Columns] = msgspec.field(default_factory=list)
    last_event_at: int | None = None
    name: str | None = None
    broken: str | None = None


def fold_entity(
    projection: Projection, key: str, events: Iterable[Event], known: Collection[StoredRow] = ()
) -> Folded:
    """Fold all events of one entity. Never raises: a failing fold gives a broken entity.

    What `known` rows add to tallies is left out: it is the same as before.
    """
    try:
        structs = projection.fold(canonical(events))
        names = {table.row: table.name for table in projection.tables}
        rows = [(names[type(row)], encode_row(row)) for row in structs]
        _refuse_twins(rows)
        return _folded(projection, key, rows, structs, known)
    except Exception:  # noqa: BLE001 - one poisonous event must not stop the others
        return Folded(broken=traceback.format_exc(limit=-8))


def _refuse_twins(rows: Sequence[StoredRow]) -> None:
    """Two rows with one primary key would be written over each other."""
    if len(rows) > 1 and len({(name, key_of(name)(row)) for name, row in rows}) < len(rows):
        keys = ", ".join(sorted(f"{name} {key_of(name)(row)!r}" for name, row in rows))
        raise ValueError(f"Two rows have one primary key among {keys}")


def refold_rows(
    projection: Projection,
    key: str,
    stored: Sequence[StoredRow],
    known: Collection[StoredRow] = (),
) -> Folded:
    """What stored rows gave to the shared views when they were written.

    Again without what `known` rows add to tallies; only what is needed of them is read.
    """
    tables = {table.name: table for table in projection.tables}
    needed = [row for row in stored if row not in known or tables[row[0]].tells_of_entity]
    structs = [decode_row(tables[name], values) for name, values in needed]
    folded = _folded(projection, key, needed, structs, known)
    folded.rows = list(stored)
    return folded


def _folded(
    projection: Projection,
    key: str,
    rows: Sequence[StoredRow],
    structs: Sequence[Any],
    known: Collection[StoredRow],
) -> Folded:
    """The same for the same rows, in whatever order they are given."""
    tables = {table.row: table for table in projection.tables}
    of = [tables[type(struct)] for struct in structs]
    folded = _told_of_entity(
        projection, key, [(t, s) for t, s in zip(of, structs, strict=True) if t.tells_of_entity]
    )
    for row, table, struct in zip(rows, of, structs, strict=True):
        if table.tallies and (not known or row not in known):
            folded.tallies.extend(table.tallies(struct))
    folded.rows = list(rows)
    return folded


def _told_of_entity(
    projection: Projection, key: str, structs: Sequence[tuple[Table, Any]]
) -> Folded:
    """What the rows of an entity tell of it together."""
    entity = (projection.name, key)
    folded = Folded()
    attention: set[Columns] = set()
    links: set[str] = set()
    found: list[Found] = []
    told: list[About] = []
    for table, row in structs:
        if table.attention:
            attention.update(astuple(waiting) for waiting in table.attention(row))
        if table.links:
            links.update(table.links(row))
        if table.about:
            told.append(table.about(row))
        if table.search:
            found.extend(table.search(row))
    once = {waiting[0]: waiting for waiting in sorted(attention, key=repr)}
    folded.attention = [(*entity, *waiting) for waiting in once.values()]
    folded.links = [(identity, *entity) for identity in sorted(links)]
    if told:
        folded.last_event_at = max(one.at for one in told)
        folded.name = max(((o.at, o.name) for o in told if o.name), default=(0, None))[1]
    if found:
        words = sorted({word for one in found for word in one.words})
        folded.search = [(*entity, min(one.title for one in found), " ".join(words))]
    return folded


def pack_positions(positions: Iterable[int]) -> bytes:
    """Positions as the entities table keeps them: eight bytes each, ascending."""
    return array("q", sorted(set(positions))).tobytes()


def unpack_positions(packed: bytes) -> list[int]:
    """The positions of an entity's events."""
    positions = array("q")
    positions.frombytes(packed)
    return positions.tolist()
