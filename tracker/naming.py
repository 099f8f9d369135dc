"""Which names of a person, and of a person's records, does an event tell?

The identities are those by which the views join people. An event whose type is not
understood may name somebody anywhere, so all its texts are looked at.
"""

from collections.abc import Iterator
from typing import Any

import msgspec

from tracker import payloads as p
from tracker.envelope import Envelope
from tracker.events import event_type
from tracker.identities import candidate, customer, record, through_conversation
from tracker.reading import read_payload

RECORDS = ("run", "meeting", "contact")


def names_in(envelope: Envelope, body: bytes) -> frozenset[str]:
    """The identities and records that an event may name; none for events of our own."""
    if event_type(envelope.type).understood:
        return names_told(envelope, body)
    return frozenset(_anywhere(envelope, body))


def names_told(envelope: Envelope, body: bytes) -> frozenset[str]:
    """Those that an event surely names, all of one person; none where it is not understood."""
    known = event_type(envelope.type)
    if known.family == "tracker" or not known.understood:
        return frozenset()
    data = read_payload(known.payload, body).payload
    return frozenset(_told(known.family, envelope, data))


def _told(family: str, envelope: Envelope, data: p.Payload) -> Iterator[str]:
    id_, organization = envelope.record_id, envelope.organization_id
    match data:
        case p.Conversation():
            yield from through_conversation(id_)
            yield from candidate(data.candidate_id)
        case p.CandidateAnalysis():
            yield from candidate(id_)
            yield from customer(organization, data.external_id)
        case p.Meeting():
            yield from through_conversation(data.conversation_id)
            yield from record("meeting", id_)
        case p.Contact():
            yield from record("contact", data.contact_key)
            yield from record("run", data.run_id)
    if isinstance(data, p.Workflow) and family in {"run", "contact"}:
        yield from record(family, id_)
        yield from candidate(data.candidate_profile_id)
        yield from customer(organization, data.candidate_profile_external_id)


def _anywhere(envelope: Envelope, body: bytes) -> Iterator[str]:
    for text in _texts(msgspec.json.decode(body).get("data")):
        yield from candidate(text)
        yield from customer(envelope.organization_id, text)
        yield from through_conversation(text)
        for kind in RECORDS:
            yield from record(kind, text)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)
