"""A run's graph: what is done, where it probably stands, which ways it took."""

from typing import Final

import msgspec

from projections import contacts
from projections.queries.run_graph import RunEdge, RunGraph, RunNode
from projections.queries.runs import RunDetail
from web.badges import badge, plain
from web.graph import Drawing, Edge, Node, draw
from web.graph_list import Item, Line, Listing, Way, anchor, folded, shortened
from web.graph_text import LABEL_WIDTH, TEXT_WIDTH, spoken, wrapped
from web.times import lasted


class Look(msgspec.Struct, frozen=True):
    """How a node's state is told: in words, by an icon, a look of the box and a tone."""

    words: str
    icon: str
    box: str
    tone: str


LOOKS: Final = {
    "done": Look("Done", "circle-check", "done", "ok"),
    "current": Look("Probably here", "map-pin", "current", "go"),
    "failed": Look("Failed here", "circle-x", "failed", "bad"),
    "cancelled": Look("Cancelled here", "ban", "cancelled", "off"),
    "unreached": Look("Not reached", "circle-dashed", "unseen", "off"),
}
TAKEN_LEVEL: Final = 3


def drawn(detail: RunDetail, graph: RunGraph) -> Drawing:
    """The drawing, with the node that was completed first on top."""
    first = detail.steps[0].node_id if detail.steps else None
    return draw(
        [_node(node, detail) for node in sorted(graph.nodes, key=lambda node: node.id != first)],
        [_edge(edge, graph.configured) for edge in graph.edges],
    )


def legend(detail: RunDetail, graph: RunGraph) -> list[Look]:
    """The looks that the drawing has, in the order of a run's life."""
    seen = {_state(node, detail) for node in graph.nodes}
    return [look for state, look in LOOKS.items() if state in seen]


def _state(node: RunNode, detail: RunDetail) -> str:
    return str(detail.line.status) if node.state == "stopped" else node.state


def listed(detail: RunDetail, graph: RunGraph, *, whole: bool) -> Listing:
    """The same as a list, in the order in which the run came by, then what it didn't reach."""
    came = list(dict.fromkeys(step.node_id for step in detail.steps))
    order = {node: n for n, node in enumerate(came)}
    standing = detail.line.probable_node
    nodes = sorted(graph.nodes, key=lambda n: (order.get(n.id, len(order)), n.id != standing))
    items = [_item(node, detail, graph, _labels(graph)) for node in nodes]
    return folded(Listing(items) if whole else shortened(items))


def _labels(graph: RunGraph) -> dict[str, str]:
    return {node.id: node.label or node.id for node in graph.nodes}


def _node(node: RunNode, detail: RunDetail) -> Node:
    look = LOOKS[_state(node, detail)]
    label, notes = node.label or node.id, _notes(node, detail)
    lines = [line for note in notes for line in wrapped(note, LABEL_WIDTH)]
    return Node(
        id=node.id,
        label=label,
        notes=tuple(lines),
        icon=look.icon,
        state=look.box,
        anchor=anchor("node", node.id),
        href="#" + _leads_to(node, detail),
        # Only where the box can't hold everything: it makes pages large.
        detail=f"{label}: {', '.join(notes)}" if _is_long(label, notes) else "",
    )


def _leads_to(node: RunNode, detail: RunDetail) -> str:
    """The newest entry of the timeline about the node, or the node itself."""
    about = [step.event_id for step in node.steps] or [c.event_id for c in node.contacts]
    if node.state == "stopped" and detail.row.ended_by:
        about = [detail.row.ended_by]
    return anchor("event", about[-1]) if about else anchor("node", node.id)


def _notes(node: RunNode, detail: RunDetail) -> list[str]:
    """What stands under a node's label: how it went, where the run is and why, its contacts."""
    notes = []
    if node.steps:
        times = f" · {len(node.steps)} times" if len(node.steps) > 1 else ""
        notes.append((spoken(node.steps[-1].outcome) or "Done") + times)
    if node.state in {"current", "stopped"}:
        notes.append(LOOKS[_state(node, detail)].words)
    if node.state == "stopped" and detail.row.reason:
        notes.append(plain(detail.row.reason))
    return notes + [_contact(contact) for contact in node.contacts]


def _contact(contact: contacts.Contact) -> str:
    why = plain(contact.reason or contact.resolution or "")
    words = f"Contact {badge('contact', contact.status).text.lower()}"
    return f"{words}: {why}" if why else words


def _is_long(label: str, notes: list[str]) -> bool:
    return len(label) > 2 * TEXT_WIDTH or any(
        wrapped(n, LABEL_WIDTH)[-1][-1:] == "…" for n in notes
    )


def _edge(edge: RunEdge, configured: bool) -> Edge:
    label = spoken(edge.outcome) or "next"
    return Edge(
        source=edge.source,
        target=edge.target,
        label=label + (f" · {edge.taken} times" if edge.taken > 1 else ""),
        note="" if edge.waited is None else f"after {lasted(edge.waited)}",
        taken=edge.taken > 0 or edge.last,
        declared=edge.declared or not configured,
        level=TAKEN_LEVEL if edge.taken else 0,
    )


def _item(node: RunNode, detail: RunDetail, graph: RunGraph, labels: dict[str, str]) -> Item:
    ways = [edge for edge in graph.edges if edge.source == node.id]
    reached = node.state != "unreached"
    leads = node.steps or node.contacts or node.state == "stopped"
    return Item(
        label=labels[node.id],
        facts=tuple(Line(note) for note in _notes(node, detail)),
        below=tuple(_way(edge, labels) for edge in ways if edge.taken or edge.last),
        aside=tuple(_to(edge, labels) for edge in ways if not (edge.taken or edge.last)),
        active=reached,
        href="#" + _leads_to(node, detail) if leads else "",
    )


def _to(edge: RunEdge, labels: dict[str, str]) -> str:
    found = "" if edge.declared else ", discovered"
    return f"{spoken(edge.outcome) or 'Next'} to “{labels[edge.target]}”{found}"


def _way(edge: RunEdge, labels: dict[str, str]) -> Way:
    waited = f" after {lasted(edge.waited)}" if edge.waited is not None else ""
    often = f" {edge.taken} times" if edge.taken > 1 else ""
    words = f"taken{often}{waited}" if edge.taken else "probably taken last"
    return Way(_to(edge, labels), (Line(words),))
