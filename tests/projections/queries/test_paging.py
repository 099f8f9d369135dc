"""Keyset paging walks every row once, whatever the order and however equal the values."""

import base64
import json
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from projections.queries.conversations import list_conversations
from projections.queries.filters import ConversationFilter, RunFilter
from projections.queries.paging import Listing, Where, select_page
from projections.queries.runs import list_runs
from tests.projections.queries.stored import NOON, body, started, store
from tracker.database import Connection, open_writer
from tracker.errors import InvalidInput


class Row(msgspec.Struct, frozen=True):
    id: str
    value: int | None


THINGS = Listing("things", key=("id",), nullable=frozenset({"value"}))


@pytest.fixture(scope="module")
def connection(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Connection]:
    opened = open_writer(tmp_path_factory.mktemp("paging") / "things.db")
    opened.execute("CREATE TABLE things (id TEXT PRIMARY KEY, value INTEGER)")
    yield opened
    opened.close()


@given(
    values=st.lists(st.none() | st.integers(-2, 2), max_size=25),
    limit=st.integers(1, 6),
    sort=st.sampled_from(["value", "-value", "id", "-id"]),
)
def test_every_row_comes_once_and_in_order(
    connection: Connection, values: list[int | None], limit: int, sort: str
) -> None:
    connection.execute("DELETE FROM things")
    rows = [Row(f"id-{n % 7}/{n}", value) for n, value in enumerate(values)]
    connection.executemany("INSERT INTO things VALUES (?, ?)", [(r.id, r.value) for r in rows])
    walked: list[Row] = []
    cursor = None
    while True:
        page = select_page(connection, Row, THINGS, Where(), sort, limit, cursor)
        walked += page.items
        assert len(page.items) <= limit
        if (cursor := page.next_cursor) is None:
            break
    down = sort.startswith("-")
    known = [r for r in rows if r.value is not None or sort.endswith("id")]
    without = [r for r in rows if r not in known]
    by = (lambda r: r.id) if sort.endswith("id") else (lambda r: (r.value, r.id))
    expected = [
        *sorted(known, key=by, reverse=down),
        *sorted(without, key=lambda r: r.id, reverse=down),
    ]
    assert walked == expected


def test_runs_of_the_same_moment_are_walked_once_each(data: Path) -> None:
    views = store(data, [started(f"run-{n:02}") for n in range(25)])
    with views.read() as connection:
        page = list_runs(connection, RunFilter(limit=4), NOON)
        seen = [run.id for run in page.items]
        while page.next_cursor:
            page = list_runs(connection, RunFilter(limit=4, cursor=page.next_cursor), NOON)
            seen += [run.id for run in page.items]
    assert sorted(seen) == [f"run-{n:02}" for n in range(25)]


def test_conversations_without_a_score_come_last(data: Path) -> None:
    scores = {"a": 5, "b": None, "c": 70.5, "d": None}
    bodies = [
        body("CONVERSATION_STARTED", record=id_, scorecardTotalValue=score)
        for id_, score in scores.items()
    ]
    views = store(data, bodies)
    with views.read() as connection:
        for sort, expected in (("-score", "cadb"), ("score", "acbd")):
            seen, cursor = "", None
            while True:
                wanted = ConversationFilter(sort=sort, limit=1, cursor=cursor)
                page = list_conversations(connection, wanted)
                seen += "".join(row.id for row in page.items)
                if (cursor := page.next_cursor) is None:
                    break
            assert seen == expected


def _cursor(content: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "cursor",
    [
        "nonsense",
        "ü",
        "%%%",
        "A",
        _cursor(["value"]),
        _cursor(["-value", 1, "id"]),
        _cursor(["value", 1, None]),
        _cursor(["value", 2**63, "id"]),
        _cursor(["value", 1, 2**70]),
        _cursor(["value", True, "id"]),
        _cursor({"value": 1}),
        _cursor("value"),
        _cursor(["value", [1], "id"]),
    ],
)
def test_a_cursor_that_no_page_gave_is_refused_by_name(connection: Connection, cursor: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        select_page(connection, Row, THINGS, Where(), "value", 1, cursor)
    assert refused.value.field == "cursor"
