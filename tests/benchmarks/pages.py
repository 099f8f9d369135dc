"""Server time of every page and API list, with a short log and with a long one."""

import http.client
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.benchmarks.bench import Bench
from tests.benchmarks.figures import Figure, Percentiles
from tests.benchmarks.places import places
from tests.benchmarks.stored import END
from tests.counting import Work
from tests.running import Running, eventually, service
from tests.web.asking import client_of
from tracker.timing import from_iso

ROUNDS = 20
MOST_MS = 25.0
MOST_RATIO = 1.5
SHOWN = 300  # letters of a statement
LEAST_MS = 2.0  # below this a ratio says nothing: it is the server's own time


def pages(bench: Bench) -> Iterator[Figure]:
    """Every address: its time with the long log, and how much that is of the short one's."""
    short, long = bench.stored.views(bench.short), bench.stored.views(bench.long)
    with at_the_end(short) as before, at_the_end(long) as after:
        took = {
            name: _in_turns((before, address), (after, here))
            for (name, here), address in _paired(places(after), places(before))
        }
    slow = [name for name, (_, now) in took.items() if now.p95 > MOST_MS]
    yield Figure("pages and lists over 25 ms", len(slow), "", most=0, beside=f"of {len(took)}")
    for name, (then, now) in sorted(took.items(), key=lambda one: -one[1][1].p95):
        reason = _bounded_by(long, name) if name in slow else ""
        beside = f"p50 {now.p50:.1f} ms; with the short log {then.p50:.1f}, p95 {then.p95:.1f}"
        yield Figure(f"page {name}", now.p95, "ms", most=MOST_MS, beside=beside, bounded_by=reason)
        ratio = max(now.p50, LEAST_MS) / max(then.p50, LEAST_MS)
        yield Figure(f"  {name}: p50 grown with the log", ratio, "x", most=MOST_RATIO)


def _paired(
    wanted: dict[str, str], others: dict[str, str]
) -> Iterator[tuple[tuple[str, str], str]]:
    """Each address of one service with that of the same name of the other."""
    for name, address in wanted.items():
        yield (name, address), others[name]


@contextmanager
def at_the_end(data: Path) -> Iterator[Running]:
    """The service on a data directory, with the clock at the end of its traffic."""
    with service(data, command=("tests.fixed_clock", "--at", END)) as running:
        eventually(lambda: running.get("/readyz").is_success)
        yield running


def _in_turns(
    one: tuple[Running, str], other: tuple[Running, str]
) -> tuple[Percentiles, Percentiles]:
    """The times of two addresses, asked in turns, so that a busy machine slows both."""
    took: list[list[float]] = [[], []]
    asked = [
        (http.client.HTTPConnection(r.url.removeprefix("http://")), a) for r, a in (one, other)
    ]
    for turn in range(ROUNDS + 1):
        for times, (connection, address) in zip(took, asked, strict=True):
            seconds = _ask(connection, address)
            if turn:  # the first one of a kind compiles its template
                times.append(seconds)
    for connection, _ in asked:
        connection.close()
    return Percentiles.of(took[0]), Percentiles.of(took[1])


def _ask(connection: http.client.HTTPConnection, path: str) -> float:
    started = time.perf_counter()
    connection.request("GET", path)
    answer = connection.getresponse()
    answer.read()
    took = time.perf_counter() - started
    if answer.status >= http.client.INTERNAL_SERVER_ERROR:
        raise RuntimeError(f"{path} answered {answer.status}")
    return took


def _bounded_by(data: Path, name: str) -> str:
    """The statement that takes the most work on a page."""
    work = Work()
    with client_of(data, from_iso(END), work.watch) as client:
        address = places(client)[name]
        work.reset()
        client.get(address)
    statement, steps = work.heaviest
    share = f"{work.steps:,} steps in SQLite, {steps / max(work.steps, 1):.0%} in "
    return share + (statement if len(statement) <= SHOWN else f"{statement[:SHOWN]} …")
