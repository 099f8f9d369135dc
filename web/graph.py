"""The one adapter around graphlay: what to draw goes in, where to draw it comes out.

An edge's label is laid out as a small node of its own between the two ends, so
that the engine itself keeps labels apart from nodes, from other edges and from
each other; the two halves are joined again here. A self-loop is labelled inside
its node, where there is room reserved for it.

The templates draw the SVG from a `Drawing`; nothing else knows the engine.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import graphlay
import msgspec

MOST_NODES = 200
"""More nodes than this are left out of a drawing, the last ones first; the list has them all."""

NODE_WIDTH, LINE, LOOP_LINE, PADDING = 224, 17, 18, 10
TEXT_WIDTH, LABEL_HEIGHT, CHARACTER, MARGIN = 22, 20, 6.6, 16
LABEL_WIDTH = 42
OPTIONS = {
    "direction": "topbottom",
    "spacing": {"layer_gap": 20.0, "node_gap": 26.0, "isolated_gap": 30.0},
}


class Node(msgspec.Struct, frozen=True, kw_only=True):
    """Something to draw: `state` names its look, `note` is the line under the label."""

    id: str
    label: str
    note: str = ""
    icon: str = "circle"
    state: str = "plain"
    anchor: str = ""
    href: str = ""
    detail: str = ""


class Edge(msgspec.Struct, frozen=True, kw_only=True):
    """A way from one node to another; `weight` (0 to 1) is how thick it is drawn."""

    source: str
    target: str
    label: str = ""
    detail: str = ""
    taken: bool = False
    declared: bool = True
    weight: float = 0.0


class Box(msgspec.Struct, frozen=True):
    """A node with its place: the upper left corner, the size, the wrapped label."""

    node: Node
    x: float
    y: float
    width: float
    height: float
    lines: tuple[str, ...]
    loops: tuple[str, ...] = ()


class Path(msgspec.Struct, frozen=True):
    """An edge with its way as SVG path data; `label` is empty where it stands in a node."""

    edge: Edge
    d: str
    label: str
    x: float
    y: float
    width: float
    stroke: float


class Drawing(msgspec.Struct, frozen=True):
    """A whole picture in pixels; `left_out` counts the nodes that it doesn't show."""

    width: float
    height: float
    boxes: tuple[Box, ...]
    paths: tuple[Path, ...]
    left_out: int = 0


def draw(nodes: Sequence[Node], edges: Iterable[Edge]) -> Drawing:
    """Place nodes and edges; the same input always gives the same drawing.

    An end of an edge that is no node given is drawn as a node of its own.
    """
    every = _with_missing_ends(nodes, edges := tuple(edges))
    shown = every[:MOST_NODES]
    ids = {node.id for node in shown}
    kept = tuple(edge for edge in edges if edge.source in ids and edge.target in ids)
    if not shown:
        return Drawing(0, 0, (), ())
    return _Placing(shown, kept).drawing(len(every) - len(shown))


def _with_missing_ends(nodes: Sequence[Node], edges: Iterable[Edge]) -> list[Node]:
    known = {node.id: node for node in nodes}
    for edge in edges:
        for end in (edge.source, edge.target):
            known.setdefault(end, Node(id=end, label=end))
    return list(known.values())


