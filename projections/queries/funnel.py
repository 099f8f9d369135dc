"""The funnel: how far conversations got, or how the runs of a workflow ended.

Each number is the length of the list that its filter gives.
"""

from typing import Final

import msgspec

from projections.queries.conversations import STAGES, conditions, count_conversations
from projections.queries.filters import ConversationFilter, RunFilter
from projections.queries.paging import Where
from projections.queries.run_counts import RunCounts, count_runs
from projections.runs import Status
from tracker.database import Connection

WAITS: Final = {"started": "waited_to_start", "completed": "waited_to_complete"}
EXITS: Final = ("start_failed", "max_nudges_reached", "opted_out", "needs_review")


class Stage(msgspec.Struct, frozen=True):
    """A stage: how many got here, what part of the stage before, the median wait for it.

    `share` is None where the stage before is empty; `median_wait` is microseconds.
    """

    name: str
    count: int
    share: float | None
    median_wait: int | None


class Funnel(msgspec.Struct, frozen=True):
    """How conversations went on: the stages, and by which status or outcome others left."""

    stages: list[Stage]
    exits: dict[str, int]
    endings: dict[str, int]


class RunFunnel(msgspec.Struct, frozen=True):
    """How the runs of a workflow ended.

    `median_time` is microseconds from a run's first event to its completion.
    """

    counts: RunCounts
    median_time: int | None


def funnel(connection: Connection, wanted: ConversationFilter) -> Funnel:
    """Queued, started, completed, passed, and the exits.

    `exits` are statuses now, `endings` the outcomes of completed conversations but passed.
    """
    counted = count_conversations(connection, wanted)
    before = 0
    stages = []
    for name in STAGES:
        number = counted.stages[name]
        wait = _median(connection, WAITS[name], wanted) if name in WAITS else None
        stages.append(Stage(name, number, number / before if before else None, wait))
        before = number
    exits = {status: counted.statuses[status] for status in EXITS}
    endings = {name: number for name, number in counted.endings.items() if name != "passed"}
    return Funnel(stages, exits, endings)


def _median(connection: Connection, column: str, wanted: ConversationFilter) -> int | None:
    wanted = wanted.model_copy(update={"status": (), "outcome": None, "stage": None})
    where = conditions(connection, wanted).add(f"{column} IS NOT NULL")
    query = f"SELECT count({column}) FROM conversations WHERE {where.sql}"
    number = int(connection.execute(query, where.values).fetchone()[0])
    return _middle(connection, "conversations", column, where, number)


def _middle(
    connection: Connection, table: str, column: str, where: Where, number: int
) -> int | None:
    """The middle of `number` values, or between the two there: a walk through half an index."""
    query = f"SELECT {column} FROM {table} WHERE {where.sql} ORDER BY {column} LIMIT ? OFFSET ?"
    place = (2 - number % 2, (number - 1) // 2)
    found = connection.execute(query, (*where.values, *place)).fetchall() if number else []
    return sum(value for (value,) in found) // len(found) if found else None


def run_funnel(connection: Connection, workflow_id: str, now: int) -> RunFunnel:
    """The runs of a workflow, all and by how they ended."""
    counts = count_runs(connection, RunFilter(workflow_id=workflow_id), now)
    where = Where().equal("workflow_id", workflow_id).equal("status", Status.COMPLETED)
    return RunFunnel(counts, _middle(connection, "runs", "lasted", where, counts.completed))


def campaigns(connection: Connection, limit: int = 200) -> list[str]:
    """The campaigns of all conversations, by the customer's ids, without unwieldy ones."""
    query = """
        SELECT DISTINCT subject FROM tallies WHERE name = 'conversations'
        AND subject <> '' AND length(subject) <= 200 ORDER BY subject LIMIT ?
    """
    return [campaign for (campaign,) in connection.execute(query, (limit,))]
