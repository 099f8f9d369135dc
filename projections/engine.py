"""The running engine: one thread that keeps the served generation up with the log.

It knows nothing of the web: it tells a listener which keys changed. When the pointer
file names another generation, made by a rebuild, it goes on with that one.
"""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path

import structlog

from projections import generation
from projections.follower import Advance, Follower
from tracker.database import DatabaseError
from tracker.errors import NotReady, TrackerError

LOOK_AGAIN = 0.5  # seconds between looks at the pointer file when no event arrives
RETRY = 2.0  # seconds before a failed step is tried again

_log = structlog.get_logger(__name__)


class Engine:
    """Starts, wakes and stops the following thread; `changed` is called on that thread."""

    def __init__(self, data: Path, changed: Callable[[Advance], None] = lambda _: None) -> None:
        self._data = data
        self._changed = changed
        self._wake = threading.Event()
        self._stopping = False
        self._refolds: list[tuple[str, str, Future[Advance]]] = []
        self._follower: Follower | None = None
        self._thread = threading.Thread(target=self._loop, name="engine", daemon=True)
        self.error: str | None = None

    def start(self) -> None:
        """Start following."""
        self._thread.start()

    def stop(self) -> None:
        """Finish the batch under way and end the thread."""
        self._stopping = True
        self._wake.set()
        self._thread.join()

    def wake(self) -> None:
        """Say that the log has grown; returns at once."""
        self._wake.set()

    @property
    def running(self) -> bool:
        """Whether the thread is alive and its last step did not fail."""
        return self._thread.is_alive() and self.error is None

    def refold(self, projection: str, key: str) -> Advance:
        """Fold one entity again in place, on the engine's thread; raises NotFound."""
        future: Future[Advance] = Future()
        self._refolds.append((projection, key, future))
        self._wake.set()
        return future.result()

    def _loop(self) -> None:
        while not self._stopping:
            self._wake.clear()
            try:
                advanced = self._advance()
            except (DatabaseError, OSError) as error:
                self.error = str(error)
                _log.exception("folding failed, it will be tried again", seconds=RETRY)
                self._drop()
                self._wake.wait(RETRY)
                continue
            self.error = None
            if not advanced:
                self._wake.wait(LOOK_AGAIN)
        self._drop()
        self._refuse_waiting()

    def _advance(self) -> bool:
        """One step; whether there may be more to do."""
        follower = self._current()
        if follower is None:
            return False
        while self._refolds:
            self._refold(follower, *self._refolds.pop(0))
        advance = follower.step()
        if advance.events:
            self._changed(advance)
        return advance.events > 0

    def _refold(
        self, follower: Follower, projection: str, key: str, future: "Future[Advance]"
    ) -> None:
        try:
            advance = follower.refold(projection, key)
        except TrackerError as error:
            future.set_exception(error)
        else:
            future.set_result(advance)
            self._changed(advance)

    def _current(self) -> Follower | None:
        served = generation.served(self._data)
        if self._follower is not None and self._follower.path != served:
            self._drop()
        if self._follower is None and served is not None:
            follower = Follower(self._data, served)
            if generation.usable(follower.views):
                self._follower = follower
                everything = frozenset({"generation"})
                self._changed(Advance(follower.position, 0, everything))
            else:
                follower.close()
        return self._follower

    def _drop(self) -> None:
        if self._follower is not None:
            self._follower.close()
            self._follower = None

    def _refuse_waiting(self) -> None:
        for _, _, future in self._refolds:
            future.set_exception(NotReady("The engine is stopping; try again after the restart"))
