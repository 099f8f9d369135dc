"""A small machine: one core, 512 MB, a long log, three viewers, deliveries coming in.

The memory limit is a control group, which takes root; without it the figures say that
nothing was limited.
"""

import contextlib
import http.client
import json
import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from tests.benchmarks.bench import Bench
from tests.benchmarks.figures import Figure
from tests.benchmarks.memory import Peak
from tests.benchmarks.processes import free_port, process, wait_for
from tests.benchmarks.stored import fill
from tracker.demo.bulk import bulk
from tracker.sender import send

LIMIT = 512 * 2**20
MOST_EVENTS = 100_000
VIEWERS = 3
DELIVERIES = 1_000
ROUNDS = 3
SECRET = "of-the-small-machine"
GROUPS = Path("/sys/fs/cgroup")
PAGES = (
    "/", "/needs", "/runs", "/runs?stuck=true", "/workflows", "/conversations", "/analyses",
    "/calendar", "/calendar?view=month", "/candidates", "/contacts", "/events", "/system",
    "/search?q=anna", "/runs.csv?status=failed", "/api/v1/runs?limit=500",
)  # fmt: skip
Figures = dict[str, Any]


def small_machine(bench: Bench) -> Iterator[Figure]:
    """Start on a log without views, then serve viewers and deliveries at once."""
    found = small(bench.scratch / "small", min(bench.long, MOST_EVENTS))
    limit = f"{found['limit_mb']:.0f} MB" if found["limit_mb"] else "memory not limited"
    built = f"{found['events']:,} events folded, {VIEWERS} viewers connected"
    yield Figure(f"one core, {limit}: views built", found["views_built_after_s"], "s", beside=built)
    page = found["slowest_page_s"] * 1000
    yield Figure("  slowest page under deliveries", page, "ms", beside=found["slowest_page"])
    yield Figure("  deliveries beside viewers", found["deliveries"]["per_second"], "/s")
    killed = f"{found['killed_for_memory']} processes killed for it"
    yield Figure("  memory of one core's processes, PSS", found["together_mb"], "MB", beside=killed)


def small(data: Path, events: int) -> Figures:
    """All that is measured, by name."""
    fill(data, events)
    port = free_port()
    arguments = ["-m", "tracker", "serve", "--data", str(data), "--port", str(port)]
    with (
        _group() as group,
        process(
            *arguments,
            env={"TRACKER_SIGNING_SECRETS": SECRET, "TRACKER_OPEN_ACCESS": "true"},
            confine=lambda: _confine(group),
        ) as running,
        Peak(running.pid) as peak,
    ):
        started = time.perf_counter()
        wait_for(port)
        answered = time.perf_counter() - started
        built = _until_folded(port, started)
        resting = peak.together
        pages = _served(port)
        figures = {
            "events": events,
            "limit_mb": LIMIT / 2**20 if group else None,
            "first_answer_s": answered,
            "views_built_after_s": built,
            "peak_while_building_mb": resting,
            "largest_process_mb": peak.largest,
            "together_mb": peak.together,
            "killed_for_memory": _kills(group),
        }
    return figures | pages


def _served(port: int) -> Figures:
    """Pages and deliveries at the same time, with viewers connected."""
    url = f"http://127.0.0.1:{port}/webhooks/popp"
    outcomes: list[Figures] = []

    def deliver() -> None:
        begun = time.perf_counter()
        summary = send(url, SECRET, bulk(9, DELIVERIES), concurrency=2)
        seconds = time.perf_counter() - begun
        outcomes.append({"outcomes": dict(summary.outcomes), "per_second": DELIVERIES / seconds})

    pages = [*PAGES, *_details(port)]
    took: dict[str, float] = {}
    heard = [0] * VIEWERS
    with _viewers(port, heard):
        sender = threading.Thread(target=deliver)
        sender.start()
        for _ in range(ROUNDS):
            for page in pages:
                took[page] = max(took.get(page, 0.0), _page(port, page))
        sender.join()
        _until_folded(port, time.perf_counter())
    slowest = max(took, key=lambda page: took[page])
    return {
        "pages": len(pages),
        "slowest_page": slowest,
        "slowest_page_s": took[slowest],
        "median_page_s": sorted(took.values())[len(took) // 2],
        "viewers_told": heard,
        "deliveries": outcomes[0],
    }


def _details(port: int) -> list[str]:
    """One page of each kind of thing, the first of its list."""
    lists = {"runs": "/runs/", "conversations": "/conversations/", "meetings": "/meetings/"}
    found = []
    for name, place in lists.items():
        items = json.loads(_get(port, f"/api/v1/{name}?limit=1"))["items"]
        found += [place + quote(item["id"], safe="") for item in items]
    return found


def _page(port: int, path: str) -> float:
    """Seconds until the whole answer was there."""
    started = time.perf_counter()
    _get(port, path)
    return time.perf_counter() - started


def _get(port: int, path: str) -> bytes:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        content = answer.read()
    finally:
        connection.close()
    if answer.status not in {200, 503}:
        raise RuntimeError(f"{path} answered {answer.status}")
    return content


def _until_folded(port: int, since: float) -> float:
    """Seconds since a moment until the views have reached the log."""
    while True:
        readiness = json.loads(_get(port, "/readyz"))
        if readiness["ready"] and readiness["lag_events"] == 0:
            return time.perf_counter() - since
        time.sleep(0.2)


@contextmanager
def _viewers(port: int, heard: list[int]) -> Iterator[None]:
    """Streams of live updates that are read all the while."""
    streams = [socket.create_connection(("127.0.0.1", port)) for _ in heard]
    threads = [threading.Thread(target=_listen, args=(s, heard, n)) for n, s in enumerate(streams)]
    for stream, thread in zip(streams, threads, strict=True):
        stream.sendall(b"GET /live HTTP/1.1\r\nHost: localhost\r\n\r\n")
        thread.start()
    try:
        yield
    finally:
        for stream, thread in zip(streams, threads, strict=True):
            stream.shutdown(socket.SHUT_RDWR)
            thread.join()
            stream.close()


def _listen(stream: socket.socket, heard: list[int], number: int) -> None:
    with contextlib.suppress(OSError):
        while part := stream.recv(65536):
            heard[number] += part.count(b"event: changed")


@contextmanager
def _group() -> Iterator[Path | None]:
    """A control group with the memory limit, of the first or the second kind; None if refused."""
    first = (GROUPS / "memory").is_dir()
    group = (GROUPS / "memory" if first else GROUPS) / f"tracker-small-{os.getpid()}"
    try:
        group.mkdir()
        (group / ("memory.limit_in_bytes" if first else "memory.max")).write_text(str(LIMIT))
    except OSError:
        yield None
        return
    try:
        yield group
    finally:
        while (group / "cgroup.procs").read_text():  # children that end after their parent
            time.sleep(0.1)
        group.rmdir()


def _confine(group: Path | None) -> None:
    """Called in the new process before it becomes the service."""
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    if group is not None:
        (group / "cgroup.procs").write_text(str(os.getpid()))


def _kills(group: Path | None) -> int | None:
    """How many processes the kernel has ended because the memory did not suffice."""
    if group is None:
        return None
    stated = group / "memory.oom_control"
    stated = stated if stated.exists() else group / "memory.events"
    facts = dict(line.split() for line in stated.read_text().splitlines())
    return int(facts["oom_kill"])
