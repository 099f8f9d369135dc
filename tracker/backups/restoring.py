"""Restoring a backup into a new data directory.

1. Unpack aside, in the new directory; every part must have the digest of the manifest.
2. Tables of a newer program are refused, those of an older one brought up to date.
3. Walk the chain of the log: it must end where the manifest says.
4. Let `amend` change what is restored: where erasures newer than the backup are made again.
5. Only now the files take their places, the log last: a directory with a log is whole.
"""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec
from sqlite_utils import Migrations

from tracker import files
from tracker.backups.archive import Manifest, Progress, unpack
from tracker.backups.making import SETTINGS, STEPS, silent
from tracker.database import DatabaseError, open_writer
from tracker.errors import BackupDamaged, NotReady
from tracker.log import verify
from tracker.migrations import bring_up_to_date

ASIDE: Final = "restoring"
BEFORE: Final = f"{SETTINGS}.before-restore"  # settings that were there already


class Restored(msgspec.Struct, frozen=True):
    """What was restored: the backup's manifest, and how many events were walked."""

    manifest: Manifest
    events: int


def restore(
    backup: Path,
    into: Path,
    tell: Progress = silent,
    amend: Callable[[Path], None] = lambda _restored: None,
) -> Restored:
    """Restore a backup into a directory that is new or empty; it is whole, or stays empty.

    Settings alone may lie there, as `tracker install` leaves them: those of the backup take
    their place, and they are kept as BEFORE.
    `amend` is given the restored files before they are put in place. Raises NotReady for a
    directory that holds something, for tables of a newer program and without room,
    BackupDamaged with the name of the part that is not what was packed.
    """
    aside = _begin(into)
    try:
        restored = unpack_and_verify(backup, aside, tell)
        amend(aside)
        _put_in_place(aside, into)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return restored


def unpack_and_verify(backup: Path, directory: Path, tell: Progress = silent) -> Restored:
    """Steps 1 to 3, into a directory that is there and empty."""
    manifest = unpack(backup, directory, tell)
    part = ""
    try:
        for part, steps in STEPS.items():
            if (directory / part).exists():
                _come_forward(directory / part, steps)
        part = "log.db"
        events = _walk(directory, manifest, tell)
    except (DatabaseError, _NotAsWritten) as error:
        raise BackupDamaged(
            f"{part!r} in {backup.name} can't be used: {error}. Use another backup"
        ) from None
    return Restored(manifest, events)


class _NotAsWritten(Exception):
    """What was unpacked is what was packed, but that was no good."""


def _come_forward(path: Path, steps: Migrations) -> None:
    connection = open_writer(path)
    try:
        bring_up_to_date(connection, path, steps, copy=False)
    finally:
        connection.close()


def _walk(directory: Path, manifest: Manifest, tell: Progress) -> int:
    proof = verify(directory, lambda done, total: tell("verifying", done, total))
    if not proof.ok:
        raise _NotAsWritten(proof.reason)
    if (proof.events, proof.head_chain) != (manifest.head, manifest.chain):
        raise _NotAsWritten(
            f"its chain ends at event {proof.events}, not where the manifest says ({manifest.head})"
        )
    return proof.events


def _begin(into: Path) -> Path:
    aside = into / ASIDE
    try:
        into.mkdir(mode=0o700, parents=True, exist_ok=True)
        shutil.rmtree(aside, ignore_errors=True)  # what a restore that was killed left
        others = sorted({path.name for path in into.iterdir()} - {SETTINGS})
    except OSError as error:
        raise NotReady(
            f"{into} can't be used ({error.strerror}); name a new directory with --data"
        ) from None
    if others:
        raise NotReady(
            f"{into} is not empty (it holds {others[0]}), and a restore never replaces anything; "
            "name a new or an empty directory with --data"
        )
    aside.mkdir(mode=0o700)
    return aside


def _put_in_place(aside: Path, into: Path) -> None:
    log, settings = aside / "log.db", into / SETTINGS
    if settings.exists() and (aside / SETTINGS).exists():
        settings.rename(into / BEFORE)
    for path in sorted(aside.iterdir(), key=lambda path: path == log):
        files.put_in_place(path, into / path.name)
