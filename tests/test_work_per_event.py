"""What an event and a page cost, counted instead of timed: no cost may grow with the log.

The bounds are generous, about twice of what is needed today. A failure names what was
counted; `python -m tests.benchmarks` then says what it means in time.
"""

import asyncio
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from projections.follower import Follower
from projections.rebuild import rebuild
from tests.benchmarks.places import ASKED, DEEP, deep, first
from tests.benchmarks.places import LISTS as API
from tests.benchmarks.stored import append
from tests.browser.places import LISTS as PAGES
from tests.counting import Work, counted_bytes
from tests.sample import bodies, built, opened, reading
from tests.web.asking import client_of
from tracker.demo.bulk import bulk
from tracker.envelope import read_envelope
from tracker.ingest import LARGEST_BATCH, Ingest
from tracker.log import Incoming, Log
from tracker.signing import sign
from tracker.timing import DAY, from_iso
from web.ids import encode_id

START = from_iso("2026-01-01T00:00:00Z")
SHORT, LONG = 5_000, 25_000
DAILY = 1_000  # events: the same on every day, so that the long log is the older one
MORE = 1_000  # events that come on top, and what each of them costs
FULL, OK, PAGE_SIZE = 2, 200, 4096
SECRET = "of-the-counted"
GROWN = 3.0  # times that something may cost more with the long log
FEW_STEPS, FEW_PAGES = 20_000, 300  # of a page; growth below this is of no account
# Needs a scheduler; is as long as its list; ask for more than the short log has.
ELSEWHERE = {"system", "runs as a table"}
ELSEWHERE |= {"calendar-month", "runs of two weeks", "runs, two statuses"}
ELSEWHERE |= {"runs that ended, oldest first"}
# These do grow: the names of types are read off all hours that ever had events.
GROWING = {name for name in (*PAGES, *ASKED) if name.startswith("events")}


class Cost(NamedTuple):
    """What one event took, on average; `bytes` were written to files."""

    statements: float
    steps: float
    rows: float
    bytes: float


# More is written with a longer log, until each index takes a page of its own for each event.
MOST_TO_APPEND = Cost(statements=4, steps=130, rows=2, bytes=30_000)
MOST_TO_FOLD = Cost(statements=35, steps=1_300, rows=25, bytes=160_000)
MOST_IN_LOG = 550  # bytes of the file for each event, beyond its body
MOST_IN_VIEWS = 2_200  # bytes of the file for each event


class Counted(NamedTuple):
    """A data directory, and what it cost to append to its log and to fold that."""

    data: Path
    now: int
    appending: Cost
    folding: Cost


class TestAnEvent:
    @pytest.mark.parametrize("what", Cost._fields)
    def test_costs_little_to_append(self, long: Counted, what: str) -> None:
        within(what, long.appending, MOST_TO_APPEND, "to append an event")

    @pytest.mark.parametrize("what", Cost._fields)
    def test_costs_little_to_fold(self, long: Counted, what: str) -> None:
        within(what, long.folding, MOST_TO_FOLD, "to fold an event")

    @pytest.mark.parametrize("what", ["statements", "steps", "rows"])
    def test_costs_no_more_when_the_log_is_long(
        self, short: Counted, long: Counted, what: str
    ) -> None:
        for doing in ("appending", "folding"):
            before, after = (getattr(getattr(one, doing), what) for one in (short, long))
            assert after <= before * GROWN, (
                f"{doing} an event takes {after:.1f} {what} in a log of {LONG:,} events, "
                f"{before:.1f} in one of {SHORT:,}"
            )

    def test_takes_little_room(self, long: Counted) -> None:
        with reading(long.data) as reader:
            written = reader.events(limit=LONG + MORE)
        count = len(written)
        beyond = (size(long.data / "log.db") - sum(len(one.body) for one in written)) / count
        views = size(built(long.data)) / count
        assert beyond <= MOST_IN_LOG, f"the log takes {beyond:.0f} bytes beyond each body"
        assert views <= MOST_IN_VIEWS, f"the views take {views:.0f} bytes for each event"


def test_deliveries_that_come_together_share_commits_and_each_commit_is_durable(
    data: Path,
) -> None:
    count = 4 * LARGEST_BATCH
    work = Work()
    with opened(data) as log:
        work.watch(log._connection)
        (synchronous,) = log._connection.execute("PRAGMA synchronous").fetchone()
        asyncio.run(receive_at_once(log, bodies(count)))
    commits = work.statements.count("COMMIT")
    assert synchronous == FULL
    assert commits <= 2 * count / LARGEST_BATCH, f"{commits} commits for {count} deliveries"


