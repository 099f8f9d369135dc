"""Whether events are stored and folded."""

import msgspec

from tracker.errors import TrackerError
from web.services import Services


class Readiness(msgspec.Struct, frozen=True):
    """`ready` and what it follows from; `lag_events` is how far the views are behind the log."""

    ready: bool
    log_writable: bool
    engine_running: bool
    lag_events: int | None
    broken: int | None
    problem: str | None = None


def readiness_of(services: Services) -> Readiness:
    """How it stands now."""
    writable, running = services.ingest.writable, services.engine.running
    try:
        status = services.status()
    except TrackerError as error:
        return Readiness(False, writable, running, None, None, str(error))
    lag = max((p.lag_events for p in status.projections), default=0)
    broken = sum(p.broken for p in status.projections)
    problem = services.engine.error or services.ingest.problem
    return Readiness(writable and running, writable, running, lag, broken, problem)
