"""Proving that a backup can be restored: by restoring it, and making the views from it.

The views made from the restored log must have the digests that the served ones had at the
same position when the backup was made.
"""

import time
from pathlib import Path

import msgspec

from projections import generation
from projections.bulk import build
from projections.catalogue import VERSIONS
from projections.codec import digest_text
from projections.status import stored_digests
from tracker import files
from tracker.backups.archive import Manifest, Progress, ViewsThen, read_manifest
from tracker.backups.desk import desk
from tracker.backups.making import silent
from tracker.backups.restoring import unpack_and_verify
from tracker.database import open_reader
from tracker.errors import TrackerError


class Proof(msgspec.Struct, frozen=True):
    """How a proof went: `problem` is None when the backup can be restored.

    `position` is the backup's newest event; `compared` says whether there were digests of the
    same versions to compare with.
    """

    file: str
    size: int
    position: int
    seconds: float
    compared: bool = False
    problem: str | None = None


def prove(data: Path, backup: Path, tell: Progress = silent) -> Proof:
    """Restore a backup into a scratch directory in the data directory, and remove it again.

    A backup that can't be restored is a Proof with a problem, not an error. Raises Busy while
    another backup is made or proven.
    """
    began = time.monotonic()
    with desk(data) as place:
        try:
            manifest, compared = _prove(place, backup, tell)
        except TrackerError as error:
            problem: str | None = str(error)
            position, compared = 0, False
        else:
            problem, position = None, manifest.head
    seconds = round(time.monotonic() - began, 3)
    return Proof(backup.name, _size(backup), position, seconds, compared, problem)


def _prove(place: Path, backup: Path, tell: Progress) -> tuple[Manifest, bool]:
    size = read_manifest(backup).size
    files.check_room(place, 2 * size, "Proving a backup")  # the files, and views made from them
    manifest = unpack_and_verify(backup, place, tell).manifest
    then = manifest.views
    until = manifest.head if then is None else then.position
    made = _build(place, until, tell)
    if then is None or then.versions != VERSIONS:
        return manifest, False
    _compare(then, made)
    return manifest, True


def _build(place: Path, until: int, tell: Progress) -> dict[str, str]:
    path = generation.next_file(place)
    # One process: the proof runs beside the service, and nobody waits for it.
    build(place, path, until, 1, tell)
    views = open_reader(path)
    try:
        return {name: digest_text(total) for name, total in stored_digests(views).items()}
    finally:
        views.close()


class _Differs(TrackerError):
    """The views made from the restored log are not those that were served."""


def _compare(then: ViewsThen, made: dict[str, str]) -> None:
    differing = sorted(name for name, digest in then.digests.items() if made.get(name) != digest)
    if differing:
        raise _Differs(
            f"Views made from the restored log differ from those served at position "
            f"{then.position}: {', '.join(differing)}. Rebuild with `tracker rebuild --check`; "
            "if no row differs there, the log and the backup disagree"
        )


def _size(backup: Path) -> int:
    return backup.stat().st_size if backup.exists() else 0
