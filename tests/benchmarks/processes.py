"""Processes that are measured, and the ports they listen on."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[2]


@contextmanager
def process(
    *arguments: str,
    env: dict[str, str] | None = None,
    confine: Callable[[], None] | None = None,
) -> Iterator["subprocess.Popen[str]"]:
    """A Python process that is ended with the block; `confine` is called in it at first."""
    running = subprocess.Popen(
        [sys.executable, *arguments],
        cwd=ROOT,
        env=os.environ | (env or {}),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        preexec_fn=confine,  # noqa: PLW1509 - no other thread runs yet
    )
    try:
        yield running
    finally:
        running.terminate()
        running.wait()


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_for(port: int) -> None:
    """Until somebody listens."""
    for _ in range(200):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
