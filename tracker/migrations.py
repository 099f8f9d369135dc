"""How a file that must be kept comes to the tables that this program writes: forward only.

log.db and control.db each have an ordered list of steps (`sqlite_utils.Migrations`). The
file itself holds the names of those applied to it; a step and its name are written in one
transaction. Before a file is changed it is copied. The views need none of this: they are
made again.
"""

import logging
import re
from pathlib import Path
from typing import Final

import msgspec
from sqlite_utils import Database, Migrations

from tracker import files
from tracker.database import Connection, copy_into, file_size, open_reader
from tracker.errors import NotReady

BACKUPS: Final = "backups"  # directory of copies, beside the file

COPY_NAME: Final = re.compile(r"[a-z]+-before-upgrade-from-schema-\d+\.db")

logger = logging.getLogger(__name__)


class Step(msgspec.Struct, frozen=True):
    """One change of a file's tables, and what it is for."""

    name: str
    says: str


class Standing(msgspec.Struct, frozen=True):
    """Which steps a file has `behind` it and `ahead`; a newer program left the `unknown` ones."""

    behind: list[str]
    ahead: list[Step]
    unknown: list[str]

    @property
    def version(self) -> int:
        """The file's schema version: 0 before it has tables, 1 with those of the first step."""
        return len(self.behind)


def bring_up_to_date(
    connection: Connection, path: Path, steps: Migrations, *, copy: bool = True
) -> None:
    """Apply the steps that a file lacks, after a copy of it was made; `connection` writes it.

    Without `copy` where the file itself came out of a backup. A crash leaves the file with a
    step's tables whole or without any of them. Raises NotReady for a file of a newer program,
    and when there is no room for the copy.
    """
    now = standing(connection, steps)
    refuse_newer(path.name, now)
    if not now.ahead:
        return
    if now.behind and copy:
        _copy(connection, path, now.version)
    steps.apply(Database(connection))
    logger.info("%s has new tables: %s", path.name, ", ".join(step.name for step in now.ahead))


def standing(connection: Connection, steps: Migrations) -> Standing:
    """Where an open file stands; changes nothing."""
    # The class would set a pragma that only matters to triggers, of which there are none here.
    file = Database(connection, recursive_triggers=False)
    behind = [step.name for step in steps.applied(file)]
    known = steps_of(steps)
    names = {step.name for step in known}
    return Standing(
        behind=behind,
        ahead=[step for step in known if step.name not in behind],
        unknown=[name for name in behind if name not in names],
    )


def standing_of(path: Path, steps: Migrations) -> Standing:
    """Where a file stands; one that is not there yet has all steps ahead of it."""
    if not path.exists():
        return Standing([], steps_of(steps), [])
    connection = open_reader(path)
    try:
        return standing(connection, steps)
    finally:
        connection.close()


def steps_of(steps: Migrations) -> list[Step]:
    """All steps, in the order in which they are applied."""
    nothing = Database(memory=True)
    try:
        return [Step(one.name, (one.fn.__doc__ or "").strip()) for one in steps.pending(nothing)]
    finally:
        nothing.close()


def refuse_newer(name: str, now: Standing) -> None:
    """Raise NotReady for a file whose tables this program does not know."""
    if now.unknown:
        raise NotReady(
            f"{name} was written by a newer version of this program, which changed its tables "
            f"({', '.join(now.unknown)}); start that version again, or restore a backup that "
            "was made before it: tracker restore"
        )


def copy_path(path: Path, version: int) -> Path:
    """Where the copy lies that is made before a file of a schema version is changed.

    Another attempt replaces it: until the change is made, the file itself is newer.
    """
    return path.parent / BACKUPS / f"{path.stem}-before-upgrade-from-schema-{version}.db"


def _copy(connection: Connection, path: Path, version: int) -> None:
    copy = copy_path(path, version)
    copy.parent.mkdir(mode=0o700, exist_ok=True)
    purpose = f"The copy of {path.name} that is made before its tables change"
    files.check_room(copy.parent, file_size(connection), purpose)
    copy_into(connection, copy)
    logger.info("%s was copied to %s before its tables change", path.name, copy)
