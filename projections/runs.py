"""Where is each candidate in each workflow, and which way did they take?

Hears the run's own events and the contact resolutions filed under it.
Read by Runs, Run, Workflow, Candidate and Today.
"""

from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum

import msgspec

from projections import projection as p
from projections.steps import STEPS, steps_of
from tracker.events import Event


class Status(StrEnum):
    """Where a run is in its life. One whose start was not received is running, too."""

    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


MACHINE: p.Machine[Status] = {
    Status.RUNNING: {
        "WORKFLOW_RUN_STARTED": Status.RUNNING,
        "WORKFLOW_NODE_COMPLETED": Status.RUNNING,
        "WORKFLOW_CONTACT_RESOLVED": Status.RUNNING,
        "WORKFLOW_CONTACT_RESOLUTION_SKIPPED": Status.RUNNING,
        "WORKFLOW_RUN_COMPLETED": Status.COMPLETED,
        "WORKFLOW_RUN_FAILED": Status.FAILED,
        "WORKFLOW_RUN_CANCELLED": Status.CANCELLED,
    },
    Status.COMPLETED: {},
    Status.FAILED: {},
    Status.CANCELLED: {},
}

CONTACT_STATUS = {
    "WORKFLOW_CONTACT_RESOLVED": "resolved",
    "WORKFLOW_CONTACT_RESOLUTION_SKIPPED": "skipped",
}


class Contact(msgspec.Struct, frozen=True):
    """A contact resolution filed under the run."""

    event_id: str
    at: int
    status: str
    candidate_profile_id: str | None
    node_id: str | None
    reason: str | None


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """One run. `current_node` is the node it probably stands at, as far as its events tell.

    `lasted` is microseconds from its first event to its end, None while it has none.
    """

    id: str
    organization_id: str
    workflow_id: str
    workflow_version_id: str
    workflow_external_id: str | None
    candidate_profile_id: str | None
    candidate_external_id: str | None
    status: str
    first_at: int
    started_at: int | None
    ended_at: int | None
    ended_by: str | None
    lasted: int | None
    last_event_at: int
    current_node: str | None
    last_node: str | None
    last_outcome: str | None
    step_count: int
    reason: str | None
    code: str | None
    acknowledged: bool
    contacts: tuple[Contact, ...]
    history: tuple[p.Entry, ...]
    anomalies: tuple[str, ...]
    anomaly_count: int


# A run's events name it as their record.
key = p.by_record


def fold(events: Sequence[Event]) -> Sequence[p.Row]:
    """The run, then its steps in the order in which they completed."""
    own = p.own_events(events)
    if not own:
        return ()
    status, history = p.walk(MACHINE, Status.RUNNING, own, _note)
    started = next((e for e in own if e.type == "WORKFLOW_RUN_STARTED"), None)
    end = next((e for e, entry in zip(own, history, strict=True) if entry.status in ENDS), None)
    workflow_id = p.last_known(own, "workflow_id") or ""
    version_id = p.last_known(own, "workflow_version_id") or ""
    steps = steps_of(own, workflow_id, version_id)
    anomalies = p.anomalies(own, history, *_missing(own, started))
    run = Run(
        id=own[0].record_id,
        organization_id=own[0].organization_id,
        workflow_id=workflow_id,
        workflow_version_id=version_id,
        workflow_external_id=p.last_known(own, "workflow_external_id"),
        candidate_profile_id=p.last_known(own, "candidate_profile_id"),
        candidate_external_id=p.last_known(own, "candidate_profile_external_id"),
        status=status,
        first_at=own[0].occurred_at,
        started_at=started.occurred_at if started else None,
        ended_at=end.occurred_at if end else None,
        ended_by=end.event_id if end else None,
        lasted=end.occurred_at - own[0].occurred_at if end else None,
        last_event_at=own[-1].occurred_at,
        current_node=_current_node(status, own),
        last_node=steps[-1].node_id if steps else None,
        last_outcome=steps[-1].outcome if steps else None,
        step_count=len(steps),
        reason=end.data.reason if end else None,
        code=end.data.code if end else None,
        acknowledged=end is not None and end.event_id in p.acknowledged(events),
        contacts=tuple(_contact(event) for event in own if event.type in CONTACT_STATUS),
        history=tuple(history),
        anomalies=anomalies,
        anomaly_count=len(anomalies),
    )
    return (run, *steps)


