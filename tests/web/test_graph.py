"""Drawings are complete, without overlaps, and the same every time."""

import random
import time

import pytest

from web.graph import MOST_EDGES, MOST_NODES, Box, Drawing, Edge, Node, draw
from web.graph_text import shorten, spoken, wrapped


def made_up(count: int, seed: int = 7) -> tuple[list[Node], list[Edge]]:
    """A workflow-like graph: mostly forward, with loops, self-loops, doubles and loose parts."""
    chance = random.Random(seed)  # noqa: S311  # the same graph each time, not a secret
    nodes = [
        Node(id=f"n{i}", label=f"Node {i} " + "x" * chance.randrange(40)) for i in range(count)
    ]
    edges = [
        Edge(source=f"n{chance.randrange(max(0, i - 5), i)}", target=f"n{i}", label="onComplete")
        for i in range(1, count)
        if chance.random() < 0.92
    ]
    edges += [
        Edge(
            source=f"n{chance.randrange(count)}",
            target=f"n{chance.randrange(count)}",
            label="onSomethingRatherLongThatHappened · 12",
            declared=False,
        )
        for _ in range(count // 3)
    ]
    return nodes, [*edges, edges[0], Edge(source="n1", target="n1", label="onRetry")]


def overlapping(drawing: Drawing) -> list[tuple[str, str]]:
    boxes = drawing.boxes
    return [
        (one.node.id, other.node.id)
        for n, one in enumerate(boxes)
        for other in boxes[n + 1 :]
        if one.x < other.x + other.width
        and other.x < one.x + one.width
        and one.y < other.y + other.height
        and other.y < one.y + one.height
    ]


def covers(box: Box, x: float, y: float) -> bool:
    return box.x < x < box.x + box.width and box.y < y < box.y + box.height


@pytest.mark.parametrize("count", [5, 40, 150])
class TestOfAnySize:
    def test_no_two_nodes_overlap(self, count: int) -> None:
        assert overlapping(draw(*made_up(count))) == []

    def test_every_node_is_drawn_and_every_edge_up_to_the_limit(self, count: int) -> None:
        nodes, edges = made_up(count)
        drawing = draw(nodes, edges)
        assert [box.node for box in drawing.boxes] == nodes
        assert len(drawing.paths) == len(edges) - drawing.ways_left_out
        assert drawing.ways_left_out == max(0, len(edges) - MOST_EDGES)
        assert all(path.d.startswith("M") for path in drawing.paths)

    def test_the_same_graph_gives_the_same_drawing(self, count: int) -> None:
        assert draw(*made_up(count)) == draw(*made_up(count))

    def test_everything_lies_within_the_picture(self, count: int) -> None:
        drawing = draw(*made_up(count))
        assert all(
            box.x >= 0
            and box.y >= 0
            and box.x + box.width <= drawing.width
            and box.y + box.height <= drawing.height
            for box in drawing.boxes
        )

    def test_no_label_lies_on_a_node(self, count: int) -> None:
        drawing = draw(*made_up(count))
        labels = [(path.x, path.y) for path in drawing.paths if path.lines]
        assert not any(covers(box, x, y) for x, y in labels for box in drawing.boxes)

    def test_no_two_labels_share_a_place(self, count: int) -> None:
        places = [(path.x, path.y) for path in draw(*made_up(count)).paths if path.lines]
        assert len(set(places)) == len(places)


def test_an_empty_graph_is_an_empty_drawing() -> None:
    assert draw([], []).boxes == ()


def test_an_end_that_is_no_node_becomes_one() -> None:
    drawing = draw([Node(id="a", label="A")], [Edge(source="a", target="ghost", label="x")])
    assert [box.node.id for box in drawing.boxes] == ["a", "ghost"]


def test_a_self_loop_is_labelled_inside_its_node() -> None:
    drawing = draw([Node(id="a", label="A")], [Edge(source="a", target="a", label="onRetry")])
    assert [loop.label for loop in drawing.boxes[0].loops] == ["onRetry"]
    assert drawing.paths[0].lines == ()


def test_several_edges_between_two_nodes_are_each_labelled() -> None:
    nodes = [Node(id="a", label="A"), Node(id="b", label="B")]
    edges = [Edge(source="a", target="b", label=name) for name in ("yes", "no", "later")]
    assert [path.lines for path in draw(nodes, edges).paths] == [("yes",), ("no",), ("later",)]


def test_too_large_a_graph_is_cut_and_says_so() -> None:
    nodes = [Node(id=str(n), label=str(n)) for n in range(MOST_NODES + 5)]
    assert draw(nodes, []).left_out == 5


def test_too_many_ways_are_cut_those_used_least_first() -> None:
    nodes = [Node(id=str(n), label=str(n)) for n in range(3)]
    rare = [Edge(source="0", target="1", label=f"rare {n}") for n in range(MOST_EDGES)]
    drawing = draw(nodes, [*rare, Edge(source="1", target="2", label="usual", level=5)])
    assert drawing.ways_left_out == 1
    assert "usual" in {path.edge.label for path in drawing.paths}


def test_long_lines_of_a_tangle_end_in_the_name_of_their_target() -> None:
    nodes = [Node(id=f"n{n}", label=f"Node {n}") for n in range(40)]
    chain = [Edge(source=f"n{n}", target=f"n{n + 1}", label="x") for n in range(39)]
    exits = [Edge(source=f"n{n}", target="n39", label="Leave") for n in range(30)]
    drawing = draw(nodes, [*chain, *exits])
    stubs = [path for path in drawing.paths if path.lines[-1] == "→ Node 39"]
    assert len(stubs) > 20
    assert all(path.edge.label == "Leave" for path in stubs)


def test_outcomes_are_told_in_words() -> None:
    assert spoken("onNotInterested") == "Not interested"
    assert spoken("onATSUpdate") == "ATS update"
    assert spoken("Custom outcome") == "Custom outcome"
    assert spoken("") == ""


def test_no_label_reaches_over_the_edge_of_the_picture() -> None:
    drawing = draw(*made_up(40))
    assert all(
        path.x - path.width / 2 >= 0 and path.x + path.width / 2 <= drawing.width
        for path in drawing.paths
        if path.lines
    )


def test_a_drawing_of_many_ways_is_made_within_a_moment() -> None:
    nodes, edges = made_up(150)
    start = time.perf_counter()
    draw(nodes, [*edges, *(Edge(source="n0", target=f"n{n}", label="x") for n in range(150))])
    assert time.perf_counter() - start < 5


def test_long_labels_wrap_once_and_then_end_in_an_ellipsis() -> None:
    assert wrapped("Short") == ("Short",)
    assert wrapped("Ask the candidate for availability") == (
        "Ask the candidate for",
        "availability",
    )
    assert len(wrapped("a" * 90)) == 2
    assert wrapped("a" * 90)[1].endswith("…")
    assert shorten("abcdef", 4) == "abc…"


def test_the_first_node_is_on_top_even_when_a_way_leads_back_to_it() -> None:
    nodes = [Node(id=name, label=name) for name in "abcd"]
    edges = [Edge(source=s, target=t, label="x") for s, t in ("ab", "bc", "ca", "bd", "da")]
    boxes = draw(nodes, edges).boxes
    assert min(boxes, key=lambda box: box.y).node.id == "a"


def test_a_way_back_still_ends_at_its_target() -> None:
    nodes = [Node(id=name, label=name) for name in "abc"]
    edges = [Edge(source=s, target=t) for s, t in ("ab", "bc", "ca")]
    drawing = draw(nodes, edges)
    top = drawing.boxes[0]
    x, y = map(int, drawing.paths[2].d.rpartition("L")[2].split())
    assert top.x <= x <= top.x + top.width
    assert y in {top.y, top.y + top.height}
