"""Server time of every page and API list, with a short log and with a long one."""

import http.client
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from tests.benchmarks.bench import Bench
from tests.benchmarks.figures import Figure, Percentiles
from tests.benchmarks.places import places
from tests.benchmarks.stored import END
from tests.counting import Work
from tests.running import Running, eventually, service
from tests.web.asking import client_of
from tracker.timing import from_iso

ROUNDS = 40
MOST_MS = 25.0
MOST_RATIO = 1.5
SHOWN = 300  # letters of a statement
LEAST_MS = 2.0  # below this a ratio says nothing: it is the server's own time


def pages(bench: Bench) -> Iterator[Figure]:
    """Every address: its time with the long log, and how much that is of the short one's."""
    short, long = bench.stored.views(bench.short), bench.stored.views(bench.long)
    with at_the_end(short) as before, at_the_end(long) as after:
        theirs, ours = places(before), places(after)
        _warm(before, theirs.values())
        _warm(after, ours.values())
        took = {name: _in_turns((before, theirs[name]), (after, ours[name])) for name in ours}
    slow = [name for name, (_, now) in took.items() if now.took.p95 > MOST_MS]
    yield Figure("pages and lists over 25 ms", len(slow), "", most=0, beside=f"of {len(took)}")
    for name, (then, now) in sorted(took.items(), key=lambda one: -one[1][1].took.p95):
        reason = _bounded_by(long, name) if name in slow else ""
        beside = (
            f"p50 {now.took.p50:.1f} ms, {now.kilobytes:,.0f} kB; with the short log "
            f"{then.took.p50:.1f}, p95 {then.took.p95:.1f}, {then.kilobytes:,.0f} kB"
        )
        yield Figure(
            f"page {name}", now.took.p95, "ms", most=MOST_MS, beside=beside, bounded_by=reason
        )
        ratio = max(now.took.p50, LEAST_MS) / max(then.took.p50, LEAST_MS)
        yield Figure(f"  {name}: p50 grown with the log", ratio, "x", most=MOST_RATIO)


@contextmanager
def at_the_end(data: Path) -> Iterator[Running]:
    """The service on a data directory, with the clock at the end of its traffic."""
    with service(data, command=("tests.fixed_clock", "--at", END)) as running:
        eventually(lambda: running.get("/readyz").is_success)
        yield running


class Answered(msgspec.Struct, frozen=True):
    """How long the answers of an address took, and how much the last one was."""

    took: Percentiles
    kilobytes: float


def _in_turns(one: tuple[Running, str], other: tuple[Running, str]) -> tuple[Answered, Answered]:
    """Ask two addresses in turns, so that a busy machine slows both."""
    took: list[list[float]] = [[], []]
    sizes = [0, 0]
    asked = [(_connection(running), address) for running, address in (one, other)]
    for _ in range(ROUNDS):
        for number, (connection, address) in enumerate(asked):
            seconds, sizes[number] = _ask(connection, address)
            took[number].append(seconds)
    for connection, _ in asked:
        connection.close()
    first, second = (
        Answered(Percentiles.of(times), size / 1000)
        for times, size in zip(took, sizes, strict=True)
    )
    return first, second


def _warm(running: Running, addresses: Iterable[str]) -> None:
    """Ask for all once: that compiles templates, and what a start does besides is over."""
    connection = _connection(running)
    for address in addresses:
        _ask(connection, address)
    connection.close()


def _connection(running: Running) -> http.client.HTTPConnection:
    return http.client.HTTPConnection(running.url.removeprefix("http://"))


def _ask(connection: http.client.HTTPConnection, path: str) -> tuple[float, int]:
    started = time.perf_counter()
    connection.request("GET", path)
    answer = connection.getresponse()
    size = len(answer.read())
    took = time.perf_counter() - started
    if answer.status >= http.client.INTERNAL_SERVER_ERROR:
        raise RuntimeError(f"{path} answered {answer.status}")
    return took, size


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
