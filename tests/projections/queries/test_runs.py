"""Which runs there are, where they probably stand, and which are stuck."""

from pathlib import Path
from typing import Any

import pytest

from projections.queries.filters import RunFilter
from projections.queries.run_counts import count_runs
from projections.queries.run_graph import run_graph, silence
from projections.queries.runs import list_runs, run
from projections.queries.standing import places_at
from projections.queries.stuck import FALLBACK, LEAST_SAMPLE, measure
from projections.queries.views import Views
from projections.queries.workflow_graph import workflow_graph
from tests.projections.queries.stored import (
    HIRING,
    NOON,
    completed,
    ended,
    imported,
    started,
    store,
)
from tracker.errors import NotFound
from tracker.timing import DAY, MINUTE

FLOW = imported(
    {"ask": {"yes": "book", "no": "end"}, "book": {"booked": "end"}, "end": {}}, start="ask"
)
SOME = [
    started("at-start"),
    started("asked"),
    completed("asked", "ask", "yes", 10),
    started("done"),
    completed("done", "ask", "no", 20),
    completed("done", "end", "", 30),
    ended("done", "COMPLETED", 31),
    started("broken"),
    completed("broken", "ask", "yes", 5),
    ended("broken", "FAILED", 50, nodeId="book", reason="no calendar"),
]


def _ids(views: Views, now: int = NOON, **wanted: Any) -> set[str]:
    with views.read() as connection:
        return {line.id for line in list_runs(connection, RunFilter(**wanted), now).items}


def test_each_filter_lists_what_it_says(data: Path) -> None:
    views = store(data, SOME)
    assert _ids(views, status=("failed", "completed")) == {"done", "broken"}
    assert _ids(views, workflow_id="other") == set()
    assert _ids(views, visited="ask", workflow_id=HIRING) == {"asked", "done", "broken"}
    assert _ids(views, visited="ask", outcome="no", workflow_id=HIRING) == {"done"}
    assert _ids(views, ended_since=NOON + 40 * MINUTE) == {"broken"}
    assert _ids(views, since=NOON + 1) == set()
    assert _ids(views, anomalies=True) == set()


def test_a_node_that_most_runs_visited_is_asked_of_each_run_and_lists_the_same(data: Path) -> None:
    """With as many steps at a node as runs, of which a list and its counts take another way."""
    again = [completed("asked", "ask", "again", n) for n in range(20, 24)]
    views = store(data, [*SOME, *again])
    later = NOON + 10 * DAY
    for more, found in (
        ({}, {"asked", "done", "broken"}),
        ({"outcome": "again"}, {"asked"}),
        ({"outcome": "again", "next": "ask"}, {"asked"}),
        ({"visited_since": NOON + 21 * MINUTE}, {"asked"}),
        ({"sort": "step_count"}, {"asked", "done", "broken"}),
        ({"status": ("failed",)}, {"broken"}),
        ({"stuck": True}, {"asked"}),
    ):
        wanted: dict[str, Any] = {"visited": "ask", "workflow_id": HIRING, **more}
        assert _ids(views, later, **wanted) == found
        with views.read() as connection:
            counts = count_runs(connection, RunFilter(**wanted), later)
        assert counts.stuck == 1
        assert counts.total == (3 if not {"outcome", "visited_since"} & more.keys() else 1)


def test_a_run_stands_where_its_configuration_leads(data: Path) -> None:
    views = store(data, [FLOW, *SOME])
    with views.read() as connection:
        lines = {line.id: line for line in list_runs(connection, RunFilter(), NOON).items}
    assert lines["at-start"].probable_node == "ask"
    assert (lines["asked"].current_node, lines["asked"].probable_node) == ("ask", "book")
    assert lines["asked"].probable_label == "Label of book"
    assert lines["done"].probable_node is None
    assert lines["broken"].probable_node == "book"


def test_without_a_configuration_a_run_stands_where_others_went(data: Path) -> None:
    others = [
        delivery
        for n in range(3)
        for delivery in (
            started(f"other-{n}"),
            completed(f"other-{n}", "ask", "yes", 1),
            completed(f"other-{n}", "meet" if n else "call", "done", 2),
        )
    ]
    views = store(data, [*others, started("asked"), completed("asked", "ask", "yes", 10)])
    assert "asked" in _ids(views, node="meet")
    with views.read() as connection:
        assert run(connection, "asked", NOON).line.probable_node == "meet"
        assert run(connection, "other-1", NOON).line.probable_node == "meet"


