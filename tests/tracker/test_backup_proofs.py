"""What nights did is remembered: the last attempt, and the last good one however old."""

from pathlib import Path

import pytest

from tracker import backup_proofs
from tracker.backup_proofs import Proven
from tracker.control import Control


def test_before_the_first_there_is_neither(data: Path) -> None:
    proofs = Control(data / "control.db").backup_proofs
    assert (proofs.newest(), proofs.last_good()) == (None, None)


def test_a_good_one_is_known_over_restarts_and_failures(data: Path) -> None:
    good = Proven(at=1, file="a.zip", size=10, position=3, seconds=0.5)
    bad = Proven(at=2, problem="no room")
    proofs = Control(data / "control.db").backup_proofs
    proofs.add(good)
    proofs.add(bad)

    again = Control(data / "control.db").backup_proofs
    assert (again.newest(), again.last_good()) == (bad, good)


def test_they_do_not_pile_up_but_the_last_good_one_stays(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backup_proofs, "MOST_PROOFS", 3)
    control = Control(data / "control.db")
    for at in range(1, 9):
        control.backup_proofs.add(Proven(at=at, problem=None if at == 2 else "no room"))

    with control._file.reading() as connection:
        kept = [row[0] for row in connection.execute("SELECT at FROM backup_proofs ORDER BY id")]
    assert kept == [2, 6, 7, 8]
