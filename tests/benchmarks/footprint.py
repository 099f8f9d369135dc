"""What the service holds in memory, idle and after a long day, and how soon it answers."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

from tests.benchmarks.bench import Bench
from tests.benchmarks.figures import Figure, Percentiles
from tests.benchmarks.load import post, write_requests
from tests.benchmarks.memory import together
from tests.benchmarks.places import places
from tests.benchmarks.stored import END
from tests.running import MODULE, SECRET, Running, eventually, service
from tracker.demo.bulk import bulk

REST = 5.0  # seconds without work before memory is read
STARTS = 5
DAY = 33_000  # deliveries: a thirtieth of a million
LATER = 1_769_817_600_000_000  # when the long log's traffic has ended


def footprint(bench: Bench) -> Iterator[Figure]:
    """Memory is the sum of the proportional sizes (PSS) of all processes of the service."""
    with service(bench.scratch / "idle") as running:
        time.sleep(REST)
        yield Figure("idle memory, PSS", together(running.process.pid), "MB", most=90)
    soaked = _soaked(bench)
    name = f"memory after a day's traffic, {bench.long:,} events, PSS"
    yield Figure(name, soaked, "MB", most=160)
    data = bench.stored.views(bench.long)
    yield _start_up("python -m tracker", data, MODULE, ("tracker", "serve"))
    binary = os.environ.get("TRACKER_BINARY")
    if binary is None:
        reason = "not measured: TRACKER_BINARY does not name the binary"
        yield Figure("start-up of the binary", None, "s", most=1.5, beside=reason)
    else:
        yield _start_up("the binary", data, (binary,), ("serve",))


def _soaked(bench: Bench) -> float:
    """Megabytes after a day's deliveries, with every page looked at meanwhile."""
    count = min(DAY, bench.deliveries)
    bodies = bulk(40, count, start=LATER, days=1)
    requests = write_requests(bench.scratch / "soak.tsv", SECRET, bodies)
    data = bench.stored.copy(bench.long, bench.scratch / "soaked")
    with service(data, command=("tests.fixed_clock", "--at", END)) as running:
        _look_around(running)
        post(running.url, requests)
        _look_around(running)
        eventually(lambda: running.get("/readyz").json()["lag_events"] == 0, seconds=300)
        time.sleep(REST)
        return together(running.process.pid)


def _look_around(running: Running) -> None:
    for address in places(running).values():
        running.get(address)


def _start_up(name: str, data: Path, program: tuple[str, ...], command: tuple[str, ...]) -> Figure:
    """Seconds from the start of the process to its first answer."""
    took = []
    for _ in range(STARTS):
        started = time.perf_counter()
        with service(data, program=program, command=command) as running:
            took.append(time.perf_counter() - started)
            running.stop()
    spread = Percentiles.of(took)
    beside = f"middle of {STARTS}, the slowest {spread.largest / 1000:.2f} s"
    return Figure(f"start-up of {name}", spread.p50 / 1000, "s", most=1.5, beside=beside)
