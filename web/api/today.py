"""What waits for a person, and how far the views are."""

from datetime import datetime

import msgspec
from litestar import get
from litestar.di import NamedDependency

from projections.queries import waiting as queries
from projections.queries.filters import AttentionFilter, ReasonsFilter
from projections.status import EngineStatus
from web.api.answers import Items, items
from web.api.asking import Query, asks, wanted
from web.services import Services


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """Something that waits for a person; `item` is what an acknowledgement names."""

    projection: str
    entity: str
    item: str
    reason: str
    words: str
    since: datetime
    organization_id: str
    candidate_name: str | None
    person: str | None
    url: str | None


@get(
    "/api/v1/attention", sync_to_thread=True, operation_class=asks(AttentionFilter), tags=["Today"]
)
def attention(request: Query, services: NamedDependency[Services]) -> Items[Waiting]:
    """What waits for a person, longest first."""
    asked = wanted(AttentionFilter, request)
    with services.views.read() as connection:
        return items(Waiting, queries.needs_you(connection, asked))


class Reasons(msgspec.Struct, frozen=True):
    """How many things wait for a person: in all, and by reason, the most frequent first."""

    total: int
    reasons: dict[str, int]


@get(
    "/api/v1/attention/reasons",
    sync_to_thread=True,
    operation_class=asks(ReasonsFilter),
    tags=["Today"],
)
def attention_reasons(request: Query, services: NamedDependency[Services]) -> Reasons:
    """How many things wait for a person, by reason; each is a `reason` of the list."""
    asked = wanted(ReasonsFilter, request)
    every = AttentionFilter(organization_id=asked.organization_id)
    with services.views.read() as connection:
        counted = queries.waiting_reasons(connection, every)
    return Reasons(sum(counted.values()), counted)


@get("/api/v1/projections", sync_to_thread=True, tags=["System"])
def projections(services: NamedDependency[Services]) -> EngineStatus:
    """How far each projection is behind the log, and its digest."""
    return services.status()


TODAY_HANDLERS = [attention, attention_reasons, projections]
