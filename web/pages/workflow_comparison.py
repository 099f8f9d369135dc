"""Two versions of a workflow side by side: what came, what went, what changed."""

from typing import Final

import msgspec

from projections.queries.workflow_graph import Graph, GraphEdge, GraphNode
from tracker.timing import SECOND
from web.figures import NOTHING
from web.graph_text import spoken
from web.pages.workflow_graph import labels_of
from web.pages.workflow_links import Links
from web.times import lasted

SAME: Final = "the same"
ROW_TAKES: Final = 1_100
"""Characters that a row of the comparison takes in a page."""

FEWEST_ROWS: Final = 5
Key = str | tuple[str, str, str]


class Side(msgspec.Struct, frozen=True):
    """A node or route as one version has it; None where it has none."""

    runs: int | None = None
    share: float | None = None
    wait: int | None = None
    href: str = ""


class Compared(msgspec.Struct, frozen=True, kw_only=True):
    """A node or a route in both versions; `mark` is new, gone or nothing."""

    name: str
    under: bool
    mark: str
    before: Side
    after: Side
    share_change: str
    wait_change: str

    @property
    def change(self) -> float:
        """How much it changed: by its share of the runs; what is new or gone changed most."""
        if self.mark:
            return 1 + (self.before.share or self.after.share or 0)
        return abs((self.after.share or 0) - (self.before.share or 0))


def compared(before: Graph, after: Graph, links: tuple[Links, Links]) -> list[Compared]:
    """Every node of two versions, each followed by the routes that leave it."""
    labels = labels_of(before) | labels_of(after)
    sides = _sides(before, links[0]), _sides(after, links[1])
    keys = dict.fromkeys([*sides[1], *sides[0]])
    nodes = [key for key in keys if isinstance(key, str)]
    rows = []
    for node in nodes:
        routes = [key for key in keys if not isinstance(key, str) and key[0] == node]
        rows.append(_row(node, labels, *sides))
        rows += [_row(route, labels, *sides) for route in routes]
    return rows


def most_changed(rows: list[Compared], room: int) -> list[Compared]:
    """As many rows as there is room for, those with the greatest changes, in their order."""
    most = max(FEWEST_ROWS, room // ROW_TAKES)
    ranked = sorted(range(len(rows)), key=lambda n: (-rows[n].change, n))
    return [rows[n] for n in sorted(ranked[:most])]


def marks(before: Graph, after: Graph) -> dict[object, str]:
    """Which nodes and routes are new or gone."""
    old, new = _keys(before), _keys(after)
    return dict.fromkeys(new - old, "new") | dict.fromkeys(old - new, "gone")


def together(before: Graph, after: Graph) -> Graph:
    """The newer graph with what is gone from the older one, which counts nothing any more."""
    known = _keys(after)
    nodes = [msgspec.structs.replace(n, here=0) for n in before.nodes if n.id not in known]
    edges = [edge for edge in before.edges if _key(edge) not in known]
    configured = before.configured or after.configured
    return Graph([*after.nodes, *nodes], [*after.edges, *edges], configured, after.runs)


def _keys(graph: Graph) -> set[object]:
    return {node.id for node in graph.nodes} | {_key(edge) for edge in graph.edges}


def _key(edge: GraphEdge) -> tuple[str, str, str]:
    return edge.source, edge.outcome, edge.target


def _sides(graph: Graph, links: Links) -> dict[Key, Side]:
    sides: dict[Key, Side] = {node.id: _node(node, graph, links) for node in graph.nodes}
    for edge in graph.edges:
        href = links.way(edge) if edge.runs else ""
        sides[_key(edge)] = Side(edge.runs, edge.share, edge.median_wait, href)
    return sides


def _node(node: GraphNode, graph: Graph, links: Links) -> Side:
    share = node.runs / graph.runs if graph.runs else 0.0
    return Side(node.runs, share, node.median_wait, links.node(node.id) if node.runs else "")


def _row(
    key: Key, labels: dict[str, str], before: dict[Key, Side], after: dict[Key, Side]
) -> Compared:
    old, new = before.get(key, Side()), after.get(key, Side())
    route = not isinstance(key, str)
    name = labels[key] if isinstance(key, str) else f"{spoken(key[1]) or 'next'} → {labels[key[2]]}"
    return Compared(
        name=name,
        under=route,
        mark="new" if key not in before else "gone" if key not in after else "",
        before=old,
        after=new,
        share_change=_points(old.share, new.share),
        wait_change=_longer(old.wait, new.wait),
    )


def _points(old: float | None, new: float | None) -> str:
    if old is None or new is None:
        return NOTHING
    points = round(100 * new) - round(100 * old)
    sign = "+" if points > 0 else "−"  # noqa: RUF001  # a true minus, as wide as the plus
    return f"{sign}{abs(points)} points" if points else SAME


def _longer(old: int | None, new: int | None) -> str:
    if old is None or new is None:
        return NOTHING
    if abs(new - old) < SECOND:
        return SAME
    return f"{lasted(abs(new - old))} {'longer' if new > old else 'shorter'}"
