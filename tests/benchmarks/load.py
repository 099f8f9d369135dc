"""A load generator: keep-alive connections that post prepared requests as fast as answered.

Runs in a process of its own: `python -m tests.benchmarks.load URL FILE CONNECTIONS`, with
one request body a line in FILE and its signature before it, apart by a tab.
"""

import asyncio
import itertools
import json
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit


def requests(url: str, file: Path) -> Iterator[bytes]:
    """Whole HTTP requests, headers and body."""
    parts = urlsplit(url)
    with file.open("rb") as lines:
        for line in lines:
            signature, body = line.rstrip(b"\n").split(b"\t", 1)
            yield (
                f"POST {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\n"
                f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
                f"x-signature: {signature.decode()}\r\n\r\n"
            ).encode() + body


async def post(
    url: str, waiting: Iterator[bytes], pace: Iterator[float] | None
) -> tuple[Counter[int], list[float]]:
    """Post what is left of `waiting` over one connection; statuses and seconds each."""
    parts = urlsplit(url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    statuses: Counter[int] = Counter()
    took: list[float] = []
    for request in waiting:
        if pace is not None:
            await asyncio.sleep(max(0.0, next(pace) - time.perf_counter()))
        started = time.perf_counter()
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        await reader.readexactly(length)
        took.append(time.perf_counter() - started)
        statuses[int(head[9:12])] += 1
    writer.close()
    return statuses, took


async def run(url: str, file: Path, connections: int, rate: float) -> dict[str, object]:
    """Post the whole file; `rate` is requests a second, 0 for as fast as answered."""
    waiting = list(requests(url, file))
    shared = iter(waiting)
    started = time.perf_counter()
    pace = (started + n / rate for n in itertools.count()) if rate else None
    results = await asyncio.gather(*(post(url, shared, pace) for _ in range(connections)))
    seconds = time.perf_counter() - started
    took = sorted(itertools.chain.from_iterable(t for _, t in results))
    statuses: Counter[int] = sum((s for s, _ in results), Counter())
    return {
        "requests": len(took),
        "seconds": seconds,
        "per_second": len(took) / seconds,
        "p50_ms": took[len(took) // 2] * 1000,
        "p99_ms": took[int(len(took) * 0.99)] * 1000,
        "statuses": {str(status): count for status, count in statuses.items()},
    }


def main() -> None:
    """Print the result as JSON."""
    url, file, connections, rate = sys.argv[1:5]
    print(json.dumps(asyncio.run(run(url, Path(file), int(connections), float(rate)))))


if __name__ == "__main__":
    main()
