"""What is dear to make and the same for all who ask: made once, kept while it is asked for."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Made = TypeVar("Made")


class Once(Generic[Key, Made]):
    """Keeps the `most` things that were asked for last; for any thread.

    `dropped` is told each thing that is kept no longer, to close it.
    """

    def __init__(self, most: int, dropped: Callable[[Made], None] = lambda _made: None) -> None:
        self._most = most
        self._dropped = dropped
        self._lock = threading.Lock()
        self._kept: OrderedDict[Key, Future[Made]] = OrderedDict()

    def __len__(self) -> int:
        """How many things are kept."""
        return len(self._kept)

    def get(self, key: Key, make: Callable[[], Made]) -> Made:
        """What belongs to a key; whoever asks while it is being made waits for it.

        Raises what `make` raised, to all who waited; the next one who asks tries again.
        """
        with self._lock:
            known = self._kept.get(key)
            made = self._kept[key] = known or Future()
            self._kept.move_to_end(key)
            oldest = None
            if len(self._kept) > self._most:
                _, oldest = self._kept.popitem(last=False)
        if oldest is not None:
            oldest.add_done_callback(self._drop)
        if known is None:
            self._make(key, make, made)
        return made.result()

    def clear(self) -> None:
        """Keep nothing of what was made so far."""
        with self._lock:
            kept = [*self._kept.values()]
            self._kept.clear()
        for made in kept:
            made.add_done_callback(self._drop)

    def _drop(self, made: "Future[Made]") -> None:
        if made.exception() is None:
            self._dropped(made.result())

    def _make(self, key: Key, make: Callable[[], Made], made: "Future[Made]") -> None:
        try:
            made.set_result(make())
        except BaseException as error:
            with self._lock:
                self._kept.pop(key, None)
            made.set_exception(error)
            raise
