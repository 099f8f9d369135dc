"""What the engine's process does: keep the served generation up with the log.

When the pointer file names another generation, made by a rebuild, it goes on with that
one. It ends when it is told to, or when the other end of its pipe is gone.
"""

import os
import signal
import time
from collections.abc import Callable
from contextlib import closing, suppress
from multiprocessing.connection import Connection as Pipe
from pathlib import Path

import msgspec

from projections import generation
from projections.follower import MOST, Advance, Follower
from tracker.database import DatabaseError
from tracker.errors import NotReady, TrackerError

LOOK_AGAIN = 0.5  # seconds between looks at the pointer file when no event arrives
POLITENESS = 10
# After a step with many events, but not all that it may have, rest as long as it took, at most
# these seconds: what comes meanwhile is folded together, and storing is not kept waiting.
REST = 0.3
MANY = 32
RETRY = 2.0  # seconds before a failed step is tried again


class Wake(msgspec.Struct, frozen=True):
    """To the process: the log has grown."""


class Refold(msgspec.Struct, frozen=True):
    """To the process: fold one entity again."""

    number: int
    projection: str
    key: str


class Stop(msgspec.Struct, frozen=True):
    """To the process: finish the batch under way and end."""


class Idle(msgspec.Struct, frozen=True):
    """From the process: all that was there is folded; wake me."""


class Failed(msgspec.Struct, frozen=True):
    """From the process: a step failed and will be tried again."""

    reason: str


class Refolded(msgspec.Struct, frozen=True):
    """From the process: the answer to a Refold, an advance or the error it raised."""

    number: int
    advance: Advance | None
    error: TrackerError | None


def begin(data: str, descriptor: str) -> None:
    """What `tracker --engine` does: follow until told to stop, over an inherited socket."""
    # Ctrl-C and a service manager reach all processes; the service ends this one in its order.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    # Storing what arrives goes before showing it, where both want the same processor.
    os.nice(POLITENESS)
    pipe = Pipe(int(descriptor))
    following = Following(Path(data), pipe.send)
    # The pipe breaks when the service was killed: then there is nobody left to work for.
    with closing(following), suppress(EOFError, BrokenPipeError):
        while not _hear(pipe, following):
            following.work()


def _hear(pipe: Pipe, following: "Following") -> bool:
    """Take in what was sent; waits for it while there is nothing to fold. True to stop."""
    patience = following.patience
    while pipe.poll(patience):
        message = pipe.recv()
        if isinstance(message, Stop):
            return True
        if isinstance(message, Refold):
            following.refold(message)
        # Whoever wakes waits to hear that it is idle again, even if there was nothing to fold.
        following.busy = True
        patience = 0.0
    return False


class Following:
    """The served generation and what is told about it.

    `patience` is seconds to wait for news; `busy` until it has been told that nothing is left.
    """

    def __init__(self, data: Path, tell: Callable[[object], None]) -> None:
        self._data = data
        self._tell = tell
        self._follower: Follower | None = None
        self.patience = 0.0
        self.busy = True

    def close(self) -> None:
        """Close the generation."""
        if self._follower is not None:
            self._follower.close()
            self._follower = None

    def work(self) -> None:
        """Fold what has come, if anything has."""
        begun = time.monotonic()
        try:
            follower = self._current()
            advance = follower.step() if follower else None
        except (DatabaseError, OSError) as error:
            self.close()
            self._tell(Failed(str(error)))
            time.sleep(RETRY)
            return
        if advance is not None and advance.events:
            self._tell(advance)
            self.busy = True
            took = time.monotonic() - begun
            self.patience = min(took, REST) if MANY < advance.events < MOST else 0.0
            return
        if follower is not None:
            follower.clean()
        if self.busy:
            self._tell(Idle())
        self.busy = False
        self.patience = LOOK_AGAIN

    def refold(self, wanted: Refold) -> None:
        """Fold one entity again and tell the result."""
        try:
            follower = self._current()
            if follower is None:
                raise NotReady("There are no views yet; wait until they are built")
            advance = follower.refold(wanted.projection, wanted.key)
        except TrackerError as error:
            self._tell(Refolded(wanted.number, None, error))
        else:
            self._tell(Refolded(wanted.number, advance, None))
            self._tell(advance)

    def _current(self) -> Follower | None:
        served = generation.served(self._data)
        if self._follower is not None and self._follower.path != served:
            self.close()
        if self._follower is None and served is not None:
            follower = Follower(self._data, served)
            if not generation.usable(follower.views):
                follower.close()
                return None
            self._follower = follower
            self._tell(Advance(follower.position, 0, frozenset({"generation"})))
        return self._follower
