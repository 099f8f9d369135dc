"""Counts the work of SQLite connections: statements, the steps of its virtual machine, pages read.

Work is the same on every machine and in every run, however busy, which times are not.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tracker.database import Connection

EVERY = 50  # steps between two looks


class Work:
    """What the connections did that it was given, since the last `reset`."""

    def __init__(self) -> None:
        self.statements: list[str] = []
        self._looks: Counter[str] = Counter()

    def watch(self, connection: Connection) -> None:
        """Count what a connection does from now on."""
        connection.set_trace_callback(self.statements.append)
        connection.set_progress_handler(self._look, EVERY)

    def reset(self) -> None:
        """Begin again."""
        self.statements.clear()
        self._looks.clear()

    @property
    def steps(self) -> int:
        """Steps of the virtual machine."""
        return self._looks.total() * EVERY

    @property
    def heaviest(self) -> tuple[str, int]:
        """The statement that took the most steps, and how many."""
        statement, looks = max(self._looks.items(), key=lambda one: one[1], default=("", 0))
        return " ".join(statement.split()), looks * EVERY

    def _look(self) -> int:
        self._looks[self.statements[-1] if self.statements else ""] += 1
        return 0


class Bytes:
    """How many bytes this process has read from files and written to them inside a block."""

    read = 0
    written = 0


@contextmanager
def counted_bytes() -> Iterator[Bytes]:
    """Count the bytes that system calls move, whether or not the disk has to move."""
    moved = Bytes()
    before = _moved()
    yield moved
    after = _moved()
    moved.read, moved.written = after[0] - before[0], after[1] - before[1]


def _moved() -> tuple[int, int]:
    lines = Path("/proc/self/io").read_text().splitlines()
    facts = dict(line.split(": ") for line in lines)
    return int(facts["rchar"]), int(facts["wchar"])
