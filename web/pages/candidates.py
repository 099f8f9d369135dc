"""Candidates, and one of them as a single story with the ids that were joined."""

from typing import Any

import msgspec
from litestar import Response

from projections.queries import people as queries
from projections.queries.filters import PersonFilter
from web.badges import badge, sentence
from web.ids import encode_id
from web.pages.frame import Asked, Given, endpoint, record_id, show, wanted
from web.pages.places import place_of

BADGES = {
    "conversations": "conversation",
    "meetings": "meeting",
    "analyses": "mandatory",
    "runs": "run",
    "contacts": "contact",
}
SYSTEMS = {
    "candidate": "Popp's id of the candidate",
    "customer": "Your id of the candidate",
    "through": "Known through a conversation",
}


class CandidatesPage(msgspec.Struct, frozen=True):
    """The list of people."""

    rows: list[queries.PersonLine]
    next_cursor: str | None
    filters: PersonFilter
    endpoint: str


class Told(msgspec.Struct, frozen=True):
    """One entry of a person's story."""

    at: int
    icon: str
    tone: str
    title: str
    words: str
    url: str


class CandidatePage(msgspec.Struct, frozen=True):
    """One person: the story, the joined ids with the entities that gave each."""

    name: str
    topics: str
    story: list[Told]
    identities: list[queries.Joined]
    systems: dict[str, str]
    links: dict[str, str]


def candidates(request: Asked, services: Given) -> Response[Any]:
    """Everyone who was heard of."""
    asked = wanted(PersonFilter, request)
    with services.views.read() as connection:
        page = queries.people(connection, asked)
    context = CandidatesPage(page.items, page.next_cursor, asked, endpoint(request))
    return show(request, services, "candidates/page.html", "candidates/list.html", context)


def candidate(request: Asked, services: Given) -> Response[Any]:
    """One person, by any of the ids."""
    with services.views.read() as connection:
        person = queries.person(connection, record_id(request, "/candidates/"))
    through = sorted({entity for joined in person.identities for entity in joined.through})
    context = CandidatePage(
        name=person.name or person.identities[0].value,
        topics=" ".join(encode_id(entity) for entity in through),
        story=[_told(item) for item in person.story],
        identities=person.identities,
        systems=SYSTEMS,
        links={entity: place_of(*_parts(entity)) for entity in through},
    )
    return show(request, services, "candidates/candidate.html", "candidates/detail.html", context)


def _parts(entity: str) -> tuple[str, str]:
    projection, _, key = entity.partition(":")
    return projection, key


def _told(item: queries.StoryItem) -> Told:
    shown = badge(BADGES.get(item.kind, ""), item.status)
    kind = {"analyses": "Analysis"}.get(item.kind, sentence(item.kind).removesuffix("s"))
    score = None if item.score is None else f"score {item.score:g}"
    words = (item.title, item.outcome, score, item.reason)
    return Told(
        at=item.at,
        icon=shown.icon,
        tone=shown.tone,
        title=f"{kind}: {shown.text[:1].lower()}{shown.text[1:]}",
        words=" · ".join(word for word in words if word),
        url=place_of(item.kind, item.entity),
    )
