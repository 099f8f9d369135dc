"""Serving the generation before the present one again, when a rebuild brought something bad."""

from contextlib import suppress
from pathlib import Path

from projections import generation
from projections.follower import Follower
from tracker.database import exclusive
from tracker.errors import Busy, NotReady
from tracker.log import LogReader

MOST_BEHIND = 20_000  # events that are folded while somebody waits for the answer


def previous(data: Path) -> Path | None:
    """The generation that was kept beside the served one and that this software can write."""
    served = generation.served(data)
    if served is None:
        return None
    # A newer one may be half built; only to open it would disturb the rebuild.
    earlier = [path for path in generation.generations(data) if path.name < served.name]
    return next((path for path in reversed(earlier) if generation.is_usable(path)), None)


def go_back(data: Path) -> int:
    """Serve the previous generation, brought up to the log's end first; returns its number.

    Raises NotReady when there is none or it is far behind, Busy while a rebuild runs.
    """
    with exclusive(data / "rebuild.lock", "rebuilding the views"):
        path = previous(data)
        if path is None:
            raise NotReady(_why_none(data))
        _catch_up(data, path)
        generation.switch(data, path)
        return generation.number(path)


def forget_outdated(data: Path, log: LogReader) -> list[int]:
    """Remove generations in which somebody who was erased may still stand; gives their numbers.

    While a rebuild runs nothing is removed: it does so itself when it ends.
    """
    erasure, served = log.last_erasure(), generation.served(data)
    with suppress(Busy), exclusive(data / "rebuild.lock", "rebuilding the views"):
        outdated = [
            path
            for path in generation.generations(data)
            if path != served and generation.position_of(path) < erasure
        ]
        for path in outdated:
            generation.remove(path)
        return [generation.number(path) for path in outdated]
    return []


def _why_none(data: Path) -> str:
    reader = LogReader(data)
    try:
        erasure = reader.last_erasure()
    finally:
        reader.close()
    because = f": somebody was erased (event {erasure}), who would come back" if erasure else ""
    return f"No earlier generation is kept{because}; rebuild the views instead"


def _catch_up(data: Path, path: Path) -> None:
    reader, follower = LogReader(data), Follower(data, path)
    try:
        behind = reader.head() - follower.position
        if behind > MOST_BEHIND:
            raise NotReady(
                f"{path.name} is {behind} events behind the log; rebuild the views instead"
            )
        while follower.step().events:
            pass
    finally:
        follower.close()
        reader.close()
