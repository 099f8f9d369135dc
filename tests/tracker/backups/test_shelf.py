"""Keep-rules delete our own backups only, and never the last good one."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.backups.shelf import (
    Backup,
    Keep,
    backups_in,
    forget_copies,
    forget_unfinished,
    kept,
    name_at,
    new_path,
    thin_out,
)
from tracker.migrations import copy_path
from tracker.timing import DAY, HOUR, SECOND, from_iso

NOON = from_iso("2026-03-31T12:00:00Z")  # a Tuesday


def at(*ages: int) -> list[Backup]:
    """Backups that were made so many hours before noon, newest first."""
    return [Backup(Path(name_at(NOON - age * HOUR)), NOON - age * HOUR, 1) for age in ages]


def days(backups: list[Backup]) -> list[str]:
    return [backup.path.name[8:18] for backup in backups]


def fill(directory: Path, *ages: int) -> None:
    for backup in at(*ages):
        (directory / backup.path).write_bytes(b"x")


def names(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


def test_the_newest_of_each_day_is_kept() -> None:
    nights = at(0, 1, 12, 24, 25, 48)
    assert kept(nights, Keep(daily=2), None) == at(0, 24)


def test_weeks_begin_on_monday_and_months_on_the_first() -> None:
    nights = at(*range(0, 90 * 24, 24))
    assert days(kept(nights, Keep(weekly=3), None)) == ["2026-03-31", "2026-03-29", "2026-03-22"]
    assert days(kept(nights, Keep(monthly=3), None)) == ["2026-03-31", "2026-02-28", "2026-01-31"]


def test_rules_add_up() -> None:
    nights = at(*range(0, 90 * 24, 24))
    assert len(kept(nights, Keep(7, 4, 6), None)) == 7 + 2 + 2


def test_days_without_a_backup_do_not_count() -> None:
    assert kept(at(0, 240, 2400), Keep(daily=3), None) == at(0, 240, 2400)


@given(
    st.lists(st.integers(0, 5000), min_size=1, max_size=40, unique=True),
    st.builds(Keep, st.integers(0, 9), st.integers(0, 9), st.integers(0, 9)),
    st.data(),
)
def test_the_newest_and_the_last_good_one_always_stay(
    ages: list[int], keep: Keep, data: st.DataObject
) -> None:
    backups = at(*sorted(ages))
    good = data.draw(st.sampled_from(backups))
    stay = kept(backups, keep, good.path.name)
    assert backups[0] in stay
    assert good in stay
    assert len(stay) <= 2 + keep.daily + keep.weekly + keep.monthly
    assert kept(stay, keep, good.path.name) == stay


def test_only_our_own_files_are_deleted(tmp_path: Path) -> None:
    fill(tmp_path, 0, 24, 48)
    others = [
        "tracker-notes.zip", "tracker-2026-02-31T02-00-00Z.zip", "log-before-upgrade.db",
        f"my-{name_at(NOON - DAY)}", f"{name_at(NOON - DAY)}.part",
    ]  # fmt: skip
    for other in others:
        (tmp_path / other).write_bytes(b"not ours")
    (tmp_path / name_at(NOON - 9 * DAY)).mkdir()

    gone = thin_out(tmp_path, Keep(daily=1), None)

    assert days(gone) == ["2026-03-30", "2026-03-29"]
    expected = [*others, name_at(NOON), name_at(NOON - 9 * DAY)]
    assert names(tmp_path) == sorted(expected)


def test_a_good_backup_outlives_newer_ones_that_failed(tmp_path: Path) -> None:
    fill(tmp_path, 0, 24, 480)
    thin_out(tmp_path, Keep(daily=1), name_at(NOON - 480 * HOUR))
    assert names(tmp_path) == sorted([name_at(NOON), name_at(NOON - 480 * HOUR)])


def test_two_in_one_second_get_two_names(tmp_path: Path) -> None:
    fill(tmp_path, 0)
    assert new_path(tmp_path, NOON).name == name_at(NOON + SECOND)


def test_the_name_says_when(tmp_path: Path) -> None:
    fill(tmp_path, 0)
    [backup] = backups_in(tmp_path)
    assert backup.path.name == "tracker-2026-03-31T12-00-00Z.zip"
    assert (backup.made_at, backup.size) == (NOON, 1)


def test_a_directory_that_is_not_there_holds_none(tmp_path: Path) -> None:
    assert backups_in(tmp_path / "none") == []


@pytest.mark.parametrize("count", [0, 1])
def test_no_rule_empties_the_shelf(tmp_path: Path, count: int) -> None:
    fill(tmp_path, 0, 24)
    thin_out(tmp_path, Keep(daily=count), None)
    assert names(tmp_path) == [name_at(NOON)]


def aged(path: Path, hours: int) -> Path:
    """A file that was last changed so many hours before noon."""
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"x")
    seconds = (NOON - hours * HOUR) // SECOND
    os.utime(path, (seconds, seconds))
    return path


def test_what_a_power_cut_left_is_forgotten_after_a_day(tmp_path: Path) -> None:
    old, new, other = (
        aged(tmp_path / f"{name_at(NOON - 25 * HOUR)}.part", 25),
        aged(tmp_path / f"{name_at(NOON - 23 * HOUR)}.part", 23),
        aged(tmp_path / "tracker-mine.zip.part", 900),
    )
    forget_unfinished(tmp_path, NOON)
    assert (old.exists(), new.exists(), other.exists()) == (False, True, True)


def test_copies_made_before_an_upgrade_are_forgotten_after_a_month(tmp_path: Path) -> None:
    copies = [copy_path(tmp_path / "log.db", 1), copy_path(tmp_path / "control.db", 2)]
    other = copies[0].with_name("mine.db")
    for path, days_ago in ((copies[0], 31), (copies[1], 29), (other, 400)):
        aged(path, 24 * days_ago)

    assert forget_copies(other.parent, NOON) == [copies[0]]
    assert names(other.parent) == [copies[1].name, "mine.db"]
