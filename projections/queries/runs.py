"""Runs: the list with its counts, and one run with its steps and contacts."""

from collections.abc import Sequence

import msgspec

from projections import contacts, runs
from projections.queries.filters import RunFilter
from projections.queries.paging import Page, Where, select_all, select_one, select_page
from projections.queries.people import Named, named
from projections.queries.run_filters import RUNS, is_visited_often, runs_where
from projections.queries.standing import Following, Place
from projections.queries.stuck import Patience, patience
from projections.queries.workflows import node_labels, workflow_names
from projections.steps import Step
from tracker.database import Connection
from tracker.errors import NotFound


class RunRow(msgspec.Struct, frozen=True, kw_only=True):
    """What a list shows of a run, as the view has it."""

    id: str
    organization_id: str
    workflow_id: str
    workflow_version_id: str
    candidate_profile_id: str | None
    candidate_external_id: str | None
    status: str
    first_at: int
    started_at: int | None
    ended_at: int | None
    last_event_at: int
    current_node: str | None
    last_node: str | None
    last_outcome: str | None
    step_count: int
    reason: str | None
    anomalies: tuple[str, ...]
    anomaly_count: int


class RunLine(RunRow, frozen=True, kw_only=True):
    """A run in a list, with what other views know of it.

    `current_node` is the column as folded, `probable_node` the refined answer. `stuck` is
    true for one that has been silent for longer than `usual_silence`, in microseconds.
    """

    probable_node: str | None
    probable_label: str | None
    stuck: bool
    usual_silence: int
    workflow_name: str | None
    person: Named | None


class RunDetail(msgspec.Struct, frozen=True, kw_only=True):
    """One run: its line, its row as folded, its steps in order, all resolutions of its contacts."""

    line: RunLine
    row: runs.Run
    steps: list[Step]
    contacts: list[contacts.Contact]


def list_runs(
    connection: Connection, wanted: RunFilter, now: int, only: Sequence[str] | None = None
) -> Page[RunLine]:
    """The runs that fit a filter; `only` those with some ids, when they are given."""
    often = wanted.visited is not None and is_visited_often(connection, wanted)
    where = runs_where(connection, wanted, now, listed=True, steps_of_each=often)
    where = _walked(where, wanted).one_of("id", only)
    page = select_page(connection, RunRow, RUNS, where, wanted.sort, wanted.limit, wanted.cursor)
    return page.of(run_lines(connection, page.items, now))


def _walked(where: Where, wanted: RunFilter) -> Where:
    """The conditions with where the walk through the newest events may begin or end.

    No run's newest event is before its first one, before its end, or before a step of it.
    """
    told = (wanted.since, wanted.ended_since, wanted.visited_since)
    known = [moment for moment in told if moment is not None]
    if known and wanted.sort.endswith("last_event_at"):
        where.add("last_event_at >= ?", max(known))
    return where


def run_lines(connection: Connection, rows: list[RunRow], now: int) -> list[RunLine]:
    """Rows with what other views know of them."""
    usual = patience(connection)
    following = Following(connection)
    persons = named(connection, "runs", (row.id for row in rows))
    workflows = workflow_names(connection, {row.workflow_id for row in rows})
    nodes = {row.id: _probable_node(following, row) for row in rows}
    labels = node_labels(
        connection, {(row.workflow_id, row.workflow_version_id, nodes[row.id]) for row in rows}
    )
    return [
        RunLine(
            **msgspec.structs.asdict(row),
            probable_node=nodes[row.id],
            probable_label=labels.get((row.workflow_id, row.workflow_version_id, nodes[row.id])),
            stuck=is_stuck(row, usual, now),
            usual_silence=usual.allowed(row.workflow_id, row.last_node, row.last_outcome),
            workflow_name=workflows.get(row.workflow_id),
            person=persons.get(row.id),
        )
        for row in rows
    ]


def _probable_node(following: Following, row: RunRow) -> str | None:
    """Where a running run probably stands; where another one ended, unless it completed."""
    if row.status != runs.Status.RUNNING:
        return row.current_node
    fields = {n: getattr(row, n) for n in Place.__struct_fields__ if n != "count"}
    return following.probable_node(Place(**fields, count=1))


def is_stuck(row: RunRow, usual: Patience, now: int) -> bool:
    """Whether a run is unfinished and has been silent for longer than usual."""
    silence = now - row.last_event_at
    allowed = usual.allowed(row.workflow_id, row.last_node, row.last_outcome)
    return row.status == runs.Status.RUNNING and silence > allowed


def run(connection: Connection, run_id: str, now: int) -> RunDetail:
    """One run with everything about it; raises NotFound."""
    by_id = "FROM runs WHERE id = ?"
    row = select_one(connection, runs.Run, by_id, (run_id,))
    if row is None:
        raise NotFound(f"There is no run {run_id!r}")
    short = RunRow(**{name: getattr(row, name) for name in RunRow.__struct_fields__})
    in_order = "FROM steps WHERE run_id = ? ORDER BY number"
    of_run = "FROM contacts WHERE run_id = ? ORDER BY at, event_id"
    return RunDetail(
        line=run_lines(connection, [short], now)[0],
        row=row,
        steps=select_all(connection, Step, in_order, (run_id,)),
        contacts=select_all(connection, contacts.Contact, of_run, (run_id,)),
    )
