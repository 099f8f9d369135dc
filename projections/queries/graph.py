"""The graph of a workflow with everything counted on it, and the way of one run through it."""

import json

import msgspec

from projections import contacts
from projections.queries.organizations import with_tally
from projections.queries.paging import Where
from projections.queries.runs import RunDetail
from projections.queries.standing import Following, places
from projections.queries.workflows import (
    KnownNode,
    configuration,
    known_nodes,
)
from projections.runs import Status, Step
from tracker.database import Connection
from tracker.timing import DAY

EdgeKey = tuple[str, str, str]
Route = EdgeKey


class GraphNode(msgspec.Struct, frozen=True, kw_only=True):
    """A node and the completions counted on it; waits in microseconds before a completion.

    `outcomes` counts completions by outcome, `entered` runs that began here, `here` those
    that probably stand here now. `undeclared` lists outcomes that the configuration lacks.
    """

    id: str
    label: str | None
    type: str | None
    declared: bool
    visits: int = 0
    outcomes: dict[str, int] = msgspec.field(default_factory=dict)
    undeclared: tuple[str, ...] = ()
    entered: int = 0
    here: int = 0
    total_wait: int = 0
    median_wait: int | None = None


class GraphEdge(msgspec.Struct, frozen=True, kw_only=True):
    """A way from one node to another by an outcome; `share` of all that left the node so far."""

    source: str
    target: str
    outcome: str
    declared: bool
    count: int = 0
    share: float = 0.0
    total_wait: int = 0
    median_wait: int | None = None


class Graph(msgspec.Struct, frozen=True):
    """Nodes in the configuration's order, then discovered ones; edges ordered by their ends.

    `configured` tells whether an imported configuration is behind it.
    """

    nodes: list[GraphNode]
    edges: list[GraphEdge]
    configured: bool

    @property
    def unused(self) -> list[GraphEdge]:
        """Declared routes that nobody took."""
        return [edge for edge in self.edges if edge.declared and not edge.count]


class RunNode(msgspec.Struct, frozen=True, kw_only=True):
    """A node as one run sees it.

    `state` is `done`, `current` (probably here), `stopped` (the run ended here without
    completing it) or `unreached`; `steps` are the run's completions of it.
    """

    id: str
    label: str | None
    type: str | None
    declared: bool
    state: str
    steps: list[Step]
    contacts: list[contacts.Contact]


class RunEdge(msgspec.Struct, frozen=True, kw_only=True):
    """A way between nodes as one run sees it: how often taken, and the wait of the last time."""

    source: str
    target: str
    outcome: str
    declared: bool
    taken: int = 0
    waited: int | None = None


class RunGraph(msgspec.Struct, frozen=True):
    """The graph of one run."""

    nodes: list[RunNode]
    edges: list[RunEdge]
    configured: bool


def workflow_graph(
    connection: Connection,
    workflow_id: str,
    version: str | None = None,
    since_day: int | None = None,
    *,
    medians: bool = True,
) -> Graph:
    """A workflow's graph over one version or all, from a day (since 1970) on.

    Without a configuration, or a run, it is as far as either is known; else empty.
    """
    routes = _routes(connection, workflow_id, version)
    counted = _Counted(connection, workflow_id, version, since_day, medians=medians)
    known = known_nodes(connection, workflow_id, version)
    for node in _ends(routes, counted):
        known.setdefault(node, KnownNode(node, None, None, declared=False))
    return Graph(
        nodes=[counted.node(node, routes) for node in known.values()],
        edges=[counted.edge(key, key in routes) for key in _edges(routes, counted)],
        configured=bool(routes) or any(node.declared for node in known.values()),
    )


