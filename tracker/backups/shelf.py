"""The backups in a directory: their names, which to keep, and what may be deleted."""

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec

from tracker import files
from tracker.migrations import COPY_NAME
from tracker.timing import DAY, SECOND, from_iso, to_datetime

FORGET_UNFINISHED_AFTER: Final = DAY  # until then another service may be writing it
FORGET_COPIES_AFTER: Final = 30 * DAY  # a copy made before an upgrade: nobody goes back by then
NAME: Final = re.compile(r"tracker-(\d{4}-\d\d-\d\d)T(\d\d)-(\d\d)-(\d\d)Z\.zip")


class Backup(msgspec.Struct, frozen=True):
    """One backup: where it lies, when it was made (microseconds), how many bytes it has."""

    path: Path
    made_at: int
    size: int


class Keep(msgspec.Struct, frozen=True):
    """Of how many days, weeks and months the newest backup is kept; UTC, weeks begin on Monday."""

    daily: int = 0
    weekly: int = 0
    monthly: int = 0


def name_at(made_at: int) -> str:
    """The file name of a backup that was begun at a time; it sorts by time."""
    return f"{to_datetime(made_at):tracker-%Y-%m-%dT%H-%M-%SZ.zip}"


def new_path(directory: Path, now: int) -> Path:
    """A name that no backup in a directory has yet."""
    path = directory / name_at(now)
    while path.exists():
        now += SECOND
        path = directory / name_at(now)
    return path


def backups_in(directory: Path) -> list[Backup]:
    """The backups in a directory, newest first; whatever else lies there is left alone."""
    found = []
    for path in directory.glob("tracker-*.zip"):
        named = NAME.fullmatch(path.name)
        if named and path.is_file():
            made_at = _time(named)
            if made_at is not None:
                found.append(Backup(path, made_at, path.stat().st_size))
    return sorted(found, key=lambda backup: backup.made_at, reverse=True)


def _time(named: "re.Match[str]") -> int | None:
    day, hour, minute, second = named.groups()
    try:
        return from_iso(f"{day}T{hour}:{minute}:{second}Z")
    except ValueError:
        return None  # the 31st of February: not ours


def kept(backups: Sequence[Backup], keep: Keep, last_good: str | None) -> list[Backup]:
    """Those that the rules keep, of backups sorted newest first.

    The newest is always kept, and so is the one with the name `last_good`, which was proven.
    """
    wanted = set(backups[:1]) | {one for one in backups if one.path.name == last_good}
    for count, period in (
        (keep.daily, _day),
        (keep.weekly, _week),
        (keep.monthly, _month),
    ):
        wanted |= set(_newest_of_each(backups, count, period))
    return [one for one in backups if one in wanted]


def _newest_of_each(
    backups: Iterable[Backup], count: int, period: Callable[[datetime], str]
) -> Iterable[Backup]:
    newest: dict[str, Backup] = {}
    for backup in backups:
        newest.setdefault(period(to_datetime(backup.made_at)), backup)
    return list(newest.values())[:count]


def _day(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d}"


def _week(moment: datetime) -> str:
    return f"{moment:%G-%V}"


def _month(moment: datetime) -> str:
    return f"{moment:%Y-%m}"


def thin_out(directory: Path, keep: Keep, last_good: str | None) -> list[Backup]:
    """Delete the backups that the rules do not keep; gives those deleted."""
    backups = backups_in(directory)
    stay = kept(backups, keep, last_good)
    gone = [one for one in backups if one not in stay]
    for one in gone:
        one.path.unlink(missing_ok=True)
    if gone:
        files.sync(directory)
    return gone


def forget_unfinished(directory: Path, now: int) -> None:
    """Delete backups that were never finished, because of a power cut a day ago or longer."""
    for path in directory.glob(f"tracker-*.zip{files.UNFINISHED}"):
        whole = path.name.removesuffix(files.UNFINISHED)
        if NAME.fullmatch(whole) and _changed_at(path) < now - FORGET_UNFINISHED_AFTER:
            path.unlink(missing_ok=True)


def forget_copies(directory: Path, now: int) -> list[Path]:
    """Delete the copies that were made before upgrades long ago; gives those deleted."""
    gone = [
        path
        for path in directory.glob("*.db")
        if COPY_NAME.fullmatch(path.name) and _changed_at(path) < now - FORGET_COPIES_AFTER
    ]
    for path in gone:
        path.unlink(missing_ok=True)
    return gone


def _changed_at(path: Path) -> int:
    return path.stat().st_mtime_ns // 1000
