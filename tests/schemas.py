"""Every schema that log.db and control.db ever had, with a few rows, kept as SQL.

`python -m tests.schemas` writes what `fixtures/schemas` lacks: run it after adding a step.
A file that is there is never written again: it is what that version of the program made.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from sqlite_utils import Database, Migrations

from tracker.control_file import CONTROL_STEPS
from tracker.database import Connection, open_in_memory, run_script
from tracker.log import LOG_STEPS
from tracker.migrations import steps_of

KEPT: Final = Path(__file__).parents[1] / "fixtures/schemas"
FILES: Final = {"log": LOG_STEPS, "control": CONTROL_STEPS}
CASES: Final = [(file, step.name) for file, steps in FILES.items() for step in steps_of(steps)]


def stored(file: str, step: str) -> Path:
    """Where the schema of a file after a step is kept."""
    return KEPT / file / f"{step}.sql"


def loaded(file: str, step: str) -> Connection:
    """A file as it was kept."""
    connection = open_in_memory()
    run_script(connection, stored(file, step).read_text())
    return connection


def made(file: str, until: str) -> Connection:
    """An empty file as the program makes it with the steps up to one, that one included."""
    return _advanced(open_in_memory(), file, until)


def _advanced(connection: Connection, file: str, until: str) -> Connection:
    steps = FILES[file]
    names = [step.name for step in steps_of(steps)]
    steps.apply(Database(connection), stop_before=names[names.index(until) + 1 :])
    return connection


def tables(connection: Connection) -> dict[str, str]:
    """The statement of each table, index and trigger."""
    return dict(
        connection.execute("SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL").fetchall()
    )


def rows(connection: Connection) -> dict[str, list[tuple[object, ...]]]:
    """All rows of every table, but for the record of the steps themselves."""
    names = [
        name
        for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")
        if name != Migrations.migrations_table
    ]
    return {
        name: connection.execute(f"SELECT * FROM {name} ORDER BY 1").fetchall() for name in names
    }


def written(connection: Connection) -> Iterator[str]:
    """A file as SQL statements, one for each table, index and row."""
    yield from (f"{sql};" for sql in tables(connection).values())
    for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'"):
        columns = [row[1] for row in connection.execute(f"PRAGMA table_info({name})")]
        values = " || ', ' || ".join(f"quote({column})" for column in columns)
        for (line,) in connection.execute(f"SELECT {values} FROM {name}"):
            yield f"INSERT INTO {name} ({', '.join(columns)}) VALUES ({line});"


def main() -> None:
    """Write what is missing: the version before with its rows, and the next step applied."""
    before: dict[str, str] = {}
    for file, step in CASES:
        path = stored(file, step)
        if not path.exists():
            start = loaded(file, before[file]) if file in before else open_in_memory()
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("\n".join(written(_advanced(start, file, step))) + "\n")
            print(f"{path} is written; add rows to its new tables by hand")  # noqa: T201 - a command
        before[file] = step


if __name__ == "__main__":
    main()