def _routes(connection: Connection, workflow_id: str, version: str | None) -> dict[Route, None]:
    """The declared (source, outcome, target) of a version, or of all; in a steady order."""
    where = Where().equal("workflow_id", workflow_id)
    if version is not None:
        holds = configuration(connection, workflow_id, version)
        where.equal("version_id", holds.version_id if holds else version)
    query = f"""
        SELECT DISTINCT node_id, outcome, target FROM routes WHERE {where.sql} ORDER BY 1, 2, 3
    """
    return dict.fromkeys(connection.execute(query, where.values).fetchall())


def _ends(routes: dict[Route, None], counted: "_Counted") -> list[str]:
    ends = [end for source, _, target in (*routes, *counted.edges) for end in (source, target)]
    return list(dict.fromkeys([*ends, *counted.visits, *counted.entered]))


def _edges(routes: dict[Route, None], counted: "_Counted") -> list[EdgeKey]:
    return [*routes, *sorted(counted.edges.keys() - routes.keys())]


class _Counted:
    """What the tallies and steps tell about one workflow."""

    def __init__(
        self,
        connection: Connection,
        workflow_id: str,
        version: str | None,
        since_day: int | None,
        *,
        medians: bool,
    ) -> None:
        self._connection = connection
        self._asked = workflow_id, version, since_day
        self.visits: dict[str, dict[str, tuple[int, int]]] = {}
        for (node, outcome, _), counts in self._tally("visits").items():
            self.visits.setdefault(node, {})[outcome] = counts
        edges = self._tally("edges")
        self.entered = {key[2]: counts[0] for key, counts in edges.items() if not key[0]}
        self.edges = {key: counts for key, counts in edges.items() if key[0]}
        self.here = self._here()
        self._left: dict[str, int] = {}
        for (source, _, _), (number, _) in self.edges.items():
            self._left[source] = self._left.get(source, 0) + number
        self._medians = medians
        self._into: dict[str, list[EdgeKey]] = {}
        for key in edges:
            self._into.setdefault(key[2], []).append(key)

    def node(self, known: KnownNode, routes: dict[Route, None]) -> GraphNode:
        outcomes = self.visits.get(known.id, {})
        visits = sum(number for number, _ in outcomes.values())
        declared = {outcome for source, outcome, _ in routes if source == known.id}
        return GraphNode(
            id=known.id,
            label=known.label,
            type=known.type,
            declared=known.declared,
            visits=visits,
            outcomes={outcome: number for outcome, (number, _) in outcomes.items()},
            # A node without any route is an end, whatever its outcome.
            undeclared=tuple(o for o in outcomes if declared and o not in declared),
            entered=self.entered.get(known.id, 0),
            here=self.here.get(known.id, 0),
            total_wait=sum(total for _, total in outcomes.values()),
            median_wait=self._median(visits, *self._into.get(known.id, ())),
        )

    def edge(self, key: EdgeKey, declared: bool) -> GraphEdge:
        source, outcome, target = key
        number, total = self.edges.get(key, (0, 0))
        left = self._left.get(source, 0)
        return GraphEdge(
            source=source,
            target=target,
            outcome=outcome,
            declared=declared,
            count=number,
            share=number / left if left else 0.0,
            total_wait=total,
            median_wait=self._median(number, key),
        )

    def _tally(self, name: str) -> dict[EdgeKey, tuple[int, int]]:
        workflow_id, version, since_day = self._asked
        where = Where().equal("name", name)
        organizations = json.dumps(with_tally(self._connection, name))
        where.add("organization_id IN (SELECT value FROM json_each(?))", organizations)
        where.equal("subject", workflow_id).equal("version", version)
        where.between("day", since_day, None)
        query = f"""
            SELECT item, outcome, target, sum(count), sum(total) FROM tallies WHERE {where.sql}
            GROUP BY item, outcome, target ORDER BY item, outcome, target
        """
        rows = self._connection.execute(query, where.values)
        return {tuple(row[:3]): (row[3], row[4]) for row in rows}

    def _median(self, number: int, *ways: EdgeKey) -> int | None:
        """The lower median of the `number` waits on some ways into one node, by an index."""
        if not self._medians or not number:
            return None
        workflow_id, version, since_day = self._asked
        where = Where().equal("workflow_id", workflow_id)
        # The plus keeps aside the index by node, which does not hold the waits.
        where.equal("+node_id" if len(ways) > 1 else "node_id", ways[0][2])
        if len(ways) == 1:
            where.equal("previous_node", ways[0][0]).equal("previous_outcome", ways[0][1])
        where.equal("+workflow_version_id", version)
        where.between("completed_at", None if since_day is None else since_day * DAY, None)
        query = f"""
            SELECT waited FROM steps WHERE {where.sql}
            ORDER BY waited LIMIT 1 OFFSET ?
        """
        row = self._connection.execute(query, (*where.values, (number - 1) // 2)).fetchone()
        return int(row[0]) if row else None

    def _here(self) -> dict[str, int]:
        workflow_id, version, _ = self._asked
        following = Following(self._connection)
        here: dict[str, int] = {}
        for place in places(self._connection, workflow_id):
            node = following.probable_node(place)
            if node is not None and version in {None, place.workflow_version_id}:
                here[node] = here.get(node, 0) + place.count
        return here


def run_graph(connection: Connection, detail: RunDetail) -> RunGraph:
    """The way of one run through its workflow: as configured, else as discovered."""
    run, way = detail.row, _Way(detail)
    declared = _routes(connection, run.workflow_id, run.workflow_version_id)
    holds = configuration(connection, run.workflow_id, run.workflow_version_id)
    known = known_nodes(connection, run.workflow_id, run.workflow_version_id)
    if holds is not None:
        known = {id_: node for id_, node in known.items() if node.declared or id_ in way.nodes}
        base = list(declared)
    else:
        base = _discovered(connection, run.workflow_id, run.workflow_version_id)
    edges = list(dict.fromkeys([*base, *way.edges]))
    for end in (*(e for s, _, t in edges for e in (s, t)), *way.nodes):
        known.setdefault(end, KnownNode(end, None, None, declared=False))
    return RunGraph(
        nodes=[way.node(node) for node in known.values()],
        edges=[way.edge(key, key in declared) for key in edges],
        configured=holds is not None,
    )


def _discovered(connection: Connection, workflow_id: str, version: str) -> list[EdgeKey]:
    counted = _Counted(connection, workflow_id, version, None, medians=False)
    return sorted(counted.edges)


class _Way:
    """What one run's steps say about nodes and edges."""

    def __init__(self, detail: RunDetail) -> None:
        self._detail = detail
        self.edges: dict[EdgeKey, list[Step]] = {}
        for step in detail.steps:
            if step.previous_node:
                key = step.previous_node, step.previous_outcome, step.node_id
                self.edges.setdefault(key, []).append(step)
        standing = detail.line.probable_node
        stepped = [step.node_id for step in detail.steps]
        self.nodes = dict.fromkeys([*stepped, *([standing] if standing else [])])

    def node(self, known: KnownNode) -> RunNode:
        steps = [step for step in self._detail.steps if step.node_id == known.id]
        newest = steps[-1] if steps else None
        return RunNode(
            id=known.id,
            label=known.label or (newest.label if newest else None),
            type=known.type or (newest.node_type if newest else None),
            declared=known.declared,
            state=self._state(known.id, steps),
            steps=steps,
            contacts=[c for c in self._detail.contacts if c.node_id == known.id],
        )

    def _state(self, node: str, steps: list[Step]) -> str:
        line = self._detail.line
        if node == line.probable_node:
            if line.status == Status.RUNNING:
                return "current"
            if not steps:
                return "stopped"
        return "done" if steps else "unreached"

    def edge(self, key: EdgeKey, declared: bool) -> RunEdge:
        source, outcome, target = key
        taken = self.edges.get(key, [])
        return RunEdge(
            source=source,
            target=target,
            outcome=outcome,
            declared=declared,
            taken=len(taken),
            waited=taken[-1].waited if taken else None,
        )
