"""A layout is made once for all who look, and stays while counts grow a little."""

import pytest

from web import graph_layout
from web.graph import Edge, Node, draw
from web.graph_layout import Layout, Plan, lay_out


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[Plan]:
    """The plans that were laid out anew."""
    plans: list[Plan] = []

    def counted(wanted: Plan) -> Layout:
        plans.append(wanted)
        return lay_out(wanted)

    monkeypatch.setattr(graph_layout, "lay_out", counted)
    return plans


def drawn(count: int, label: str = "Complete") -> None:
    nodes = [Node(id="a", label="A"), Node(id="b", label="B")]
    draw(nodes, [Edge(source="a", target="b", label=label, note=f"{count} · 50%")])


def test_ten_viewers_cost_one_layout(made: list[Plan]) -> None:
    for _ in range(10):
        drawn(8, "Ten of them look at this")
    assert len(made) == 1


def test_a_count_that_grows_a_little_moves_nothing(made: list[Plan]) -> None:
    for count in (8, 9, 10, 11):
        drawn(count, "It grows")
    assert len(made) == 1


def test_another_structure_is_laid_out_anew(made: list[Plan]) -> None:
    drawn(1, "Short")
    drawn(1, "Not quite so short any more")
    assert len(made) == 2
