"""The ledger makes erasures again in a log that was restored from before them."""

import shutil
from pathlib import Path

import pytest

from tests.sample import append, body, opened, reading
from tests.tracker.log.test_erasing import ME, STORY, bodies, erase, nothing
from tracker.errors import NotReady
from tracker.log import verify
from tracker.log.ledger import LEDGER, make_again, read_ledger, write_ledger
from tracker.redaction import redacted


@pytest.fixture
def restored(data: Path, tmp_path: Path) -> Path:
    """A directory with the log of before an erasure, and the ledger of after it."""
    append(data, STORY)
    other = tmp_path / "restored"
    other.mkdir()
    shutil.copy(data / "log.db", other / "log.db")
    erase(data)
    with reading(data) as log:
        write_ledger(data, log)
    shutil.copy(data / LEDGER, other / LEDGER)
    return other


def test_it_holds_ids_and_no_names_for_its_owner_alone(restored: Path) -> None:
    text = (restored / LEDGER).read_text()
    assert "candidate:cand-ada" in text
    assert "Ada" not in text
    assert (restored / LEDGER).stat().st_mode & 0o777 == 0o600


def test_what_a_backup_brought_back_is_erased_again(restored: Path, data: Path) -> None:
    assert make_again(restored, read_ledger(restored / LEDGER), nothing) == 1
    after, original = bodies(restored), bodies(data)
    assert after == original, "even the erasure is the same event"
    assert verify(restored).ok
    assert b"Lovelace" not in (restored / "log.db").read_bytes()
    assert make_again(restored, read_ledger(restored / LEDGER), nothing) == 0


def test_what_came_after_the_backup_was_made_is_erased_too(restored: Path) -> None:
    late = body("l9", record="talk-ada", participantFirstName="Ada")
    append(restored, [late])
    make_again(restored, read_ledger(restored / LEDGER), nothing)
    assert bodies(restored)[7] == redacted(late)


def test_a_lifted_erasure_is_lifted_again(restored: Path, data: Path) -> None:
    with reading(data) as log:
        first = log.erasures()[0].event_id
    append(data, [body("up", "TRACKER_ERASURE_LIFTED", at=99_999_999, record=first)])
    with reading(data) as log:
        write_ledger(data, log)
    make_again(restored, read_ledger(data / LEDGER), nothing)
    late = body("l9", record="talk-ada", participantFirstName="Ada")
    append(restored, [late])
    assert late in bodies(restored).values()


def test_it_keeps_what_the_log_has_lost(restored: Path) -> None:
    before = read_ledger(restored / LEDGER)
    with reading(restored) as log:
        write_ledger(restored, log)
    assert read_ledger(restored / LEDGER) == before
    assert before[0].names[0] == ME.names[0]


def test_a_log_without_erasures_needs_none(data: Path) -> None:
    append(data, STORY)
    with reading(data) as log:
        write_ledger(data, log)
    assert not (data / LEDGER).exists()
    assert make_again(data, read_ledger(data / LEDGER), nothing) == 0


def test_a_damaged_ledger_is_named(data: Path) -> None:
    (data / LEDGER).write_text("{no json")
    with pytest.raises(NotReady, match=r"erasures\.ndjson is not a ledger"):
        read_ledger(data / LEDGER)


def test_an_event_of_the_ledger_that_is_there_is_not_made_again(restored: Path) -> None:
    lines = read_ledger(restored / LEDGER)
    make_again(restored, lines, nothing)
    with opened(restored):
        pass
    assert len(bodies(restored)) == len(STORY) + 1
