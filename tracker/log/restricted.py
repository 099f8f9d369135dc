"""The log as somebody sees it who is limited to some organizations, or sees no personal data.

As `projections.queries.restricted` does with the views: temporary views stand in front of
the tables, so no question can forget the limits. Bodies are personal data, so a viewer is
shown no event at all; what was no event belongs to no organization and is not shown either.
"""

from collections.abc import Sequence
from typing import Final

from tracker.database import Connection

ALLOWED: Final = "own.organization_id IN (SELECT id FROM temp.allowed)"
HEAD: Final = """
    CREATE TEMP VIEW head AS SELECT coalesce(
        (SELECT position FROM main.events AS own WHERE {rows} ORDER BY position DESC LIMIT 1), 0
    ) AS position
"""


def restrict_log(connection: Connection, organizations: Sequence[str] | None) -> None:
    """Show only the events of some organizations, None for no event but how many there are."""
    connection.execute("CREATE TEMP TABLE allowed (id TEXT PRIMARY KEY)")
    connection.executemany(
        "INSERT INTO allowed VALUES (?)", [(one,) for one in organizations or ()]
    )
    names = connection.execute(
        "SELECT name FROM main.sqlite_master WHERE type = 'table'"
    ).fetchall()
    for (name,) in names:
        if name == "head" or name.startswith("sqlite_"):
            continue
        rows = ALLOWED if name == "events" else "0"
        connection.execute(
            f"CREATE TEMP VIEW {name} AS SELECT * FROM main.{name} AS own WHERE {rows}"
        )
    connection.execute(HEAD.format(rows=ALLOWED if organizations else "1"))
