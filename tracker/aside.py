"""Work in a process of its own, so that it takes no time or memory from the service's threads."""

import os
import signal
import sys
import threading
from collections.abc import Callable
from multiprocessing import get_context
from multiprocessing.connection import Connection as Pipe
from multiprocessing.context import SpawnProcess
from typing import Any, Final

import msgspec

from tracker.errors import NotReady, TrackerError

PATIENCE: Final = 5.0  # seconds for a process that was told to end to take away what it began


class Told(msgspec.Struct, frozen=True):
    """From the process: news on the way."""

    news: Any


class Done(msgspec.Struct, frozen=True):
    """From the process: what the work gave."""

    result: Any


class Aside:
    """One process at a time; `work(*arguments, tell)` is a function of a module.

    `politeness` is how far other processes go before it (`nice`); `doing` names the work.
    """

    def __init__(self, doing: str, politeness: int = 0) -> None:
        self._doing = doing
        self._politeness = politeness
        self._lock = threading.Lock()
        self._process: SpawnProcess | None = None
        self._stopping = False

    def run(
        self,
        work: Callable[..., Any],
        *arguments: Any,
        told: Callable[[Any], None] = lambda _news: None,
    ) -> Any:
        """Do the work and wait for what it gives; `told` hears what it tells on the way.

        Raises the TrackerError that the work raised, and NotReady when its process ended
        otherwise or may not begin any more.
        """
        context = get_context("spawn")
        here, there = context.Pipe(duplex=False)
        process = context.Process(target=_do, args=(there, self._politeness, work, arguments))
        try:
            self._start(process)
            there.close()
            return self._listen(here, told)
        finally:
            here.close()
            if self._process is not None:
                process.join()
            self._process = None

    def stop(self) -> None:
        """End the work that is under way, if any; nothing begins after this."""
        with self._lock:
            self._stopping = True
            process = self._process
        if process is not None:
            process.terminate()
            process.join(PATIENCE)
            process.kill()

    def _start(self, process: SpawnProcess) -> None:
        with self._lock:
            if self._stopping:
                raise NotReady(f"The service is stopping; try {self._doing} after the restart")
            process.start()
            self._process = process

    def _listen(self, here: Pipe, told: Callable[[Any], None]) -> Any:
        while True:
            try:
                message = here.recv()
            except EOFError:
                raise NotReady(
                    f"The process for {self._doing} ended before it was done; "
                    "the service's log lines may say why"
                ) from None
            if isinstance(message, Done):
                return message.result
            if isinstance(message, TrackerError):
                raise message
            told(message.news)


def _do(there: Pipe, politeness: int, work: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    """What the other process does; it only ever sends news, a result or an error."""
    # Ctrl-C reaches all processes of a terminal; the service alone decides, and says so by
    # SIGTERM. What was begun is then taken away as after any error.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    os.nice(politeness)
    try:
        there.send(Done(work(*arguments, lambda news: there.send(Told(news)))))
    except TrackerError as error:
        there.send(error)
    finally:
        there.close()
