"""The audit trail grows and never changes, and nobody waits for it who only looks."""

import threading
from pathlib import Path

import pytest

from tracker.audit import AuditTrail
from tracker.control import Control
from tracker.control_file import ControlFile
from tracker.database import DatabaseError, open_writer


@pytest.fixture
def trail(data: Path) -> AuditTrail:
    return Control(data / "control.db").audit


def told(trail: AuditTrail) -> list[tuple[str, str, str]]:
    return [(entry.actor, entry.action, entry.detail) for entry in trail.entries()]


def test_a_line_says_who_did_what_when_and_from_where(trail: AuditTrail) -> None:
    trail.note("eve", "person erased", "candidate:17", "192.0.2.7")
    (line,) = trail.entries()
    assert (line.actor, line.action, line.detail, line.remote) == (
        "eve",
        "person erased",
        "candidate:17",
        "192.0.2.7",
    )
    assert line.at > 0


@pytest.mark.parametrize(
    "statement",
    ["UPDATE audit SET actor = 'somebody else'", "DELETE FROM audit", "DELETE FROM audit WHERE 1"],
)
def test_no_line_is_changed_or_taken_away(trail: AuditTrail, data: Path, statement: str) -> None:
    trail.note("eve", "person erased", "candidate:17")
    connection = open_writer(data / "control.db")
    with pytest.raises(DatabaseError, match="only added to"):
        connection.execute(statement)
    connection.close()
    assert told(trail) == [("eve", "person erased", "candidate:17")]


def test_a_look_is_noted_once_within_a_while(trail: AuditTrail) -> None:
    for about in ("a", "b", "a", "a"):
        trail.looked("eve", "person seen", about)
    trail.looked("bob", "person seen", "a")
    trail.flush()
    assert sorted(told(trail)) == [
        ("bob", "person seen", "a"),
        ("eve", "person seen", "a"),
        ("eve", "person seen", "b"),
    ]


def test_a_look_does_not_wait_for_whoever_writes(data: Path) -> None:
    file = ControlFile(data / "control.db")
    trail = AuditTrail(file)
    with file.writing():
        trail.looked("eve", "person seen", "a")  # would hang here
        assert trail.entries() == []
    trail.flush()
    assert told(trail) == [("eve", "person seen", "a")]


def test_looks_from_many_threads_are_all_noted(trail: AuditTrail) -> None:
    threads = [
        threading.Thread(target=lambda n=n: trail.looked("eve", "person seen", str(n)))
        for n in range(50)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    trail.flush()
    assert {about for _, _, about in told(trail)} == {str(n) for n in range(50)}


def test_lines_are_found_by_each_of_their_parts(trail: AuditTrail) -> None:
    trail.note("eve", "person seen", "a")
    trail.note("bob", "person seen", "b")
    trail.note("eve", "person erased", "b")
    assert [e.id for e in trail.entries(actor="eve")] == [3, 1]
    assert [e.id for e in trail.entries(action="person seen")] == [2, 1]
    assert [e.id for e in trail.entries(detail="b", newest_first=False)] == [2, 3]
    assert [e.id for e in trail.entries(before=3, limit=1)] == [2]
    assert trail.entries(since=2**60) == []
    assert trail.actions() == ["person erased", "person seen"]
