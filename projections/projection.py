"""What a projection is: a named, versioned, pure fold from the events of one entity to rows.

A projection file ends in one value `Projection(...)`; the engine and the rebuild
know nothing else about it.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from enum import StrEnum
from typing import Any, Final, TypeVar

import msgspec

from tracker import identities
from tracker.events import Event
from tracker.timing import DAY

Row = msgspec.Struct


class Entry(msgspec.Struct, frozen=True, omit_defaults=True):
    """One entry of a row's history: which event, when, and what it led to.

    `status` is the state after the event; `anomaly` says in words what was
    unexpected about it; `note` is a detail worth a line on the page.
    """

    event_id: str
    type: str
    at: int
    status: str
    note: str | None = None
    anomaly: str | None = None


# What names a counter, in this order, and what a row adds to it: how many, and microseconds.
COUNTER: Final = (
    *("name", "organization_id", "subject", "version", "item", "outcome", "target", "day"),
)
Counter = tuple[str, str, str, str, str, str, str, int]
Tally = tuple[Counter, int, int]


def tally(
    name: str,
    organization_id: str,
    subject: str = "",
    version: str = "",
    item: str = "",
    outcome: str = "",
    target: str = "",
    day: int = 0,
    count: int = 1,
    total: int = 0,
) -> Tally:
    """What a row adds to a counter: `count` and, for durations, `total` microseconds.

    All other arguments name the counter; one without meaning for it stays empty. `day` is
    days since 1970-01-01 UTC. A plain tuple, as there are three of each step of a run.
    """
    return (name, organization_id, subject, version, item, outcome, target, day), count, total


class Attention(msgspec.Struct, frozen=True):
    """Something on a row that waits for a person.

    `item` is the id of the event that caused it, which an acknowledgement names.
    `since` is microseconds; `url` leads into Popp where the provider gave a link.
    """

    item: str
    reason: str
    words: str
    since: int
    organization_id: str
    candidate_name: str | None = None
    identity: str | None = None
    url: str | None = None


class Found(msgspec.Struct, frozen=True):
    """How a row is found by the search: its title and the words that lead to it."""

    title: str
    words: tuple[str, ...]


class About(msgspec.Struct, frozen=True):
    """What a row tells of its person: when something last happened, and the name it gives."""

    at: int
    name: str | None = None


def found(title: str, *words: str | None) -> Found:
    """A title with the words that are known, each once."""
    return Found(title, tuple(dict.fromkeys(word for word in words if word)))


class Table(msgspec.Struct, frozen=True):
    """One view: the struct of its rows, whose fields are the columns.

    `key` is the primary key, `entity` the column that holds the entity's key. `common` are
    texts that many rows have in common and that are kept once (`projections.layout`); an
    index names `common` for all of them together. The functions say what else follows from
    one of its rows.
    """

    name: str
    row: type[Row]
    key: tuple[str, ...]
    entity: str
    indexes: tuple[tuple[str, ...], ...] = ()
    common: tuple[str, ...] = ()
    tallies: Callable[[Any], Iterable[Tally]] | None = None
    attention: Callable[[Any], Iterable[Attention]] | None = None
    links: Callable[[Any], Iterable[str]] | None = None
    about: Callable[[Any], About] | None = None
    search: Callable[[Any], Iterable[Found]] | None = None

    @property
    def tells_of_entity(self) -> bool:
        """Whether more than tallies follows from its rows: that is told of the whole entity."""
        return any((self.attention, self.links, self.about, self.search))


def orders(*columns: str, within: tuple[str, ...] = ()) -> Iterable[tuple[str, ...]]:
    """Indexes that give rows in one order: all of them, and those of one value of a column.

    They end in the key, so that a page of a list is read off without sorting.
    """
    return columns, *((column, *columns) for column in within)


class Projection(msgspec.Struct, frozen=True):
    """One projection; raise `version` whenever its rows would come out differently."""

    name: str
    version: int
    tables: tuple[Table, ...]
    hears: frozenset[str]
    key: Callable[[Event], str | None]
    fold: Callable[[Sequence[Event]], Sequence[Row]]

    def entity_of(self, event: Event) -> str | None:
        """The key of the entity that an event belongs to, None when it is not for this one."""
        return next(iter(self.entities_of(event)), None)

    def entities_of(self, event: Event) -> list[str]:
        """The keys of the entities that an event belongs to; an erasure may speak of many."""
        if event.type in ACKNOWLEDGEMENTS:
            mine = event.data.projection == self.name
            return [event.data.entity] if mine and event.data.entity else []
        if event.type in self.hears:
            key = self.key(event)
            return [key] if key else []
        if event.type in ERASURES:
            named = (entity.partition(":") for entity in event.data.entities or ())
            return sorted({key for name, _, key in named if name == self.name and key})
        return []


ACKNOWLEDGEMENTS: Final = frozenset({"TRACKER_ACKNOWLEDGED", "TRACKER_ACKNOWLEDGEMENT_UNDONE"})
ERASURES: Final = frozenset({"TRACKER_PERSON_ERASED", "TRACKER_ERASURE_LIFTED"})
# Events of our own that are filed under the entities which they speak of.
ABOUT_ENTITIES: Final = ACKNOWLEDGEMENTS | ERASURES

State = TypeVar("State", bound=StrEnum)
Machine = dict[State, dict[str, State]]


def walk(
    machine: Machine[State],
    state: State,
    events: Iterable[Event],
    note: Callable[[Event], str | None] = lambda _event: None,
) -> tuple[State, list[Entry]]:
    """Lead events through a machine: the last state, and an entry for each event.

    Folds never refuse: where the table has no transition, the state stays and
    the entry says what was unexpected.
    """
    history = []
    for event in events:
        following = machine[state].get(event.type)
        unexpected = None if following else f"{event.type} was not expected while {state}"
        state = following or state
        history.append(
            Entry(event.event_id, event.type, event.occurred_at, state, note(event), unexpected)
        )
    return state, history


def anomalies(events: Iterable[Event], history: Iterable[Entry], *codes: str) -> tuple[str, ...]:
    """The codes given, then one for each unexpected event and each unreadable value."""
    unexpected = (f"unexpected:{entry.type}" for entry in history if entry.anomaly)
    unreadable = (f"unreadable:{path}" for event in events for path in event.unreadable)
    return (*codes, *unexpected, *unreadable)


def by_record(event: Event) -> str:
    """The key of entities that events name as their record; it needs no payload."""
    return event.record_id


def day_of(moment: int) -> int:
    """Days since 1970-01-01 UTC of a time in microseconds."""
    return moment // DAY


def own_events(events: Iterable[Event]) -> list[Event]:
    """The provider's events among an entity's: without what people did in the dashboard."""
    return [event for event in events if event.type not in ABOUT_ENTITIES]


def last_known(events: Sequence[Event], field: str) -> Any:
    """The newest value of a payload field that some event carries, None if none does."""
    for event in reversed(events):
        value = getattr(event.data, field, None)
        if value is not None:
            return value
    return None


def finite(number: float | None) -> float | None:
    """The number, None for "NaN" and the infinities, which neither tables nor JSON can hold."""
    return number if number is not None and math.isfinite(number) else None


def acknowledged(events: Iterable[Event]) -> frozenset[str]:
    """The items that were acknowledged and not put back, given canonically ordered events."""
    items: set[str] = set()
    for event in events:
        if event.type == "TRACKER_ACKNOWLEDGED":
            items.add(event.data.item or "")
        elif event.type == "TRACKER_ACKNOWLEDGEMENT_UNDONE":
            items.discard(event.data.item or "")
    return frozenset(items)


# The identities that `links` gives, see `tracker.identities`.
candidate = identities.candidate
customer = identities.customer
through_conversation = identities.through_conversation
