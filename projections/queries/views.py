"""Read connections of the served generation, whichever that is at the moment."""

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from projections import generation
from projections.queries.pseudonyms import Pseudonymous
from projections.queries.restricted import restrict
from tracker.access import Grant, Role
from tracker.database import Connection, Readers
from tracker.errors import NotReady
from tracker.once import Once

MOST_LIMITED: Final = 32  # different grants whose connections are kept


class Views:
    """Lends connections to any thread; follows the pointer file when a rebuild switches it.

    `prepare` may put something between a connection of a `kind` and those who use it.
    """

    def __init__(
        self,
        data: Path,
        prepare: Callable[[Connection], None] = lambda _connection: None,
        kind: type[Connection] = Connection,
    ) -> None:
        self._data = data
        self._prepare = prepare
        self._kind = kind
        self._lock = threading.Lock()
        self._seen: tuple[int, int] | None = None
        self._readers: Readers | None = None
        self._limited: Once[Grant | None, Views] = Once(MOST_LIMITED, Views.close)

    def seen_by(self, grant: Grant | None) -> "Views":
        """The same views with only what a grant allows; nothing at all without one."""
        if grant is not None and grant.whole and not grant.masked:
            return self
        key = grant and Grant(Role.VIEWER if grant.masked else Role.MANAGER, grant.organizations)
        kind = Pseudonymous if key is None or key.masked else Connection
        return self._limited.get(
            key, lambda: Views(self._data, lambda connection: restrict(connection, key), kind)
        )

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection to the served generation; everything read inside is of one moment.

        Raises NotReady while there is no generation.
        """
        with self._served().lend() as connection:
            yield connection

    def generation(self) -> int:
        """The number of the served generation; raises NotReady while there is none."""
        return generation.number(self._served().path)

    def close(self) -> None:
        """Close all connections; those lent are closed when they come back."""
        with self._lock:
            self._replace(None)
            self._seen = None
        self._limited.clear()

    def _served(self) -> Readers:
        seen = self._look()
        with self._lock:
            if self._readers is None or seen != self._seen:
                self._replace(generation.served(self._data))
                self._seen = seen
            if self._readers is None:
                raise NotReady("There are no views yet; they are built when the service starts")
            return self._readers

    def _look(self) -> tuple[int, int] | None:
        """What tells one pointer file from the next: each is a new file, renamed into place."""
        try:
            found = os.stat(self._data / generation.POINTER)  # noqa: PTH116 - once a request
        except FileNotFoundError:
            return None
        return found.st_ino, found.st_mtime_ns

    def _replace(self, path: Path | None) -> None:
        if self._readers is not None:
            self._readers.close()
        self._readers = Readers(path, self._prepare, self._kind) if path is not None else None
