"""How many runs a filter lists, by status: from tallies where they tell, else from indexes."""

import json
from typing import Final

import msgspec

from projections import runs
from projections.queries.filters import RunFilter
from projections.queries.organizations import with_tally
from projections.queries.paging import Where, count
from projections.queries.run_filters import RUNS, SILENT, runs_where, stored
from projections.queries.stuck import allow_asking, count_stuck
from tracker.database import Connection
from tracker.timing import DAY

TALLIED: Final = frozenset({"workflow_id", "version", "organization_id", "since", "until"})
NOT_FILTERS: Final = frozenset({"limit", "cursor", "sort", "status", "stuck"})


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
    where = runs_where(connection, wanted, now)
    ended = wanted.ended_since is not None or wanted.ended_until is not None
    stuck = "0" if ended else f"total(CASE WHEN status = 'running' THEN {SILENT} ELSE 0 END)"
    query = f"SELECT status, count(*), {stuck} FROM runs WHERE {where.sql} GROUP BY +status"
    values = where.values if ended else [now, *where.values]
    counted = connection.execute(query, values).fetchall()
    by_status = {status: number for status, number, _ in counted}
    return RunCounts(**by_status, stuck=int(sum(stuck for _, _, stuck in counted)))


def _counted_by_steps(connection: Connection, wanted: RunFilter, now: int) -> RunCounts:
    """All by status in an index alone; the few that may be stuck are looked at on their own."""
    where = runs_where(connection, wanted, now)
    query = f"SELECT status, count(*) FROM runs WHERE {where.sql} GROUP BY +status"
    by_status = dict(connection.execute(query, where.values).fetchall())
    allow_asking(connection)
    few = runs_where(connection, wanted, now, steps_of_each=True)
    few.equal("status", runs.Status.RUNNING).add(SILENT, now)
    return RunCounts(**by_status, stuck=count(connection, RUNS, few))


def _tallied(wanted: RunFilter) -> Where:
    """The conditions that tallies can count by, for an index of what runs completed last."""
    where = Where().equal("workflow_id", wanted.workflow_id)
    where.equal("workflow_version_id", stored(wanted.version))
    where.equal("organization_id", wanted.organization_id)
    # The plus keeps aside the index by this time: it would be walked anew for each step.
    return where.between("+first_at", wanted.since, wanted.until)


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
    where.equal("version", stored(wanted.version))
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
