"""Drawings of graphs: what to draw goes in, where to draw it comes out.

An edge's label is laid out as a small node of its own between the two ends, so
that the engine itself keeps labels apart from nodes, from other edges and from
each other; the line leaves it out. A self-loop is labelled inside
its node, where there is room reserved for it. Where there are too many lines to follow,
the longest ones become stubs that end in the name of their target.

The templates draw the SVG from a `Drawing`.
"""

from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from web.graph_layout import Plan, laid_out
from web.graph_paths import Point, backward, rounded, spans
from web.graph_text import LABEL_WIDTH, TEXT_WIDTH, label_width, shorten, wrapped

MOST_NODES: Final = 200
"""More nodes than this are left out of a drawing, the last ones first; the list has them all."""

MOST_EDGES: Final = 160
"""More edges than this are left out, too: those taken least first."""

NODE_WIDTH, LINE, LOOP_LINE, PADDING = 216, 17, 18, 10
LABEL_LINE, LABEL_STEP, MARGIN = 15, 21, 16
LEAST_CROSSED, CROSSED_PER_NODE, MOST_CROSSED, SHORTEST_STUB = 70, 2, 400, 2


class Node(msgspec.Struct, frozen=True, kw_only=True):
    """Something to draw: `state` names its look, `notes` are the lines under the label.

    `level` (0 to 5) is how strongly it is tinted. `pin` is a small number on its corner,
    with a link and words of its own.
    """

    id: str
    label: str
    notes: tuple[str, ...] = ()
    icon: str = "circle"
    state: str = ""
    level: int = 0
    anchor: str = ""
    href: str = ""
    detail: str = ""
    pin: str = ""
    pin_href: str = ""


class Edge(msgspec.Struct, frozen=True, kw_only=True):
    """A way from one node to another; `level` (0 to 5) is how thick it is drawn.

    `note` is a second line under the label, `mark` a look of its own (new, gone).
    """

    source: str
    target: str
    label: str = ""
    note: str = ""
    detail: str = ""
    href: str = ""
    taken: bool = False
    declared: bool = True
    level: int = 0
    mark: str = ""

    @property
    def look(self) -> str:
        """The classes of its line; those of ways that were taken come last, so they lie on top."""
        thick = f"w{self.level}" if self.level > 1 else ""
        found = "" if self.declared else "discovered"
        return " ".join(filter(None, ("edges", "taken" * self.taken, found, self.mark, thick)))


class Box(msgspec.Struct, frozen=True):
    """A node with its place: the upper left corner, the size, the wrapped label."""

    node: Node
    x: int
    y: int
    width: int
    height: int
    lines: tuple[str, ...]
    loops: tuple["Loop", ...] = ()


class Loop(msgspec.Struct, frozen=True):
    """A way from a node back to itself, written inside the node."""

    edge: Edge
    label: str


class Path(msgspec.Struct, frozen=True):
    """An edge with its way as SVG path data; it has no lines where it is labelled in a node.

    The lines are centred on x, y.
    """

    edge: Edge
    d: str
    lines: tuple[str, ...]
    x: int
    y: int

    @property
    def width(self) -> int:
        """How wide the lines are at most, in pixels."""
        return label_width(*self.lines)


class Drawing(msgspec.Struct, frozen=True):
    """A whole picture in pixels; `left_out` counts the nodes, `ways_left_out` the edges missing."""

    width: int
    height: int
    boxes: tuple[Box, ...]
    paths: tuple[Path, ...]
    left_out: int = 0
    ways_left_out: int = 0


def draw(nodes: Sequence[Node], edges: Iterable[Edge]) -> Drawing:
    """Place nodes and edges; the same input always gives the same drawing.

    An end of an edge that is no node given is drawn as a node of its own.
    """
    every = _with_missing_ends(nodes, edges := tuple(edges))
    shown = every[:MOST_NODES]
    ids = {node.id for node in shown}
    if not shown:
        return Drawing(0, 0, (), ())
    kept = _most_used([e for e in edges if e.source in ids and e.target in ids])
    drawing = _Placing(shown, kept).drawing()
    left_out, ways_left_out = len(every) - len(shown), len(edges) - len(kept)
    return msgspec.structs.replace(drawing, left_out=left_out, ways_left_out=ways_left_out)


