"""The one adapter around graphlay: sizes and ends go in, places come out.

A layout depends on nothing but its plan, so it is made once for all viewers of a graph,
and again only when the plan changes. Counts that grow on the labels rarely change it:
a label's room is measured in steps.
"""

from typing import Any, Final

import graphlay
import msgspec

from tracker.once import Once

MOST_KEPT: Final = 64
"""Layouts kept, those asked for last; the largest takes about half a megabyte."""

OPTIONS: Final = {
    "direction": "topbottom",
    # Lines and labels stand close, and what may is moved up or in: a graph grows
    # downwards, where a page scrolls anyway, rather than sideways.
    "spacing": {
        "layer_gap": 18.0,
        "node_gap": 16.0,
        "dummy_gap": 12.0,
        "port_gap": 14.0,
        "isolated_gap": 24.0,
        "isolated_max_columns": 4,
    },
    "coords": {"branch_bands": False},
    "compaction": {"mode": "priority"},
}

Corners = tuple[float, float, float, float]
Place = tuple[float, float]


class Plan(msgspec.Struct, frozen=True):
    """What is laid out: the width and height of each node, the two nodes of each edge."""

    nodes: tuple[tuple[int, int], ...]
    edges: tuple[tuple[int, int], ...]


class Layout(msgspec.Struct, frozen=True):
    """Where it goes: each node's left, top, right and bottom, each edge's points."""

    nodes: tuple[Corners, ...]
    edges: tuple[tuple[Place, ...], ...]


_layouts: Once[Plan, Layout] = Once(MOST_KEPT)


def laid_out(plan: Plan) -> Layout:
    """The layout of a plan, made once for all who look at the graph."""
    return _layouts.get(plan, lambda: lay_out(plan))


def lay_out(plan: Plan) -> Layout:
    """The layout of a plan, made anew; the same plan always gives the same."""
    graph = graphlay.Graph()
    for number, (width, height) in enumerate(plan.nodes):
        graph.node(number, width=width, height=height)
    for source, target in plan.edges:
        graph.edge(source, target)
    found = graphlay.layout(graph, options=OPTIONS)
    return Layout(
        nodes=tuple(_corners(node) for node in found.nodes),
        edges=tuple(tuple((p["x"], p["y"]) for p in edge["points"]) for edge in found.edges),
    )


def _corners(node: dict[str, Any]) -> Corners:
    x, y = node["center"]["x"], node["center"]["y"]
    width, height = node["size"]["width"] / 2, node["size"]["height"] / 2
    return x - width, y - height, x + width, y + height
