"""A rebuild in a process of its own, so that it takes no time from the service's threads."""

import signal
import sys
import threading
import time
from collections.abc import Callable
from multiprocessing import get_context
from multiprocessing.connection import Connection as Pipe
from multiprocessing.context import SpawnProcess
from pathlib import Path

import msgspec

from projections.rebuild import RebuildReport, rebuild
from tracker.errors import Busy, NotReady, TrackerError


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
        self._process: SpawnProcess | None = None
        self._stopping = False
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
        with self._lock:
            self._stopping = True
            process = self._process
        if process is not None:
            process.terminate()

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
        context = get_context("spawn")
        here, there = context.Pipe(duplex=False)
        process = context.Process(target=_rebuild, args=(str(self._data), arguments, there))
        try:
            self._start(process)
            there.close()
            self.report = self._listen(here)
        finally:
            if self._process is not None:
                process.join()
            self._process = None
            here.close()
            self.progress = None
            self._moved()
        return self.report

    def _start(self, process: SpawnProcess) -> None:
        with self._lock:
            if self._stopping:
                raise NotReady("The service is stopping; rebuild after the restart")
            process.start()
            self._process = process

    def _listen(self, here: Pipe) -> RebuildReport:
        while True:
            try:
                message = here.recv()
            except EOFError:
                raise NotReady("The rebuild's process ended before it was done") from None
            if isinstance(message, RebuildReport):
                return message
            if isinstance(message, TrackerError):
                raise message
            self.progress = message
            self._moved()


def _rebuild(data: str, arguments: dict[str, bool], there: Pipe) -> None:
    """What the other process does; it only ever sends progress, a report or an error."""
    # Ctrl-C reaches all processes of a terminal; the service alone decides, and says so by
    # SIGTERM. What was begun is then taken away as after any error.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    began: dict[str, float] = {}

    def tell(stage: str, done: int, total: int) -> None:
        seconds = time.monotonic() - began.setdefault(stage, time.monotonic())
        there.send(Rebuilding(stage, done, total, seconds))

    try:
        report = rebuild(
            Path(data),
            check=arguments["check"],
            require_parity=arguments["require_parity"],
            progress=tell,
        )
        there.send(report)
    except TrackerError as error:
        there.send(error)
    finally:
        there.close()
