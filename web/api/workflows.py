"""Workflows: `/api/v1/workflows`, and the graph of one with everything counted on it."""

from datetime import datetime

import msgspec
from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromPath

from projections.queries import workflows as queries
from projections.queries.filters import GraphFilter, WorkflowFilter
from projections.queries.workflow_graph import workflow_graph
from tracker.errors import NotFound
from tracker.timing import DAY
from web.api.answers import Items, answer, answers, items
from web.api.asking import Query, asks, wanted
from web.ids import decode_id
from web.services import Services


class Workflow(msgspec.Struct, frozen=True, kw_only=True):
    """A workflow with its runs counted by status."""

    id: str
    organization_id: str
    external_id: str | None
    name: str | None
    version_count: int
    last_published_at: datetime | None
    imported_at: datetime | None
    runs: dict[str, int]
    anomalies: list[str]


class Version(msgspec.Struct, frozen=True, kw_only=True):
    """A version; the id '' stands for none. `node_count` is that of its configuration."""

    version_id: str
    number: int | None
    published_at: datetime | None
    imported_at: datetime | None
    node_count: int
    runs: int
    anomalies: list[str]


class WholeWorkflow(Workflow, frozen=True, kw_only=True):
    """A workflow with its versions, the newest first."""

    versions: list[Version]


class Node(msgspec.Struct, frozen=True, kw_only=True):
    """A node; `visits` counts completions, `here` runs that probably stand here."""

    id: str
    label: str | None
    type: str | None
    runs: int
    visits: int
    here: int
    declared: bool
    median_wait_seconds: float | None


class Edge(msgspec.Struct, frozen=True, kw_only=True):
    """A way between nodes; not `declared` when it was only seen in runs.

    `runs` took it, `count` times in all; `share` is their part of the runs that went on.
    """

    source: str
    target: str
    outcome: str
    runs: int
    count: int
    share: float
    declared: bool
    median_wait_seconds: float | None


class Graph(msgspec.Struct, frozen=True):
    """Nodes and the ways between them."""

    nodes: list[Node]
    edges: list[Edge]


@get(
    "/api/v1/workflows",
    sync_to_thread=True,
    operation_class=asks(WorkflowFilter),
    tags=["Workflows"],
)
def workflows(request: Query, services: NamedDependency[Services]) -> Items[Workflow]:
    """Workflows by id, those only seen in runs, too."""
    asked = wanted(WorkflowFilter, request)
    with services.views.read() as connection:
        return items(Workflow, queries.list_workflows(connection, asked))


@get("/api/v1/workflows/{workflow_id:str}", sync_to_thread=True, tags=["Workflows"])
def workflow(workflow_id: FromPath[str], services: NamedDependency[Services]) -> WholeWorkflow:
    """One workflow."""
    with services.views.read() as connection:
        detail = queries.workflow(connection, decode_id(workflow_id))
    return answer(WholeWorkflow, detail.workflow, versions=answers(Version, detail.versions))


@get(
    "/api/v1/workflows/{workflow_id:str}/graph",
    sync_to_thread=True,
    operation_class=asks(GraphFilter),
    tags=["Workflows"],
)
def graph(request: Query, workflow_id: FromPath[str], services: NamedDependency[Services]) -> Graph:
    """The graph of one version, or of all together."""
    asked = wanted(GraphFilter, request)
    with services.views.read() as connection:
        detail = queries.workflow(connection, decode_id(workflow_id))
        if asked.version not in {None, *(version.version_id for version in detail.versions)}:
            raise NotFound(f"Workflow {detail.workflow.id!r} has no version {asked.version!r}")
        day = None if asked.since is None else asked.since // DAY
        found = workflow_graph(connection, detail.workflow.id, asked.version, day)
    return Graph(
        [answer(Node, n, median_wait_seconds=_seconds(n.median_wait)) for n in found.nodes],
        [answer(Edge, e, median_wait_seconds=_seconds(e.median_wait)) for e in found.edges],
    )


def _seconds(microseconds: int | None) -> float | None:
    return None if microseconds is None else microseconds / 1_000_000


WORKFLOW_HANDLERS = [workflows, workflow, graph]
