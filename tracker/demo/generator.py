"""A realistic history of deliveries: many people's stories, as a network would bring them.

Most events arrive at once and once. Some come late or twice, and a few are what
an endpoint must cope with: a conflict, a type that nobody knows, bytes that are
no event, a signature that is not ours, fields under other names.
"""

import random
from collections.abc import Iterable, Iterator
from typing import Any, Final

import msgspec

from tracker.demo.cast import ORGANIZATIONS, QUILLHAVEN, dice, new_id
from tracker.demo.happenings import Happening, canonical_place, encode, envelope
from tracker.demo.stories import story
from tracker.demo.telling import World
from tracker.demo.workflows import FLOWS
from tracker.signing import sign
from tracker.timing import DAY, HOUR, MINUTE, SECOND

EVENT: Final = "event"
LATE: Final = "late"
DUPLICATE: Final = "duplicate"
ALTERNATIVE: Final = "alternative spelling"
CONFLICT: Final = "conflict"
UNKNOWN: Final = "unknown type"
MALFORMED: Final = "malformed"
FORGED: Final = "forged"

_LATE_SHARE: Final = 0.05
_DUPLICATE_SHARE: Final = 0.02
_ALTERNATIVE_SHARE: Final = 0.03


class Posting(msgspec.Struct, frozen=True):
    """One POST that the endpoint receives at a moment (microseconds); `kind` says what it tries."""

    at: int
    body: bytes
    kind: str = EVENT

    def signature(self, secret: str) -> str:
        """The value of the signature header; a forged posting is signed with another secret."""
        return sign("not the secret" if self.kind == FORGED else secret, self.body)


def generate(seed: int, now: int, people: int = 300, days: float = 21) -> list[Posting]:
    """Every posting of the `days` before `now` (microseconds), in order of arrival.

    The same arguments give the same postings on every machine. From 30 people on,
    every type of the provider's events occurs.
    """
    world = World(seed, now - int(days * DAY), now)
    chance = dice(seed, now, "network")
    happenings = sorted(history(world, people), key=canonical_place)
    postings = [p for happening in happenings for p in _delivered(chance, happening, now)]
    postings += _oddities(chance, postings, now)
    return sorted(postings, key=lambda posting: (posting.at, posting.body))


def history(world: World, people: int) -> Iterator[Happening]:
    """What happened until now: publications, analyses, then each person's story."""
    yield from (h for h in _background(world) if h.at <= world.now)
    for number in range(people):
        yield from (h for h in story(world, number) if h.at <= world.now)


def _background(world: World) -> Iterator[Happening]:
    chance = dice(world.seed, world.now, "background")
    for flow in FLOWS:
        for version in flow.versions:
            data: dict[str, Any] = {
                "recordId": flow.id,
                "organizationId": flow.organization.id,
                "workflowId": flow.id,
                "workflowVersionId": version.id,
                "workflowExternalId": flow.external_id,
                "name": flow.name,
                "version": version.number,
            }
            at = world.start + int(version.age * (world.now - world.start))
            yield Happening(at, "WORKFLOW_PUBLISHED", new_id(chance), data)
    for organization in ORGANIZATIONS:
        for analysis in world.analyses(organization):
            data = {
                "recordId": analysis.id,
                "organizationId": organization.id,
                "externalAnalysisId": analysis.external_id,
                "title": analysis.title,
            }
            yield Happening(analysis.at, "ANALYSIS_CREATED", new_id(chance), data)


def _delivered(chance: random.Random, happening: Happening, now: int) -> Iterator[Posting]:
    """The postings of one event. What is still on its way arrives now at the latest."""
    kind = EVENT
    if chance.random() < _ALTERNATIVE_SHARE and respell(happening) is not happening:
        happening, kind = respell(happening), ALTERNATIVE
    body = encode(chance, happening)
    at = happening.at + chance.randrange(1, 4) * SECOND
    if chance.random() < _LATE_SHARE:
        at += chance.randrange(2 * MINUTE, 8 * HOUR)
        kind = LATE if kind == EVENT else kind
    yield Posting(min(at, now), body, kind)
    if chance.random() < _DUPLICATE_SHARE:
        # A redelivery repeats the fact; its envelope may have been made anew.
        again = encode(chance, happening)
        yield Posting(min(at + chance.randrange(SECOND, 2 * HOUR), now), again, DUPLICATE)


def respell(happening: Happening) -> Happening:
    """The event with fields under other names that are known to occur; itself if it has none."""
    data = dict(happening.data)
    if "participantFirstName" in data:
        data["participantFirsName"] = data.pop("participantFirstName")
    elif happening.type == "WORKFLOW_NODE_COMPLETED":
        node = {"id": data.pop("nodeId"), "type": data.pop("nodeType")}
        data |= {"node": node | {"label": data.pop("nodeLabel")}, "result": data.pop("outcome")}
    else:
        return happening
    return msgspec.structs.replace(happening, data=data)


def _oddities(chance: random.Random, postings: Iterable[Posting], now: int) -> Iterator[Posting]:
    """One of each thing that goes wrong at an endpoint, in the last days."""
    ends = [p for p in postings if p.kind == EVENT and b'"CONVERSATION_COMPLETED"' in p.body]
    if ends:
        first = msgspec.json.decode(ends[len(ends) // 2].body)
        changed = first["data"] | {"scorecardTotalValue": 1}
        body = msgspec.json.encode(first | {"data": changed})
        yield Posting(min(ends[len(ends) // 2].at + HOUR, now), body, CONFLICT)
    at = now - 2 * HOUR
    ids = {"recordId": new_id(chance), "organizationId": QUILLHAVEN.id}
    yield Posting(at, envelope("CONVERSATION_PAUSED", new_id(chance), at, ids), UNKNOWN)
    cut = envelope("CONVERSATION_QUEUED", new_id(chance), at, ids)[:-20]
    yield Posting(at + 5 * MINUTE, cut, MALFORMED)
    forged = envelope("CONVERSATION_OPTED_OUT", new_id(chance), at, ids)
    yield Posting(at + 9 * MINUTE, forged, FORGED)
