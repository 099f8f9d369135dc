"""Making a backup while the service runs.

1. What the served views are, and at which position.
2. A copy of log.db, then of control.db: each as it is at one moment, by SQLite itself. The
   service goes on writing; nothing it stores after the copy of the log is in the backup.
3. Both, and tracker.toml, packed into one file with their digests.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Final

from sqlite_utils import Migrations

from projections import generation
from projections.codec import digest_text
from projections.status import stored_digests
from tracker import files, release
from tracker.backups.archive import FORMAT, Manifest, Part, Progress, ViewsThen, write
from tracker.backups.desk import desk
from tracker.backups.shelf import Backup, forget_unfinished, new_path
from tracker.control_file import CONTROL_STEPS
from tracker.database import copy_into, open_reader, snapshot
from tracker.errors import NotReady
from tracker.log import LOG_STEPS, LogReader
from tracker.migrations import standing_of
from tracker.timing import now, to_iso

STEPS: Final[dict[str, Migrations]] = {"log.db": LOG_STEPS, "control.db": CONTROL_STEPS}
SETTINGS: Final = "tracker.toml"


def silent(_stage: str, _done: int, _total: int) -> None:
    """Progress that nobody watches."""


def make(
    data: Path, to: Path, tell: Progress = silent, clock: Callable[[], int] = now
) -> tuple[Backup, Manifest]:
    """Make a backup of a data directory in the directory `to`, which is made when missing.

    Raises Busy while another is made, NotReady without a log or without room.
    """
    if not (data / "log.db").exists():
        raise NotReady(f"There is no log in {data}; name the data directory with --data")
    _prepare(to)
    with desk(data) as place:
        made_at = clock()
        forget_unfinished(to, made_at)
        _check_room(data, to)
        views = _views(data)
        copies = _copies(data, place, tell)
        path = new_path(to, made_at)
        try:
            manifest = write(
                path, copies, lambda parts: _manifest(place, made_at, views, parts), tell
            )
        except OSError as error:
            raise NotReady(f"{path} could not be written ({error.strerror}); try again") from None
    return Backup(path, made_at, path.stat().st_size), manifest


def _prepare(to: Path) -> None:
    try:
        to.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise NotReady(
            f"The directory {to} for backups can't be made ({error.strerror}); name another"
        ) from None


def _check_room(data: Path, to: Path) -> None:
    """For the copies here, and there for a file that is packed: at the worst as large."""
    size = sum((data / name).stat().st_size for name in STEPS if (data / name).exists())
    same = data.stat().st_dev == to.stat().st_dev
    files.check_room(data, 2 * size if same else size, "Making a backup")
    files.check_room(to, size, "Writing a backup")


def _views(data: Path) -> ViewsThen | None:
    path = generation.served(data)
    if path is None:
        return None
    views = open_reader(path)
    try:
        with snapshot(views):
            if not generation.usable(views):
                return None
            sums = stored_digests(views)
            digests = {name: digest_text(total) for name, total in sums.items()}
            return ViewsThen(generation.position(views), generation.versions(views), digests)
    finally:
        views.close()


def _copies(data: Path, place: Path, tell: Progress) -> list[Path]:
    copies = []
    names = [name for name in STEPS if (data / name).exists()]
    for done, name in enumerate(names):
        tell("copying", done, len(names))
        reader = open_reader(data / name)
        try:
            copy_into(reader, place / name)
        finally:
            reader.close()
        copies.append(place / name)
    tell("copying", len(names), len(names))
    if (data / SETTINGS).exists():
        (place / SETTINGS).write_bytes((data / SETTINGS).read_bytes())
        copies.append(place / SETTINGS)
    return copies


def _manifest(place: Path, made_at: int, views: ViewsThen | None, parts: list[Part]) -> Manifest:
    log = LogReader(place)
    try:
        head, chain = log.end()
    finally:
        log.close()
    copied = {name: steps for name, steps in STEPS.items() if (place / name).exists()}
    return Manifest(
        format=FORMAT,
        made_at=to_iso(made_at),
        program=release.version(),
        schemas={name: standing_of(place / name, steps).behind for name, steps in copied.items()},
        head=head,
        chain=chain.hex(),
        views=views,
        parts=parts,
    )
