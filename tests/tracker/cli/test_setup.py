"""From an empty directory to a first delivery, with options alone or by answering questions."""

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from tests.running import PATIENCE, ROOT, Running, environment, free_port, service, tracker
from tracker.control import Control
from tracker.log import LogReader
from tracker.settings import load_settings

PUBLIC = "https://tracker.invalid"  # a name that no DNS knows


def types(data: Path) -> list[str]:
    """The types of all events in the log."""
    reader = LogReader(data)
    try:
        return [event.type for event in reader.events()]
    finally:
        reader.close()


def secrets(data: Path) -> list[str]:
    return [secret.value for secret in Control(data / "control.db").secrets()]


def test_options_alone_set_everything_up_and_prove_it(tmp_path: Path) -> None:
    data, port = tmp_path / "new" / "data", free_port()

    done = tracker("setup", "--data", str(data), "--port", str(port), "--make-secret")

    assert done.returncode == 0, done.stderr
    [value] = secrets(data)
    assert f"Secret   {value}" in done.stdout
    assert f"Address  http://127.0.0.1:{port}/webhooks/popp" in done.stdout
    assert "✓ A test delivery came through" in done.stdout
    assert "Popp can't reach this address" in done.stderr
    assert f"http://127.0.0.1:{port}/link/" in done.stderr.partition("For the first engineer")[2]
    assert types(data) == ["TRACKER_TEST_RECEIVED"]
    assert load_settings(data).port == port


def test_a_second_time_keeps_what_is_there(data: Path) -> None:
    options = ("setup", "--data", str(data), "--port", str(free_port()))
    tracker(*options, "--make-secret")
    before, settings = secrets(data), (data / "tracker.toml").read_text()

    again = tracker(*options)

    assert again.returncode == 0, again.stderr
    assert "known here already" in again.stdout
    assert before[0] not in again.stdout + again.stderr
    assert (secrets(data), (data / "tracker.toml").read_text()) == (before, settings)


def test_a_given_secret_is_never_shown(data: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tracker", "setup", "--secret", "-", "--no-stay"],
        env=environment(TRACKER_DATA=str(data), TRACKER_PORT=str(free_port())),
        cwd=ROOT, input="pasted-from-the-portal\n", capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert done.returncode == 0, done.stderr
    assert secrets(data) == ["pasted-from-the-portal"]
    assert "pasted-from-the-portal" not in done.stdout + done.stderr


def test_a_running_service_is_found_and_used(data: Path) -> None:
    with service(data) as running:
        done = tracker("setup", "--data", str(data), TRACKER_PORT=_port(running),
                       TRACKER_SIGNING_SECRETS=running.secret)  # fmt: skip
        assert running.get("/healthz").is_success

    assert done.returncode == 0, done.stderr
    assert types(data) == ["TRACKER_TEST_RECEIVED"]


def test_a_new_secret_is_known_to_a_running_service_in_time(data: Path) -> None:
    with service(data) as running:
        done = tracker("setup", "--data", str(data), "--make-secret", TRACKER_PORT=_port(running))

    assert done.returncode == 0, done.stderr
    reader = LogReader(data)
    assert reader.deliveries(outcome="rejected") == []
    reader.close()


def test_an_address_that_is_not_reached_says_why_and_what_to_do(data: Path) -> None:
    done = tracker(
        "setup", "--data", str(data), "--port", str(free_port()),
        "--public-url", PUBLIC, "--make-secret",
    )  # fmt: skip

    assert done.returncode == 1
    assert f"Address  {PUBLIC}/webhooks/popp" in done.stdout
    assert "✓ A test delivery came through http://127.0.0.1" in done.stdout
    assert "the name tracker.invalid is not known" in done.stderr
    assert f"tracker send --test --url {PUBLIC}" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "--make-secret"),
        (["--make-secret", "--secret", "s"], "not both"),
        (["--secret", " "], "The secret is empty"),
        (["--make-secret", "--public-url", "https://a.example.org/path"], "give the host alone"),
    ],
)
def test_what_cannot_be_used_is_refused_before_anything_starts(
    data: Path, arguments: list[str], says: str
) -> None:
    refused = tracker("setup", "--data", str(data), "--port", str(free_port()), *arguments)

    assert refused.returncode == 2
    assert says in refused.stderr
    assert not (data / "log.db").exists()


def test_a_terminal_is_asked_and_what_is_typed_as_a_secret_stays_hidden(data: Path) -> None:
    said = _typed(
        data,
        ["setup", "--port", str(free_port())],
        [
            ("Data directory", ""),
            ("Address at which", "http://plain.example.org"),
            ("Address at which", ""),
            ("Signing secret", "typed-in-secret"),
            ("Go on serving?", "n"),
        ],
    )

    assert "it must be https://plain.example.org" in said
    assert "✓ A test delivery came through" in said
    assert "typed-in-secret" not in said
    assert secrets(data / "data") == ["typed-in-secret"]


def _typed(folder: Path, arguments: list[str], answers: list[tuple[str, str]]) -> str:
    """What a command says on a terminal where its questions are answered."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "tracker", *arguments],
        env=environment(PYTHONPATH=str(ROOT)),
        cwd=folder, stdin=theirs, stdout=theirs, stderr=theirs,
    ) as running:  # fmt: skip
        os.close(theirs)
        said = b""
        for question, answer in answers:
            asked = b""
            while question.encode() not in asked or not asked.endswith(b": "):
                part = _read(ours)
                assert part, said + asked
                asked += part
            said += asked
            os.write(ours, f"{answer}\n".encode())
        while part := _read(ours):
            said += part
        assert running.wait(PATIENCE) == 0, said
    os.close(ours)
    return said.decode()


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 4096)
    except OSError:  # the other side was closed
        return b""


def _port(running: Running) -> str:
    return running.url.rpartition(":")[2]
