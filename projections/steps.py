"""Which way did a run take? Its completed nodes, in the order in which they completed.

The part of `projections.runs` from which the graphs are discovered and counted.
"""

from collections.abc import Iterable, Sequence

import msgspec

from projections import projection as p
from tracker.events import Event


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One completed node of a run; `waited` is microseconds since the step before it."""

    run_id: str
    number: int
    organization_id: str
    workflow_id: str
    workflow_version_id: str
    node_id: str
    node_type: str | None
    label: str | None
    outcome: str
    completed_at: int
    waited: int
    previous_node: str
    previous_outcome: str
    event_id: str


def steps_of(events: Sequence[Event], workflow_id: str, version_id: str) -> list[Step]:
    """The steps of a run, given all its events in canonical order."""
    steps: list[Step] = []
    before, node, outcome = events[0].occurred_at, "", ""
    for event in events:
        if event.type != "WORKFLOW_NODE_COMPLETED" or not event.data.node_id:
            continue
        step = Step(
            run_id=event.record_id,
            number=len(steps) + 1,
            organization_id=event.organization_id,
            workflow_id=workflow_id,
            workflow_version_id=version_id,
            node_id=event.data.node_id,
            node_type=event.data.node_type,
            label=event.data.label,
            outcome=event.data.outcome or "",
            completed_at=event.occurred_at,
            waited=event.occurred_at - before,
            previous_node=node,
            previous_outcome=outcome,
            event_id=event.event_id,
        )
        steps.append(step)
        before, node, outcome = event.occurred_at, step.node_id, step.outcome
    return steps


def tallies(row: Step) -> Iterable[p.Tally]:
    """Visits of nodes and edges by outcome and day, with waits; the labels that nodes carry."""
    of = (row.organization_id, row.workflow_id, row.workflow_version_id)
    when = (p.day_of(row.completed_at), 1, row.waited)
    return (
        p.tally("visits", *of, row.node_id, row.outcome, "", *when),
        p.tally("edges", *of, row.previous_node, row.previous_outcome, row.node_id, *when),
        p.tally("labels", *of, row.node_id, row.node_type or "", row.label or ""),
    )


STEPS = p.Table(
    "steps",
    Step,
    key=("run_id", "number"),
    entity="run_id",
    # A step is one of the few ways through its workflow, at some time.
    common=(
        "workflow_id",
        "organization_id",
        "workflow_version_id",
        "node_id",
        "node_type",
        "label",
        "outcome",
        "previous_node",
        "previous_outcome",
    ),
    # Waits and runs of every way, without a look at the table.
    indexes=(("common", "waited", "completed_at", "run_id"),),
    tallies=tallies,
)
