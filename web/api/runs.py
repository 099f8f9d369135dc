"""Runs: `/api/v1/runs`."""

from datetime import datetime

import msgspec
from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromPath

from projections.queries import runs as queries
from projections.queries.filters import RunFilter
from web.api.answers import Items, answer, answers, items
from web.api.asking import Query, asks, wanted
from web.api.contacts import Contact
from web.ids import decode_id
from web.services import Services


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """One run; `current_node` is where a running one probably stands."""

    id: str
    workflow_id: str
    workflow_version_id: str
    organization_id: str
    candidate_profile_id: str | None
    status: str
    started_at: datetime | None
    ended_at: datetime | None
    last_event_at: datetime
    current_node: str | None
    step_count: int
    stuck: bool
    anomalies: list[str]


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One completed node."""

    node_id: str
    node_type: str | None
    label: str | None
    outcome: str
    completed_at: datetime
    event_id: str


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One event of a life: what it led to, and what was unexpected about it."""

    status: str
    at: datetime
    event_id: str
    type: str
    note: str | None
    anomaly: str | None


class WholeRun(Run, frozen=True, kw_only=True):
    """One run with its steps, the resolutions of its contacts and its history."""

    reason: str | None
    steps: list[Step]
    contacts: list[Contact]
    history: list[Entry]


@get("/api/v1/runs", sync_to_thread=True, operation_class=asks(RunFilter), tags=["Runs"])
def runs(request: Query, services: NamedDependency[Services]) -> Items[Run]:
    """Runs, by default those that something happened to last."""
    asked = wanted(RunFilter, request)
    with services.views.read() as connection:
        page = queries.list_runs(connection, asked, services.now())
    return items(Run, page.of([_listed(line) for line in page.items]))


@get("/api/v1/runs/{run_id:str}", sync_to_thread=True, tags=["Runs"])
def run(run_id: FromPath[str], services: NamedDependency[Services]) -> WholeRun:
    """One run."""
    with services.views.read() as connection:
        detail = queries.run(connection, decode_id(run_id), services.now())
    return answer(
        WholeRun,
        detail.line,
        current_node=detail.line.probable_node,
        steps=answers(Step, detail.steps),
        contacts=answers(Contact, detail.contacts),
        history=answers(Entry, detail.row.history),
    )


def _listed(line: queries.RunLine) -> Run:
    return answer(Run, line, current_node=line.probable_node)


RUN_HANDLERS = [runs, run]
