"""A real service: a process of its own, on a free loopback port, with a data directory."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import httpx

from tracker.signing import sign

ROOT = Path(__file__).parents[1]
SECRET = "a-secret-of-the-tests"
MODULE = (sys.executable, "-m")
PATIENCE = 30.0  # seconds; far more than anything takes, so that a busy machine fails no test


class Running:
    """One server process: `url` and `secret` to post to it, `kill` and `stop` to end it."""

    def __init__(
        self,
        data: Path,
        port: int,
        env: Mapping[str, str] | None = None,
        command: Sequence[str] = ("tracker", "serve"),
        program: Sequence[str] = MODULE,
    ) -> None:
        self.data = data
        self.url = f"http://127.0.0.1:{port}"
        self.secret = SECRET
        self.token = ""  # of a program, where somebody has to sign in
        self._errors: IO[str] = tempfile.TemporaryFile("w+")  # noqa: SIM115 - closed in `close`
        self._client = httpx.Client(base_url=self.url, timeout=PATIENCE)
        self.process = subprocess.Popen(
            [*program, *command, "--port", str(port), "--data", str(data)],
            env=environment(
                TRACKER_SIGNING_SECRETS=self.secret,
                **{"TRACKER_OPEN_ACCESS": "true", **(env or {})},
            ),
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=self._errors,
        )

    def post(self, body: bytes, signature: str | None = None) -> httpx.Response:
        """Deliver a body, signed unless another signature is given."""
        signature = sign(self.secret, body) if signature is None else signature
        return self._client.post("/webhooks/popp", content=body, headers={"x-signature": signature})

    def get(self, path: str) -> httpx.Response:
        """Ask for a page, or for anything else."""
        headers = {"authorization": f"Bearer {self.token}"} if self.token else {}
        return self._client.get(path, headers=headers)

    def post_form(self, address: str, **fields: str) -> httpx.Response:
        """Send a form, as a button of a page does, and follow to where it leads."""
        return self._client.post(address, data=fields, follow_redirects=True)

    def kill(self) -> None:
        """End the process at once with SIGKILL, as a power cut would."""
        self.process.kill()
        self.process.wait(PATIENCE)

    def stop(self) -> int:
        """Tell the process to stop with SIGTERM; its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE)

    def errors(self) -> str:
        """What the process wrote to standard error so far."""
        self._errors.seek(0)
        return self._errors.read()

    def answers(self) -> bool:
        """Whether it is up; fails when the process has ended instead."""
        if self.process.poll() is not None:
            raise AssertionError(f"the service ended: {self.errors()}")
        try:
            return self.get("/healthz").is_success
        except httpx.TransportError:
            return False

    def close(self) -> None:
        """End what is still running."""
        if self.process.poll() is None:
            self.kill()
        self._client.close()
        self._errors.close()


@contextmanager
def service(
    data: Path,
    *,
    port: int = 0,
    env: Mapping[str, str] | None = None,
    command: Sequence[str] = ("tracker", "serve"),
    program: Sequence[str] = MODULE,
) -> Iterator[Running]:
    """A running service that answers; it is killed at the end unless it was ended before.

    `command` is the module that serves, with its first arguments, or those of another
    `program`; port 0 takes a free one.
    """
    running = Running(data, port or free_port(), env, command, program)
    try:
        eventually(running.answers)
        yield running
    finally:
        running.close()


def tracker(*arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    """Run a command of the product to its end."""
    return subprocess.run(
        [sys.executable, "-m", "tracker", *arguments],
        env=environment(**env),
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=2 * PATIENCE,
        check=False,
    )


def environment(**more: str) -> dict[str, str]:
    """The environment of this process without settings of the product, and what is added."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("TRACKER_")}
    return {**own, "NO_COLOR": "1", "COLUMNS": "200", **more}


def free_port() -> int:
    """A loopback port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def eventually(condition: Callable[[], bool], seconds: float = PATIENCE) -> None:
    """Wait until something that happens in another process or thread has happened."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds} seconds: {condition}")
        time.sleep(0.01)
