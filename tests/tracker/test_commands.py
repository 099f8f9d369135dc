"""A command that writes does the same whether a service runs in the data directory or not."""

import socket as network
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from projections import generation
from tests.sample import append, bodies, body, built, digests, follow, following, reading
from tracker import commands, service, socket
from tracker.commands import Desk, connect
from tracker.envelope import internal_body
from tracker.errors import Busy, InvalidEnvelope, InvalidInput, NotFound, NotReady, TrackerError
from tracker.log import Log, Outcome, verify
from tracker.settings import load_settings
from tracker.socket import NAME, Doorman, ask
from tracker.transfer import Imported


@contextmanager
def alone(data: Path) -> Iterator[Desk]:
    """A desk without a service."""
    with connect(data) as desk:
        yield desk


@contextmanager
def beside(data: Path) -> Iterator[Desk]:
    """A desk beside a service, all of it but the web server."""
    settings = load_settings(data, signing_secrets="one")
    with service.running(settings), connect(data) as desk:
        yield desk


both = pytest.mark.parametrize("opened", [alone, beside], ids=["alone", "beside a service"])


@both
def test_an_event_of_our_own_is_appended_and_folded(data: Path, opened: Any) -> None:
    append(data, [body("e1", "CONVERSATION_NEEDS_REVIEW", record="t1")])
    with following(data) as follower:
        assert follower.views.execute("SELECT count(*) FROM attention").fetchone() == (1,)
    item = {"recordId": "t1", "organizationId": "org-1", "projection": "conversations"}
    with opened(data) as desk:
        position = desk.append_internal(
            "TRACKER_ACKNOWLEDGED", {**item, "entity": "t1", "item": "e1"}
        )
        assert position == 2
    follow(data)
    with following(data) as follower:
        assert follower.views.execute("SELECT count(*) FROM attention").fetchone() == (0,)
    assert verify(data).ok


def test_without_a_service_the_views_have_caught_up_when_the_command_ends(data: Path) -> None:
    append(data, bodies(3))
    built(data)
    with connect(data) as desk:
        desk.append_internal("TRACKER_ACKNOWLEDGED", {"recordId": "r", "organizationId": "o"})
    assert digests(data)


def test_without_views_a_command_makes_none(data: Path) -> None:
    with connect(data) as desk:
        assert desk.append_internal("TRACKER_ACKNOWLEDGED", {"recordId": "r"}) == 1
    assert generation.served(data) is None


@both
def test_quarantined_bytes_are_retried_and_discarded(data: Path, opened: Any) -> None:
    append(data, [body("e1"), b"{", body("e1", other=1)])
    with opened(data) as desk:
        with pytest.raises(InvalidEnvelope, match="not JSON"):
            desk.retry_quarantined(1)
        assert desk.retry_quarantined(2).outcome is Outcome.CONFLICT
        desk.discard_quarantined(1)
    with reading(data) as reader:
        assert [held.status for held in reader.quarantined()] == ["waiting", "discarded"]


@both
def test_the_errors_of_a_command_come_to_whoever_gave_it(data: Path, opened: Any) -> None:
    append(data, bodies(2))
    built(data)
    with opened(data) as desk:
        for attempt in (
            lambda: desk.discard_quarantined(99),
            lambda: desk.retry_quarantined(99),
            lambda: desk.refold("runs", "99"),
        ):
            with pytest.raises(NotFound, match="99"):
                attempt()
        with pytest.raises(InvalidInput, match="Line 1 "):
            desk.import_log([b"{"])
        with pytest.raises(InvalidEnvelope):
            desk._append_imported([commands.Incoming(b"{", 0)])
        assert desk.refold("runs", "r0") == 2


