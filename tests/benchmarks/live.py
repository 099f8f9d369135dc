"""From an acknowledged delivery to what people see: the follower's speed, the API, the browser."""

import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from projections import generation
from tests.benchmarks.bench import Bench
from tests.benchmarks.figures import Figure, Percentiles
from tests.benchmarks.load import post, write_requests
from tests.benchmarks.profiles import profiled, shares
from tests.benchmarks.stored import append
from tests.browser.visits import running_browser
from tests.projections.queries.stored import completed, started
from tests.running import SECRET, Running, eventually, service
from tracker.database import open_reader
from tracker.demo.bulk import bulk
from tracker.log import LogReader

BEHIND = 60_000  # events that the views are behind at first; of three steps two are timed
LEAST = 8_000
RATE = 500  # deliveries a second meanwhile
SEEN_BY_API, SEEN_BY_BROWSER = 200, 40
APART = 1.0  # seconds between two changes of the page that is watched, whatever others do
PAUSE = 0.002
MOST_API_MS, MOST_DOM_MS = 100, 300
SECONDS = 90  # of deliveries; what is watched takes less
NO_CHROMIUM = "not measured: chromium is missing; apt-get install chromium"
WATCH = """label => {
    window.seenAt = null
    const look = () => {
        if (window.seenAt === null && document.body.textContent.includes(label))
            window.seenAt = Date.now()
    }
    window.watching?.disconnect()
    window.watching = new MutationObserver(look)
    window.watching.observe(document, {childList: true, subtree: true, characterData: true})
}"""


def live(bench: Bench) -> Iterator[Figure]:
    """With the long log, in the data directory of which others have written before."""
    count = BEHIND
    append(bench.written, bulk(50, count))
    rate = _caught_up(bench.written)
    reason = _bounded_by(bench, count) if rate < LEAST else ""
    name = f"live folding, {count:,} events behind"
    yield Figure(name, rate, "/s", least=LEAST, bounded_by=reason)
    with service(bench.written) as running, _deliveries(bench, running):
        seen = _seen_by_api(running)
        beside = (
            f"p50 {seen.p50:.0f}, largest {seen.largest:.0f} ms, asked every {PAUSE * 1000:.0f} ms"
        )
        name = f"acknowledged to visible in the API at {RATE}/s, p99"
        yield Figure(name, seen.p99, "ms", most=MOST_API_MS, beside=beside)
        yield _dom(running)


def _caught_up(data: Path, env: dict[str, str] | None = None) -> float:
    """Start the service and watch its follower: events a second from its first batch on."""
    with closing(LogReader(data)) as reader:
        head = reader.head()
    served = generation.served(data)
    assert served is not None
    with closing(open_reader(served)) as views, service(data, env=env) as running:
        before = generation.position(views)
        eventually(lambda: generation.position(views) > before)
        begun, first = time.perf_counter(), generation.position(views)
        eventually(lambda: generation.position(views) >= head, seconds=300)
        seconds = time.perf_counter() - begun
        running.stop()
    return (head - first) / seconds


def _bounded_by(bench: Bench, count: int) -> str:
    """What the follower does with its processor."""
    append(bench.written, bulk(51, count))
    folder = bench.profiles / "live"
    _caught_up(bench.written, profiled(folder))
    return shares(folder, "engine")


@contextmanager
def _deliveries(bench: Bench, running: Running) -> Iterator[None]:
    """A steady stream of others' deliveries in the background."""
    bodies = bulk(52, RATE * SECONDS, late=0, duplicates=0)
    requests = write_requests(bench.scratch / "live.tsv", SECRET, bodies)

    def deliver() -> None:
        with suppress(Exception):  # its server is gone when everything has been seen
            post(running.url, requests, RATE)

    sender = threading.Thread(target=deliver, daemon=True)
    sender.start()
    time.sleep(1)  # until it has read its requests
    yield


def _seen_by_api(running: Running) -> Percentiles:
    took = []
    for number in range(SEEN_BY_API):
        run = f"seen-by-api-{number}"
        _deliver(running, started(run))
        acknowledged = time.perf_counter()
        while not running.get(f"/api/v1/runs/{run}").is_success:
            time.sleep(PAUSE)
        took.append(time.perf_counter() - acknowledged)
    return Percentiles.of(took)


def _dom(running: Running) -> Figure:
    name = f"acknowledged to the changed page at {RATE}/s, p95"
    chromium = shutil.which("chromium")
    if chromium is None:
        return Figure(name, None, "ms", most=MOST_DOM_MS, beside=NO_CHROMIUM)
    _deliver(running, started("seen-by-browser"))
    eventually(lambda: running.get("/runs/seen-by-browser").is_success)
    with running_browser(chromium) as browser:
        page = browser.new_page(bypass_csp=True)  # to look into it
        page.goto(f"{running.url}/runs/seen-by-browser")
        page.wait_for_function("document.querySelector('#live')?.textContent.trim() === 'Live'")
        took = []
        for number in range(SEEN_BY_BROWSER):
            label = f"Seen step {number}."
            time.sleep(APART)
            page.evaluate(WATCH, label)
            _deliver(
                running,
                completed("seen-by-browser", f"n{number}", "onComplete", number, nodeLabel=label),
            )
            acknowledged = time.time()
            page.wait_for_function("window.seenAt")
            took.append(page.evaluate("window.seenAt") / 1000 - acknowledged)
    seen = Percentiles.of(took)
    beside = f"p50 {seen.p50:.0f}, largest {seen.largest:.0f} ms; a change of it every second"
    return Figure(name, seen.p95, "ms", most=MOST_DOM_MS, beside=beside)


def _deliver(running: Running, body: bytes) -> None:
    assert running.post(body).json()["status"] == "accepted"
