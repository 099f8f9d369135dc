"""Overwriting what is personal in the events of one person, and in what else the log keeps.

1. Find the events: those that tell one of the person's names, which may tell further names.
2. Append the erasure: the names, and the digest of what each event will be.
3. Overwrite, in the same transaction, so that a crash leaves all or nothing.
"""

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

import msgspec

from tracker.compression import as_received
from tracker.database import Connection
from tracker.envelope import Envelope, internal_body, read_envelope
from tracker.errors import InvalidEnvelope
from tracker.events import Event, read_event
from tracker.identities import bare, is_identity
from tracker.log.erasures import left_by
from tracker.naming import names_in, names_told
from tracker.payloads import Contact, Conversation, Meeting
from tracker.redaction import redacted

MOST_AT_ONCE: Final = 5_000  # events that one erasure overwrites; the rest, the next one
WIPED: Final = "the person was erased"
SHORTEST_ID: Final = 3  # a shorter word may be anything
WORDS: Final = re.compile(rb"[\w.@+-]{1,512}")
QUOTED: Final = re.compile(rb'"([^"\\]{1,512})"')

# Events by their number, by the record that they are filed under, and all that came later or
# may name anybody anywhere.
FIND: Final = """
    SELECT position, event_id, type, record_id, organization_id, occurred_at, body
    FROM events WHERE position IN (
        SELECT value FROM json_each(:positions)
        UNION SELECT position FROM events WHERE position > :after
        UNION SELECT position FROM events WHERE family = 'unknown'
        UNION SELECT position FROM json_each(:records) AS wanted CROSS JOIN events
            ON family = wanted.value ->> 0 AND record_id = wanted.value ->> 1
    ) AND family <> 'tracker' ORDER BY position
"""
TO_OVERWRITE: Final = """
    SELECT position, body, event_id, type, record_id, organization_id, occurred_at
    FROM events WHERE event_id = ? AND family <> 'tracker'
"""
FAMILIES: Final = {
    "through": "conversation",
    "candidate": "analysis",
    "run": "run",
    "meeting": "meeting",
    "contact": "contact",
}


class Erasure(msgspec.Struct, frozen=True, kw_only=True):
    """Whom to erase: the names known, and where their events are.

    Events after position `after` are looked through; of those up to it, `positions` and those
    filed under the names. `event_id` and `at` are given to make an erasure of another copy of
    the log again.
    """

    names: tuple[str, ...]
    positions: tuple[int, ...] = ()
    after: int = 0
    actor: str = ""
    reason: str = ""
    event_id: str | None = None
    at: int | None = None


class Found(msgspec.Struct, frozen=True):
    """The events of a person, by position, and all the names that they tell."""

    names: frozenset[str]
    events: dict[int, bytes]
    entities: tuple[str, ...]
    texts: frozenset[str]


def find(
    connection: Connection, wanted: Erasure, file_under: Callable[[Event], Iterable[str]]
) -> Found:
    """All events that tell one of the names, or one that another of them tells."""
    names, known = set(wanted.names), 0
    events: dict[int, bytes] = {}
    entities: set[str] = set()
    texts: set[str] = set()
    while known != len(names):
        known = len(names)
        for position, envelope, body in _candidates(connection, wanted, names):
            if position in events or names.isdisjoint(names_in(envelope, body)):
                continue
            names |= names_told(envelope, body)
            events[position] = body
            event = _read(envelope, body)
            entities.update(file_under(event))
            texts.update(_personal(event))
    return Found(frozenset(names), events, tuple(sorted(entities)), frozenset(texts))


def _candidates(
    connection: Connection, wanted: Erasure, names: Iterable[str]
) -> Iterator[tuple[int, Envelope, bytes]]:
    systems = (name.partition(":") for name in names)
    records = [(FAMILIES[kind], value) for kind, _, value in systems if kind in FAMILIES]
    bound = {
        "positions": json.dumps(wanted.positions),
        "after": wanted.after,
        "records": json.dumps(records),
    }
    for position, *envelope, body in connection.execute(FIND, bound):
        yield position, Envelope(*envelope), as_received(body, *envelope)


def _read(envelope: Envelope, body: bytes) -> Event:
    return read_event(
        envelope.event_id,
        envelope.type,
        envelope.record_id,
        envelope.organization_id,
        envelope.occurred_at,
        body,
    )


