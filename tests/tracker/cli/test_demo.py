"""A demo begins anew and touches nobody else's data."""

import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.tracker.cli.running import answer, tracker
from tracker.cli.beside import refuse_taken_port
from tracker.cli.demo import empty
from tracker.commands import connect
from tracker.errors import NotReady
from tracker.log import LogReader
from tracker.settings import load_settings


def test_a_demo_never_empties_a_directory_that_no_demo_made(filled: Path) -> None:
    with pytest.raises(NotReady, match="holds data that no demo made"):
        empty(filled)

    assert LogReader(filled).head() == 2


def test_a_demo_begins_anew_and_keeps_settings(data: Path) -> None:
    empty(data)
    with connect(data) as desk:
        desk.append_internal("TRACKER_WORKFLOW_IMPORTED", {"recordId": "wf-1"})
    (data / "tracker.toml").write_text("")

    empty(data)

    assert not (data / "log.db").exists()
    assert (data / "tracker.toml").exists()


def test_a_demo_does_not_share_a_port(data: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        settings = load_settings(data, port=taken.getsockname()[1])
        with pytest.raises(NotReady, match="choose another with --port"):
            refuse_taken_port(settings)


@pytest.fixture
def running_demo(data: Path) -> Iterator[str]:
    """The URL of a small demo whose history has been posted; Ctrl-C must end it well."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    options = ["--data", str(data), "--port", str(port), "--people", "4", "--no-trickle"]
    with subprocess.Popen(
        [sys.executable, "-m", "tracker", "demo", *options],
        stderr=subprocess.PIPE,
        text=True,
    ) as demo:
        assert demo.stderr is not None
        try:
            assert (
                demo.stderr.readline() == f"Serving on http://127.0.0.1:{port} (Ctrl-C ends it)\n"
            )
            assert demo.stderr.readline().startswith("The history was posted: ")
            yield f"http://127.0.0.1:{port}"
        finally:
            demo.send_signal(signal.SIGINT)
            rest = demo.stderr.read()
    assert (demo.returncode, rest) == (0, "The demo has ended\n")


def test_a_demo_serves_a_history_and_takes_commands_beside_it(
    data: Path, running_demo: str
) -> None:
    with urllib.request.urlopen(running_demo) as page:  # noqa: S310 - our own server
        assert page.status == 200
        assert b"Open access: nobody has to sign in" in page.read()
    assert running_demo.startswith("http://127.0.0.1:")

    outcomes = answer(data, "log", "stats")["outcomes"]
    assert set(outcomes) >= {"accepted", "quarantined"}

    [first, *_] = answer(data, "quarantine", "list", "--status", "waiting")
    assert tracker(data, "quarantine", "discard", str(first["id"])).exit_code == 0
    assert answer(data, "projections")["projections"][0]["broken"] == 0
    assert tracker(data, "demo", "--port", running_demo.rpartition(":")[2]).exit_code == 1
