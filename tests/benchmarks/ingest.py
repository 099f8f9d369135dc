"""Durable ingest: signed deliveries over HTTP, each committed before its answer."""

from collections.abc import Iterator
from pathlib import Path

from tests.benchmarks.bench import Bench
from tests.benchmarks.figures import Figure
from tests.benchmarks.load import CONNECTIONS, Posted, post, write_requests
from tests.benchmarks.peers import MISSING
from tests.benchmarks.processes import free_port, process, wait_for
from tests.benchmarks.profiles import profiled, shares
from tests.running import SECRET, eventually, service
from tracker.demo.bulk import bulk
from tracker.log import LogReader

ROUNDS = 2
PROFILED = 10_000


def ingest(bench: Bench) -> Iterator[Figure]:
    """Against a handler that does nothing, and against another event store without HTTP."""
    nothing, full, half = _rounds(bench)
    per_second = full.per_second
    ratio = per_second / nothing.per_second
    beside = f"{per_second:,.0f} against {nothing.per_second:,.0f}/s of an empty handler"
    reason = _bounded_by(bench) if ratio < 0.7 or per_second < 6_000 else ""
    yield Figure(
        f"durable ingest, {CONNECTIONS} connections",
        per_second,
        "/s",
        least=6_000,
        bounded_by=reason,
    )
    yield Figure("  of an empty handler", ratio, "x", least=0.7, beside=beside)
    yield _against_peer(bench, per_second)
    yield Figure("  p50 at this rate", full.p50, "ms")
    yield Figure("  p99 at this rate", full.p99, "ms")
    paced = f"at {half.per_second:,.0f}/s, largest {half.largest:.0f} ms"
    yield Figure("  p99 at half this rate", half.p99, "ms", most=20, beside=paced)


def _against_peer(bench: Bench, per_second: float) -> Figure:
    name = "  of eventsourcing without HTTP"
    if bench.peer is None:
        return Figure(name, None, "x", least=2, beside=MISSING)
    saved = bench.peer.saved_per_second
    beside = f"{saved:,.0f}/s, one event a transaction, synchronous=FULL"
    return Figure(name, per_second / saved, "x", least=2, beside=beside)


def _rounds(bench: Bench) -> tuple[Posted, Posted, Posted]:
    """Empty handler and ingest in turns, the better round of each; then half of that rate."""
    nothing, full = [], []
    for number in range(ROUNDS):
        requests = _requests(bench, number, bench.deliveries)
        nothing.append(_nothing(requests))
        full.append(_durable(bench.scratch / f"ingest-{number}", requests))
    best = max(full, key=_rate)
    requests = _requests(bench, ROUNDS, bench.deliveries // 2)
    half = _durable(bench.scratch / "ingest-half", requests, best.per_second / 2)
    return max(nothing, key=_rate), best, half


def _rate(posted: Posted) -> float:
    return posted.per_second


def _requests(bench: Bench, number: int, count: int) -> Path:
    bodies = bulk(10 + number, count, late=0, duplicates=0)
    return write_requests(bench.scratch / f"requests-{number}.tsv", SECRET, bodies)


def _nothing(requests: Path) -> Posted:
    port = free_port()
    with process("-m", "tests.benchmarks.empty", str(port)):
        wait_for(port)
        return post(f"http://127.0.0.1:{port}", requests)


def _durable(data: Path, requests: Path, rate: float = 0) -> Posted:
    """Post to a service of its own; every acknowledged event must be in the log."""
    with service(data) as running:
        posted = post(running.url, requests, rate)
    reader = LogReader(data)
    try:
        assert posted.statuses == {"200": reader.head()}, posted.statuses
    finally:
        reader.close()
    return posted


def _bounded_by(bench: Bench) -> str:
    """What the service does with the processor while it is posted to."""
    folder = bench.profiles / "ingest"
    requests = _requests(bench, ROUNDS + 1, PROFILED)
    with service(bench.scratch / "ingest-profiled", env=profiled(folder)) as running:
        post(running.url, requests)
        # A process that is cut off writes no profile.
        eventually(lambda: running.get("/readyz").json()["lag_events"] == 0, seconds=300)
        running.stop()
    return shares(folder)
