"""People: `/api/v1/candidates`, and whatever is found by words."""

from datetime import datetime

import msgspec
from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromPath

from projections.queries import people as queries
from projections.queries import search as searching
from projections.queries import story
from projections.queries.filters import PersonFilter, SearchFilter
from web.api.answers import Items, answer, answers, items
from web.api.asking import Query, asks, wanted
from web.ids import decode_id
from web.pages.frame import note_look
from web.services import Services


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """A person; `person` is the smallest of the identities that name them."""

    person: str
    name: str | None
    identities: list[str]
    entities: dict[str, int]
    last_event_at: datetime


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """One id of a person in one system, and the entities (`projection:key`) that gave it."""

    identity: str
    system: str
    organization_id: str | None
    value: str
    through: list[str]


class Happened(msgspec.Struct, frozen=True, kw_only=True):
    """One conversation, meeting, analysis, run or contact of a person."""

    kind: str
    id: str
    organization_id: str
    status: str | None
    outcome: str | None
    title: str | None
    reason: str | None
    score: float | None
    first_at: datetime
    at: datetime
    starts_at: datetime | None
    ends_at: datetime | None
    timezone: str | None
    url: str | None


class WholeCandidate(msgspec.Struct, frozen=True, kw_only=True):
    """A person with the joined identities and the story, newest first."""

    person: str
    name: str | None
    identities: list[Identity]
    story: list[Happened]


class Hit(msgspec.Struct, frozen=True, kw_only=True):
    """Something found."""

    projection: str
    entity: str
    title: str


@get(
    "/api/v1/candidates",
    sync_to_thread=True,
    operation_class=asks(PersonFilter),
    tags=["Candidates"],
)
def candidates(request: Query, services: NamedDependency[Services]) -> Items[Candidate]:
    """People, by default those with whom something happened last first."""
    asked = wanted(PersonFilter, request)
    with services.views.read() as connection:
        return items(Candidate, queries.people(connection, asked))


@get("/api/v1/candidates/{candidate_id:str}", sync_to_thread=True, tags=["Candidates"])
def candidate(
    request: Query, candidate_id: FromPath[str], services: NamedDependency[Services]
) -> WholeCandidate:
    """One person by any identity, or any raw id of Popp's or the customer's."""
    with services.views.read() as connection:
        found = story.person(connection, decode_id(candidate_id))
    note_look(request, services, "person seen", found.person)
    return answer(WholeCandidate, found)


@get("/api/v1/search", sync_to_thread=True, operation_class=asks(SearchFilter), tags=["Candidates"])
def search(request: Query, services: NamedDependency[Services]) -> Items[Hit]:
    """What fits all words, best first."""
    asked = wanted(SearchFilter, request)
    with services.views.read() as connection:
        return Items(answers(Hit, searching.search(connection, asked.q, asked.limit)))


CANDIDATE_HANDLERS = [candidates, candidate, search]
