"""Lists are read off an index in every order that they offer, however many rows there are.

SQLite is not told how many rows a table has, so it plans for a few as for a million.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, get_args

import pytest

from projections.queries.analyses import list_analyses, list_batches
from projections.queries.contacts import list_contacts
from projections.queries.conversations import list_conversations
from projections.queries.feed import types
from projections.queries.filters import (
    AnalysisFilter,
    AttentionFilter,
    BatchFilter,
    ContactFilter,
    ConversationFilter,
    MeetingFilter,
    PersonFilter,
    RunFilter,
)
from projections.queries.funnel import run_funnel
from projections.queries.meetings import list_meetings
from projections.queries.moving import moving
from projections.queries.paging import Page
from projections.queries.parameters import Filter
from projections.queries.people import people
from projections.queries.run_counts import count_runs
from projections.queries.runs import list_runs
from projections.queries.states import QUESTIONS, states_of
from projections.queries.waiting import needs_you
from tests.projections.queries.stored import HIRING, NOON, completed, ended, started, store
from tracker.database import Connection
from tracker.timing import DAY

List = Callable[[Any, Any], Page[Any]]


class Asked:
    """A connection that keeps what it is asked."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._questions: list[tuple[str, Any]] = []

    def execute(self, query: str, values: Any = ()) -> Any:
        """Ask, and remember the question."""
        self._questions.append((query, values))
        return self._connection.execute(query, values)

    def create_function(self, *given: Any) -> None:
        """As the connection does."""
        self._connection.create_function(*given)

    def plan(self, words: str) -> list[str]:
        """How the questions with some words in them are answered, step by step."""
        about = [question for question in self._questions if words in question[0]]
        assert about, f"nothing was asked with {words}"
        return [
            step[3]
            for query, values in about
            for step in self._connection.execute(f"EXPLAIN QUERY PLAN {query}", values)
        ]


@pytest.fixture(scope="module")
def connection(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Connection]:
    views = store(tmp_path_factory.mktemp("plans"), [started("one"), ended("one", "COMPLETED", 5)])
    with views.read() as opened:
        yield opened


def _runs(connection: Any, wanted: Any) -> Page[Any]:
    return list_runs(connection, wanted, NOON)


LISTS: list[tuple[str, List, type[Filter], list[dict[str, Any]]]] = [
    ("runs", _runs, RunFilter, [{}, {"status": ("completed",)}, {"workflow_id": HIRING}]),
    (
        "conversations",
        list_conversations,
        ConversationFilter,
        [{}, {"status": ("completed",)}, {"campaign": "c"}, {"outcome": "passed"}],
    ),
    ("meetings", list_meetings, MeetingFilter, [{}, {"status": ("scheduled",)}]),
    ("contacts", list_contacts, ContactFilter, [{}, {"status": ("failed",)}]),
    ("analyses", list_analyses, AnalysisFilter, [{}, {"mandatory": "met"}]),
    ("analysis_batches", list_batches, BatchFilter, [{}]),
    ("attention", needs_you, AttentionFilter, [{}, {"reason": ("run_failed",)}]),
    ("persons)", people, PersonFilter, [{}]),
]
ONE_ANALYSIS = "rank"  # an order within one analysis, which is small


def _sorts(kind: type[Filter]) -> list[str | None]:
    field = kind.model_fields.get("sort")
    if field is None:
        return [None]
    named = [a for one in (field.annotation, *get_args(field.annotation)) for a in get_args(one)]
    return [sort for sort in named if isinstance(sort, str) and sort != ONE_ANALYSIS]


CASES = [
    pytest.param(
        table,
        listed,
        kind(**chosen, **({"sort": sort} if sort else {})),
        id=f"{table}-{'-'.join(chosen)}-{sort}",
    )
    for table, listed, kind, filters in LISTS
    for chosen in filters
    for sort in _sorts(kind)
]


@pytest.mark.parametrize(("table", "listed", "wanted"), CASES)
def test_a_list_is_read_off_an_index_in_its_order(
    connection: Connection, table: str, listed: List, wanted: Filter
) -> None:
    asked: Any = Asked(connection)
    listed(asked, wanted)
    plan = asked.plan(f"FROM {table} WHERE")
    assert not [step for step in plan if "TEMP B-TREE" in step], plan


@pytest.mark.parametrize("bounds", [{"since": 1, "until": 2}, {"ended_since": 1}])
@pytest.mark.parametrize("sort", ["last_event_at", "-last_event_at"])
def test_runs_of_a_long_time_are_walked_in_their_order_and_not_sorted(
    connection: Connection, bounds: dict[str, int], sort: str
) -> None:
    asked: Any = Asked(connection)
    list_runs(asked, RunFilter(**bounds, sort=sort), NOON)
    plan = asked.plan("FROM runs WHERE")
    assert not [step for step in plan if "TEMP B-TREE" in step], plan
    assert [step for step in plan if "runs_by_last_event_at_id_first_at_ended_at" in step], plan


def test_runs_that_ended_and_runs_of_days_are_counted_in_indexes_alone(
    connection: Connection,
) -> None:
    asked: Any = Asked(connection)
    count_runs(asked, RunFilter(ended_since=NOON), NOON)
    moving(asked, NOON, [NOON - DAY, NOON])
    for words in ("SELECT status, count(*)", "_at < "):
        of_runs = [step for step in asked.plan(words) if " runs " in step]
        assert of_runs
        assert not [step for step in of_runs if "COVERING INDEX" not in step], of_runs


def test_runs_that_visited_a_node_are_walked_where_many_did_and_counted_in_indexes(
    tmp_path: Path,
) -> None:
    views = store(tmp_path, [started("one"), completed("one", "ask", "yes", 5)])
    wanted = RunFilter(workflow_id=HIRING, visited="ask")
    with views.read() as opened:
        asked: Any = Asked(opened)
        list_runs(asked, wanted, NOON)
        count_runs(asked, wanted, NOON)
        walked = asked.plan("ORDER BY last_event_at")
        assert not [step for step in walked if "TEMP B-TREE" in step], walked
        assert [step for step in walked if "steps_own" in step and "run_id=?" in step], walked
        counted = [step for step in asked.plan("SELECT status, count(*)") if " runs " in step]
        assert not [step for step in counted if "COVERING INDEX" not in step], counted


def test_the_types_received_are_counted_in_their_order(connection: Connection) -> None:
    asked: Any = Asked(connection)
    types(asked)
    assert asked.plan("FROM feed") == ["SCAN feed USING COVERING INDEX feed_by_type"]


def test_stuck_runs_and_the_median_time_are_found_in_indexes_alone(
    connection: Connection,
) -> None:
    asked: Any = Asked(connection)
    run_funnel(asked, HIRING, NOON)
    for words in ("last_event_at <", "lasted"):
        of_runs = [step for step in asked.plan(words) if " runs " in step]
        assert of_runs
        assert not [step for step in of_runs if "COVERING INDEX" not in step], of_runs


@pytest.mark.parametrize("view", QUESTIONS)
def test_states_of_some_things_are_found_by_their_keys(connection: Connection, view: str) -> None:
    asked: Any = Asked(connection)
    states_of(asked, view, ["one"])
    scans = [step for step in asked.plan("SELECT") if step.startswith("SCAN")]
    assert scans == ["SCAN json_each VIRTUAL TABLE INDEX 1:"]