def test_the_list_of_a_node_is_as_long_as_its_number_on_the_graph(data: Path) -> None:
    views = store(data, [FLOW, *SOME])
    with views.read() as connection:
        for node in workflow_graph(connection, HIRING).nodes:
            listed = list_runs(connection, RunFilter(node=node.id, status=("running",)), NOON)
            assert len(listed.items) == node.here
        assert [place.count for place in places_at(connection, "book", HIRING)] == [1]
    assert _ids(views, node="book") == {"asked", "broken"}


def test_counts_are_the_lengths_of_the_lists(data: Path) -> None:
    views = store(data, SOME)
    later = NOON + 10 * DAY
    filters = [
        {},
        {"workflow_id": HIRING},
        {"version": "none"},
        {"since": NOON // DAY * DAY, "until": (NOON // DAY + 1) * DAY},
        {"since": NOON + 1},
        {"ended_since": NOON},
        {"ended_since": NOON + 40 * MINUTE},
        {"ended_until": NOON + 40 * MINUTE},
        {"ended_since": NOON, "since": NOON - 1, "sort": "last_event_at"},
        {"ended_since": NOON + 40 * MINUTE, "sort": "step_count"},
        {"visited": "ask", "workflow_id": HIRING},
        {"organization_id": "org-acme"},
        {"organization_id": "another"},
        {"candidate": "nobody"},
    ]
    with views.read() as connection:
        for wanted in filters:
            counts = count_runs(connection, RunFilter(**wanted), later)
            for status in ("running", "completed", "failed", "cancelled"):
                listed = list_runs(connection, RunFilter(**wanted, status=(status,)), later)
                assert len(listed.items) == getattr(counts, status)
            stuck = list_runs(connection, RunFilter(**wanted, stuck=True), later)
            assert len(stuck.items) == counts.stuck
            free = list_runs(connection, RunFilter(**wanted, stuck=False), later)
            assert len(free.items) == counts.total - counts.stuck


def test_a_runs_silence_is_compared_with_those_that_went_on_from_where_it_is(data: Path) -> None:
    views = store(data, [*SOME, started("said-no"), completed("said-no", "ask", "no", 7)])
    with views.read() as connection:
        samples = {
            name: silence(connection, run(connection, name, NOON)).sample
            for name in ("at-start", "asked", "said-no")
        }
    assert samples == {"at-start": 4, "asked": 0, "said-no": 1}


def test_with_few_samples_a_run_is_stuck_after_three_days(data: Path) -> None:
    views = store(data, SOME)
    quiet_since = NOON + 10 * MINUTE
    assert "asked" not in _ids(views, quiet_since + FALLBACK, stuck=True)
    assert "asked" in _ids(views, quiet_since + FALLBACK + 1, stuck=True)
    assert _ids(views, NOON + 30 * DAY, stuck=True) == {"asked", "at-start"}


def test_with_enough_samples_a_step_has_its_own_patience(data: Path) -> None:
    """Of 20 waits of 1 to 20 minutes the 19th is the 95th percentile."""
    others = [
        delivery
        for n in range(1, LEAST_SAMPLE + 1)
        for delivery in (
            started(f"other-{n}"),
            completed(f"other-{n}", "ask", "yes", 1),
            completed(f"other-{n}", "book", "booked", 1 + n),
            ended(f"other-{n}", "COMPLETED", 60),
        )
    ]
    views = store(data, [*others, started("slow"), completed("slow", "ask", "yes", 100)])
    with views.read() as connection:
        assert measure(connection).usual[HIRING, "ask", "yes"] == 19 * MINUTE
    last = NOON + 100 * MINUTE
    assert _ids(views, last + 19 * MINUTE, stuck=True) == set()
    assert _ids(views, last + 19 * MINUTE + 1, stuck=True) == {"slow"}
    with views.read() as connection:
        line = run(connection, "slow", last + 20 * MINUTE).line
    assert (line.stuck, line.usual_silence) == (True, 19 * MINUTE)


def test_stuck_runs_are_counted_as_they_are_listed_whatever_the_patience(data: Path) -> None:
    """Steps that wait minutes, steps that wait days, and steps that nobody measured."""
    waits = {"yes": MINUTE, "": 2 * MINUTE, "later": 6 * DAY}
    others = [
        delivery
        for outcome, wait in waits.items()
        for n in range(LEAST_SAMPLE)
        for delivery in (
            started(f"{outcome}-{n}"),
            completed(f"{outcome}-{n}", "ask", outcome, 1),
            completed(f"{outcome}-{n}", "book", "booked", 1 + (n + 1) * wait / MINUTE / 20),
            ended(f"{outcome}-{n}", "COMPLETED", 20_000),
        )
    ]
    waiting = [
        delivery
        for outcome in (*waits, "unheard")
        for n in range(4)
        for delivery in (
            started(f"w{outcome}-{n}", workflowId=HIRING if n else "other"),
            completed(f"w{outcome}-{n}", "ask", outcome, n, workflowId=HIRING if n else "other"),
        )
    ]
    views = store(data, [*others, *waiting, started("at-start"), started("o", workflowId="other")])
    counted = set()
    with views.read() as connection:
        assert {t < FALLBACK for t in measure(connection).usual.values()} == {True, False}
        for later in (0, 2 * MINUTE, DAY, FALLBACK + 2 * MINUTE, 5 * DAY, 6 * DAY, 9 * DAY):
            for wanted in ({}, {"workflow_id": HIRING}, {"workflow_id": "other"}):
                now = NOON + later
                listed = list_runs(connection, RunFilter(**wanted, stuck=True), now).items
                stuck = count_runs(connection, RunFilter(**wanted), now).stuck
                assert stuck == len(listed), (wanted, later)
                counted.add(stuck)
    assert len(counted) > 5


def test_an_unknown_run_is_not_found(data: Path) -> None:
    views = store(data, SOME)
    with views.read() as connection, pytest.raises(NotFound):
        run(connection, "nobody", NOON)


def test_a_graph_counts_visits_ways_and_waits(data: Path) -> None:
    views = store(data, [FLOW, *SOME])
    with views.read() as connection:
        graph = workflow_graph(connection, HIRING, "flow-hiring-1")
    nodes = {node.id: node for node in graph.nodes}
    edges = {(e.source, e.outcome, e.target): e for e in graph.edges}
    assert graph.configured
    assert [node.id for node in graph.nodes] == ["ask", "book", "end"]
    assert (nodes["ask"].visits, nodes["ask"].entered) == (3, 3)
    assert nodes["ask"].outcomes == {"no": 1, "yes": 2}
    assert nodes["ask"].median_wait == 10 * MINUTE
    assert edges["ask", "no", "end"].count == 1
    assert edges["ask", "no", "end"].median_wait == 10 * MINUTE
    assert {(e.source, e.outcome) for e in graph.unused} == {("book", "booked")}
    assert nodes["end"].undeclared == ()


def test_what_is_not_declared_is_drawn_as_discovered(data: Path) -> None:
    odd = [
        started("odd"),
        completed("odd", "ask", "maybe", 1),
        completed("odd", "elsewhere", "done", 2, label="Else", nodeType="task"),
    ]
    views = store(data, [FLOW, *odd])
    with views.read() as connection:
        graph = workflow_graph(connection, HIRING)
    nodes = {node.id: node for node in graph.nodes}
    assert (nodes["elsewhere"].declared, nodes["elsewhere"].label) == (False, "Else")
    assert nodes["ask"].undeclared == ("maybe",)
    found = [e for e in graph.edges if not e.declared]
    assert [(e.source, e.outcome, e.target, e.count) for e in found] == [
        ("ask", "maybe", "elsewhere", 1)
    ]


def test_a_graph_counts_from_a_day_on(data: Path) -> None:
    views = store(data, SOME)
    with views.read() as connection:
        today = workflow_graph(connection, HIRING, since_day=NOON // DAY)
        tomorrow = workflow_graph(connection, HIRING, since_day=NOON // DAY + 1)
    assert sum(node.visits for node in today.nodes) == 4
    assert sum(node.visits for node in tomorrow.nodes) == 0


def test_a_runs_graph_tells_done_from_current_and_unreached(data: Path) -> None:
    views = store(data, [FLOW, *SOME])
    with views.read() as connection:
        asked = run_graph(connection, run(connection, "asked", NOON))
        broken = run_graph(connection, run(connection, "broken", NOON))
        done = run_graph(connection, run(connection, "done", NOON))
    assert {n.id: n.state for n in asked.nodes} == {
        "ask": "done",
        "book": "current",
        "end": "unreached",
    }
    assert {n.id: n.state for n in broken.nodes}["book"] == "stopped"
    taken = [(e.source, e.outcome, e.target, e.waited) for e in done.edges if e.taken]
    assert taken == [("ask", "no", "end", 10 * MINUTE)]
    assert {n.id: n.state for n in done.nodes}["book"] == "unreached"
