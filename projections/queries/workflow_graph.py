"""The graph of a workflow with everything counted on it.

Runs are counted once each at a node, by an outcome and on a way, however often they came
by, so that a number is the length of the list of runs that it opens. `visits` and `count`
count completions.
"""

import json
from collections.abc import Iterable
from typing import Any, Final

import msgspec

from projections.queries.organizations import with_tally
from projections.queries.paging import Where
from projections.queries.passages import EdgeKey, passages
from projections.queries.restricted import limits_of
from projections.queries.standing import Following, places
from projections.queries.workflows import KnownNode, configuration, known_nodes
from tracker.database import Connection
from tracker.once import Once


class GraphNode(msgspec.Struct, frozen=True, kw_only=True):
    """A node and what is counted on it; waits in microseconds before a completion.

    `runs` completed it, `visits` times in all; `outcomes` counts completions and
    `outcome_runs` runs by outcome; `entered` counts runs that began here, `here` those that
    probably stand here now. `undeclared` lists outcomes that the configuration lacks.
    """

    id: str
    label: str | None
    type: str | None
    declared: bool
    runs: int = 0
    visits: int = 0
    outcomes: dict[str, int] = msgspec.field(default_factory=dict)
    outcome_runs: dict[str, int] = msgspec.field(default_factory=dict)
    undeclared: tuple[str, ...] = ()
    entered: int = 0
    here: int = 0
    total_wait: int = 0
    median_wait: int | None = None


class GraphEdge(msgspec.Struct, frozen=True, kw_only=True):
    """A way from one node to another by an outcome.

    `runs` took it, `count` times in all; `share` is their part of the runs that went on
    from the node so far. More than one way of a node may hold the same run.
    """

    source: str
    target: str
    outcome: str
    declared: bool
    runs: int = 0
    count: int = 0
    share: float = 0.0
    total_wait: int = 0
    median_wait: int | None = None


class Graph(msgspec.Struct, frozen=True):
    """Nodes in the configuration's order, then discovered ones; edges ordered by their ends.

    `configured` tells whether an imported configuration is behind it, `runs` how many runs
    completed any node.
    """

    nodes: list[GraphNode]
    edges: list[GraphEdge]
    configured: bool
    runs: int = 0

    @property
    def unused(self) -> list[GraphEdge]:
        """Declared routes that nobody took: no completion by that outcome was left over for them.

        A run that completed the node so, and nothing since, is probably on that way.
        """
        left = {(node.id, o): number for node in self.nodes for o, number in node.outcomes.items()}
        for edge in self.edges:
            left[edge.source, edge.outcome] = left.get((edge.source, edge.outcome), 0) - edge.count
        unused = (e for e in self.edges if e.declared and not e.count)
        return [edge for edge in unused if left[edge.source, edge.outcome] <= 0]


def workflow_graph(
    connection: Connection,
    workflow_id: str,
    version: str | None = None,
    since_day: int | None = None,
) -> Graph:
    """A workflow's graph over one version or all, from a day (since 1970) on.

    Without a configuration, or a run, it is as far as either is known; else empty. Counted
    once for all who may see the same, until something that it is counted from changes.
    """
    asked = limits_of(connection), _state(connection), workflow_id, version, since_day
    return _graphs.get(asked, lambda: _graph(connection, workflow_id, version, since_day))


MOST_KEPT: Final = 32
_graphs: Once[tuple[Any, ...], Graph] = Once(MOST_KEPT)


def _state(connection: Connection) -> tuple[Any, ...]:
    """The digests of what a graph is counted from: equal ones mean equal rows."""
    read = "('runs', 'steps', 'workflows', 'workflow_versions', 'routes')"
    query = f"SELECT name, rows, digest FROM views WHERE name IN {read} ORDER BY name"
    return tuple(connection.execute(query).fetchall())


def _graph(
    connection: Connection, workflow_id: str, version: str | None, since_day: int | None
) -> Graph:
    declared = routes(connection, workflow_id, version)
    counted = _Counted(connection, workflow_id, version, since_day)
    known = known_nodes(connection, workflow_id, version)
    for node in _ends(declared, counted):
        known.setdefault(node, KnownNode(node, None, None, declared=False))
    return Graph(
        nodes=[counted.node(node, declared) for node in known.values()],
        edges=[counted.edge(key, key in declared) for key in _edges(declared, counted)],
        configured=bool(declared) or any(node.declared for node in known.values()),
        runs=counted.passages.runs,
    )


