"""Do the workflow runs move? Those that run, ended and are stuck, by the viewer's days.

Tallies are kept by days in UTC, while a viewer's day begins elsewhere and has 23 hours
twice a year or 25. So these numbers are counted: the indexes by when runs began and
ended hold just the runs of these days.
"""

from collections.abc import Sequence
from itertools import accumulate, zip_longest
from typing import Final

import msgspec

from projections.queries.filters import RunFilter
from projections.queries.paging import Where, count
from projections.queries.run_counts import RunCounts, count_runs
from projections.queries.run_filters import RUNS
from projections.queries.stuck import count_stuck
from projections.runs import Status
from tracker.database import Connection

ENDED: Final = (Status.COMPLETED, Status.FAILED, Status.CANCELLED)


class Moving(msgspec.Struct, frozen=True, kw_only=True):
    """Runs now, and by day, the last number of each list being today's.

    `started` and `ended` (by status) count what happened within each day. `running` counts
    runs at each day's end, `stuck` those stuck now that were so already; today's end is now.
    """

    now: RunCounts
    started: list[int]
    ended: dict[str, list[int]]
    running: list[int]
    stuck: list[int]


def moving(
    connection: Connection, now: int, days: Sequence[int], workflow_id: str | None = None
) -> Moving:
    """Runs now and over the days whose beginnings are given, the last being today's end.

    So `days` holds one moment more than there are days; all in microseconds.
    """
    counts = count_runs(connection, RunFilter(workflow_id=workflow_id), now)
    started = _started(connection, days, workflow_id)
    ended = {str(s): _ended(connection, s, days, workflow_id) for s in ENDED}
    return Moving(
        now=counts,
        started=_within(started),
        ended={status: _within(numbers) for status, numbers in ended.items()},
        running=_running(counts.running, started, list(ended.values())),
        stuck=_stuck(connection, now, days, workflow_id),
    )


Buckets = list[int]  # what happened in each day, and after the last one


def _within(buckets: Buckets) -> list[int]:
    return buckets[:-1]


def _running(now: int, started: Buckets, ended: Sequence[Buckets]) -> list[int]:
    """Those that ran at each day's end: those of now, without what began and ended since."""
    change = [sum(ends) - began for began, *ends in zip(started, *ended, strict=True)]
    since = list(accumulate(reversed(change)))  # in the last bucket, in the last two, …
    return [*(now + moved for moved in reversed(since[1:-1])), now]


def _started(connection: Connection, days: Sequence[int], workflow_id: str | None) -> Buckets:
    where = Where().equal("workflow_id", workflow_id)
    return _bucketed(connection, "first_at", where, days)


def _ended(
    connection: Connection, status: str, days: Sequence[int], workflow_id: str | None
) -> Buckets:
    where = Where().equal("workflow_id", workflow_id).equal("status", status)
    return _bucketed(connection, "ended_at", where, days)


def _stuck(
    connection: Connection, now: int, days: Sequence[int], workflow_id: str | None
) -> list[int]:
    """Of those stuck now, how many were so at each day's end; the last number is now's."""
    where = Where().equal("workflow_id", workflow_id)
    return [count_stuck(connection, where, min(end, now)) for end in days[1:]]


def _bucketed(connection: Connection, moment: str, where: Where, days: Sequence[int]) -> Buckets:
    """Runs counted by the day into which a moment of theirs falls: a span of an index each."""
    spans = zip_longest(days, days[1:])
    return [count(connection, RUNS, where.copy().between(moment, *span)) for span in spans]