@both
def test_an_import_appends_what_is_missing_once(data: Path, opened: Any, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    append(other, bodies(4))
    with reading(other) as reader, (tmp_path / "out").open("w+b") as file:
        commands.transfer.export_log(reader, file)
        file.seek(0)
        lines = file.readlines()
    told: list[int] = []
    with opened(data) as desk:
        first = desk.import_log(lines, lambda done, _total: told.append(done))
        assert first == Imported(4, {"accepted": 4})
        assert desk.import_log(lines) == Imported(4, {"duplicate": 4})
    assert told == [4]
    assert verify(data).head_chain == verify(other).head_chain


def test_bodies_as_large_as_can_be_allowed_fit_through_the_socket() -> None:
    largest = load_settings(Path("data"), max_body_bytes=64 * 1024 * 1024).max_body_bytes
    assert commands.transfer.BYTES_AT_ONCE + largest < socket.LARGEST_MESSAGE


def test_the_socket_works_in_a_directory_however_deep(tmp_path: Path) -> None:
    data = tmp_path.joinpath(*["a-rather-long-name-of-a-directory"] * 8)
    data.mkdir(parents=True)
    with beside(data) as desk:
        assert len(str(data / NAME)) > 108
        assert desk.append_internal("TRACKER_ACKNOWLEDGED", {"recordId": "r"}) == 1


def test_only_the_owner_can_reach_the_socket_and_it_is_gone_afterwards(data: Path) -> None:
    with beside(data):
        assert (data / NAME).stat().st_mode & 0o777 == 0o600
        assert (data / NAME).is_socket()
    assert not (data / NAME).exists()


def test_a_socket_that_a_killed_service_left_behind_is_no_obstacle(data: Path) -> None:
    with network.socket(network.AF_UNIX) as left, socket._short_path(data) as path:
        left.bind(path)
    with alone(data) as desk:
        assert desk.append_internal("TRACKER_ACKNOWLEDGED", {"recordId": "r"}) == 1
    with beside(data) as desk:
        assert desk.append_internal("TRACKER_ACKNOWLEDGED", {"recordId": "r"}) == 2


def test_a_process_that_holds_the_log_and_does_not_answer_is_named(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commands, "PATIENCE", 0.0)
    log = Log(data)
    with pytest.raises(NotReady, match="holds the log"), connect(data):
        pass
    log.close()


def test_a_second_command_waits_until_the_first_is_done(data: Path) -> None:
    log = Log(data)
    first = threading.Timer(0.3, log.close)
    first.start()
    with connect(data) as desk:
        assert desk.append_internal("TRACKER_ACKNOWLEDGED", {"recordId": "r"}) == 1
    first.join()


@contextmanager
def door(data: Path, accepts: Any, answer: Any) -> Iterator[None]:
    doorman = Doorman(data, accepts, answer)
    doorman.start()
    try:
        yield
    finally:
        doorman.stop()


def test_whatever_goes_wrong_inside_the_service_is_told(data: Path) -> None:
    def fail(number: int) -> None:
        raise {1: Busy("under way"), 2: ZeroDivisionError("unforeseen")}[number]

    with door(data, int, fail):
        with pytest.raises(Busy, match="under way"):
            ask(data, 1, None)
        with pytest.raises(TrackerError, match="unforeseen"):
            ask(data, 2, None)
        with pytest.raises(TrackerError, match="Expected `int`"):
            ask(data, "text", None)


def test_commands_are_answered_beside_each_other(data: Path) -> None:
    first = threading.Event()

    def answer(number: int) -> int:
        if number == 1:
            first.wait(10)
        return number

    with door(data, int, answer):
        results: list[int] = []
        slow = threading.Thread(target=lambda: results.append(ask(data, 1, int)))
        slow.start()
        assert ask(data, 2, int) == 2
        first.set()
        slow.join()
        assert results == [1]


@pytest.mark.parametrize("noise", [b"", b"\0", b"\xff\xff\xff\xff", b"\0\0\0\5abc", b"\0\0\0\1x"])
def test_noise_on_the_socket_harms_nobody(data: Path, noise: bytes) -> None:
    with door(data, int, lambda number: number):
        with network.socket(network.AF_UNIX) as stranger, socket._short_path(data) as path:
            stranger.connect(path)
            stranger.sendall(noise)
        assert ask(data, 3, int) == 3


def test_a_new_event_of_our_own_is_one_that_only_a_trusted_origin_can_send() -> None:
    assert commands.read_envelope(internal_body("TRACKER_X", {}), trusted=True).type == "TRACKER_X"