def routes(connection: Connection, workflow_id: str, version: str | None) -> dict[EdgeKey, None]:
    """The declared (source, outcome, target) of a version, or of all; in a steady order."""
    where = Where().equal("workflow_id", workflow_id)
    if version is not None:
        holds = configuration(connection, workflow_id, version)
        where.equal("version_id", holds.version_id if holds else version)
    query = f"""
        SELECT DISTINCT node_id, outcome, target FROM routes WHERE {where.sql} ORDER BY 1, 2, 3
    """
    return dict.fromkeys(connection.execute(query, where.values).fetchall())


def taken_ways(connection: Connection, workflow_id: str, version: str) -> list[EdgeKey]:
    """The (source, outcome, target) that runs of a version took, in a steady order."""
    return [key for key in _tallied(connection, "edges", workflow_id, version, None) if key[0]]


def _ends(declared: Iterable[EdgeKey], counted: "_Counted") -> list[str]:
    ends = [end for source, _, target in (*declared, *counted.edges) for end in (source, target)]
    return list(dict.fromkeys([*ends, *counted.visits, *counted.entered]))


def _edges(declared: dict[EdgeKey, None], counted: "_Counted") -> list[EdgeKey]:
    return [*declared, *sorted(counted.edges.keys() - declared.keys())]


def _tallied(
    connection: Connection, name: str, workflow_id: str, version: str | None, since_day: int | None
) -> dict[EdgeKey, tuple[int, int]]:
    """Counts and total waits by (item, outcome, target)."""
    where = Where().equal("name", name)
    organizations = json.dumps(with_tally(connection, name))
    where.add("organization_id IN (SELECT value FROM json_each(?))", organizations)
    where.equal("subject", workflow_id).equal("version", version)
    where.between("day", since_day, None)
    query = f"""
        SELECT item, outcome, target, sum(count), sum(total) FROM tallies WHERE {where.sql}
        GROUP BY item, outcome, target ORDER BY item, outcome, target
    """
    rows = connection.execute(query, where.values)
    return {tuple(row[:3]): (row[3], row[4]) for row in rows}


class _Counted:
    """What tallies, steps and running runs tell about one workflow."""

    def __init__(
        self, connection: Connection, workflow_id: str, version: str | None, since_day: int | None
    ) -> None:
        self._connection = connection
        self._asked = workflow_id, version, since_day
        self.visits: dict[str, dict[str, tuple[int, int]]] = {}
        for (node, outcome, _), counts in _tallied(connection, "visits", *self._asked).items():
            self.visits.setdefault(node, {})[outcome] = counts
        edges = _tallied(connection, "edges", *self._asked)
        self.entered = {key[2]: counts[0] for key, counts in edges.items() if not key[0]}
        self.edges = {key: counts for key, counts in edges.items() if key[0]}
        self.here = self._here()
        self.passages = passages(connection, *self._asked)

    def node(self, known: KnownNode, declared_ways: Iterable[EdgeKey]) -> GraphNode:
        outcomes = self.visits.get(known.id, {})
        visits = sum(number for number, _ in outcomes.values())
        declared = {outcome for source, outcome, _ in declared_ways if source == known.id}
        return GraphNode(
            id=known.id,
            label=known.label,
            type=known.type,
            declared=known.declared,
            runs=self.passages.at.get(known.id, 0),
            visits=visits,
            outcomes={outcome: number for outcome, (number, _) in outcomes.items()},
            outcome_runs={o: self.passages.by_outcome.get((known.id, o), 0) for o in outcomes},
            # A node without any route is an end, whatever its outcome.
            undeclared=tuple(o for o in outcomes if declared and o not in declared),
            entered=self.entered.get(known.id, 0),
            here=self.here.get(known.id, 0),
            total_wait=sum(total for _, total in outcomes.values()),
            median_wait=self.passages.wait_at.get(known.id),
        )

    def edge(self, key: EdgeKey, declared: bool) -> GraphEdge:
        source, outcome, target = key
        number, total = self.edges.get(key, (0, 0))
        runs, left = self.passages.on.get(key, 0), self.passages.left.get(source, 0)
        return GraphEdge(
            source=source,
            target=target,
            outcome=outcome,
            declared=declared,
            runs=runs,
            count=number,
            share=runs / left if left else 0.0,
            total_wait=total,
            median_wait=self.passages.wait_on.get(key),
        )

    def _here(self) -> dict[str, int]:
        workflow_id, version, _ = self._asked
        following = Following(self._connection)
        here: dict[str, int] = {}
        for place in places(self._connection, workflow_id):
            node = following.probable_node(place)
            if node is not None and version in {None, place.workflow_version_id}:
                here[node] = here.get(node, 0) + place.count
        return here
