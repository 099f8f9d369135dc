"""What this program would do to a data directory before it serves it, found without doing it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec
from sqlite_utils import Migrations

from projections import generation
from projections.bulk import FEW
from tracker import files
from tracker.control_file import CONTROL_STEPS
from tracker.database import file_size, open_reader, snapshot
from tracker.errors import NotReady
from tracker.log import LOG_STEPS, LogReader
from tracker.migrations import Step, copy_path, refuse_newer, standing, standing_of

EVENTS_A_SECOND: Final = 15_000  # that one slow processor folds; only for "about"
VIEWS_AN_EVENT: Final = 1_000  # bytes of views for each event, about


class FileUpgrade(msgspec.Struct, frozen=True):
    """One file: its schema version now and afterwards, by which steps, and the copy made first.

    `copy` is None when nothing changes or there is no file yet; `bytes` is the copy's size.
    """

    name: str
    version: int
    becomes: int
    steps: list[Step]
    copy: str | None
    bytes: int


class ViewsUpgrade(msgspec.Struct, frozen=True):
    """Whether all views are made again, why, of how many events and in about how many seconds.

    A long log is folded in the background, while pages show the views as they were.
    """

    rebuild: bool
    reasons: list[str]
    events: int
    seconds: int
    in_background: bool


class Upgrade(msgspec.Struct, frozen=True):
    """Everything that this program would do; `problems` are what keeps it from starting."""

    files: list[FileUpgrade]
    views: ViewsUpgrade
    problems: list[str]

    @property
    def changes(self) -> bool:
        """Whether anything would be done."""
        return self.views.rebuild or any(file.steps for file in self.files)


def check(data: Path) -> Upgrade:
    """Look at a data directory without changing anything in it."""
    kept = [(data / "log.db", LOG_STEPS), (data / "control.db", CONTROL_STEPS)]
    upgrades = [_file(path, steps) for path, steps in kept]
    views = _views(data)
    problems = [*_newer(kept), *_room(data, upgrades, views)]
    return Upgrade(upgrades, views, problems)


def _file(path: Path, steps: Migrations) -> FileUpgrade:
    if not path.exists():
        now = standing_of(path, steps)
        return FileUpgrade(path.name, 0, len(now.ahead), now.ahead, None, 0)
    connection = open_reader(path)
    try:
        with snapshot(connection):
            now, size = standing(connection, steps), file_size(connection)
    finally:
        connection.close()
    copied = bool(now.ahead and now.behind and not now.unknown)
    return FileUpgrade(
        name=path.name,
        version=now.version,
        becomes=now.version + len(now.ahead),
        steps=now.ahead,
        copy=str(copy_path(path, now.version)) if copied else None,
        bytes=size if copied else 0,
    )


def _newer(kept: list[tuple[Path, Migrations]]) -> Iterator[str]:
    for path, steps in kept:
        try:
            refuse_newer(path.name, standing_of(path, steps))
        except NotReady as error:
            yield str(error)


def _views(data: Path) -> ViewsUpgrade:
    events = _events(data)
    reasons = _reasons(generation.served(data))
    return ViewsUpgrade(
        rebuild=bool(reasons),
        reasons=reasons,
        events=events,
        seconds=-(-events // EVENTS_A_SECOND) if reasons else 0,
        in_background=bool(reasons) and events > FEW,
    )


def _events(data: Path) -> int:
    reader = LogReader(data)
    try:
        return reader.head()
    finally:
        reader.close()


def _reasons(served: Path | None) -> list[str]:
    if served is None:
        return ["there are no views yet"]
    views = open_reader(served)
    try:
        return generation.differences(views)
    finally:
        views.close()


def _room(data: Path, upgrades: list[FileUpgrade], views: ViewsUpgrade) -> Iterator[str]:
    needed = sum(file.bytes for file in upgrades)
    needed += VIEWS_AN_EVENT * views.events if views.rebuild else 0
    try:
        if needed:
            files.check_room(data, needed, "The upgrade, with its copies and new views,")
    except NotReady as error:
        yield str(error)