ENDS = frozenset(state for state, row in MACHINE.items() if not row)


def _note(event: Event) -> str | None:
    return getattr(event.data, "node_id", None) or getattr(event.data, "reason", None)


def _missing(events: Sequence[Event], started: Event | None) -> Iterator[str]:
    if started is None:
        yield "start_missing"
    if any(e.type == "WORKFLOW_NODE_COMPLETED" and not e.data.node_id for e in events):
        yield "node_missing"


def _current_node(status: Status, events: Sequence[Event]) -> str | None:
    if status is Status.COMPLETED:
        return None
    for event in reversed(events):
        node = getattr(event.data, "next_node_id", None) or getattr(event.data, "node_id", None)
        if node and event.type not in CONTACT_STATUS:
            return str(node)
    return None


def _contact(event: Event) -> Contact:
    data = event.data
    return Contact(
        event_id=event.event_id,
        at=event.occurred_at,
        status=CONTACT_STATUS[event.type],
        candidate_profile_id=data.candidate_profile_id,
        node_id=data.node_id,
        reason=data.reason or data.resolution,
    )


def tallies(row: Run) -> Iterable[p.Tally]:
    """Runs by status and day of their beginning."""
    yield p.tally(
        "runs",
        organization_id=row.organization_id,
        subject=row.workflow_id,
        version=row.workflow_version_id,
        item=row.status,
        day=p.day_of(row.first_at),
    )


def attention(row: Run) -> Iterable[p.Attention]:
    """A failed run waits for a person."""
    if row.status == Status.FAILED and row.ended_by and row.ended_at and not row.acknowledged:
        yield p.Attention(
            item=row.ended_by,
            reason="run_failed",
            words="The workflow run failed and could not continue",
            since=row.ended_at,
            organization_id=row.organization_id,
            identity=next(iter(links(row)), None),
        )


def links(row: Run) -> Iterable[str]:
    """The candidate profile and the customer's id of the same person."""
    yield from p.candidate(row.candidate_profile_id)
    yield from p.customer(row.organization_id, row.candidate_external_id)


def about(row: Run) -> p.About:
    """When something last happened."""
    return p.About(row.last_event_at)


def search(row: Run) -> Iterable[p.Found]:
    """A run is found by its own id and by those of its person and workflow."""
    yield p.found(
        f"Run {row.id}",
        row.id,
        row.workflow_id,
        row.workflow_external_id,
        row.candidate_profile_id,
        row.candidate_external_id,
    )


PROJECTION = p.Projection(
    name="runs",
    version=2,
    tables=(
        p.Table(
            "runs",
            Run,
            key=("id",),
            entity="id",
            indexes=(
                # Each order of the list, alone and within what it is filtered by most.
                # With the times that bound a list, so that rows outside are passed over here.
                *p.orders(
                    *("last_event_at", "id", "first_at", "ended_at"),
                    within=("status", "workflow_id"),
                ),
                *p.orders("first_at", "id", "status", within=("status", "workflow_id")),
                *p.orders("step_count", "id", within=("status", "workflow_id")),
                *p.orders("ended_at", "id", "status", within=("status", "workflow_id")),
                ("status", "current_node", "workflow_id"),
                # Those silent for too long, by the step that they were silent after, with
                # what they are counted by.
                (
                    "status",
                    "workflow_id",
                    "last_node",
                    "last_outcome",
                    "last_event_at",
                    "organization_id",
                    "workflow_version_id",
                ),
                # The median: the middle of a walk in order.
                ("workflow_id", "status", "lasted"),
                ("anomaly_count", "status"),
            ),
            tallies=tallies,
            attention=attention,
            links=links,
            about=about,
            search=search,
        ),
        STEPS,
    ),
    hears=frozenset(MACHINE[Status.RUNNING]),
    key=key,
    fold=fold,
)
