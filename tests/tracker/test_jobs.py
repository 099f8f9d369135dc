"""What is done by the clock follows from the settings."""

from pathlib import Path
from typing import Any, cast

import pytest

from tracker.backups.shelf import Keep
from tracker.jobs import all_jobs, keep_rules
from tracker.settings import load_settings
from tracker.timing import now

absent = cast("Any", None)


def planned(data: Path, **settings: object) -> dict[str, str]:
    """The jobs by name, with their triggers in words."""
    chosen = load_settings(data, **settings)
    jobs = all_jobs(chosen, absent, absent, absent, absent, absent, absent, now)
    return {job.name: str(job.trigger) for job in jobs}


def test_backup_proof_and_upkeep_run_every_night(data: Path) -> None:
    jobs = planned(data, backup_hour=5)

    upkeep = {"checkpoint", "note secrets", "prune deliveries", "erasures", "retention", "compress"}
    assert set(jobs) == {"backup", "proof"} | upkeep
    assert "hour='5'" in jobs["backup"]
    assert "hour='3'" in jobs["proof"]


@pytest.mark.parametrize(
    ("setting", "value", "missing"),
    [("nightly_backup", False, "backup"), ("external_checkpoints", True, "checkpoint")],
)
def test_what_is_switched_off_is_not_planned(
    data: Path, setting: str, value: bool, missing: str
) -> None:
    assert missing not in planned(data, **{setting: value})


def test_the_settings_say_which_backups_are_kept(data: Path) -> None:
    chosen = load_settings(data, backup_keep_daily=3, backup_keep_weekly=0, backup_keep_monthly=2)
    assert keep_rules(chosen) == Keep(daily=3, weekly=0, monthly=2)
