"""Measures what a small machine carries: `python -m tests.benchmarks [--events N]`.

Prints one table, and the same as JSON with `--json`. Timings on a shared machine are
noisy: trust the ratios, which are measured side by side in one run. No test runs this.
"""

import argparse
import json
import os
import platform
import secrets
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from projections.status import digest_report
from tests.benchmarks.memory import Peak
from tests.benchmarks.processes import ROOT, free_port, process, wait_for
from tests.benchmarks.small import MOST_EVENTS, small
from tests.benchmarks.stored import fill
from tracker.demo.bulk import bulk
from tracker.log import LogReader
from tracker.signing import sign

CONNECTIONS = 32
Figures = dict[str, Any]


def main() -> None:
    """Run all measurements and print them."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--events", type=int, default=1_000_000, help="events to rebuild")
    arguments.add_argument("--deliveries", type=int, default=40_000, help="deliveries to post")
    arguments.add_argument("--json", action="store_true", help="print JSON")
    chosen = arguments.parse_args()
    with tempfile.TemporaryDirectory() as name:
        figures = measure(Path(name), chosen.events, chosen.deliveries)
    print(json.dumps(figures, indent=2)) if chosen.json else show(figures)


def measure(folder: Path, events: int, deliveries: int) -> Figures:
    """All figures of one run."""
    secret = secrets.token_hex(16)
    requests = folder / "requests.tsv"
    with requests.open("wb") as file:
        for body in bulk(1, deliveries, late=0, duplicates=0):
            file.write(sign(secret, body).encode() + b"\t" + body + b"\n")
    return {
        "machine": machine(),
        "empty handler": empty(requests),
        "durable ingest": ingest(folder / "ingest", secret, requests),
        "rebuild": rebuilt(folder / "rebuild", events),
        "small machine": small(folder / "small", min(events, MOST_EVENTS)),
    }


def machine() -> str:
    """The machine in one line."""
    return f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}"


def empty(requests: Path) -> Figures:
    """What the server does without any of our work."""
    port = free_port()
    with process("-m", "tests.benchmarks.empty", str(port)):
        wait_for(port)
        return load(port, requests)


def ingest(data: Path, secret: str, requests: Path) -> Figures:
    """Signed deliveries, each committed with synchronous=FULL before its 200."""
    port = free_port()
    environment = {"TRACKER_SIGNING_SECRETS": secret, "TRACKER_OPEN_ACCESS": "true"}
    with process(
        "-m", "tracker", "serve", "--data", str(data), "--port", str(port), env=environment
    ) as running:
        wait_for(port)
        with Peak(running.pid) as peak:
            figures = load(port, requests)
            figures["views_caught_up_after_s"] = caught_up(port)
    reader = LogReader(data)
    accepted = figures["statuses"].get("200", 0)
    assert reader.head() == accepted, "every acknowledged event must be in the log"
    reader.close()
    return figures | {"largest_mb": peak.largest, "together_mb": peak.together}


def rebuilt(data: Path, events: int) -> Figures:
    """Rebuild twice, the second time with the comparison against the first."""
    fill(data, events)
    once = timed_rebuild(data)
    again = timed_rebuild(data)
    report = digest_report(data)
    return {
        "events": report.log_head,
        "first": once,
        "with_comparison": again,
        "log_mb": (data / "log.db").stat().st_size / 2**20,
    }


def timed_rebuild(data: Path) -> Figures:
    """The command as an operator types it, start-up included."""
    started = time.perf_counter()
    with process("-m", "tracker", "rebuild", "--data", str(data), "--json") as running:
        with Peak(running.pid) as peak:
            output, _ = running.communicate()
        seconds = time.perf_counter() - started
    report = json.loads(output)
    return {
        "seconds": seconds,
        "per_second": report["events"] / seconds,
        "differing": sum(view["differing"] for view in report["views"].values()),
        "largest_mb": peak.largest,
        "together_mb": peak.together,
    }


def load(port: int, requests: Path) -> Figures:
    """Post all requests from a process of its own."""
    url = f"http://127.0.0.1:{port}/webhooks/popp"
    arguments = ["-m", "tests.benchmarks.load", url, str(requests), str(CONNECTIONS), "0"]
    done = subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, check=True, capture_output=True, text=True
    )
    figures: Figures = json.loads(done.stdout)
    return figures


def caught_up(port: int) -> float:
    """Seconds until the views have reached the log."""
    started = time.perf_counter()
    while True:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz") as answer:
            if json.load(answer)["lag_events"] == 0:
                return time.perf_counter() - started
        time.sleep(0.1)


def show(figures: Figures) -> None:
    """The table for people."""
    handler, durable, rebuild = (
        figures["empty handler"],
        figures["durable ingest"],
        figures["rebuild"],
    )
    table = Table("what", "measured", "beside", title=figures["machine"], title_justify="left")
    row(table, "empty handler, 32 connections", f"{handler['per_second']:,.0f}/s")
    ratio = durable["per_second"] / handler["per_second"]
    row(table, "durable signed ingest", f"{durable['per_second']:,.0f}/s", f"{ratio:.2f} of empty")
    row(table, "  p50 / p99", f"{durable['p50_ms']:.1f} / {durable['p99_ms']:.1f} ms")
    row(table, "  answers", str(durable["statuses"]))
    row(table, "  views caught up after", f"{durable['views_caught_up_after_s']:.1f} s")
    row(table, "  memory", f"{durable['largest_mb']:.0f} MB")
    for name in ("first", "with_comparison"):
        one = rebuild[name]
        label = f"rebuild of {rebuild['events']:,} events, {name.replace('_', ' ')}"
        beside = f"{one['differing']} rows differ" if name != "first" else ""
        row(table, label, f"{one['per_second']:,.0f}/s", beside)
        memory = f"{one['largest_mb']:.0f} MB largest process"
        row(table, "  memory", memory, f"{one['together_mb']:.0f} MB together")
    show_small(table, figures["small machine"])
    Console().print(table)


def show_small(table: Table, found: Figures) -> None:
    """The rows of the small machine."""
    limit = f"{found['limit_mb']:.0f} MB" if found["limit_mb"] else "memory not limited"
    row(table, f"one core, {limit}, {found['events']:,} events", "", "3 viewers")
    row(table, "  views built after", f"{found['views_built_after_s']:.0f} s")
    page = f"{found['slowest_page_s'] * 1000:.0f} ms"
    row(table, "  slowest page, deliveries coming in", page, found["slowest_page"])
    row(table, "  deliveries", f"{found['deliveries']['per_second']:,.0f}/s")
    memory = f"{found['together_mb']:.0f} MB together"
    row(table, "  memory", memory, f"{found['killed_for_memory']} killed for it")


def row(table: Table, *cells: str) -> None:
    """Add a row of fewer cells than columns."""
    padded: Sequence[str] = [*cells, *[""] * (3 - len(cells))]
    table.add_row(*padded)


if __name__ == "__main__":
    main()
