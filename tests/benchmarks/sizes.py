"""What the log takes on the disk beyond the bodies, and how well old bodies are compressed."""

from collections.abc import Iterator
from contextlib import closing

from tests.benchmarks.bench import Bench
from tests.benchmarks.figures import Figure
from tracker.database import Connection, open_reader
from tracker.log import Log
from tracker.log.compressing import step_by_step

MOST_BYTES = 200
LEAST_RATIO = 4.0
WIDEST = 5
EVERYTHING = 2**62  # whatever was received before this time is old


def sizes(bench: Bench) -> Iterator[Figure]:
    """Of the long log, as the demo's traffic fills it."""
    file = bench.stored.log(bench.long) / "log.db"
    with closing(open_reader(file)) as log:
        events, bodies = log.execute("SELECT count(*), sum(length(body)) FROM events").fetchone()
        size = file.stat().st_size
        beyond = (size - bodies) / events
        reason = "" if beyond <= MOST_BYTES else _columns(log, beyond)
    beside = f"{size / 2**20:,.0f} MB for {events:,} bodies of {bodies / events:.0f} bytes"
    yield Figure(
        "log beyond the body", beyond, "bytes", most=MOST_BYTES, beside=beside, bounded_by=reason
    )
    yield _compressed(bench)


def _compressed(bench: Bench) -> Figure:
    """A copy of the short log with all its bodies compressed."""
    log = Log(bench.stored.copy(bench.short, bench.scratch / "compressed"))
    try:
        done = step_by_step(lambda: log.compress(EVERYTHING))
    finally:
        log.close()
    beside = f"{done.before / 1e6:.1f} MB to {done.after / 1e6:.1f} MB"
    ratio = done.before / done.after
    return Figure("  old bodies compressed", ratio, ": 1", least=LEAST_RATIO, beside=beside)


def _columns(log: Connection, beyond: float) -> str:
    """What the columns beside the body hold for each event, the widest first."""
    names = [row[1] for row in log.execute("PRAGMA table_info(events)") if row[1] != "body"]
    widths = ", ".join(f"avg(length(CAST({name} AS BLOB)))" for name in names)
    found = zip(names, log.execute(f"SELECT {widths} FROM events").fetchone(), strict=True)
    wide = sorted(((width or 0.0, name) for name, width in found), reverse=True)
    told = ", ".join(f"{name} {width:.0f}" for width, name in wide[:WIDEST])
    rest = beyond - sum(width for width, _ in wide)
    return f"{told} bytes; {rest:.0f} in indexes over them, cells and free space"
