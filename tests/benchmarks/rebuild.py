"""Rebuilding all views, comparison and switch included, with every process's memory."""

import os
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import msgspec

from projections.entities import SELECT_ROW
from tests.benchmarks.bench import Bench
from tests.benchmarks.figures import Figure
from tests.benchmarks.memory import Peak
from tests.benchmarks.peers import MISSING
from tests.benchmarks.processes import ROOT, process
from tests.benchmarks.profiles import profiled, shares
from tracker.database import open_reader
from tracker.events import read_event

LEAST = 100_000
MOST_MB = 500
MOST_GROWTH = 1.3
SMALLER = 10  # times


class Rebuilt(msgspec.Struct, frozen=True):
    """One rebuild as an operator types it, start-up included."""

    events: int
    seconds: float
    processors: float
    together_mb: float
    differing: int

    @property
    def per_second(self) -> float:
        """Events a second."""
        return self.events / self.seconds


def rebuild(bench: Bench) -> Iterator[Figure]:
    """Beside reading and decoding the log alone, and another store's reading of its own."""
    data = bench.stored.views(bench.long)
    smaller = rebuilt(bench.stored.views(bench.long // SMALLER))
    scanned = _scanned(data)
    found = rebuilt(data)
    rate = found.per_second
    reason = _bounded_by(bench) if rate < LEAST or found.together_mb > MOST_MB else ""
    used = f"{found.processors:.2f} of {os.cpu_count()} cores used, {found.differing} rows differ"
    name = f"rebuild of {found.events:,} events, compared and switched"
    yield Figure(name, rate, "/s", least=LEAST, beside=used, bounded_by=reason)
    alone = f"{scanned:,.0f}/s when the log is only read and decoded, in one process"
    yield Figure("  of reading the log alone", rate / scanned, "x", beside=alone)
    yield _against_peer(bench, rate)
    yield Figure(
        "  memory of all processes, PSS", found.together_mb, "MB", most=MOST_MB, bounded_by=reason
    )
    grown = found.together_mb / smaller.together_mb
    beside = f"{smaller.together_mb:.0f} MB at {smaller.events:,}, {smaller.per_second:,.0f}/s"
    yield Figure("  memory grown with the log", grown, "x", most=MOST_GROWTH, beside=beside)


def rebuilt(data: Path) -> Rebuilt:
    """Rebuild, compare with what was served, switch."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.perf_counter()
    with process("-m", "tracker", "rebuild", "--data", str(data), "--json") as running:
        with Peak(running.pid) as peak:
            output, _ = running.communicate()
        seconds = time.perf_counter() - started
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    report = msgspec.json.decode(output)
    differing = sum(view["differing"] for view in report["views"].values())
    return Rebuilt(report["events"], seconds, used / seconds, peak.together, differing)


def _against_peer(bench: Bench, rate: float) -> Figure:
    name = "  of eventsourcing reading its own log"
    if bench.peer is None:
        return Figure(name, None, "x", least=1, beside=MISSING)
    read = bench.peer.read_per_second
    return Figure(name, rate / read, "x", least=1, beside=f"{read:,.0f}/s, decoded, not folded")


def _scanned(data: Path) -> float:
    """Events a second of `python -m tests.benchmarks.rebuild DATA`, in a process of its own."""
    command = [sys.executable, "-m", "tests.benchmarks.rebuild", str(data)]
    done = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE)
    return float(done.stdout)


def scan(data: Path) -> float:
    """Read and decode the whole log; events a second."""
    count = 0
    with closing(open_reader(data / "log.db")) as log:
        started = time.perf_counter()
        for row in log.execute(f"{SELECT_ROW} ORDER BY position"):
            read_event(*row[1:])
            count += 1
        return count / (time.perf_counter() - started)


def _bounded_by(bench: Bench) -> str:
    """What the processes of a smaller rebuild do with the processors."""
    folder = bench.profiles / "rebuild"
    data = bench.stored.views(bench.long // SMALLER)
    arguments = ["-m", "tracker", "rebuild", "--data", str(data), "--json"]
    with process(*arguments, env=profiled(folder)) as running:
        running.communicate()
    return shares(folder)


if __name__ == "__main__":
    print(scan(Path(sys.argv[1])))
