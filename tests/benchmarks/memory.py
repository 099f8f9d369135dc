"""How much memory a process and its children hold, sampled while they work (Linux)."""

import threading
from pathlib import Path
from types import TracebackType
from typing import Self

INTERVAL = 0.2  # seconds


class Peak:
    """The largest memory seen inside the block, in megabytes.

    `largest` is the resident size of the largest single process, `together` the sum of the
    proportional sizes of all, in which shared pages count once.
    """

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)
        self.largest = 0.0
        self.together = 0.0

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._done.set()
        self._thread.join()

    def _sample(self) -> None:
        while not self._done.wait(INTERVAL):
            sizes = [_sizes(pid) for pid in _family(self._pid)]
            self.largest = max([self.largest, *(rss for rss, _ in sizes)])
            self.together = max(self.together, sum(pss for _, pss in sizes))


def together(pid: int) -> float:
    """The proportional sizes of a process and its children now, in megabytes."""
    return sum(pss for _, pss in map(_sizes, _family(pid)))


def _family(pid: int) -> list[int]:
    found = [pid]
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            children = task.read_text().split()
        except OSError:
            continue
        for child in children:
            found.extend(_family(int(child)))
    return found


def _sizes(pid: int) -> tuple[float, float]:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0.0, 0.0
    figures = {line.split()[0]: int(line.split()[1]) for line in lines[1:]}
    return figures.get("Rss:", 0) / 1024, figures.get("Pss:", 0) / 1024