def _most_used(edges: Sequence[Edge]) -> list[Edge]:
    ranked = sorted(range(len(edges)), key=lambda n: (-edges[n].level, not edges[n].declared, n))
    return [edges[n] for n in sorted(ranked[:MOST_EDGES])]


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
        ids, ways = [node.id for node in nodes], [(edge.source, edge.target) for edge in edges]
        self.backward = backward(ids, ways)
        self.stubs = _stubs(edges, spans(ids, ways, self.backward), len(nodes))
        self.labels = {node.id: node.label for node in nodes}
        self.loops = {node.id: self._loops(node) for node in nodes}
        self.numbers = {node.id: number for number, node in enumerate(nodes)}
        self.sizes = [(NODE_WIDTH, self._height(node)) for node in nodes]
        self.ends: list[tuple[int, int]] = []
        self.label_nodes: dict[int, int] = {}
        self.parts = [self._add(number, edge) for number, edge in enumerate(edges)]
        self.layout = laid_out(Plan(tuple(self.sizes), tuple(self.ends)))

    def drawing(self) -> Drawing:
        left, top, right, bottom = self._bounds()
        self.left, self.top = left - MARGIN, top - MARGIN
        return Drawing(
            width=round(right - left + 2 * MARGIN),
            height=round(bottom - top + 2 * MARGIN),
            boxes=tuple(self._box(number, node) for number, node in enumerate(self.nodes)),
            paths=tuple(self._path(n, edge) for n, edge in enumerate(self.edges)),
        )

    def _loops(self, node: Node) -> tuple[Loop, ...]:
        loops = (edge for edge in self.edges if edge.source == edge.target == node.id)
        return tuple(
            Loop(e, shorten(" · ".join(filter(None, (e.label, e.note))), TEXT_WIDTH)) for e in loops
        )

    def _height(self, node: Node) -> int:
        lines = len(wrapped(node.label)) + len(node.notes)
        return 2 * PADDING + LINE * lines + LOOP_LINE * len(self.loops[node.id])

    def _add(self, number: int, edge: Edge) -> tuple[int, ...]:
        """Plan an edge; the numbers of the one or two edges that it becomes."""
        source, target = self.numbers[edge.source], self.numbers[edge.target]
        if number in self.backward and number not in self.stubs:
            source, target = target, source
        lines = self._lines(number, edge)
        if edge.source == edge.target or not lines:
            return (self._connect(source, target),)
        between = self.label_nodes[number] = len(self.sizes)
        self.sizes.append((_in_steps(label_width(*lines)), LABEL_LINE * len(lines) + 5))
        if number in self.stubs:
            return (self._connect(source, between),)
        return self._connect(source, between), self._connect(between, target)

    def _connect(self, source: int, target: int) -> int:
        self.ends.append((source, target))
        return len(self.ends) - 1

    def _lines(self, number: int, edge: Edge) -> tuple[str, ...]:
        """What stands on an edge; on a stub, also where it leads."""
        towards = f"→ {self.labels[edge.target]}" if number in self.stubs else ""
        return tuple(
            shorten(line, LABEL_WIDTH) for line in (edge.label, edge.note, towards) if line
        )

    def _bounds(self) -> tuple[float, float, float, float]:
        corners = self.layout.nodes
        xs = [x for left, _, right, _ in corners for x in (left, right)]
        ys = [y for _, top, _, bottom in corners for y in (top, bottom)]
        for points in self.layout.edges:
            xs.extend(x for x, _ in points)
            ys.extend(y for _, y in points)
        return min(xs), min(ys), max(xs), max(ys)

    def _box(self, number: int, node: Node) -> Box:
        left, top, right, bottom = self.layout.nodes[number]
        return Box(
            node=node,
            x=round(left - self.left),
            y=round(top - self.top),
            width=round(right - left),
            height=round(bottom - top),
            lines=wrapped(node.label),
            loops=self.loops[node.id],
        )

    def _path(self, number: int, edge: Edge) -> Path:
        parts = [self._points(part) for part in self.parts[number]]
        if number in self.backward and number not in self.stubs:
            parts = [part[::-1] for part in reversed(parts)]
        data = "".join(map(rounded, parts))
        if number not in self.label_nodes:
            return Path(edge, data, (), 0, 0)
        left, top, right, bottom = self.layout.nodes[self.label_nodes[number]]
        x, y = self._point(((left + right) / 2, (top + bottom) / 2))
        return Path(edge, data, self._lines(number, edge), x, y)

    def _points(self, part: int) -> list[Point]:
        return [self._point(point) for point in self.layout.edges[part]]

    def _point(self, point: tuple[float, float]) -> Point:
        return round(point[0] - self.left), round(point[1] - self.top)


def _in_steps(width: int) -> int:
    """The room of a label: as a count on it grows, the picture rarely has to move."""
    return -(-width // LABEL_STEP) * LABEL_STEP


def _stubs(edges: Sequence[Edge], crossed: Sequence[int], nodes: int) -> frozenset[int]:
    """The edges that end in the name of their target, because all the lines would be a tangle.

    Lines that cross many layers go first, those that were not taken before the others:
    they hide the most, and the engine's time grows with the layers that lines cross.
    """
    room = min(MOST_CROSSED, max(LEAST_CROSSED, CROSSED_PER_NODE * nodes))
    total, stubs = sum(crossed), set()
    for number in sorted(range(len(edges)), key=lambda n: (edges[n].taken, -crossed[n], n)):
        if total <= room:
            break
        if crossed[number] >= SHORTEST_STUB:
            stubs.add(number)
            total -= crossed[number]
    return frozenset(stubs)
