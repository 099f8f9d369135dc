"""A burst of deliveries while all views are rebuilt: nothing is refused, nobody waits long."""

from collections.abc import Iterator

from tests.benchmarks.bench import Bench
from tests.benchmarks.figures import Figure
from tests.benchmarks.load import post, write_requests
from tests.benchmarks.processes import process
from tests.running import SECRET, eventually, service
from tracker.demo.bulk import bulk

DELIVERIES = 20_000
MOST_MS = 250


def burst(bench: Bench) -> Iterator[Figure]:
    """As fast as they are answered, beside a rebuild of the long log in its own processes."""
    count = min(DELIVERIES, bench.deliveries)
    bodies = bulk(30, count, late=0, duplicates=0)
    requests = write_requests(bench.scratch / "burst.tsv", SECRET, bodies)
    arguments = ["-m", "tracker", "rebuild", "--data", str(bench.written), "--json"]
    with service(bench.written) as running, process(*arguments) as rebuilding:
        eventually(lambda: len(list(bench.written.glob("views-*.db"))) > 1)
        posted = post(running.url, requests)
        still = rebuilding.poll() is None
        rebuilding.communicate()
    refused = count - posted.statuses.get("200", 0)
    during = "all during the rebuild" if still else "the rebuild ended before the burst"
    yield Figure(f"burst of {count:,} in a rebuild, refused", refused, "", most=0, beside=during)
    beside = f"{posted.per_second:,.0f}/s, largest {posted.largest:.0f} ms"
    yield Figure("  p99 of the burst", posted.p99, "ms", most=MOST_MS, beside=beside)
