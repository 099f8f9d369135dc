"""One candidate: a single story, the ids that were joined and which events joined them."""

import json
from collections.abc import Iterable
from typing import Any, Final

import msgspec
from litestar import Response

from projections.queries import story as queries
from tracker.errors import NotFound
from tracker.log import LogReader
from web.badges import badge, plain, sentence
from web.ids import encode_id
from web.pages.frame import Asked, Given, note_look, number, record_id, seen_by, show
from web.pages.places import place_of
from web.times import local_time
from web.viewer import Viewer

BADGES: Final = {
    "conversations": "conversation",
    "meetings": "meeting",
    "analyses": "mandatory",
    "runs": "run",
    "contacts": "contact",
}
KINDS: Final = {
    "conversations": "Conversation",
    "meetings": "Meeting",
    "analyses": "Analysis",
    "runs": "Run",
    "contacts": "Contact",
}
SYSTEMS: Final = {
    "candidate": "Popp's id of the candidate",
    "customer": "Your id of the candidate",
    "through": "Id of a conversation",
}
STORY_PAGE: Final = 50
MOST_TOPICS: Final = 60  # of more entities, every change of their kind is heard


class Told(msgspec.Struct, frozen=True):
    """One entry of a person's story; `outside` leads to the same thing in Popp."""

    at: int
    icon: str
    tone: str
    title: str
    words: str
    url: str
    outside: str | None


class Source(msgspec.Struct, frozen=True):
    """An entity as a link."""

    name: str
    url: str


class Id(msgspec.Struct, frozen=True):
    """One of the person's ids, what it is and what named it; `more` are not shown."""

    value: str
    system: str
    sources: list[Source]
    more: int


class Reason(msgspec.Struct, frozen=True):
    """Why ids belong to one person: an entity named them, by the events at these positions."""

    source: Source
    values: list[str]
    positions: list[int]


class CandidatePage(msgspec.Struct, frozen=True, kw_only=True):
    """One person: the story newest first, the ids, and why they were joined."""

    person: str
    name: str
    erased_at: int | None
    topics: str
    story: list[Told]
    count: int
    older: str | None
    newer: str | None
    ids: list[Id]
    reasons: list[Reason]


def candidate(request: Asked, services: Given) -> Response[Any]:
    """One person, by any of the ids."""
    with services.views.read() as connection:
        person = queries.person(connection, record_id(request, "/candidates/"))
    note_look(request, services, "person seen", person.person)
    viewer, page = seen_by(request, services), number(request, "page") or 1
    start, end = (page - 1) * STORY_PAGE, page * STORY_PAGE
    context = CandidatePage(
        person=person.person,
        name=person.name or person.identities[0].value,
        erased_at=person.erased_at,
        topics=_topics(person),
        story=[_told(item, viewer) for item in person.story[start:end]],
        count=len(person.story),
        older=viewer.link(page=page + 1) if end < len(person.story) else None,
        newer=viewer.link(page=page - 1 if page > 2 else None) if page > 1 else None,  # noqa: PLR2004
        ids=[_id(joined) for joined in person.identities],
        reasons=[_reason(services.log, joint) for joint in person.joints],
    )
    return show(request, services, "candidates/candidate.html", "candidates/detail.html", context)


def _topics(person: queries.Person) -> str:
    entities = sorted({entity for joined in person.identities for entity in joined.through})
    if len(entities) > MOST_TOPICS:
        entities = sorted({entity.partition(":")[0] for entity in entities})
    return " ".join(encode_id(entity) for entity in entities)


def _told(item: queries.StoryItem, viewer: Viewer) -> Told:
    shown = badge(BADGES.get(item.kind, ""), item.status)
    state = f"{shown.text[:1].lower()}{shown.text[1:]}"
    outcome = badge("outcome", item.outcome).text.lower() if item.outcome else None
    score = None if item.score is None else f"score {item.score:g}"
    reason = plain(item.reason) if item.reason else None
    words = (item.title, outcome, score, _when(item, viewer), reason)
    return Told(
        at=item.at,
        icon=shown.icon,
        tone=shown.tone,
        title=f"{KINDS.get(item.kind, sentence(item.kind))}: {state}",
        words=" · ".join(word for word in words if word),
        url=_place(item),
        outside=item.url if item.kind != "meetings" else None,
    )


def _place(item: queries.StoryItem) -> str:
    """A meeting has an id of its own within its entity."""
    return place_of(item.kind, item.id if item.kind == "meetings" else item.entity)


def _when(item: queries.StoryItem, viewer: Viewer) -> str | None:
    if item.starts_at is None:
        return None
    here = local_time(item.starts_at, viewer.zone)
    return f"{here:%a} {here.day} {here:%b %Y, %H:%M}"


MOST_SOURCES: Final = 6


def _id(joined: queries.Joined) -> Id:
    sources = [_source(entity) for entity in joined.through[:MOST_SOURCES]]
    system = SYSTEMS.get(joined.system, joined.system)
    return Id(joined.value, system, sources, len(joined.through) - len(sources))


def _source(entity: str) -> Source:
    projection, _, key = entity.partition(":")
    return Source(KINDS.get(projection, sentence(projection)), place_of(projection, key))


def _reason(log: LogReader, joint: queries.Joint) -> Reason:
    events = list(_events(log, joint.positions))
    naming = {position for value in joint.values for position in _first(events, value)}
    return Reason(_source(joint.entity), joint.values, sorted(naming))


def _events(log: LogReader, positions: Iterable[int]) -> Iterable[tuple[int, bytes]]:
    for position in positions:
        try:
            yield position, log.event(position).body
        except NotFound:  # the views are those of another log: nothing can be shown
            return


def _first(events: Iterable[tuple[int, bytes]], value: str) -> list[int]:
    """The position of the first event whose bytes hold a value as a JSON text, if there is one."""
    spelled = {json.dumps(value).encode(), json.dumps(value, ensure_ascii=False).encode()}
    found = (position for position, body in events if any(one in body for one in spelled))
    return [position for position in [next(found, None)] if position is not None]
