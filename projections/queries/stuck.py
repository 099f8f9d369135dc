"""Which unfinished runs have been silent for unusually long?

A run is stuck when nothing came for longer than 95 of 100 runs of its workflow waited
after the same step with the same outcome. Where fewer than 20 did so, it is 3 days.
The step is named by what was completed last, because that is known, while the node at
which a run stands is only probable.
"""

import threading
from typing import Final

import msgspec

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
    """The usual waits of a generation, measured once for many questions."""
    path = str(connection.execute("PRAGMA database_list").fetchone()[2])
    position = int(connection.execute("SELECT position FROM checkpoint").fetchone()[0])
    with _measuring:
        known = _measured.get(path)
        if known is None or not 0 <= position - known[0] <= known[0] // GROWTH:
            _measured.clear()  # one generation is served at a time
            known = _measured[path] = position, measure(connection)
        return known[1]


def measure(connection: Connection) -> Patience:
    """The usual waits, from every step: one walk through an index."""
    groups = connection.execute(
        """
        SELECT workflow_id, previous_node, previous_outcome, count(*) AS sample FROM steps
        GROUP BY workflow_id, previous_node, previous_outcome HAVING sample >= ?
        """,
        (LEAST_SAMPLE,),
    ).fetchall()
    return Patience({tuple(group[:3]): _percentile(connection, *group) for group in groups})


def _percentile(
    connection: Connection, workflow_id: str, node: str, outcome: str, sample: int
) -> int:
    """The smallest wait that at least 95 of 100 waits don't exceed."""
    row = connection.execute(
        """
        SELECT waited FROM steps
        WHERE workflow_id = ? AND previous_node = ? AND previous_outcome = ?
        ORDER BY waited LIMIT 1 OFFSET ?
        """,
        (workflow_id, node, outcome, (sample * PERCENT + 99) // 100 - 1),
    ).fetchone()
    return int(row[0])


def allow_asking(connection: Connection) -> Patience:
    """Make `usual_silence(workflow_id, last_node, last_outcome)` known to a connection's SQL."""
    usual = patience(connection)
    connection.create_function("usual_silence", 3, usual.allowed)
    return usual