async def receive_at_once(log: Log, contents: list[bytes]) -> None:
    """Start the writer only when all deliveries wait for it."""
    ingest = Ingest(log, lambda: [("tests", SECRET)])
    waiting = [
        asyncio.ensure_future(ingest.receive(one, sign(SECRET, one), "here")) for one in contents
    ]
    await asyncio.sleep(0)
    ingest.start()
    await asyncio.gather(*waiting)
    ingest.stop()


def test_no_page_and_no_list_does_more_when_the_log_is_long(short: Counted, long: Counted) -> None:
    before, after = work_of_pages(short), work_of_pages(long)
    assert after.keys() == before.keys()
    grown = [
        f"{name}: {now} {what} with {LONG:,} events, {then} with {SHORT:,}"
        for name in after
        for what, few in (("steps", FEW_STEPS), ("pages", FEW_PAGES))
        if (now := getattr(after[name], what)) > few
        and now > GROWN * (then := getattr(before[name], what))
    ]
    assert not grown, "\n".join(grown)


class OfPage(NamedTuple):
    """Steps of SQLite's virtual machine, and pages that were read from files."""

    steps: int
    pages: int


def work_of_pages(of: Counted) -> dict[str, OfPage]:
    """What each address costs, asked with nothing in a cache."""
    found = {}
    work = Work()
    with client_of(of.data, of.now, work.watch) as client:
        services = client.app.state.services
        for name, address in addresses(client).items():
            client.get(address)  # the first one of a kind compiles its template
            services.views.close()
            services.log.close()
            work.reset()
            with counted_bytes() as moved:
                assert client.get(address).status_code == OK, address
            found[name] = OfPage(work.steps, moved.read // PAGE_SIZE)
    return found


def addresses(client: TestClient[Litestar]) -> dict[str, str]:
    """Lists, what is asked of them, far pages of them, and one of each kind of thing."""
    known = {**PAGES, **API, **ASKED}
    found = {name: path for name, path in known.items() if name not in ELSEWHERE | GROWING}
    for name in DEEP:
        found[f"{name}, deep"] = deep(client, name, limit=50)
    for name in ("runs", "conversations", "meetings", "workflows"):
        found[f"one of {name}"] = f"/{name}/{encode_id(first(client, name)['id'])}"
    return found


@pytest.fixture(scope="module")
def short(tmp_path_factory: pytest.TempPathFactory) -> Counted:
    return counted(tmp_path_factory.mktemp("short"), SHORT)


@pytest.fixture(scope="module")
def long(tmp_path_factory: pytest.TempPathFactory) -> Counted:
    return counted(tmp_path_factory.mktemp("long"), LONG)


def counted(data: Path, events: int) -> Counted:
    """Fill a log, fold it, then count what the next events cost."""
    traffic = bulk(1, events + MORE, START, (events + MORE) / DAILY)
    append(data, islice(traffic, events))
    rebuild(data, processes=1)
    last = list(islice(traffic, MORE))
    appending, folding = cost_of_appending(data, last), cost_of_folding(data)
    return Counted(data, START + (events + MORE) * DAY // DAILY, appending, folding)


def cost_of_appending(data: Path, last: list[bytes]) -> Cost:
    arrivals = [Incoming(body, START, read_envelope(body)) for body in last]
    work = Work()
    with opened(data) as log, counted_bytes() as moved:
        connection = log._connection
        work.watch(connection)
        before = connection.total_changes
        for start in range(0, MORE, LARGEST_BATCH):
            log.append(arrivals[start : start + LARGEST_BATCH])
        rows = connection.total_changes - before
        log.checkpoint()
    return Cost(len(work.statements) / MORE, work.steps / MORE, rows / MORE, moved.written / MORE)


def cost_of_folding(data: Path) -> Cost:
    work = Work()
    with closing(Follower(data, built(data))) as follower, counted_bytes() as moved:
        before = follower.views.total_changes
        work.watch(follower.views)
        work.watch(follower._log)
        while follower.step().events:
            pass
        rows = follower.views.total_changes - before
    return Cost(len(work.statements) / MORE, work.steps / MORE, rows / MORE, moved.written / MORE)


def within(what: str, cost: Cost, most: Cost, doing: str) -> None:
    found, allowed = getattr(cost, what), getattr(most, what)
    assert found <= allowed, f"{doing} takes {found:.1f} {what}, at most {allowed} are allowed"


def size(file: Path) -> int:
    return file.stat().st_size
