"""A layout is made once for all who look, and no more than a bounded number is kept."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from web import graph_layout
from web.graph import Edge, Node, draw
from web.graph_layout import MOST_KEPT, Layout, Plan, laid_out, lay_out


def plan(width: int) -> Plan:
    return Plan(((width, 40), (216, 40)), ((0, 1),))


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[Plan]:
    """The plans that were laid out anew, with nothing kept before."""
    plans: list[Plan] = []

    def counted(wanted: Plan) -> Layout:
        plans.append(wanted)
        return lay_out(wanted)

    graph_layout._kept.clear()
    monkeypatch.setattr(graph_layout, "lay_out", counted)
    return plans


def test_ten_viewers_at_once_cost_one_layout(made: list[Plan]) -> None:
    together = threading.Barrier(10)

    def look(_: int) -> Layout:
        together.wait()
        return laid_out(plan(216))

    with ThreadPoolExecutor(10) as viewers:
        seen = list(viewers.map(look, range(10)))
    assert made == [plan(216)]
    assert seen == [lay_out(plan(216))] * 10


def test_no_more_than_a_bound_is_kept_those_asked_for_last(made: list[Plan]) -> None:
    for width in range(100, 100 + MOST_KEPT):
        laid_out(plan(width))
    laid_out(plan(100))
    laid_out(plan(999))
    assert len(graph_layout._kept) == MOST_KEPT
    del made[:]
    laid_out(plan(100))
    laid_out(plan(101))
    assert made == [plan(101)]


def test_a_layout_that_failed_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: Plan) -> Layout:
        raise ValueError("no such node")

    graph_layout._kept.clear()
    monkeypatch.setattr(graph_layout, "lay_out", broken)
    with pytest.raises(ValueError, match="no such node"):
        laid_out(plan(216))
    monkeypatch.undo()
    assert laid_out(plan(216)) == lay_out(plan(216))


def test_a_count_that_grows_a_little_moves_nothing(made: list[Plan]) -> None:
    nodes = [Node(id="a", label="A"), Node(id="b", label="B")]
    for number in (8, 9, 10, 11):
        draw(nodes, [Edge(source="a", target="b", label="Complete", note=f"{number} · 50%")])
    assert len(made) == 1
