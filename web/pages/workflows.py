"""Workflows, and one with everything counted on its graph."""

from typing import Any
from urllib.parse import urlencode

import msgspec
from litestar import Response

from projections.queries import workflow_graph as queries
from projections.queries import workflows as known
from projections.queries.filters import WorkflowFilter
from tracker.errors import NotFound
from web.badges import sentence
from web.graph import Drawing, Edge, Node, draw
from web.ids import encode_id
from web.pages.frame import Asked, Given, Tab, endpoint, record_id, seen_by, show, wanted
from web.pages.run import Listed
from web.rendering import Viewer, lasted, thousands


class WorkflowsPage(msgspec.Struct, frozen=True):
    """The list of workflows."""

    rows: list[known.WorkflowLine]
    next_cursor: str | None
    endpoint: str


class WorkflowPage(msgspec.Struct, frozen=True, kw_only=True):
    """One workflow: its graph, what differs from its configuration, its versions."""

    workflow: known.WorkflowLine
    versions: list[known.VersionLine]
    tabs: list[Tab]
    numbers: list[Tab]
    topics: str
    declared: bool
    drawing: Drawing
    nodes: list[Listed]
    undeclared: list[str]
    unused: list[str]


def workflows(request: Asked, services: Given) -> Response[Any]:
    """Every workflow that was published, imported or seen in runs."""
    with services.views.read() as connection:
        page = known.list_workflows(connection, wanted(WorkflowFilter, request))
    context = WorkflowsPage(page.items, page.next_cursor, endpoint(request))
    return show(request, services, "workflows/page.html", "workflows/list.html", context)


def workflow(request: Asked, services: Given) -> Response[Any]:
    """One workflow by its id, over all versions or the one in the address."""
    version = request.query_params.get("version")
    with services.views.read() as connection:
        detail = known.workflow(connection, record_id(request, "/workflows/"))
        if version is not None and version not in {v.version_id for v in detail.versions}:
            raise NotFound(f"The workflow has no version {version[:100]!r}")
        graph = queries.workflow_graph(connection, detail.workflow.id, version)
    context = workflow_page(detail, graph, version, seen_by(request, services))
    return show(request, services, "workflows/workflow.html", "workflows/detail.html", context)


def workflow_page(
    detail: known.WorkflowDetail, graph: queries.Graph, version: str | None, viewer: Viewer
) -> WorkflowPage:
    """What the page shows of a workflow and its graph."""
    labels = {node.id: node.label or node.id for node in graph.nodes}
    most = max((edge.count for edge in graph.edges), default=0) or 1
    return WorkflowPage(
        workflow=detail.workflow,
        versions=detail.versions,
        tabs=_tabs(detail, version, viewer),
        numbers=_numbers(detail),
        topics="runs " + encode_id(f"workflows:{detail.workflow.id}"),
        declared=graph.configured,
        drawing=draw(
            [
                _node(node, detail.workflow.id)
                for node in sorted(graph.nodes, key=lambda node: -node.entered)
            ],
            [_edge(edge, labels, most, graph.configured) for edge in graph.edges],
        ),
        nodes=[_listed(node, graph, labels) for node in graph.nodes],
        undeclared=_undeclared(graph, labels),
        unused=[f"{labels[e.source]}: {e.outcome} to {labels[e.target]}" for e in graph.unused],
    )


def _tabs(detail: known.WorkflowDetail, version: str | None, viewer: Viewer) -> list[Tab]:
    every = Tab("All versions", viewer.link(version=None), current=version is None)
    return [every] + [
        Tab(
            f"Version {v.number if v.number is not None else v.version_id or 'not named'}",
            viewer.link(version=v.version_id),
            current=version == v.version_id,
        )
        for v in detail.versions
        if v.version_id
    ]


def _numbers(detail: known.WorkflowDetail) -> list[Tab]:
    address = f"/runs?workflow_id={encode_id(detail.workflow.id)}"
    counts = detail.workflow.runs
    return [Tab("runs", address, sum(counts.values()))] + [
        Tab(status, f"{address}&status={status}", counts.get(status, 0))
        for status in ("running", "completed", "failed", "cancelled")
    ]


def _node(node: queries.GraphNode, workflow_id: str) -> Node:
    here = f"{node.here} here" if node.here else ""
    wait = lasted(node.median_wait) if node.median_wait is not None else ""
    label = node.label or node.id
    visits = f"{thousands(node.visits)} times"
    kind = f" ({sentence(node.type)})" if node.type else ""
    declared = "" if node.declared else ", discovered"
    return Node(
        id=node.id,
        label=label,
        note=" · ".join(word for word in (visits, wait, here) if word),
        icon="map-pin" if node.here else "circle-check" if node.visits else "circle-dashed",
        state="plain" if node.visits or node.here else "unseen",
        href=f"/runs?{urlencode({'workflow_id': workflow_id, 'visited': node.id})}",
        detail=f"{label}{kind}{declared}: completed {node.visits} times, {node.here} probably here",
    )


def _edge(edge: queries.GraphEdge, labels: dict[str, str], most: int, configured: bool) -> Edge:
    words = f"{edge.outcome or 'next'} · {thousands(edge.count)}"
    if edge.count:
        words += f" ({edge.share:.0%}) · {lasted(edge.median_wait)}"
    return Edge(
        source=edge.source,
        target=edge.target,
        label=words,
        detail=f"{labels[edge.source]} to {labels[edge.target]}: {words}",
        taken=edge.count > 0,
        declared=edge.declared or not configured,
        weight=edge.count / most,
    )


def _listed(node: queries.GraphNode, graph: queries.Graph, labels: dict[str, str]) -> Listed:
    words = f"completed {thousands(node.visits)} times"
    if node.median_wait is not None:
        words += f", median wait {lasted(node.median_wait)}"
    words += f", {node.here} probably here" if node.here else ""
    ways = [
        f"{e.outcome or 'next'} to {labels[e.target]}: {thousands(e.count)} ({e.share:.0%})"
        + (f", median wait {lasted(e.median_wait)}" if e.count else "")
        + ("" if e.declared else ", discovered")
        for e in graph.edges
        if e.source == node.id
    ]
    return Listed(node.label or node.id, words, ways)


def _undeclared(graph: queries.Graph, labels: dict[str, str]) -> list[str]:
    if not graph.configured:
        return []
    unknown = [f"{labels[n.id]}: this node is not declared" for n in graph.nodes if not n.declared]
    return unknown + [
        f"{labels[node.id]}: {outcome or 'no outcome'} ({node.outcomes[outcome]} times)"
        for node in graph.nodes
        for outcome in node.undeclared
    ]
