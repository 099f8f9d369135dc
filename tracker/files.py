"""Files that are whole or not there: written beside, synced, renamed; and the room for them."""

import os
import shutil
from pathlib import Path
from typing import Final

from tracker.errors import NotReady

UNFINISHED: Final = ".part"  # ends the name of a file that is still being written
SPARE: Final = 64 * 1024**2  # bytes that stay free for what arrives meanwhile
STEP: Final = 1024  # from a unit of bytes to the next
TWO_DIGITS: Final = 10


def sync(path: Path) -> None:
    """Have a file's bytes, or a directory's names, survive a power cut."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def begin(path: Path) -> Path:
    """An empty file beside `path`, for its owner alone, to be written and then put in place.

    What an interrupted attempt left there is removed.
    """
    unfinished = path.with_name(path.name + UNFINISHED)
    unfinished.unlink(missing_ok=True)
    os.close(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    return unfinished


def put_in_place(unfinished: Path, path: Path) -> None:
    """Give a written file its name, so that it is there whole or not at all."""
    sync(unfinished)
    unfinished.replace(path)
    sync(path.parent)


def check_room(directory: Path, needed: int, what: str) -> None:
    """Raise NotReady when so many bytes do not fit into a directory; `what` needs them."""
    free = shutil.disk_usage(directory).free
    if free < needed + SPARE:
        raise NotReady(
            f"{what} needs {readable(needed + SPARE)}, but only {readable(free)} are free in "
            f"{directory}; make room there and try again"
        )


def readable(size: float) -> str:
    """A number of bytes as people read it."""
    unit = "B"
    for larger in ("KiB", "MiB", "GiB", "TiB"):
        if size < STEP:
            break
        size, unit = size / STEP, larger
    return f"{size:,.0f} {unit}" if size >= TWO_DIGITS or unit == "B" else f"{size:,.1f} {unit}"