def _personal(event: Event) -> Iterator[str]:
    """What a person is called, to find it elsewhere: whole names, and their e-mail address."""
    data = event.data
    if isinstance(data, Conversation):
        parts = (data.participant_first_name, data.participant_last_name)
        if all(parts):
            yield " ".join(str(part) for part in parts)
    elif isinstance(data, Contact) and data.contact_name:
        yield data.contact_name
    elif isinstance(data, Meeting) and data.meeting_details:
        for who in data.meeting_details.participants or ():
            if who.name and who.email:
                yield f"{who.name}\n{who.email}"  # the person's only if the name is


def body_of(wanted: Erasure, found: Found, overwritten: dict[str, bytes]) -> bytes:
    """The event that says what is erased, in ids and digests alone."""
    data: dict[str, Any] = {
        "identities": sorted(name for name in found.names if is_identity(name)),
        "records": sorted(name for name in found.names if not is_identity(name)),
        "entities": found.entities,
        "bodies": [
            {"eventId": event_id, "digest": hashlib.sha256(body).hexdigest()}
            for event_id, body in sorted(overwritten.items())
        ],
        "actor": wanted.actor,
        "reason": wanted.reason,
    }
    return internal_body("TRACKER_PERSON_ERASED", data, wanted.event_id, wanted.at)


def to_overwrite(events: dict[int, bytes]) -> dict[str, bytes]:
    """By event id, what the events become that still hold something personal."""
    changed: dict[str, bytes] = {}
    for _, body in sorted(events.items()):
        left = redacted(body)
        if left != body:
            changed[read_envelope(body, trusted=True).event_id] = left
        if len(changed) == MOST_AT_ONCE:
            break
    return changed


def overwrite(connection: Connection, position: int, erasure: bytes) -> int:
    """Carry out what an erasure at a position says; gives how many events were overwritten.

    An event that would become something else than the erasure says stays as it is.
    """
    rows = 0
    for event_id, digest in left_by(erasure).items():
        row = connection.execute(TO_OVERWRITE, (event_id,)).fetchone()
        if row is None or (left := redacted(body := as_received(*row[1:]))) == body:
            continue
        if hashlib.sha256(left).hexdigest() == digest:
            connection.execute(
                "UPDATE events SET body = ?, erased_by = ? WHERE position = ?",
                (left, position, row[0]),
            )
            rows += 1
    return rows


def wipe(connection: Connection, found: Found) -> int:
    """Take the person out of the quarantine; gives how many rows were overwritten."""
    rows = connection.execute("SELECT id, position, digest, body FROM quarantine").fetchall()
    wiped = 0
    for number, position, digest, body in rows:
        if not speaks_of(found, position, body):
            continue
        if (left := remains(body)) != body:
            _wipe_one(connection, number, digest, left)
            wiped += 1
    return wiped


def who_is(texts: Iterable[str]) -> frozenset[str]:
    """Names and, where a name has one beside it, its e-mail address, in lower case."""
    lowered = [text.casefold() for text in texts]
    names = {text for text in lowered if "\n" not in text}
    pairs = (text.split("\n", 1) for text in lowered if "\n" in text)
    return frozenset(names | {email for name, email in pairs if name in names})


def speaks_of(found: Found, position: int | None, body: bytes) -> bool:
    """Whether a quarantined delivery names a person or contradicts one of their events."""
    ids = {bare(name).encode() for name in found.names if len(bare(name)) >= SHORTEST_ID}
    if position in found.events or not ids.isdisjoint(_ids_in(body)):
        return True
    text = body.decode("utf-8", "replace").casefold()
    # A first and a last name stand in fields of their own.
    return any(all(word in text for word in name.split()) for name in who_is(found.texts))


def mentions(body: bytes, knows: Callable[[str], bool]) -> bool:
    """Whether bytes that are no event hold an erased id."""
    values = (found.decode("utf-8", "replace") for found in _ids_in(body))
    return any(len(value) >= SHORTEST_ID and knows(value) for value in values)


def _ids_in(body: bytes) -> set[bytes]:
    """What could be an id in bytes of whatever kind: between quotes, or a word."""
    return {*QUOTED.findall(body), *WORDS.findall(body)}


def _wipe_one(connection: Connection, number: int, digest: bytes, left: bytes) -> None:
    connection.execute(
        "UPDATE quarantine SET body = ?, reason = ?,"
        " status = iif(status = 'waiting', 'discarded', status) WHERE id = ?",
        (left, WIPED, number),
    )
    connection.execute(
        "UPDATE deliveries SET reason = ? WHERE digest = lower(hex(?))", (WIPED, digest)
    )


def remains(body: bytes) -> bytes:
    """The redacted event; of bytes that are no event, none."""
    try:
        return redacted(body)
    except InvalidEnvelope:
        return b""
