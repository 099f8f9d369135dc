"""The way of one run through its workflow, and why it counts as silent for too long."""

import json

import msgspec

from projections import contacts
from projections.queries.organizations import with_tally
from projections.queries.passages import EdgeKey
from projections.queries.runs import RunDetail
from projections.queries.stuck import LEAST_SAMPLE
from projections.queries.workflow_graph import routes, taken_ways
from projections.queries.workflows import KnownNode, configuration, known_nodes
from projections.runs import Status
from projections.steps import Step
from tracker.database import Connection


class RunNode(msgspec.Struct, frozen=True, kw_only=True):
    """A node as one run sees it.

    `state` is `done`, `current` (probably here), `stopped` (the run failed or was cancelled
    here) or `unreached`; `steps` are the run's completions of it.
    """

    id: str
    label: str | None
    type: str | None
    declared: bool
    state: str
    steps: list[Step]
    contacts: list[contacts.Contact]


class RunEdge(msgspec.Struct, frozen=True, kw_only=True):
    """A way between nodes as one run sees it: how often taken, and the wait of the last time.

    The run probably took it `last`, towards the node at which it stands or ended: that
    node did not complete, so nothing says how long this took.
    """

    source: str
    target: str
    outcome: str
    declared: bool
    taken: int = 0
    waited: int | None = None
    last: bool = False


class RunGraph(msgspec.Struct, frozen=True):
    """The graph of one run."""

    nodes: list[RunNode]
    edges: list[RunEdge]
    configured: bool


class Silence(msgspec.Struct, frozen=True):
    """After how much silence a run counts as stuck, in microseconds, and how that is known.

    `sample` is how many runs went on after the same step; the threshold was `measured`
    on them when they were enough, else it is the fixed one.
    """

    threshold: int
    sample: int
    measured: bool


def silence(connection: Connection, detail: RunDetail) -> Silence:
    """Why a run counts as stuck, or when it will."""
    line = detail.line
    query = """
        SELECT total(count) FROM tallies WHERE name = 'edges'
        AND organization_id IN (SELECT value FROM json_each(?))
        AND subject = ? AND item = ? AND outcome = ?
    """
    organizations = json.dumps(with_tally(connection, "edges"))
    place = line.workflow_id, line.last_node or "", line.last_outcome or ""
    sample = int(connection.execute(query, (organizations, *place)).fetchone()[0])
    return Silence(line.usual_silence, sample, measured=sample >= LEAST_SAMPLE)


def run_graph(connection: Connection, detail: RunDetail) -> RunGraph:
    """The way of one run through its workflow: as configured, else as discovered."""
    run, way = detail.row, _Way(detail)
    declared = routes(connection, run.workflow_id, run.workflow_version_id)
    holds = configuration(connection, run.workflow_id, run.workflow_version_id)
    known = known_nodes(connection, run.workflow_id, run.workflow_version_id)
    if holds is not None:
        known = {id_: node for id_, node in known.items() if node.declared or id_ in way.nodes}
        base = list(declared)
    else:
        base = taken_ways(connection, run.workflow_id, run.workflow_version_id)
    edges = list(dict.fromkeys([*base, *way.edges]))
    for end in (*(e for s, _, t in edges for e in (s, t)), *way.nodes):
        known.setdefault(end, KnownNode(end, None, None, declared=False))
    return RunGraph(
        nodes=[way.node(node) for node in known.values()],
        edges=[way.edge(key, key in declared) for key in edges],
        configured=holds is not None,
    )


class _Way:
    """What one run's steps say about nodes and edges."""

    def __init__(self, detail: RunDetail) -> None:
        self._detail = detail
        self.edges: dict[EdgeKey, list[Step]] = {}
        for step in detail.steps:
            if step.previous_node:
                key = step.previous_node, step.previous_outcome, step.node_id
                self.edges.setdefault(key, []).append(step)
        self._standing = standing = detail.line.probable_node
        ended_by = detail.row.ended_by
        self._named_end = next((e.note for e in detail.row.history if e.event_id == ended_by), None)
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
        if node == self._standing:
            if self._detail.line.status == Status.RUNNING:
                return "current"
            if not steps or node == self._named_end:
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
            last=key == (*self._newest(), self._standing),
        )

    def _newest(self) -> tuple[str | None, str | None]:
        """The step completed last: its node and its outcome."""
        return self._detail.line.last_node, self._detail.line.last_outcome
