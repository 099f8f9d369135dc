"""Which names are erased: asked for every delivery, answered from memory.

A name stays erased until its erasure is lifted. When an event of an erased person comes that
tells a further name of theirs, that name is erased, too.
"""

from collections.abc import Iterable

from tracker.database import Connection
from tracker.envelope import read_envelope
from tracker.identities import bare
from tracker.naming import names_told
from tracker.payloads import Erased
from tracker.reading import read_payload

ERASED = "TRACKER_PERSON_ERASED"
LIFTED = "TRACKER_ERASURE_LIFTED"

TOLD = "SELECT position, event_id, type, record_id, body FROM events WHERE type IN (?, ?)"
ARRIVED_LATER = "SELECT erased_by, body FROM events WHERE erased_by < position"


class Erasures:
    """The erased names, each with the position of the event that erased it."""

    def __init__(self) -> None:
        self._names: dict[str, int] = {}
        self._ids: set[str] = set()
        self._positions: dict[str, int] = {}

    @classmethod
    def stored(cls, connection: Connection) -> "Erasures":
        """The erasures of a log."""
        erasures = cls()
        rows = connection.execute(f"{TOLD} ORDER BY position", (ERASED, LIFTED)).fetchall()
        for position, event_id, type_name, record_id, body in rows:
            erasures.hear(position, event_id, type_name, record_id, body)
        for erased_by, body in connection.execute(ARRIVED_LATER):
            envelope = read_envelope(body, trusted=True)
            erasures.learn(erased_by, names_told(envelope, body))
        return erasures

    def __bool__(self) -> bool:
        return bool(self._names)

    def hear(
        self, position: int, event_id: str, type_name: str, record_id: str, body: bytes
    ) -> None:
        """Take in one of our own events: an erasure, or that one was lifted."""
        if type_name == ERASED:
            self._positions[event_id] = position
            self._add(names_of(body), position)
        elif type_name == LIFTED:
            lifted = self._positions.pop(record_id, None)
            self._names = {name: by for name, by in self._names.items() if by != lifted}
            self._ids = {bare(name) for name in self._names}

    def covering(self, names: Iterable[str]) -> int | None:
        """The position of the erasure that one of the names falls under."""
        return next((self._names[name] for name in names if name in self._names), None)

    def knows(self, value: str) -> bool:
        """Whether a text is an erased id, in whatever system."""
        return value in self._ids

    def learn(self, position: int, names: Iterable[str]) -> None:
        """Further names of a person whom the event at a position erased."""
        if position in self._positions.values():
            self._add([name for name in names if name not in self._names], position)

    def _add(self, names: Iterable[str], position: int) -> None:
        for name in names:
            self._names[name] = position
            self._ids.add(bare(name))


def erased(body: bytes) -> Erased:
    """What an erasure says."""
    payload = read_payload(Erased, body).payload
    assert isinstance(payload, Erased)  # noqa: S101 - what the reader was asked for
    return payload


def names_of(body: bytes) -> frozenset[str]:
    """The names that an erasure erases."""
    told = erased(body)
    return frozenset((*(told.identities or ()), *(told.records or ())))


def left_by(body: bytes) -> dict[str, str]:
    """The digest in hex of what an erasure left of each event, by event id."""
    return {one.event_id or "": one.digest or "" for one in erased(body).bodies or ()}
