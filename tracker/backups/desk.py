"""The place in the data directory where a backup is made or proven, one at a time."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from tracker.database import exclusive
from tracker.errors import Busy

DESK: Final = "backup.desk"
LOCK: Final = "backup.lock"


@contextmanager
def desk(data: Path) -> Iterator[Path]:
    """An empty directory to work in, removed at the end; raises Busy when another works there.

    Beside the files themselves, because /tmp may be small, in memory, or readable by others.
    """
    with exclusive(data / LOCK, "making a backup"):
        place = data / DESK
        shutil.rmtree(place, ignore_errors=True)  # what a killed process left
        place.mkdir(mode=0o700)
        try:
            yield place
        finally:
            shutil.rmtree(place, ignore_errors=True)


def clear(data: Path) -> None:
    """Remove what a killed process left behind; not while another works there."""
    with suppress(Busy), desk(data):
        pass
