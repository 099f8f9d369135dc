"""A load generator: keep-alive connections that post prepared requests, in a process of its own.

`python -m tests.benchmarks.load URL FILE CONNECTIONS RATE`, with one request body a line in
FILE and its signature before it, apart by a tab. RATE is requests a second, 0 for as fast as
they are answered. With a rate, the time of a request counts from when it was due, even when
all connections were still waiting for an answer then.
"""

import asyncio
import subprocess
import sys
import time
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec
import uvloop

from tests.benchmarks.figures import Percentiles
from tests.benchmarks.processes import ROOT
from tracker.signing import sign

CONNECTIONS = 32
HEAD_END = b"\r\n\r\n"


class Posted(msgspec.Struct, frozen=True):
    """What became of the requests; times in milliseconds."""

    requests: int
    per_second: float
    p50: float
    p99: float
    largest: float
    statuses: dict[str, int]


def write_requests(file: Path, secret: str, bodies: Iterable[bytes]) -> Path:
    """Prepare a file of signed requests."""
    with file.open("wb") as lines:
        for body in bodies:
            lines.write(sign(secret, body).encode() + b"\t" + body + b"\n")
    return file


def post(server: str, file: Path, rate: float = 0) -> Posted:
    """Post all requests of a file from another process."""
    url = f"{server}/webhooks/popp"
    arguments = ["-m", "tests.benchmarks.load", url, str(file), str(CONNECTIONS), str(rate)]
    done = subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, check=True, stdout=subprocess.PIPE
    )
    return msgspec.json.decode(done.stdout, type=Posted)


class _Run:
    """The requests that wait, and what was found out about those answered."""

    def __init__(self, waiting: list[bytes]) -> None:
        self.waiting = deque(waiting)
        self.due: deque[float] | None = None
        self.left = len(waiting)
        self.took: list[float] = []
        self.statuses: Counter[int] = Counter()
        self.idle: deque[_Connection] = deque()
        self.done = asyncio.Event()

    def go_on(self, connection: "_Connection") -> None:
        """Give a connection its next request, now or when one is due."""
        if not self.waiting or (self.due is not None and not self.due):
            self.idle.append(connection)
            return
        due = time.perf_counter() if self.due is None else self.due.popleft()
        connection.send(self.waiting.popleft(), due)

    def answered(self, status: int, took: float) -> None:
        """Note an answer."""
        self.statuses[status] += 1
        self.took.append(took)
        self.left -= 1
        if not self.left:
            self.done.set()

    async def pace(self, rate: float) -> None:
        """Make one request due after the other."""
        assert self.due is not None
        started = time.perf_counter()
        for number in range(len(self.waiting)):
            if self.done.is_set():  # the server is gone, or its test ended first
                return
            moment = started + number / rate
            await asyncio.sleep(max(0.0, moment - time.perf_counter()))
            self.due.append(moment)
            if self.idle:
                self.go_on(self.idle.popleft())


class _Connection(asyncio.Protocol):
    """Posts one request at a time."""

    def __init__(self, run: _Run) -> None:
        self._run = run
        self._answer = b""
        self._due = 0.0

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def connection_lost(self, _error: Exception | None) -> None:
        self._run.done.set()  # the server is gone, or all is done

    def send(self, request: bytes, due: float) -> None:
        self._due = due
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._answer += data
        head, found, body = self._answer.partition(HEAD_END)
        if not found:
            return
        length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n", 1)[0])
        if len(body) < length:
            return
        self._answer = b""
        self._run.answered(int(head[9:12]), time.perf_counter() - self._due)
        self._run.go_on(self)


def _requests(url: str, file: Path) -> Iterator[bytes]:
    """Whole HTTP requests, headers and body."""
    parts = urlsplit(url)
    for line in file.read_bytes().splitlines():
        signature, body = line.split(b"\t", 1)
        yield (
            f"POST {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
            f"x-signature: {signature.decode()}\r\n\r\n"
        ).encode() + body


async def _post_all(url: str, file: Path, connections: int, rate: float) -> Posted:
    run = _Run(list(_requests(url, file)))
    parts = urlsplit(url)
    loop = asyncio.get_running_loop()
    for _ in range(connections):
        _, made = await loop.create_connection(lambda: _Connection(run), parts.hostname, parts.port)
        run.idle.append(made)
    started = time.perf_counter()
    if rate:
        run.due = deque()
        await run.pace(rate)
    else:
        for connection in [run.idle.popleft() for _ in range(connections)]:
            run.go_on(connection)
    await run.done.wait()
    seconds = time.perf_counter() - started
    took = Percentiles.of(run.took)
    statuses = {str(status): count for status, count in run.statuses.items()}
    count = len(run.took)
    return Posted(count, count / seconds, took.p50, took.p99, took.largest, statuses)


def main() -> None:
    """Print the result as JSON."""
    url, file, connections, rate = sys.argv[1:5]
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        posted = runner.run(_post_all(url, Path(file), int(connections), float(rate)))
    print(msgspec.json.encode(posted).decode())


if __name__ == "__main__":
    main()
