"""The files of the views: one generation is one complete build, one of them is served.

`views-000007.db` is generation 7; the pointer file `views.current` names the one
served and is replaced by an atomic rename.
"""

import re
from functools import cache
from pathlib import Path
from typing import Final

from projections.catalogue import VERSIONS
from projections.tables import create_indexes, create_tables
from tracker import files
from tracker.database import Connection, DatabaseError, open_in_memory, open_reader

POINTER: Final = "views.current"
FEW_NAMES: Final = 3
NAME: Final = re.compile(r"views-(\d{6})\.db")


def usable(connection: Connection) -> bool:
    """Whether this program can go on with a generation: it would make the same one."""
    return not differences(connection)


def is_usable(path: Path) -> bool:
    """The same of a generation's file."""
    views = open_reader(path)
    try:
        return usable(views)
    finally:
        views.close()


def differences(connection: Connection) -> list[str]:
    """In words, why a generation must be made again: versions, tables or indexes differ."""
    before, after = versions(connection), VERSIONS
    raised = [
        f"{name}: version {before.get(name, 'none')} becomes {after.get(name, 'none')}"
        for name in dict.fromkeys([*after, *before])
        if before.get(name) != after.get(name)
    ]
    found, wanted = schema(connection), _schema_of_today()
    names = sorted(dict(found.items() ^ wanted.items()))
    more = f" and {len(names) - FEW_NAMES} more" if len(names) > FEW_NAMES else ""
    made = f"tables or indexes are made another way: {', '.join(names[:FEW_NAMES])}{more}"
    return [*raised, made] if names else raised


def schema(connection: Connection) -> dict[str, str]:
    """The statement that made each table, index and trigger of a generation.

    Without what SQLite makes by itself: another version of it may word that otherwise.
    """
    query = """
        SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT IN
        (SELECT name FROM pragma_table_list WHERE type = 'shadow')
    """
    return dict(connection.execute(query).fetchall())


@cache
def _schema_of_today() -> dict[str, str]:
    connection = open_in_memory()
    try:
        create_tables(connection)
        create_indexes(connection)
        return schema(connection)
    finally:
        connection.close()


def versions(connection: Connection) -> dict[str, int]:
    """The versions of all that a generation was built with."""
    return dict(connection.execute("SELECT name, version FROM projections").fetchall())


def position(connection: Connection) -> int:
    """Up to which position of the log a generation is folded."""
    return int(connection.execute("SELECT position FROM checkpoint").fetchone()[0])


def position_of(path: Path) -> int:
    """The same of a file; 0 for one that can't be read, as it is being made."""
    views = open_reader(path)
    try:
        return position(views)
    except DatabaseError:
        return 0
    finally:
        views.close()


def served(data: Path) -> Path | None:
    """The file of the served generation, None when there is none."""
    try:
        name = (data / POINTER).read_text().strip()
    except FileNotFoundError:
        return None
    path = data / name
    return path if NAME.fullmatch(name) and path.exists() else None


def number(path: Path) -> int:
    """7 for `views-000007.db`."""
    found = NAME.fullmatch(path.name)
    return int(found[1]) if found else 0


def generations(data: Path) -> list[Path]:
    """All generation files, oldest first."""
    return sorted(path for path in data.glob("views-*.db") if NAME.fullmatch(path.name))


def next_file(data: Path) -> Path:
    """The file name of the generation to be built next."""
    newest = max((number(path) for path in generations(data)), default=0)
    return data / f"views-{newest + 1:06}.db"


def switch(data: Path, path: Path) -> None:
    """Serve a generation from now on: one atomic rename."""
    pointer = data / POINTER
    waiting = files.begin(pointer)
    waiting.write_text(f"{path.name}\n")
    files.put_in_place(waiting, pointer)


def remove(path: Path) -> None:
    """Delete a generation's files."""
    for suffix in ("", "-wal", "-shm", "-journal"):
        Path(f"{path}{suffix}").unlink(missing_ok=True)


def remove_unfinished(data: Path, served: Path | None) -> None:
    """Delete what an interrupted rebuild left behind: generations newer than the served one."""
    for path in generations(data):
        if served is None or path.name > served.name:
            remove(path)


def remove_all_but(data: Path, *kept: Path | None) -> None:
    """Delete every generation besides those given."""
    for path in generations(data):
        if path not in kept:
            remove(path)
