"""Work in a process of its own, so that it takes no time or memory from the service's threads."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from typing import Any, Final

import msgspec

from tracker.errors import NotReady, TrackerError
from tracker.release import own_command

PATIENCE: Final = 5.0  # seconds for a process that was told to end to take away what it began


class Work(msgspec.Struct, frozen=True):
    """To the process: what to do, and how far other processes go before it."""

    politeness: int
    do: Callable[..., Any]
    arguments: tuple[Any, ...]


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
        self._process: subprocess.Popen[bytes] | None = None
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
        here, there = Pipe()
        with there:
            process = self._start(there)
        try:
            return self._listen(here, Work(self._politeness, work, arguments), told)
        finally:
            here.close()
            process.wait()
            self._process = None

    def stop(self) -> None:
        """End the work that is under way, if any; nothing begins after this."""
        with self._lock:
            self._stopping = True
            process = self._process
        if process is not None:
            process.terminate()
            try:
                process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()

    def _start(self, there: Connection) -> "subprocess.Popen[bytes]":
        with self._lock:
            if self._stopping:
                raise NotReady(f"The service is stopping; try {self._doing} after the restart")
            # Not by multiprocessing, which would keep a process beside the service, for good.
            self._process = subprocess.Popen(  # noqa: S603 - the words are our own
                [*own_command(), "--aside", str(there.fileno())],
                stdin=subprocess.DEVNULL,
                pass_fds=[there.fileno()],
            )
            return self._process

    def _listen(self, here: Connection, work: Work, told: Callable[[Any], None]) -> Any:
        try:
            here.send(work)
            while not isinstance(message := here.recv(), Done):
                if isinstance(message, TrackerError):
                    raise message
                told(message.news)
        except (EOFError, ConnectionError):
            raise NotReady(self._why_it_ended()) from None
        return message.result

    def _why_it_ended(self) -> str:
        if self._stopping:
            return (
                f"The service was stopped before {self._doing} was done; "
                "begin it again on System, or wait until it is due"
            )
        return (
            f"The process for {self._doing} ended before it was done; "
            "the service's log lines may say why"
        )


def begin(descriptor: str) -> None:
    """What `tracker --aside` does: the work that comes over an inherited socket.

    It only ever sends news, a result or an error.
    """
    # Ctrl-C reaches all processes of a terminal; the service alone decides, and says so by
    # SIGTERM. What was begun is then taken away as after any error.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _end)
    # The pipe breaks when the service was killed: then there is nobody left to work for.
    with Connection(int(descriptor)) as there, suppress(EOFError, BrokenPipeError):
        work: Work = there.recv()
        os.nice(work.politeness)
        try:
            there.send(Done(work.do(*work.arguments, lambda news: there.send(Told(news)))))
        except TrackerError as error:
            there.send(error)


def _end(*_signal: object) -> None:
    # Generators that are cut off complain of what was closed before them; it tells nobody anything.
    sys.unraisablehook = lambda _complaint: None
    sys.exit(1)
