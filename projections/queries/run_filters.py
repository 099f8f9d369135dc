"""What a filter of runs asks of the table, in the terms that its indexes answer best."""

import json
from typing import Final

from projections.queries.filters import WITHOUT, RunFilter
from projections.queries.paging import Listing, Where
from projections.queries.people import of_candidate
from projections.queries.standing import places_at
from projections.queries.stuck import allow_asking
from tracker.database import Connection
from tracker.errors import InvalidInput

RUNS: Final = Listing("runs", key=("id",), nullable=frozenset({"ended_at"}))
OF_A_STEP: Final = ("visited", "outcome", "next", "visited_since")
SILENT: Final = "? - last_event_at > usual_silence(workflow_id, last_node, last_outcome)"


def runs_where(
    connection: Connection,
    wanted: RunFilter,
    now: int,
    *,
    listed: bool = False,
    steps_of_each: bool = False,
) -> Where:
    """The conditions of a filter; for a list they leave its order its index.

    With `steps_of_each`, each run is asked whether it visited the node, else the node's
    steps are asked for their runs. Raises InvalidInput.
    """
    # A list is walked in its order: to sort all runs of a long time would take longer. The
    # plus keeps aside the index by which they are counted.
    aside = "+" if listed and not wanted.sort.endswith("first_at") else ""
    where = Where().among("status", wanted.status)
    # With a node there are few runs, found by their ids: the plus keeps aside the index.
    where.equal("workflow_id" if wanted.node is None else "+workflow_id", wanted.workflow_id)
    where.equal("workflow_version_id", stored(wanted.version))
    where.equal("organization_id", wanted.organization_id)
    where.between(f"{aside}first_at", wanted.since, wanted.until)
    where.between("ended_at", wanted.ended_since, wanted.ended_until)
    if wanted.anomalies is not None:
        where.add("anomaly_count > 0" if wanted.anomalies else "anomaly_count = 0")
        where.few = wanted.anomalies  # they are rare, and have an index
    of_candidate(connection, where, "runs", "id", wanted.candidate)
    if wanted.stuck is not None:
        _stuck(connection, where, now, wanted=wanted.stuck)
    if wanted.node is not None:
        _standing_at(connection, where, wanted.node, wanted.workflow_id)
    if any(getattr(wanted, name) is not None for name in OF_A_STEP):
        _visited(where, wanted, of_each=steps_of_each)
    return where


def _stuck(connection: Connection, where: Where, now: int, *, wanted: bool) -> None:
    usual = allow_asking(connection)
    if wanted:
        # The first two conditions are for the index; the third one decides.
        where.add("status = 'running'").add("last_event_at < ?", now - usual.shortest)
        where.add(SILENT, now)
    else:
        where.add(f"status <> 'running' OR NOT ({SILENT})", now)


def _standing_at(connection: Connection, where: Where, node: str, workflow_id: str | None) -> None:
    """Running runs by the places that lead to the node; ended ones by where they ended."""
    places = [
        [p.current_node, p.workflow_id, p.workflow_version_id, p.last_node, p.last_outcome]
        for p in places_at(connection, node, workflow_id)
    ]
    where.few = True
    where.add(
        """
        id IN (
            SELECT runs.id FROM json_each(?) AS place CROSS JOIN runs ON status = 'running'
            AND current_node IS value ->> 0 AND workflow_id = value ->> 1
            AND workflow_version_id = value ->> 2
            AND last_node IS value ->> 3 AND last_outcome IS value ->> 4
            UNION ALL
            SELECT id FROM runs WHERE status IN ('failed', 'cancelled') AND current_node = ?
        )
        """,
        json.dumps(places),
        node,
    )


def stored(asked: str | None) -> str | None:
    """What a column holds for an id in an address."""
    return "" if asked == WITHOUT else asked


def _visited(where: Where, wanted: RunFilter, *, of_each: bool) -> None:
    """Runs with a step at a node; with `next`, those with that step right after one there.

    Found by a look at the steps `of_each` run, or else among all steps at the node.
    """
    if wanted.workflow_id is None or wanted.visited is None:
        given = next(name for name in OF_A_STEP if getattr(wanted, name) is not None)
        raise InvalidInput(
            "The filters visited, outcome, next and visited_from need a workflow_id, "
            "and the last three a visited node",
            field=given,
        )
    prefix = "" if wanted.next is None else "previous_"
    steps = Where().equal("workflow_id", wanted.workflow_id)
    steps.equal(f"{prefix}node{'' if prefix else '_id'}", wanted.visited)
    steps.equal(f"{prefix}outcome", stored(wanted.outcome))
    if wanted.next is not None:
        steps.equal("node_id", wanted.next)
    steps.between("completed_at", wanted.visited_since, None)
    if of_each:
        of_run = f"SELECT 1 FROM steps WHERE run_id = runs.id AND {steps.sql}"
        where.add(f"EXISTS ({of_run})", *steps.values)
    else:
        where.add(f"id IN (SELECT run_id FROM steps WHERE {steps.sql})", *steps.values)


def is_visited_often(connection: Connection, wanted: RunFilter) -> bool:
    """Whether a walk through a workflow's runs soon meets those with a step at a node.

    Not from those with few steps on: how many a run has depends on where it was.
    """
    if wanted.sort.endswith("step_count"):
        return False
    of = Where().equal("subject", wanted.workflow_id)
    of.equal("organization_id", wanted.organization_id)
    steps = of.copy().equal("name", "visits" if wanted.next is None else "edges")
    steps.equal("item", wanted.visited).equal("outcome", stored(wanted.outcome))
    steps.equal("target", wanted.next)
    query = "SELECT total(count) FROM tallies WHERE {}"
    passed, started = (
        connection.execute(query.format(where.sql), where.values).fetchone()[0]
        for where in (steps, of.equal("name", "runs"))
    )
    return bool(passed >= started)
