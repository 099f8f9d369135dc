"""Analyses: `/api/v1/analyses`, and their batches."""

from datetime import datetime

import msgspec
from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromPath

from projections.queries import analyses as queries
from projections.queries.filters import AnalysisFilter, BatchFilter
from tracker.errors import NotFound
from web.api.answers import Items, answer, items
from web.api.asking import Query, asks, wanted
from web.ids import decode_id
from web.services import Services


class Requirement(msgspec.Struct, frozen=True, kw_only=True):
    """One requirement and whether the candidate meets it."""

    requirement: str | None
    mandatory: bool | None
    met: bool | None
    evidence: str | None


class Analysis(msgspec.Struct, frozen=True, kw_only=True):
    """One candidate in an analysis."""

    id: str
    organization_id: str
    analysis_id: str | None
    analysis_external_id: str | None
    candidate_external_id: str | None
    url: str | None
    score: float | None
    mandatory_met: bool | None
    requirements: list[Requirement]
    completed_at: datetime
    anomalies: list[str]


class Batch(msgspec.Struct, frozen=True, kw_only=True):
    """An analysis; `met` of its `candidates` meet all that is mandatory."""

    id: str
    organization_id: str
    external_id: str | None
    title: str | None
    created_at: datetime
    candidates: int
    met: int


@get(
    "/api/v1/analyses", sync_to_thread=True, operation_class=asks(AnalysisFilter), tags=["Analyses"]
)
def analyses(request: Query, services: NamedDependency[Services]) -> Items[Analysis]:
    """Analysed candidates; within one analysis ranked, what is mandatory before the score."""
    asked = wanted(AnalysisFilter, request)
    with services.views.read() as connection:
        return items(Analysis, queries.list_analyses(connection, asked))


@get("/api/v1/analyses/{candidate_id:str}", sync_to_thread=True, tags=["Analyses"])
def analysis(candidate_id: FromPath[str], services: NamedDependency[Services]) -> Analysis:
    """The newest analysis of one candidate."""
    with services.views.read() as connection:
        return answer(Analysis, queries.analysis(connection, decode_id(candidate_id))[0].row)


@get(
    "/api/v1/analysis-batches",
    sync_to_thread=True,
    operation_class=asks(BatchFilter),
    tags=["Analyses"],
)
def batches(request: Query, services: NamedDependency[Services]) -> Items[Batch]:
    """The analyses themselves, newest first."""
    asked = wanted(BatchFilter, request)
    with services.views.read() as connection:
        return items(Batch, queries.list_batches(connection, asked))


@get("/api/v1/analysis-batches/{batch_id:str}", sync_to_thread=True, tags=["Analyses"])
def batch(batch_id: FromPath[str], services: NamedDependency[Services]) -> Batch:
    """One analysis by Popp's id or the customer's, the newest of that id."""
    wanted_id = decode_id(batch_id)
    with services.views.read() as connection:
        found = queries.batch(connection, wanted_id)
    if found is None:
        raise NotFound(f"There is no analysis {wanted_id!r}")
    return answer(Batch, found)


ANALYSIS_HANDLERS = [analyses, analysis, batches, batch]
