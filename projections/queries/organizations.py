"""The organizations that anything is known of."""

from tracker.database import Connection


def organizations(connection: Connection) -> list[str]:
    """The ids of all organizations that have any tally, in order."""
    names = _jump(connection, "SELECT min(name) FROM tallies WHERE name > ?")
    return sorted({found for name in names for found in with_tally(connection, name)})


def with_tally(connection: Connection, name: str) -> list[str]:
    """The organizations that have a tally of this name, in order."""
    after = "SELECT min(organization_id) FROM tallies WHERE name = ? AND organization_id > ?"
    found = _jump(connection, after, name)
    none = "SELECT 1 FROM tallies WHERE name = ? AND organization_id = '' LIMIT 1"
    return ["", *found] if connection.execute(none, (name,)).fetchone() else found


def _jump(connection: Connection, query: str, *values: str) -> list[str]:
    """The distinct values of an index, by jumping from one to the next instead of walking all."""
    found = [""]
    while (row := connection.execute(query, (*values, found[-1])).fetchone())[0] is not None:
        found.append(row[0])
    return found[1:]
