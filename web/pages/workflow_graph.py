"""A workflow's graph with its counts: what is drawn, listed, and told of its differences."""

from collections.abc import Iterator, Mapping
from typing import Final

import msgspec
from markupsafe import escape

from projections.queries.passages import EdgeKey
from projections.queries.workflow_graph import Graph, GraphEdge, GraphNode
from tracker.timing import DAY, HOUR, MINUTE
from web.figures import thousands
from web.graph import MOST_EDGES, MOST_NODES, Drawing, Edge, Node, draw
from web.graph_list import Item, Line, Listing, Way, shortened
from web.graph_text import TEXT_WIDTH, spoken
from web.pages.workflow_links import Links
from web.times import lasted

GONE: Final = "gone"
LEVELS: Final = 5
ROOM: Final = 79_000
NODE_TAKES, WAY_TAKES, PIN_TAKES, LINE_TAKES = 215, 180, 110, 210
"""Bytes that a page has for its graph; what a node, a way and a pin take without links, and a
line of the list."""

WAITS: Final = (
    (MINUTE, "up to a minute"),
    (HOUR, "up to an hour"),
    (DAY, "up to a day"),
    (7 * DAY, "up to a week"),
)
LONGER: Final = "longer than a week"


class Scale(msgspec.Struct, frozen=True):
    """How a number becomes one of five thicknesses: by runs, or by the median wait."""

    by_time: bool
    most: int

    def level(self, of: GraphNode | GraphEdge) -> int:
        """From 1 to 5, 0 for what nobody passed."""
        if not of.runs:
            return 0
        if not self.by_time:
            return -(-LEVELS * of.runs // max(self.most, 1))
        wait = of.median_wait or 0
        return next((n for n, (most, _) in enumerate(WAITS, 1) if wait <= most), LEVELS)

    def legend(self) -> list[tuple[int, str]]:
        """Each level with what it stands for."""
        if self.by_time:
            return [(n, words) for n, (_, words) in enumerate(WAITS, 1)] + [(LEVELS, LONGER)]
        ends = [self.most * n // LEVELS for n in range(LEVELS + 1)]
        spans = [(n, ends[n - 1] + 1, ends[n]) for n in range(1, LEVELS + 1)]
        return [(n, _runs_between(low, high)) for n, low, high in spans if low <= high]


def _runs_between(low: int, high: int) -> str:
    span = thousands(low) if low == high else f"{thousands(low)} to {thousands(high)}"
    return f"{span} {'run' if high == 1 else 'runs'}"


def scale(graph: Graph, *, by_time: bool) -> Scale:
    """The scale of a graph, up to what is counted most on it."""
    most = [node.runs for node in graph.nodes] + [edge.runs for edge in graph.edges]
    return Scale(by_time, max(most, default=0))


def drawn(
    graph: Graph,
    links: Links,
    used: Scale,
    marks: Mapping[object, str],
    older: Links,
    room: int,
) -> Drawing:
    """The drawing; `marks` names nodes and ways that are `new` or `gone` in a comparison.

    What is gone leads to the runs of the `older` version. The links take at most `room`
    bytes, so that the page stays small.
    """
    nodes = sorted(graph.nodes, key=lambda node: -node.entered)
    addresses = _addresses(graph, links, marks, older, room)
    return draw(
        [_node(node, addresses.get(node.id, ""), links, used, marks) for node in nodes],
        [_edge(edge, graph, addresses.get(_key(edge), ""), used, marks) for edge in graph.edges],
    )


def _addresses(
    graph: Graph, links: Links, marks: Mapping[object, str], older: Links, room: int
) -> dict[str | EdgeKey, str]:
    """Where nodes and then ways lead, the busiest first, as far as there is room for it.

    The list has them all.
    """
    found: dict[str | EdgeKey, str] = {}
    for key, address in _busiest_first(graph, links, marks, older):
        room -= _size(address)
        if room < 0:
            break
        found[key] = address
    return found


def _busiest_first(
    graph: Graph, links: Links, marks: Mapping[object, str], older: Links
) -> Iterator[tuple[str | EdgeKey, str]]:
    for node in sorted(graph.nodes, key=lambda node: -node.runs):
        if node.runs:
            yield node.id, (older if marks.get(node.id) == GONE else links).node(node.id)
    for edge in sorted(graph.edges, key=lambda edge: -edge.runs):
        if edge.runs:
            yield _key(edge), (older if marks.get(_key(edge)) == GONE else links).way(edge)


def room_beside(graph: Graph, links: Links, listing: Listing) -> int:
    """How many bytes a page of a graph has left for the links of its drawing, and a table."""
    nodes = sum(NODE_TAKES + _title_size(node) for node in graph.nodes[:MOST_NODES])
    pins = sum(PIN_TAKES + _size(links.here(node.id)) for node in graph.nodes if node.here)
    ways = WAY_TAKES * min(len(graph.edges), MOST_EDGES)
    return max(0, ROOM - nodes - pins - ways - LINE_TAKES * listing.lines)


def _size(text: str) -> int:
    return len(str(escape(text)).encode())


def _title_size(node: GraphNode) -> int:
    title = _title(node)
    return _size(title) + len("<title></title>") if title else 0


def _title(node: GraphNode) -> str:
    """The whole label, only where the box can't hold it: it makes pages large."""
    label = node.label or node.id
    return label if len(label) > 2 * TEXT_WIDTH else ""


def unlinked(drawing: Drawing) -> int:
    """How many nodes and ways of a drawing are counted without being links."""
    nodes = sum(bool(box.node.level) and not box.node.href for box in drawing.boxes)
    return nodes + sum(path.edge.taken and not path.edge.href for path in drawing.paths)


def labels_of(graph: Graph) -> dict[str, str]:
    """What each node is called."""
    return {node.id: node.label or node.id for node in graph.nodes}


def runs_words(number: int) -> str:
    """A number of runs: `1 run`, `12 runs`."""
    return f"{thousands(number)} {'run' if number == 1 else 'runs'}"


def _key(edge: GraphEdge) -> EdgeKey:
    return edge.source, edge.outcome, edge.target


def _node(
    node: GraphNode, address: str, links: Links, used: Scale, marks: Mapping[object, str]
) -> Node:
    label, mark = node.label or node.id, marks.get(node.id, "")
    wait = f" · {lasted(node.median_wait)}" if node.median_wait is not None else ""
    notes = [runs_words(node.runs) + wait]
    notes += [mark.capitalize()] if mark else []
    seen = node.runs or node.here
    return Node(
        id=node.id,
        label=label,
        notes=tuple(notes),
        icon="map-pin" if node.here else "circle-check" if seen else "circle-dashed",
        state=mark or ("" if seen else "unseen"),
        level=used.level(node),
        href=address,
        detail=_title(node),
        pin=f"{thousands(node.here)} here" if node.here else "",
        pin_href=links.here(node.id) if node.here else "",
    )


def _edge(
    edge: GraphEdge,
    graph: Graph,
    address: str,
    used: Scale,
    marks: Mapping[object, str],
) -> Edge:
    mark = marks.get(_key(edge), "")
    note = f"{thousands(edge.runs)} · {edge.share:.0%} · {lasted(edge.median_wait)}"
    new = f" ({mark})" if mark else ""
    return Edge(
        source=edge.source,
        target=edge.target,
        label=(spoken(edge.outcome) or "next") + new,
        note=note if edge.runs else "",
        href=address,
        taken=edge.runs > 0,
        declared=edge.declared or not graph.configured,
        level=used.level(edge),
        mark=mark,
    )


def listed(graph: Graph, links: Links, *, whole: bool) -> Listing:
    """The same as a list."""
    labels = labels_of(graph)
    leaving: dict[str, list[GraphEdge]] = {}
    for edge in graph.edges:
        leaving.setdefault(edge.source, []).append(edge)
    items = [_item(node, leaving.get(node.id, []), labels, links) for node in graph.nodes]
    return Listing(items) if whole else shortened(items)


def _item(node: GraphNode, ways: list[GraphEdge], labels: dict[str, str], links: Links) -> Item:
    again = f" ({thousands(node.visits)} visits)" if node.visits != node.runs else ""
    facts = [Line(runs_words(node.runs) + again, links.node(node.id) if node.runs else "")]
    if node.median_wait is not None:
        facts.append(Line(f"median wait {lasted(node.median_wait)}"))
    if node.here:
        facts.append(Line(f"{thousands(node.here)} probably here now", links.here(node.id)))
    return Item(
        label=labels[node.id],
        facts=tuple(facts),
        below=tuple(_way(edge, labels, links) for edge in ways if edge.runs),
        aside=tuple(_to(edge, labels) for edge in ways if not edge.runs),
        active=bool(node.runs or node.here),
    )


def _to(edge: GraphEdge, labels: dict[str, str]) -> str:
    return f"{spoken(edge.outcome) or 'Next'} to “{labels[edge.target]}”"


def _way(edge: GraphEdge, labels: dict[str, str], links: Links) -> Way:
    again = f" ({thousands(edge.count)} times)" if edge.count != edge.runs else ""
    words = [f"{edge.share:.0%}", f"median wait {lasted(edge.median_wait)}"]
    words += [] if edge.declared else ["discovered"]
    runs = Line(runs_words(edge.runs) + again, links.way(edge))
    return Way(_to(edge, labels), (runs, *map(Line, words)))


class Difference(msgspec.Struct, frozen=True):
    """What the configuration lacks, or nobody used: some words, then a number with its list."""

    words: str
    count: str
    href: str


def undeclared(graph: Graph, links: Links) -> list[Difference]:
    """Nodes and outcomes that happened without being declared."""
    if not graph.configured:
        return []
    labels = labels_of(graph)
    nodes = [
        Difference(
            f"{labels[node.id]}: this node is not declared",
            runs_words(node.runs),
            links.node(node.id),
        )
        for node in graph.nodes
        if not node.declared
    ]
    return nodes + [
        Difference(
            f"{labels[node.id]}: {outcome or 'no outcome'}",
            runs_words(node.outcome_runs[outcome]),
            links.outcome(node.id, outcome),
        )
        for node in graph.nodes
        for outcome in node.undeclared
    ]


def unused(graph: Graph, links: Links) -> list[Difference]:
    """Declared routes that nobody took, each with the runs that completed its node."""
    labels = labels_of(graph)
    runs = {node.id: node.runs for node in graph.nodes}
    return [
        Difference(
            f"{labels[edge.source]}: {_to(edge, labels)}",
            f"none of {runs_words(runs[edge.source])}" if runs[edge.source] else "no run came here",
            links.node(edge.source) if runs[edge.source] else "",
        )
        for edge in graph.unused
    ]
