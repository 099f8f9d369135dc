"""Where and of what a run was made, so that two runs are not compared unawares."""

import os
import platform
import subprocess
from pathlib import Path

from tests.benchmarks.processes import ROOT
from tracker.database import sqlite_version


def machine() -> dict[str, str]:
    """The facts of the machine line by name."""
    return {
        "processor": _processor(),
        "cores": str(os.cpu_count()),
        "python": platform.python_version(),
        "sqlite": ".".join(map(str, sqlite_version())),
        "commit": _commit(),
    }


def machine_line(facts: dict[str, str]) -> str:
    """The facts as people read them."""
    return (
        f"{facts['processor']}, {facts['cores']} cores, Python {facts['python']}, "
        f"SQLite {facts['sqlite']}, commit {facts['commit']}"
    )


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.machine())


def _commit() -> str:
    """The commit, with a plus when files differ from it."""
    asked = ["git", "describe", "--always", "--abbrev=10", "--dirty=+", "--exclude=*"]
    done = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout.strip() or "unknown"
