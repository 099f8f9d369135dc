"""Long logs to work on, and how their traffic is made up."""

import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import msgspec

from projections import generation
from tests.benchmarks.processes import ROOT
from tracker.database import open_reader
from tracker.demo.bulk import bulk
from tracker.envelope import Envelope, read_envelope
from tracker.log import Incoming, Log

BATCH = 1_000
# A candidate is an entity, too, though no projection of its own folds it.
ENTITIES = "SELECT (SELECT count(*) FROM entities) + (SELECT count(*) FROM persons)"
LATE = """
    SELECT avg(occurred_at < newest) FROM
        (SELECT occurred_at, max(occurred_at) OVER (ORDER BY position) AS newest FROM events)
"""
RUN_LENGTHS = """
    SELECT count(*) FROM events WHERE family = 'run' GROUP BY record_id
    HAVING max(type IN ('WORKFLOW_RUN_COMPLETED', 'WORKFLOW_RUN_FAILED', 'WORKFLOW_RUN_CANCELLED'))
"""
END = "2026-01-31T00:00:00Z"  # when the traffic of `bulk` ends: the present of its pages


class Shape(msgspec.Struct, frozen=True):
    """How the traffic of a log is made up."""

    events: int
    entities: int
    shortest_run: int
    median_run: int
    longest_run: int
    late: float
    duplicates: float


@dataclass(frozen=True)
class Stored:
    """Data directories in one folder, made when first asked for, by their number of events."""

    folder: Path

    def views(self, events: int) -> Path:
        """A directory with a log and its views, for those who only read."""
        data = self.log(events)
        if generation.served(data) is None:
            build(data)
        return data

    def log(self, events: int) -> Path:
        """A directory with a log."""
        data = self.folder / str(events)
        if not (data / "log.db").exists():
            fill(data, events)
        return data

    def copy(self, events: int, data: Path) -> Path:
        """Log and views for somebody who writes into them."""
        data.mkdir()
        source = self.views(events)
        for file in (source / "log.db", _served(source), source / generation.POINTER):
            shutil.copy(file, data)
        return data


def build(data: Path) -> None:
    """Fold the log as an operator would."""
    command = [sys.executable, "-m", "tracker", "rebuild", "--data", str(data), "--json"]
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)


def fill(data: Path, events: int) -> None:
    """Append events to the log of a new data directory, each received when it came."""
    unfinished = data.with_suffix(".unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    append(unfinished, bulk(2, events))
    unfinished.rename(data)


def append(data: Path, bodies: Iterable[bytes]) -> None:
    """Append events to the log of a data directory, each received when it came."""
    with closing(Log(data)) as log:
        arrivals = _arrivals(bodies)
        while batch := list(islice(arrivals, BATCH)):
            log.append(batch)


def _arrivals(bodies: Iterable[bytes]) -> Iterator[Incoming]:
    """What happened last has just arrived; what is late arrives with it."""
    latest = 0
    for body in bodies:
        envelope: Envelope = read_envelope(body)
        latest = max(latest, envelope.occurred_at)
        yield Incoming(body, latest, envelope)


def shape(data: Path) -> Shape:
    """Count what the log and the views hold."""
    log, views = open_reader(data / "log.db"), open_reader(_served(data))
    with closing(log), closing(views):
        runs = sorted(length for (length,) in log.execute(RUN_LENGTHS)) or [0]
        (late,) = log.execute(LATE).fetchone()
        (events,) = log.execute("SELECT position FROM head").fetchone()
        # The oldest duplicates are pruned, but ids are given once: the last one counts them all.
        (again,) = log.execute("SELECT coalesce(max(id), 0) FROM deliveries").fetchone()
        (entities,) = views.execute(ENTITIES).fetchone()
    return Shape(
        events, entities, runs[0], runs[len(runs) // 2], runs[-1], late or 0.0, again / events
    )


def _served(data: Path) -> Path:
    served = generation.served(data)
    assert served is not None, f"{data} has no views"
    return served
