"""What the steps of a workflow's runs say about its nodes and ways: runs, and usual waits."""

from collections import defaultdict
from collections.abc import Iterable
from itertools import chain
from typing import Any

import msgspec

from projections.queries.paging import Where
from tracker.database import Connection
from tracker.timing import DAY

EdgeKey = tuple[str, str, str]


class Passages(msgspec.Struct):
    """Different runs by what they passed, and the lower median of the waits before.

    `runs` completed any node, `at` each node, `by_outcome` each node with each outcome;
    they went on from a node (`left`) and by an edge (`on`). Waits are microseconds.
    """

    runs: int = 0
    at: dict[str, int] = msgspec.field(default_factory=dict)
    by_outcome: dict[tuple[str, str], int] = msgspec.field(default_factory=dict)
    left: dict[str, int] = msgspec.field(default_factory=dict)
    on: dict[EdgeKey, int] = msgspec.field(default_factory=dict)
    wait_at: dict[str, int] = msgspec.field(default_factory=dict)
    wait_on: dict[EdgeKey, int] = msgspec.field(default_factory=dict)


class Way(msgspec.Struct, frozen=True):
    """What many steps have in common, under the number that they name it by."""

    number: int
    node: str
    outcome: str
    edge: EdgeKey


def passages(
    connection: Connection, workflow_id: str, version: str | None, since_day: int | None
) -> Passages:
    """Count a workflow's steps: of one version or all, from a day (since 1970) on.

    Holds the steps of one node at a time.
    """
    walk = _Walk(connection, since_day)
    into: defaultdict[str, list[Way]] = defaultdict(list)
    out_of: defaultdict[str, list[Way]] = defaultdict(list)
    for way in _ways(connection, workflow_id, version):
        into[way.node].append(way)
        out_of[way.edge[0]].append(way)
    found = Passages(runs=_runs(connection, workflow_id, version, since_day))
    for node, ways in into.items():
        walk.into(node, ways, found)
    for node, ways in out_of.items():
        found.left[node] = len(walk.runs(ways))
    return found


def _ways(connection: Connection, workflow_id: str, version: str | None) -> list[Way]:
    where = Where().equal("workflow_id", workflow_id).equal("workflow_version_id", version)
    query = f"""
        SELECT id, node_id, outcome, previous_node, previous_outcome FROM steps_common
        WHERE {where.sql}
    """
    return [
        Way(number, node, outcome, (*previous, node))
        for number, node, outcome, *previous in connection.execute(query, where.values)
    ]


def _runs(
    connection: Connection, workflow_id: str, version: str | None, since_day: int | None
) -> int:
    where = Where().equal("workflow_id", workflow_id).equal("workflow_version_id", version)
    if since_day is None:
        query = f"SELECT count(*) FROM runs WHERE {where.sql} AND step_count > 0"
    else:
        where.between("completed_at", since_day * DAY, None)
        query = f"SELECT count(DISTINCT run_id) FROM steps WHERE {where.sql}"
    return int(connection.execute(query, where.values).fetchone()[0])


class _Walk:
    """Reads steps by the number of their way, from the index that holds all that is asked."""

    def __init__(self, connection: Connection, since_day: int | None) -> None:
        self._connection = connection
        self._since = -(2**63) if since_day is None else since_day * DAY

    def into(self, node: str, ways: Iterable[Way], found: Passages) -> None:
        """Count the steps that completed a node."""
        by_outcome: defaultdict[str, set[str]] = defaultdict(set)
        on: defaultdict[EdgeKey, set[str]] = defaultdict(set)
        waits: defaultdict[EdgeKey, list[int]] = defaultdict(list)
        for way in ways:
            rows = self._read("run_id, waited", way)
            runs = {run for run, _ in rows}
            by_outcome[way.outcome] |= runs
            on[way.edge] |= runs
            waits[way.edge] += [waited for _, waited in rows]
        found.at[node] = len(frozenset().union(*by_outcome.values()))
        found.by_outcome |= {(node, outcome): len(runs) for outcome, runs in by_outcome.items()}
        found.on |= {edge: len(runs) for edge, runs in on.items()}
        found.wait_on |= {edge: lower_median(some) for edge, some in waits.items() if some}
        together = [*chain.from_iterable(waits.values())]
        if together:
            found.wait_at[node] = lower_median(together)

    def runs(self, ways: Iterable[Way]) -> set[str]:
        """The runs that went any of some ways."""
        return {run for way in ways for (run,) in self._read("run_id", way)}

    def _read(self, columns: str, way: Way) -> list[Any]:
        query = f"SELECT {columns} FROM steps_own WHERE common = ? AND completed_at >= ?"
        return self._connection.execute(query, (way.number, self._since)).fetchall()


def lower_median(values: list[int]) -> int:
    """The middle of some values, of two in the middle the lower one."""
    return sorted(values)[(len(values) - 1) // 2]
