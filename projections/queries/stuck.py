"""Which unfinished runs have been silent for unusually long?

A run is stuck when nothing came for longer than 95 of 100 runs of its workflow waited
after the same step with the same outcome. Where fewer than 20 did so, it is 3 days.
The step is named by what was completed last, because that is known, while the node at
which a run stands is only probable.
"""

import json
import threading
from typing import Final

import msgspec

from projections.queries.paging import Where
from projections.runs import Status
from tracker.database import Connection
from tracker.timing import DAY

LEAST_SAMPLE: Final = 20
PERCENT: Final = 95
FALLBACK: Final = 3 * DAY
GROWTH: Final = 200  # waits are measured again once the log grew by one part in so many


class Patience(msgspec.Struct, frozen=True):
    """How long, in microseconds, silence is usual: by workflow, last node and its outcome."""

    usual: dict[tuple[str, str, str], int]

    def allowed(self, workflow_id: str, last_node: str | None, last_outcome: str | None) -> int:
        """After how much silence a run of a workflow counts as stuck."""
        return self.usual.get((workflow_id, last_node or "", last_outcome or ""), FALLBACK)

    @property
    def shortest(self) -> int:
        """The least silence by which any run counts as stuck."""
        return min((*self.usual.values(), FALLBACK))


_measured: dict[str, tuple[int, Patience]] = {}
_measuring = threading.Lock()


def patience(connection: Connection) -> Patience:
    """The usual waits of a generation, measured once for many questions.

    On all runs, whoever asks: how long a step usually takes is nobody's secret, and is
    looked up only by the steps of runs that may be seen.
    """
    path = str(connection.execute("PRAGMA database_list").fetchone()[2])
    position = int(connection.execute("SELECT position FROM main.checkpoint").fetchone()[0])
    with _measuring:
        known = _measured.get(path)
        if known is None or not 0 <= position - known[0] <= known[0] // GROWTH:
            _measured.clear()  # one generation is served at a time
            known = _measured[path] = position, measure(connection)
        return known[1]


def measure(connection: Connection) -> Patience:
    """The usual waits, from every step that followed one often enough."""
    groups = connection.execute(
        """
        SELECT subject, item, outcome, sum(count) AS sample FROM main.tallies
        WHERE name = 'edges' GROUP BY subject, item, outcome HAVING sample >= ?
        """,
        (LEAST_SAMPLE,),
    ).fetchall()
    return Patience({tuple(group[:3]): _percentile(connection, *group) for group in groups})


def _percentile(
    connection: Connection, workflow_id: str, node: str, outcome: str, sample: int
) -> int:
    """The smallest wait that at least 95 of 100 waits don't exceed.

    Found from the longest down, so that only a twentieth has to be sorted.
    """
    row = connection.execute(
        """
        SELECT waited FROM main.steps
        WHERE workflow_id = ? AND previous_node = ? AND previous_outcome = ?
        ORDER BY waited DESC LIMIT 1 OFFSET ?
        """,
        (workflow_id, node, outcome, sample - (sample * PERCENT + 99) // 100),
    ).fetchone()
    return int(row[0])


def count_stuck(connection: Connection, where: Where, moment: int) -> int:
    """How many of the running runs that meet some conditions were stuck by a moment.

    Counted as silent for longer than the fixed time, then for each step with a usual wait
    corrected by those between the two: reads of one index, where asking each run for its
    step's wait would take ten times as long.
    """
    usual = patience(connection).usual
    # The plus keeps aside the indexes that begin with a time and lack the status.
    fixed = where.copy().equal("status", Status.RUNNING)
    fixed.add("+last_event_at < ?", moment - FALLBACK)
    query = f"SELECT count(*) FROM runs WHERE {fixed.sql}"
    silent = int(connection.execute(query, fixed.values).fetchone()[0])
    sooner = [(*step, moment - FALLBACK, moment - t) for step, t in usual.items() if t < FALLBACK]
    later = [(*step, moment - t, moment - FALLBACK) for step, t in usual.items() if t > FALLBACK]
    return silent + _between(connection, where, sooner) - _between(connection, where, later)


def _between(
    connection: Connection, where: Where, spans: list[tuple[str, str, str, int, int]]
) -> int:
    """How many running runs had their newest event, after some steps, within a span each."""
    query = f"""
        SELECT total((
            SELECT count(*) FROM runs WHERE {where.sql} AND status = 'running'
            AND workflow_id = value ->> 0
            AND last_node IS nullif(value ->> 1, '') AND last_outcome IS {OUTCOME}
            AND last_event_at >= value ->> 3 AND last_event_at < value ->> 4
        )) FROM json_each(?)
    """
    row = connection.execute(query, (*where.values, json.dumps(spans))).fetchone()
    return int(row[0])


# A run without a step has neither node nor outcome; a step may have an empty outcome.
OUTCOME: Final = "CASE WHEN value ->> 1 <> '' THEN value ->> 2 END"


def allow_asking(connection: Connection) -> Patience:
    """Make `usual_silence(workflow_id, last_node, last_outcome)` known to a connection's SQL."""
    usual = patience(connection)
    connection.create_function("usual_silence", 3, usual.allowed)
    return usual
