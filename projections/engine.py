"""The running engine: a process that keeps the served generation up with the log.

It is a process of its own because folding is all Python: as a thread it took the
interpreter from the webhook's answers (the README's decisions have the figures).
It knows nothing of the web: it tells a listener which keys changed.
"""

import logging
import subprocess
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path

from projections.engine_process import Failed, Idle, Refold, Refolded, Stop, Wake
from projections.follower import Advance
from tracker.errors import NotReady
from tracker.release import own_command

RESTART = 1.0  # seconds before a process that ended by itself is started again
PATIENCE = 1.0  # seconds that a stop waits for the step under way

_log = logging.getLogger(__name__)


class Engine:
    """Starts, wakes and stops the process; `changed` is called on a thread of this class."""

    def __init__(self, data: Path, changed: Callable[[Advance], None] = lambda _: None) -> None:
        self._data = data
        self._changed = changed
        self._lock = threading.Lock()
        self._grown = False
        self._idle = False
        self._stopping = False
        self._refolds: dict[int, Future[Advance]] = {}
        self._pipe: Connection | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._thread = threading.Thread(target=self._supervise, name="engine", daemon=True)
        self.error: str | None = None

    def start(self) -> None:
        """Start following."""
        self._spawn()
        self._thread.start()

    def stop(self) -> None:
        """End the process, after the step under way if that does not take long.

        One that is cut off leaves no trace, and is folded again.
        """
        with self._lock:
            self._stopping = True
        self._send(Stop())
        if self._process is not None:
            try:
                self._process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                self._process.kill()
        self._thread.join()

    def wake(self) -> None:
        """Say that the log has grown; returns at once."""
        with self._lock:
            self._grown = True
            waiting, self._idle = self._idle, False
        if waiting:
            self._rouse()

    @property
    def running(self) -> bool:
        """Whether the process is alive and its last step did not fail."""
        return self._process is not None and self._process.poll() is None and self.error is None

    def refold(self, projection: str, key: str) -> Advance:
        """Fold one entity again in place; raises NotFound."""
        future: Future[Advance] = Future()
        with self._lock:
            number = max(self._refolds, default=0) + 1
            self._refolds[number] = future
        self._send(Refold(number, projection, key))
        return future.result()

    def _spawn(self) -> None:
        here, there = Pipe()
        # Not by multiprocessing, which would keep a second process beside this one.
        self._process = subprocess.Popen(  # noqa: S603 - the words are our own
            [*own_command(), "--engine", str(self._data), str(there.fileno())],
            stdin=subprocess.DEVNULL,
            pass_fds=[there.fileno()],
        )
        there.close()
        self._pipe = here

    def _supervise(self) -> None:
        while True:
            self._listen()
            self._give_up_refolds()
            if self._process is not None:
                self._process.wait()
            if self._stopping:
                return
            self.error = "the engine's process ended; it is started again"
            _log.error("the engine's process ended, it is started again in %s s", RESTART)
            time.sleep(RESTART)
            self._spawn_again()

    def _spawn_again(self) -> None:
        with self._lock:  # so that `stop` reaches the new process, or comes before it
            if not self._stopping:
                self._spawn()

    def _listen(self) -> None:
        pipe = self._pipe
        while pipe is not None:
            try:
                self._hear(pipe.recv())
            except (EOFError, OSError):
                pipe.close()
                return

    def _hear(self, message: object) -> None:
        if isinstance(message, Advance):
            self.error = None
            self._changed(message)
        elif isinstance(message, Idle):
            self.error = None
            with self._lock:
                grown, self._idle = self._grown, not self._grown
            if grown:
                self._rouse()
        elif isinstance(message, Failed):
            self.error = message.reason
            _log.error("folding failed, it will be tried again: %s", message.reason)
        elif isinstance(message, Refolded):
            self._settle(message)

    def _rouse(self) -> None:
        with self._lock:
            self._grown = False
        self._send(Wake())

    def _settle(self, answer: Refolded) -> None:
        with self._lock:
            future = self._refolds.pop(answer.number)
        if answer.advance is not None:
            future.set_result(answer.advance)
        else:
            future.set_exception(answer.error or NotReady("The entity could not be folded"))

    def _give_up_refolds(self) -> None:
        with self._lock:
            waiting, self._refolds = self._refolds, {}
        for future in waiting.values():
            future.set_exception(NotReady("The engine stopped; try again when it runs"))

    def _send(self, message: object) -> None:
        if self._pipe is not None:
            try:
                self._pipe.send(message)
            except OSError:
                return  # the process has ended; the supervisor starts another, which looks itself
