"""Runs the other event store in a process of its own."""

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import msgspec

from tests.benchmarks.load import write_requests
from tests.benchmarks.processes import ROOT
from tracker.demo.bulk import bulk

SAVED, READ = 10_000, 100_000
MISSING = (
    "not measured: eventsourcing is not installed; "
    "pip install --require-hashes -r .ci/requirements-benchmarks.txt"
)


class Rates(msgspec.Struct, frozen=True):
    """Events a second."""

    saved_per_second: float
    read_per_second: float


def peer_rates(scratch: Path) -> Rates | None:
    """What it does with the same bodies; None when it is not installed."""
    if find_spec("eventsourcing") is None:
        return None
    bodies = bulk(3, SAVED + READ, late=0, duplicates=0)
    file = write_requests(scratch / "peer.tsv", "-", bodies)
    arguments = [str(file), str(scratch / "peer.db"), str(SAVED), str(READ)]
    command = [sys.executable, "-m", "tests.benchmarks.peer", *arguments]
    done = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE)
    return msgspec.json.decode(done.stdout, type=Rates)
