"""Secrets come and go while the service runs; results of jobs and the audit trail stay."""

import stat
import threading
from pathlib import Path

import pytest

from tracker.control import Control, JobResult, SecretCache
from tracker.errors import InvalidInput, NotFound
from tracker.timing import SECOND


@pytest.fixture
def control(data: Path) -> Control:
    return Control(data / "control.db")


class Clock:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.now = 1_000 * SECOND

    def __call__(self) -> int:
        return self.now


def test_a_secret_that_was_added_is_active_until_it_is_revoked(control: Control) -> None:
    control.add_secret("popp", "s3cret", actor="ann")
    assert [(s.label, s.value) for s in control.secrets()] == [("popp", "s3cret")]

    control.revoke_secret("popp", actor="ann")
    assert control.secrets() == []


def test_a_revoked_secret_is_remembered_without_its_value(control: Control) -> None:
    control.add_secret("popp", "s3cret", actor="ann")
    control.revoke_secret("popp", actor="ann")

    [revoked] = control.revoked_secrets()

    assert (revoked.label, revoked.value) == ("popp", "")
    assert revoked.revoked_at is not None


def test_without_a_value_a_long_random_one_is_made(control: Control) -> None:
    one, other = control.add_secret("a", actor="ann"), control.add_secret("b", actor="ann")

    assert len(one.value) == 64
    assert one.value != other.value


def test_a_value_copied_with_a_line_end_is_the_value(control: Control) -> None:
    assert control.add_secret("popp", " s3cret\n", actor="ann").value == "s3cret"


@pytest.mark.parametrize("label", ["", "  ", "x" * 101, "two\nlines", "setting-1"])
def test_labels_that_cannot_be_told_apart_are_refused(control: Control, label: str) -> None:
    with pytest.raises(InvalidInput, match="can't be used"):
        control.add_secret(label, "s3cret", actor="ann")


def test_an_active_label_is_taken_and_a_revoked_one_is_free(control: Control) -> None:
    control.add_secret("popp", "s3cret", actor="ann")
    with pytest.raises(InvalidInput, match="choose another label or revoke"):
        control.add_secret("popp", "other", actor="ann")

    control.revoke_secret("popp", actor="ann")
    assert control.add_secret("popp", "other", actor="ann").value == "other"


def test_an_empty_value_is_refused(control: Control) -> None:
    with pytest.raises(InvalidInput, match="The secret is empty"):
        control.add_secret("popp", " ", actor="ann")


def test_revoking_an_unknown_label_says_where_the_labels_are(control: Control) -> None:
    with pytest.raises(NotFound, match="tracker secret list"):
        control.revoke_secret("popp", actor="ann")


def test_secrets_from_the_settings_come_first(data: Path) -> None:
    control = Control(data / "control.db", configured=("from outside",))
    control.add_secret("popp", "s3cret", actor="ann")

    assert [(s.label, s.configured) for s in control.secrets()] == [
        ("setting-1", True),
        ("popp", False),
    ]


def test_a_secret_does_not_show_its_value_by_accident(control: Control) -> None:
    assert "s3cret" not in repr(control.add_secret("popp", "s3cret", actor="ann"))


def test_the_cache_sees_what_another_process_added_within_a_second(data: Path) -> None:
    clock = Clock()
    cache = SecretCache(Control(data / "control.db"), clock)
    Control(data / "control.db").add_secret("popp", "s3cret", actor="ann")

    assert cache.pairs() == []
    clock.now += SECOND
    assert cache.pairs() == [("popp", "s3cret")]


def test_the_cache_keeps_what_it_knows_while_the_file_cannot_be_read(
    data: Path, control: Control
) -> None:
    clock = Clock()
    control.add_secret("popp", "s3cret", actor="ann")
    cache = SecretCache(control, clock)
    (data / "control.db").rename(data / "elsewhere.db")
    clock.now += SECOND

    assert cache.pairs() == [("popp", "s3cret")]


def test_the_last_use_of_a_secret_is_written_when_the_cache_is_flushed(control: Control) -> None:
    control.add_secret("popp", "s3cret", actor="ann")
    cache = SecretCache(control)
    cache.verified("popp", 5)
    cache.verified("popp", 7)

    assert [cache.flush(), cache.flush()] == [1, 0]
    assert control.secrets()[0].last_verified_at == 7


def test_a_new_secret_under_an_old_label_was_never_used(control: Control) -> None:
    control.add_secret("popp", "s3cret", actor="ann")
    control.note_verified({"popp": 5})
    control.revoke_secret("popp", actor="ann")
    control.add_secret("popp", "other", actor="ann")

    assert control.secrets()[0].last_verified_at is None


def test_a_job_that_runs_still_shows_how_it_went_before(control: Control) -> None:
    control.job_started("proof", 1)
    assert control.job_results() == [JobResult("proof", 1)]

    control.job_finished("proof", 1, 2, ok=False, result="rows differ")
    control.job_started("proof", 3)
    assert control.job_results() == [JobResult("proof", 3, 2, False, "rows differ")]


def test_whoever_changes_access_is_in_the_audit_trail(control: Control) -> None:
    control.add_secret("popp", "s3cret", actor="ann")
    control.revoke_secret("popp", actor="bob")

    trail = [(e.actor, e.action, e.detail) for e in control.audit.entries()]

    assert trail == [
        ("bob", "secret revoked", "popp"),
        ("ann", "secret added", "popp"),
    ]


def test_many_may_write_at_the_same_time(data: Path, control: Control) -> None:
    def write(number: int) -> None:
        Control(data / "control.db").add_secret(f"label {number}", actor="ann")

    threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(control.secrets()) == 8


def test_a_file_opened_again_keeps_what_it_held(data: Path, control: Control) -> None:
    control.add_secret("popp", "s3cret", actor="ann")

    assert [s.label for s in Control(data / "control.db").secrets()] == ["popp"]


def test_the_lock_is_its_owners_alone(data: Path, control: Control) -> None:
    del control
    assert stat.S_IMODE((data / "control.lock").stat().st_mode) == 0o600
