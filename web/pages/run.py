"""One run: its graph beside its timeline, each leading to the other."""

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec
from litestar import Response

from projections.queries import run_graph as queries
from projections.queries.runs import RunDetail, RunLine
from projections.queries.runs import run as find_run
from projections.runs import Run
from tracker.timing import DAY
from web.badges import badge, sentence
from web.graph import Drawing, Edge, Node, draw
from web.ids import encode_id
from web.pages.frame import Asked, Given, record_id, show
from web.rendering import lasted

LOOKS = {
    "done": ("circle-check", "done"),
    "current": ("map-pin", "current"),
    "stopped": ("circle-x", "failed"),
    "unreached": ("circle-dashed", "unseen"),
}
WORDS = {
    "done": "done",
    "current": "probably here",
    "stopped": "the run ended here",
    "unreached": "not reached",
}
TONES = {
    "completed": ("circle-check", "ok"),
    "failed": ("circle-x", "bad"),
    "cancelled": ("ban", "off"),
}


class Listed(msgspec.Struct, frozen=True):
    """A node in the list that says the same as the graph."""

    label: str
    words: str
    ways: list[str]


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """One event of the timeline; `gap` is a long silence before it, in microseconds."""

    at: int
    icon: str
    tone: str
    title: str
    note: str | None
    anomaly: str | None
    anchor: str
    node_anchor: str | None
    event_url: str
    gap: int | None


class RunPage(msgspec.Struct, frozen=True, kw_only=True):
    """One run as shown."""

    run: RunLine
    row: Run
    name: str
    candidate_url: str | None
    topics: str
    declared: bool
    drawing: Drawing
    nodes: list[Listed]
    timeline: list[Told]


def run(request: Asked, services: Given) -> Response[Any]:
    """One run by its id."""
    with services.views.read() as connection:
        detail = find_run(connection, record_id(request, "/runs/"), services.now())
        graph = queries.run_graph(connection, detail)
    context = run_page(detail, graph)
    return show(request, services, "runs/run.html", "runs/detail.html", context)


def run_page(detail: RunDetail, graph: queries.RunGraph) -> RunPage:
    """What the page shows of a run and its graph."""
    line, labels = detail.line, {node.id: node.label or node.id for node in graph.nodes}
    anchors = {node.id: f"node-{number}" for number, node in enumerate(graph.nodes, 1)}
    steps = {step.event_id: f"step-{step.number}" for step in detail.steps}
    person = line.person
    return RunPage(
        run=line,
        row=detail.row,
        name=(person.name if person else None) or line.candidate_profile_id or line.id,
        candidate_url=f"/candidates/{encode_id(person.person)}" if person else None,
        topics=encode_id(f"runs:{line.id}"),
        declared=graph.configured,
        drawing=draw(
            [_node(node, anchors[node.id], steps) for node in _first_first(detail, graph)],
            [_edge(edge, labels, graph.configured) for edge in graph.edges],
        ),
        nodes=[_listed(node, graph, labels) for node in graph.nodes],
        timeline=list(_timeline(detail, labels, anchors, steps)),
    )


def _first_first(detail: RunDetail, graph: queries.RunGraph) -> list[queries.RunNode]:
    first = detail.steps[0].node_id if detail.steps else None
    return sorted(graph.nodes, key=lambda node: node.id != first)


def _node(node: queries.RunNode, anchor: str, steps: dict[str, str]) -> Node:
    icon, state = LOOKS[node.state]
    newest = node.steps[-1] if node.steps else None
    notes = [newest.outcome if newest else WORDS[node.state]]
    if len(node.steps) > 1:
        notes.append(f"{len(node.steps)} times")
    notes += [f"contact {contact.status}" for contact in node.contacts]
    label = node.label or node.id
    kind = f" ({sentence(node.type)})" if node.type else ""
    return Node(
        id=node.id,
        label=label,
        note=" · ".join(note for note in notes if note),
        icon=icon,
        state=state,
        anchor=anchor,
        href=f"#{steps[newest.event_id]}" if newest else "",
        detail=f"{label}{kind}: {WORDS[node.state]}",
    )


def _edge(edge: queries.RunEdge, labels: dict[str, str], configured: bool) -> Edge:
    waited = f" · {lasted(edge.waited)}" if edge.waited is not None else ""
    often = f" · {edge.taken} times" if edge.taken > 1 else ""
    label = f"{edge.outcome or 'next'}{often}{waited}"
    return Edge(
        source=edge.source,
        target=edge.target,
        label=label,
        detail=f"{labels[edge.source]} to {labels[edge.target]}: {label}",
        taken=edge.taken > 0,
        declared=edge.declared or not configured,
        weight=0.4 if edge.taken else 0.0,
    )


def _listed(node: queries.RunNode, graph: queries.RunGraph, labels: dict[str, str]) -> Listed:
    ways = (edge for edge in graph.edges if edge.source == node.id)
    contacts = [f"contact {c.status}{f': {c.reason}' if c.reason else ''}" for c in node.contacts]
    return Listed(
        label=node.label or node.id,
        words=", ".join([WORDS[node.state], *contacts]),
        ways=[_way(edge, labels) for edge in ways],
    )


def _way(edge: queries.RunEdge, labels: dict[str, str]) -> str:
    waited = f" after {lasted(edge.waited)}" if edge.waited is not None else ""
    words = f"taken{waited}" if edge.taken else "not taken"
    found = "" if edge.declared else ", discovered"
    return f"{edge.outcome or 'next'} to {labels[edge.target]}: {words}{found}"


def _timeline(
    detail: RunDetail, labels: dict[str, str], anchors: dict[str, str], steps: dict[str, str]
) -> Iterator[Told]:
    done = {step.event_id: step for step in detail.steps}
    before: int | None = None
    for number, entry in enumerate(detail.row.history, 1):
        step = done.get(entry.event_id)
        icon, tone = _tone(entry.type, entry.status)
        waited = f"after {lasted(step.waited)}" if step else None
        yield Told(
            at=entry.at,
            icon=icon,
            tone=tone,
            title=labels.get(step.node_id, step.node_id) if step else sentence(entry.type),
            note=_joined((step.outcome, waited) if step else (entry.note,)),
            anomaly=entry.anomaly,
            anchor=steps.get(entry.event_id, f"event-{number}"),
            node_anchor=anchors.get(step.node_id) if step else None,
            event_url=f"/events/id/{encode_id(entry.event_id)}",
            gap=entry.at - before if before is not None and entry.at - before > DAY else None,
        )
        before = entry.at


def _tone(event_type: str, status: str) -> tuple[str, str]:
    if event_type.startswith("WORKFLOW_RUN_") and status in TONES:
        return TONES[status]
    if event_type.startswith("WORKFLOW_CONTACT_"):
        shown = badge("contact", event_type.rpartition("_")[2].lower())
        return shown.icon, shown.tone
    return ("circle-check", "ok") if "NODE" in event_type else ("player-play", "go")


def _joined(words: Iterable[str | None]) -> str | None:
    return " · ".join(word for word in words if word) or None
