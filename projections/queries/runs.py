"""Runs: the list with its counts, and one run with its steps and contacts."""

import json
from collections.abc import Sequence
from typing import Final

import msgspec

from projections import contacts, runs
from projections.queries.filters import WITHOUT, RunFilter
from projections.queries.organizations import with_tally
from projections.queries.paging import (
    Listing,
    Page,
    Where,
    count,
    select_all,
    select_one,
    select_page,
)
from projections.queries.people import Named, named, of_candidate
from projections.queries.standing import Following, Place, places_at
from projections.queries.stuck import Patience, allow_asking, count_stuck, patience
from projections.queries.workflows import node_labels, workflow_names
from projections.steps import Step
from tracker.database import Connection
from tracker.errors import InvalidInput, NotFound
from tracker.timing import DAY

RUNS: Final = Listing("runs", key=("id",), nullable=frozenset({"ended_at"}))


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


class RunCounts(msgspec.Struct, frozen=True, kw_only=True):
    """How many runs a filter lists by status; `stuck` ones are among the running."""

    running: int = 0
    completed: int = 0
    failed: int = 0
    cancelled: int = 0
    stuck: int = 0

    @property
    def total(self) -> int:
        """All of them."""
        return self.running + self.completed + self.failed + self.cancelled


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
    often = wanted.visited is not None and _is_visited_often(connection, wanted)
    where = _where(connection, wanted, now, listed=True, steps_of_each=often)
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


def count_runs(connection: Connection, wanted: RunFilter, now: int) -> RunCounts:
    """How many runs fit a filter, by status; its own `status` and `stuck` are put aside."""
    wanted = wanted.model_copy(update={"status": (), "stuck": None})
    counted = _from_tallies(connection, wanted)
    if counted is None and wanted.visited is not None:
        return _counted_by_steps(connection, wanted, now)
    if counted is None:
        return _counted_one_by_one(connection, wanted, now)
    return RunCounts(**counted, stuck=count_stuck(connection, _tallied(wanted), now))


def _counted_one_by_one(connection: Connection, wanted: RunFilter, now: int) -> RunCounts:
    """All in one walk through the runs; only the running ones are asked for their last step.

    One that ended does not run: without that question an index tells all.
    """
    allow_asking(connection)
    where = _where(connection, wanted, now)
    ended = wanted.ended_since is not None or wanted.ended_until is not None
    stuck = "0" if ended else f"total(CASE WHEN status = 'running' THEN {SILENT} ELSE 0 END)"
    query = f"SELECT status, count(*), {stuck} FROM runs WHERE {where.sql} GROUP BY +status"
    values = where.values if ended else [now, *where.values]
    counted = connection.execute(query, values).fetchall()
    by_status = {status: number for status, number, _ in counted}
    return RunCounts(**by_status, stuck=int(sum(stuck for _, _, stuck in counted)))


def _counted_by_steps(connection: Connection, wanted: RunFilter, now: int) -> RunCounts:
    """All by status in an index alone; the few that may be stuck are looked at on their own."""
    where = _where(connection, wanted, now)
    query = f"SELECT status, count(*) FROM runs WHERE {where.sql} GROUP BY +status"
    by_status = dict(connection.execute(query, where.values).fetchall())
    allow_asking(connection)
    few = _where(connection, wanted, now, steps_of_each=True)
    few.equal("status", runs.Status.RUNNING).add(SILENT, now)
    return RunCounts(**by_status, stuck=count(connection, RUNS, few))


def _tallied(wanted: RunFilter) -> Where:
    """The conditions that tallies can count by, for an index of what runs completed last."""
    where = Where().equal("workflow_id", wanted.workflow_id)
    where.equal("workflow_version_id", _stored(wanted.version))
    where.equal("organization_id", wanted.organization_id)
    # The plus keeps aside the index by this time: it would be walked anew for each step.
    return where.between("+first_at", wanted.since, wanted.until)


TALLIED: Final = frozenset({"workflow_id", "version", "organization_id", "since", "until"})
OF_A_STEP: Final = ("visited", "outcome", "next", "visited_since")
NOT_FILTERS: Final = frozenset({"limit", "cursor", "sort", "status", "stuck"})
SILENT: Final = "? - last_event_at > usual_silence(workflow_id, last_node, last_outcome)"


def _from_tallies(connection: Connection, wanted: RunFilter) -> dict[str, int] | None:
    """The counts where tallies can answer: whole days, and nothing that they don't tell apart."""
    asked = {
        name
        for name in RunFilter.model_fields.keys() - NOT_FILTERS
        if getattr(wanted, name) is not None
    }
    whole_days = all(m is None or m % DAY == 0 for m in (wanted.since, wanted.until))
    if not (asked <= TALLIED and whole_days):
        return None
    where = Where().equal("name", "runs").equal("subject", wanted.workflow_id)
    where.equal("version", _stored(wanted.version))
    organizations = with_tally(connection, "runs")
    if wanted.organization_id is not None:
        organizations = [wanted.organization_id]
    where.add("organization_id IN (SELECT value FROM json_each(?))", json.dumps(organizations))
    where.between(
        "day",
        None if wanted.since is None else wanted.since // DAY,
        None if wanted.until is None else wanted.until // DAY,
    )
    query = f"SELECT item, sum(count) FROM tallies WHERE {where.sql} GROUP BY item"
    return dict(connection.execute(query, where.values).fetchall())


def _where(
    connection: Connection,
    wanted: RunFilter,
    now: int,
    *,
    listed: bool = False,
    steps_of_each: bool = False,
) -> Where:
    # A list is walked in its order: to sort all runs of a long time would take longer. The
    # plus keeps aside the index by which they are counted.
    aside = "+" if listed and not wanted.sort.endswith("first_at") else ""
    where = Where().among("status", wanted.status)
    # With a node there are few runs, found by their ids: the plus keeps aside the index.
    where.equal("workflow_id" if wanted.node is None else "+workflow_id", wanted.workflow_id)
    where.equal("workflow_version_id", _stored(wanted.version))
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


def _stored(asked: str | None) -> str | None:
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
    steps.equal(f"{prefix}outcome", _stored(wanted.outcome))
    if wanted.next is not None:
        steps.equal("node_id", wanted.next)
    steps.between("completed_at", wanted.visited_since, None)
    if of_each:
        of_run = f"SELECT 1 FROM steps WHERE run_id = runs.id AND {steps.sql}"
        where.add(f"EXISTS ({of_run})", *steps.values)
    else:
        where.add(f"id IN (SELECT run_id FROM steps WHERE {steps.sql})", *steps.values)


def _is_visited_often(connection: Connection, wanted: RunFilter) -> bool:
    """Whether a walk through a workflow's runs soon meets those with a step at a node.

    Not from those with few steps on: how many a run has depends on where it was.
    """
    if wanted.sort.endswith("step_count"):
        return False
    of = Where().equal("subject", wanted.workflow_id)
    of.equal("organization_id", wanted.organization_id)
    steps = of.copy().equal("name", "visits" if wanted.next is None else "edges")
    steps.equal("item", wanted.visited).equal("outcome", _stored(wanted.outcome))
    steps.equal("target", wanted.next)
    query = "SELECT total(count) FROM tallies WHERE {}"
    passed, started = (
        connection.execute(query.format(where.sql), where.values).fetchone()[0]
        for where in (steps, of.equal("name", "runs"))
    )
    return bool(passed >= started)


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
