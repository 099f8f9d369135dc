"""Measures what a small machine carries: `python -m tests.benchmarks`.

Prints one table: what was to be reached, what was measured, and what it stands beside.
Timings on a shared machine are noisy: trust the ratios, whose two sides are measured in
turns in the same run. No test runs this; `tests/test_work_per_event.py` counts work instead.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from tests.benchmarks.bench import Bench
from tests.benchmarks.burst import burst
from tests.benchmarks.figures import Figure
from tests.benchmarks.footprint import footprint
from tests.benchmarks.ingest import ingest
from tests.benchmarks.live import live
from tests.benchmarks.machine import machine
from tests.benchmarks.pages import pages
from tests.benchmarks.rebuild import rebuild
from tests.benchmarks.report import Report, show, write
from tests.benchmarks.sizes import sizes
from tests.benchmarks.small import small_machine
from tests.benchmarks.stored import Stored, shape

# Those that only read the long log come first.
FAMILIES: Mapping[str, Callable[[Bench], Iterator[Figure]]] = {
    "sizes": sizes,
    "pages": pages,
    "rebuild": rebuild,
    "ingest": ingest,
    "burst": burst,
    "live": live,
    "footprint": footprint,
    "small": small_machine,
}


def main() -> None:
    """Run what was chosen and print it."""
    chosen = _arguments()
    with tempfile.TemporaryDirectory() as name:
        kept = chosen.data or Path(name) / "data"
        scratch, profiles = Path(name), chosen.profiles or Path(name) / "profiles"
        stored = Stored(kept)
        bench = Bench(scratch, stored, *chosen.events, chosen.deliveries, profiles)
        traffic = [shape(stored.views(events)) for events in chosen.events]
        report = Report(machine(), traffic, [])
        for figure in _measured(bench, chosen.only):
            report.figures.append(figure)
            if chosen.json:  # at once: who loses patience keeps what there is
                write(report, chosen.json)
    show(report)


def _arguments() -> argparse.Namespace:
    asked = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    asked.add_argument(
        "--events",
        type=int,
        nargs=2,
        default=[10_000, 1_000_000],
        metavar=("SHORT", "LONG"),
        help="of the two logs that are compared; `--events 10000 10000000` for a very long one",
    )
    asked.add_argument("--deliveries", type=int, default=40_000, help="to post in one go, at most")
    asked.add_argument("--only", nargs="+", choices=FAMILIES, default=list(FAMILIES))
    asked.add_argument("--json", type=Path, metavar="FILE", help="for tests.benchmarks.compare")
    asked.add_argument("--profiles", type=Path, metavar="DIR", help="keep profiles there")
    asked.add_argument("--data", type=Path, metavar="DIR", help="keep the logs there, to use again")
    return asked.parse_args()


def _measured(bench: Bench, only: list[str]) -> Iterator[Figure]:
    """The figures of some families; one that fails leaves the others their turn."""
    for name, family in FAMILIES.items():
        if name not in only:
            continue
        started = time.perf_counter()
        try:
            yield from family(bench)
        except Exception as error:  # noqa: BLE001 - told in the table
            yield Figure(name, None, "", beside=f"failed: {error!r}")
        print(f"{name}: {time.perf_counter() - started:.0f} s", file=sys.stderr)


if __name__ == "__main__":
    main()
