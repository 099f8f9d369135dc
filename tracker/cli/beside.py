"""A service as a process of its own beside a command, which ends it when it ends itself."""

import http.client
import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from tracker.errors import NotReady
from tracker.release import own_command
from tracker.settings import Settings

SERVICE_LOG: Final = "service.log"
START_WITHIN: Final = 30.0
STOP_WITHIN: Final = 20.0


@contextmanager
def serving(settings: Settings) -> Iterator["subprocess.Popen[bytes]"]:
    """A service that answers; its log lines go to a file in the data directory.

    Raises NotReady with what it said when it does not start.
    """
    options = ["--data", str(settings.data), "--host", settings.host, "--port", str(settings.port)]
    with (settings.data / SERVICE_LOG).open("wb") as lines:
        # In a session of its own, so that Ctrl-C reaches this process first.
        service = subprocess.Popen(  # noqa: S603 - our own interpreter and our own options
            [*own_command(), "serve", *options],
            stdin=subprocess.DEVNULL,
            stdout=lines,
            stderr=lines,
            start_new_session=True,
            env={**os.environ, "TRACKER_OPEN_ACCESS": str(settings.open_access).lower()},
        )
    try:
        wait_until_alive(settings, service)
        yield service
    finally:
        _stop(service)


def wait_until_alive(settings: Settings, service: "subprocess.Popen[bytes] | None" = None) -> None:
    """Wait for a service to answer, `service` or one that the system started; raises NotReady."""
    deadline = time.monotonic() + START_WITHIN
    while not is_alive(settings):
        if service is not None and service.poll() is not None:
            said = (settings.data / SERVICE_LOG).read_text(errors="replace")[-2000:]
            raise NotReady(f"The service did not start:\n{said}")
        if time.monotonic() > deadline:
            raise NotReady(
                f"Nothing answered on {settings.base_url} for {START_WITHIN:.0f} seconds; "
                f"look at {settings.data / SERVICE_LOG}, or at journalctl -u tracker"
            )
        time.sleep(0.1)


def is_alive(settings: Settings) -> bool:
    """Whether a service answers where the settings say that it listens."""
    connection = http.client.HTTPConnection(settings.host, settings.port, timeout=2)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def refuse_taken_port(settings: Settings) -> None:
    """Raise NotReady when something answers on the port already."""
    with socket.socket() as probe:
        if probe.connect_ex((settings.host, settings.port)) == 0:
            raise NotReady(
                f"Something serves on port {settings.port} already; choose another with --port"
            )


def _stop(service: "subprocess.Popen[bytes]") -> None:
    service.terminate()
    try:
        service.wait(STOP_WITHIN)
    except subprocess.TimeoutExpired:
        service.kill()
        service.wait()
