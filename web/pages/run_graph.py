"""A run's graph: what is done, where it probably stands, which ways it took."""

from typing import Final

from projections import contacts
from projections.queries.run_graph import RunEdge, RunGraph, RunNode
from projections.queries.runs import RunDetail
from web.badges import badge
from web.graph import Drawing, Edge, Node, draw
from web.graph_list import Item, Line, Listing, anchor, shortened
from web.graph_text import LABEL_WIDTH, TEXT_WIDTH, shorten, spoken
from web.times import lasted

LOOKS: Final = {
    "done": ("circle-check", "done"),
    "current": ("map-pin", "current"),
    "stopped": ("circle-x", "failed"),
    "unreached": ("circle-dashed", "unseen"),
}
WORDS: Final = {
    "done": "Done",
    "current": "Probably here",
    "stopped": "The run ended here",
    "unreached": "Not reached",
}
TAKEN_LEVEL: Final = 3


def drawn(detail: RunDetail, graph: RunGraph) -> Drawing:
    """The drawing, with the node that was completed first on top."""
    first = detail.steps[0].node_id if detail.steps else None
    return draw(
        [_node(node) for node in sorted(graph.nodes, key=lambda node: node.id != first)],
        [_edge(edge, graph.configured) for edge in graph.edges],
    )


def listed(detail: RunDetail, graph: RunGraph, *, whole: bool) -> Listing:
    """The same as a list, in the order in which the run came by, then what it didn't reach."""
    came = list(dict.fromkeys(step.node_id for step in detail.steps))
    order = {node: n for n, node in enumerate(came)}
    standing = detail.line.probable_node
    nodes = sorted(graph.nodes, key=lambda n: (order.get(n.id, len(order)), n.id != standing))
    items = [_item(node, graph, _labels(graph)) for node in nodes]
    return Listing(items) if whole else shortened(items)


def _labels(graph: RunGraph) -> dict[str, str]:
    return {node.id: node.label or node.id for node in graph.nodes}


def _node(node: RunNode) -> Node:
    icon, state = LOOKS[node.state]
    label = node.label or node.id
    return Node(
        id=node.id,
        label=label,
        notes=tuple(shorten(note, LABEL_WIDTH) for note in _notes(node)),
        icon=icon,
        state=state,
        anchor=anchor("node", node.id),
        href="#" + _leads_to(node),
        # Only where the box can't hold everything: it makes pages large.
        detail=f"{label}: {', '.join(_notes(node))}" if _is_long(label, node) else "",
    )


def _leads_to(node: RunNode) -> str:
    """The newest entry of the timeline about the node, or the node itself."""
    about = [step.event_id for step in node.steps] or [c.event_id for c in node.contacts]
    return anchor("event", about[-1]) if about else anchor("node", node.id)


def _notes(node: RunNode) -> list[str]:
    """What stands under a node's label: how it went, that the run is here, its contacts."""
    notes = []
    if node.steps:
        times = f" · {len(node.steps)} times" if len(node.steps) > 1 else ""
        notes.append((spoken(node.steps[-1].outcome) or "Done") + times)
    if node.state in {"current", "stopped"}:
        notes.append(WORDS[node.state])
    return notes + [_contact(contact) for contact in node.contacts]


def _contact(contact: contacts.Contact) -> str:
    why = contact.reason or contact.resolution
    words = f"Contact {badge('contact', contact.status).text.lower()}"
    return f"{words}: {why}" if why else words


def _is_long(label: str, node: RunNode) -> bool:
    return len(label) > 2 * TEXT_WIDTH or any(len(note) > LABEL_WIDTH for note in _notes(node))


def _edge(edge: RunEdge, configured: bool) -> Edge:
    label = spoken(edge.outcome) or "next"
    return Edge(
        source=edge.source,
        target=edge.target,
        label=label + (f" · {edge.taken} times" if edge.taken > 1 else ""),
        note="" if edge.waited is None else f"after {lasted(edge.waited)}",
        taken=edge.taken > 0,
        declared=edge.declared or not configured,
        level=TAKEN_LEVEL if edge.taken else 0,
    )


def _item(node: RunNode, graph: RunGraph, labels: dict[str, str]) -> Item:
    ways = sorted((e for e in graph.edges if e.source == node.id), key=lambda e: not e.taken)
    return Item(
        label=labels[node.id],
        facts=tuple(Line(note) for note in _notes(node) or [WORDS[node.state]]),
        below=tuple(Line(_way(edge, labels)) for edge in ways),
        active=node.state != "unreached",
        href="#" + _leads_to(node) if node.steps or node.contacts else "",
    )


def _way(edge: RunEdge, labels: dict[str, str]) -> str:
    waited = f" after {lasted(edge.waited)}" if edge.waited is not None else ""
    often = f" {edge.taken} times" if edge.taken > 1 else ""
    words = f"taken{often}{waited}" if edge.taken else "not taken"
    found = "" if edge.declared else ", discovered"
    return f"{spoken(edge.outcome) or 'Next'} to {labels[edge.target]}: {words}{found}"