class _Placing:
    """One run of the engine, and the way back from its numbers to ours."""

    def __init__(self, nodes: Sequence[Node], edges: Sequence[Edge]) -> None:
        self.nodes, self.edges = nodes, edges
        self.backward = backward(nodes, edges)
        self.graph = graphlay.Graph()
        self.label_nodes: dict[int, int] = {}
        for node in nodes:
            self.graph.node(("node", node.id), width=NODE_WIDTH, height=self._height(node))
        self.parts = [self._add(number, edge) for number, edge in enumerate(edges)]
        self.layout = graphlay.layout(self.graph, options=OPTIONS)

    def drawing(self, left_out: int) -> Drawing:
        left, top, right, bottom = self._bounds()
        self.left, self.top = left - MARGIN, top - MARGIN
        return Drawing(
            width=round(right - left + 2 * MARGIN),
            height=round(bottom - top + 2 * MARGIN),
            boxes=tuple(self._box(number, node) for number, node in enumerate(self.nodes)),
            paths=tuple(self._path(n, edge) for n, edge in enumerate(self.edges)),
            left_out=left_out,
        )

    def _loops(self, node: Node) -> tuple[str, ...]:
        loops = (e for e in self.edges if e.source == e.target == node.id)
        return tuple(shorten(edge.label, TEXT_WIDTH) for edge in loops)

    def _height(self, node: Node) -> int:
        lines = len(wrapped(node.label)) + bool(node.note)
        return 2 * PADDING + LINE * lines + LOOP_LINE * len(self._loops(node))

    def _add(self, number: int, edge: Edge) -> tuple[int, ...]:
        """Hand an edge to the engine; the numbers of the one or two edges it became."""
        source, target = ("node", edge.source), ("node", edge.target)
        if number in self.backward:
            source, target = target, source
        if edge.source == edge.target or not edge.label:
            return (self.graph.edge(source, target),)
        between = ("label", number)
        self.label_nodes[number] = self.graph.node(
            between, width=_label_width(edge), height=LABEL_HEIGHT
        )
        return self.graph.edge(source, between), self.graph.edge(between, target)

    def _bounds(self) -> tuple[float, float, float, float]:
        corners = [_corners(node) for node in self.layout.nodes]
        xs = [x for left, _, right, _ in corners for x in (left, right)]
        ys = [y for _, top, _, bottom in corners for y in (top, bottom)]
        for edge in self.layout.edges:
            xs.extend(point["x"] for point in edge["points"])
            ys.extend(point["y"] for point in edge["points"])
        return min(xs), min(ys), max(xs), max(ys)

    def _box(self, number: int, node: Node) -> Box:
        left, top, right, bottom = _corners(self.layout.nodes[number])
        return Box(
            node=node,
            x=round(left - self.left, 1),
            y=round(top - self.top, 1),
            width=right - left,
            height=bottom - top,
            lines=wrapped(node.label),
            loops=self._loops(node),
        )

    def _path(self, number: int, edge: Edge) -> Path:
        parts = [self.layout.edges[part]["points"] for part in self.parts[number]]
        points = [
            (round(point["x"] - self.left, 1), round(point["y"] - self.top, 1))
            for part in parts
            for point in part
        ]
        if number in self.backward:
            points.reverse()
        label, x, y = "", 0.0, 0.0
        if number in self.label_nodes:
            between = self.layout.nodes[self.label_nodes[number]]["center"]
            label = shorten(edge.label, LABEL_WIDTH)
            x, y = round(between["x"] - self.left, 1), round(between["y"] - self.top, 1)
        stroke = round(1.25 + 3.25 * min(1.0, max(0.0, edge.weight)), 2)
        return Path(edge, _rounded(points), label, x, y, _label_width(edge), stroke)


def backward(nodes: Sequence[Node], edges: Sequence[Edge]) -> frozenset[int]:
    """The numbers of the edges that lead back to a node on the way to their source.

    Walked from the nodes that nothing leads to, then from the first node on, so that a
    picture begins at the top with the node that was given first, whatever leads back to it.
    """
    leaving: dict[str, list[int]] = {node.id: [] for node in nodes}
    for number, edge in enumerate(edges):
        if edge.source != edge.target:
            leaving[edge.source].append(number)
    back, seen = set(), set[str]()
    entered = {edge.target for edge in edges if edge.source != edge.target}
    for root in sorted(leaving, key=entered.__contains__):
        path, walks = {root}, [(root, iter(leaving[root] if root not in seen else ()))]
        seen.add(root)
        while walks:
            node, rest = walks[-1]
            number = next(rest, -1)
            if number < 0:
                walks.pop()
                path.discard(node)
                continue
            target = edges[number].target
            if target in path:
                back.add(number)
            elif target not in seen:
                seen.add(target)
                path.add(target)
                walks.append((target, iter(leaving[target])))
    return frozenset(back)


def _corners(node: dict[str, Any]) -> tuple[float, float, float, float]:
    x, y = node["center"]["x"], node["center"]["y"]
    width, height = node["size"]["width"] / 2, node["size"]["height"] / 2
    return x - width, y - height, x + width, y + height


def _label_width(edge: Edge) -> float:
    return round(len(shorten(edge.label, LABEL_WIDTH)) * CHARACTER + 14)


def _rounded(points: list[tuple[float, float]], radius: float = 6.0) -> str:
    """Path data along the points, with the corners rounded off."""
    points = [p for n, p in enumerate(points) if n == 0 or p != points[n - 1]]
    data = f"M{points[0][0]:g} {points[0][1]:g}"
    for before, corner, after in zip(points, points[1:], points[2:], strict=False):
        start, end = _towards(corner, before, radius), _towards(corner, after, radius)
        data += f"L{start[0]:g} {start[1]:g}Q{corner[0]:g} {corner[1]:g} {end[0]:g} {end[1]:g}"
    return data + f"L{points[-1][0]:g} {points[-1][1]:g}"


def _towards(
    corner: tuple[float, float], other: tuple[float, float], radius: float
) -> tuple[float, float]:
    dx, dy = other[0] - corner[0], other[1] - corner[1]
    length = (dx * dx + dy * dy) ** 0.5 or 1.0
    share = min(radius / length, 0.5)
    return round(corner[0] + dx * share, 1), round(corner[1] + dy * share, 1)


def shorten(text: str, width: int) -> str:
    """At most `width` characters, with an ellipsis where something is cut off."""
    return text if len(text) <= width else text[: width - 1].rstrip() + "…"


def wrapped(label: str) -> tuple[str, ...]:
    """A label on at most two lines, broken between words or humps where it can be."""
    if len(label) <= TEXT_WIDTH:
        return (label,)
    cut = max(label.rfind(mark, 8, TEXT_WIDTH) for mark in " -_/.") + 1
    cut = cut or TEXT_WIDTH
    return label[:cut].rstrip(), shorten(label[cut:].lstrip(), TEXT_WIDTH)
