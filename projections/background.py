"""A rebuild in a process of its own, so that it takes no time from the service's threads."""

import threading
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from projections.rebuild import RebuildReport, rebuild
from tracker.aside import Aside
from tracker.errors import Busy, TrackerError


class Rebuilding(msgspec.Struct, frozen=True):
    """How far a rebuild is: its stage, how much of how much is done, in how many seconds."""

    stage: str
    done: int
    total: int
    seconds: float = 0.0

    @property
    def rate(self) -> float | None:
        """How much is done in a second, None while too little is."""
        return self.done / self.seconds if self.done and self.seconds > 0 else None

    @property
    def seconds_left(self) -> float | None:
        """How long this stage takes on at this rate."""
        return (self.total - self.done) / self.rate if self.rate else None


class BackgroundRebuild:
    """At most one rebuild at a time; its progress and its last report can be watched."""

    def __init__(self, data: Path, moved: Callable[[], None] = lambda: None) -> None:
        self._data = data
        self._moved = moved
        self._lock = threading.Lock()
        self._aside = Aside("the rebuild")
        self.progress: Rebuilding | None = None
        self.report: RebuildReport | None = None
        self.error: str | None = None

    def start(self, *, check: bool = False, require_parity: bool = False) -> None:
        """Begin a rebuild and return at once; raises Busy while one is under way."""
        self._begin()
        arguments = {"check": check, "require_parity": require_parity}
        threading.Thread(
            target=self._watch_quietly, args=(arguments,), name="rebuild", daemon=True
        ).start()

    def run(self, *, check: bool = False, require_parity: bool = False) -> RebuildReport:
        """Rebuild and wait for the report; raises Busy, or what the rebuild raised."""
        self._begin()
        return self._watch({"check": check, "require_parity": require_parity})

    def stop(self) -> None:
        """End a rebuild that is under way; the generation that it makes is removed."""
        self._aside.stop()

    def _begin(self) -> None:
        with self._lock:
            if self.progress is not None:
                raise Busy("A rebuild is under way; wait until it is done")
            self.progress = Rebuilding("starting", 0, 1)
        self.error = None
        self._moved()

    def _watch_quietly(self, arguments: dict[str, bool]) -> None:
        try:
            self._watch(arguments)
        except TrackerError as error:
            self.error = str(error)
            self._moved()

    def _watch(self, arguments: dict[str, bool]) -> RebuildReport:
        try:
            report: RebuildReport = self._aside.run(
                _rebuild, str(self._data), arguments, told=self._told
            )
            self.report = report
        finally:
            self.progress = None
            self._moved()
        return report

    def _told(self, progress: Rebuilding) -> None:
        self.progress = progress
        self._moved()


def _rebuild(
    data: str, arguments: dict[str, bool], tell: Callable[[Rebuilding], None]
) -> RebuildReport:
    began: dict[str, float] = {}

    def progress(stage: str, done: int, total: int) -> None:
        seconds = time.monotonic() - began.setdefault(stage, time.monotonic())
        tell(Rebuilding(stage, done, total, seconds))

    return rebuild(
        Path(data),
        check=arguments["check"],
        require_parity=arguments["require_parity"],
        progress=progress,
    )
