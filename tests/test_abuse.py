"""Hostile senders: slow, many, huge or unsigned, they don't stop what is signed."""

import socket
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import pytest

from tests.running import PATIENCE, Running, eventually, service
from tests.sample import body
from tracker.ingest import MOST_REJECTED
from tracker.log import LogReader
from tracker.signing import sign
from tracker.timing import MINUTE, now

SLOW = 1_000
HALF_A_REQUEST = b"POST /webhooks/popp HTTP/1.1\r\nHost: tracker\r\n"
HALF_A_BODY = HALF_A_REQUEST + b"Content-Length: 900\r\nx-signature: none\r\n\r\n{"


# The service with other limits: only those under test end a connection, or are reached soon.
WITH = "from tracker import service; {}; from tracker.cli.app import main; main()"
PATIENT = "service.HEADER_SECONDS = 600"
FEW = f"{PATIENT}; service.CONNECTIONS = 20"


def limited(limits: str) -> tuple[str, ...]:
    """The program that runs the service with other limits."""
    return (sys.executable, "-c", WITH.format(limits))


@pytest.fixture
def patient(data: Path) -> Iterator[Running]:
    with service(data, program=limited(PATIENT), command=["serve"]) as running:
        yield running


@pytest.fixture
def running(data: Path) -> Iterator[Running]:
    with service(data) as running:
        yield running


@contextmanager
def connections(running: Running, count: int, said: bytes) -> Iterator[list[socket.socket]]:
    """Connections that say something and then nothing more."""
    port = int(running.url.rsplit(":", 1)[1])
    with ExitStack() as stack:
        opened = [
            stack.enter_context(socket.create_connection(("127.0.0.1", port))) for _ in range(count)
        ]
        for one in opened:
            one.sendall(said)
        yield opened


@pytest.mark.parametrize("said", [b"", HALF_A_REQUEST, HALF_A_BODY], ids=["mute", "head", "body"])
def test_a_thousand_slow_connections_do_not_stop_signed_deliveries(
    patient: Running, said: bytes
) -> None:
    with connections(patient, SLOW, said):
        answers = [anew(patient, body(f"e{number}")) for number in range(50)]
    assert {answer.json()["status"] for answer in answers} == {"accepted"}


def anew(running: Running, event: bytes) -> httpx.Response:
    """Deliver over a connection of its own."""
    headers = {"x-signature": sign(running.secret, event)}
    address = f"{running.url}/webhooks/popp"
    return httpx.post(address, content=event, headers=headers, timeout=PATIENCE)


def test_beyond_the_most_connections_others_wait_until_one_is_closed(data: Path) -> None:
    asked = b"GET /healthz HTTP/1.1\r\nHost: tracker\r\n\r\n"
    with service(data, program=limited(FEW), command=["serve"]) as running:
        with connections(running, 20, HALF_A_REQUEST), connections(running, 1, asked) as [one]:
            one.settimeout(2)
            with pytest.raises(TimeoutError):
                one.recv(1024)
        with connections(running, 1, asked) as [one]:
            one.settimeout(30)
            assert one.recv(1024).startswith(b"HTTP/1.1 200")


def test_headers_that_never_end_are_cut_off(running: Running) -> None:
    with connections(running, 1, HALF_A_REQUEST) as [one]:
        one.settimeout(30)
        assert one.recv(1024).startswith((b"", b"HTTP/1.1 408"))
        assert one.recv(1024) == b""


def test_headers_without_measure_are_refused(running: Running) -> None:
    with connections(running, 1, b"GET /healthz HTTP/1.1\r\nHost: tracker\r\n") as [one]:
        one.settimeout(30)
        assert not flooded(one).startswith(b"HTTP/1.1 200")
    assert running.post(body()).is_success


def flooded(one: socket.socket) -> bytes:
    """What is answered to a header of a megabyte; nothing when the connection is closed."""
    try:
        one.sendall(b"X-More: ")
        for _ in range(1024):
            one.sendall(b"a" * 1024)
        one.sendall(b"\r\n\r\n")
        return one.recv(1024)
    except ConnectionError:
        return b""


def test_an_unsigned_flood_leaves_only_a_sample(running: Running, data: Path) -> None:
    before, began = sum(path.stat().st_size for path in data.iterdir()), now()
    refused = b"{" + b"x" * 100_000
    for _ in range(500):
        assert running.post(refused, signature="0" * 64).status_code == 401
    assert running.post(body()).is_success
    log = LogReader(data)
    try:
        eventually(lambda: bool(log.deliveries(limit=1)))
        minutes = now() // MINUTE - began // MINUTE + 1
        assert len(log.deliveries(limit=500)) <= MOST_REJECTED * minutes
    finally:
        log.close()
    after = sum(path.stat().st_size for path in data.iterdir())
    assert after - before < 2_000_000, "50 MB were sent"
