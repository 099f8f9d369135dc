"""Open streams of a real service end when what they hang on no longer counts."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from tests.running import PATIENCE, Running, eventually, service
from tests.sample import body
from tracker.access import Grant, Role
from tracker.control import Control
from tracker.timing import now

WITHIN = 5.0  # seconds that a revoked stream may live


@pytest.fixture
def running(data: Path) -> Iterator[Running]:
    with service(data, env={"TRACKER_OPEN_ACCESS": "false"}) as started:
        yield started


class Stream:
    """Reads `/live` until it ends."""

    def __init__(self, running: Running, **headers: str) -> None:
        self.text = ""
        self.ended_at: float | None = None
        self._address, self._headers = f"{running.url}/live", headers
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()
        eventually(lambda: "event: hello" in self.text)

    def _read(self) -> None:
        with (
            suppress(httpx.HTTPError),  # the service was killed at the end of a test
            httpx.Client(timeout=PATIENCE) as client,
            client.stream("GET", self._address, headers=self._headers) as answer,
        ):
            for chunk in answer.iter_text():
                self.text += chunk
        self.ended_at = time.monotonic()

    @property
    def ended(self) -> bool:
        return self.ended_at is not None


def ends(stream: Stream, because: Callable[[], object]) -> None:
    """What is done ends the stream in time, and says so to the browser."""
    done_at = time.monotonic()
    because()
    eventually(lambda: stream.ended)
    assert "event: signed-out" in stream.text
    assert stream.ended_at is not None
    assert stream.ended_at - done_at < WITHIN


def token(control: Control, grant: Grant) -> tuple[int, str]:
    made, value = control.tokens.add(f"token {now()}", grant, actor="test")
    return made.id, f"Bearer {value}"


def test_a_revoked_token_ends_its_stream_and_no_other(running: Running) -> None:
    control = Control(running.data / "control.db")
    number, value = token(control, Grant(Role.VIEWER))
    _, other = token(control, Grant(Role.VIEWER))
    stream, kept = Stream(running, authorization=value), Stream(running, authorization=other)
    ends(stream, lambda: control.tokens.revoke(number, actor="test"))
    assert not kept.ended


@pytest.mark.parametrize("change", ["signed out", "removed", "another role"])
def test_a_session_ends_with_its_stream(running: Running, change: str) -> None:
    control = Control(running.data / "control.db")
    control.people.add("boss@example.org", Grant(Role.ENGINEER), actor="test")
    jo, _ = control.people.add("jo@example.org", Grant(Role.MANAGER), actor="test")
    secret = control.sessions.begin(jo, now(), "127.0.0.1", "", "test")
    stream = Stream(running, cookie=f"session={secret}")
    [session] = control.sessions.all(now())
    by = {
        "signed out": lambda: control.sessions.end(session.id, now(), actor="test"),
        "removed": lambda: control.people.remove(jo.email, actor="test"),
        "another role": lambda: control.people.change(jo.email, Grant(Role.VIEWER), actor="test"),
    }
    ends(stream, by[change])


def test_limited_people_are_told_that_something_changed_but_not_what(running: Running) -> None:
    control = Control(running.data / "control.db")
    _, limited = token(control, Grant(Role.VIEWER, ("org-9",)))
    _, whole = token(control, Grant(Role.VIEWER))
    theirs, all_of_it = Stream(running, authorization=limited), Stream(running, authorization=whole)
    running.post(body(record="talk-of-others"))
    eventually(lambda: "talk-of-others" in all_of_it.text)
    eventually(lambda: "event: changed" in theirs.text)
    assert "talk-of-others" not in theirs.text


def test_the_first_start_prints_a_link_that_lets_the_first_engineer_in(running: Running) -> None:
    eventually(lambda: "/link/" in running.errors())
    link = running.errors().split("/link/")[1].split()[0]
    assert httpx.get(f"{running.url}/link/{link}").status_code == 200
    assert running.get("/runs").status_code == 303
