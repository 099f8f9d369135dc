"""What the handlers work with, put together once by the composition root."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from projections import generation, status
from projections.background import BackgroundRebuild
from projections.engine import Engine
from projections.erasing import Eraser
from projections.queries.views import Views
from tracker.access import Grant
from tracker.control import Control
from tracker.ingest import Ingest
from tracker.log import LogReader
from tracker.schedule import Scheduler
from tracker.settings import Settings
from web.bodies import Room
from web.live import Hub
from web.throttle import Throttle

PATIENCE = 5.0  # seconds that somebody who did something waits to see it
PAUSE = 0.02


@dataclass(frozen=True)
class Services:
    """Everything a handler may use; `now` is the clock of all pages."""

    settings: Settings
    log: LogReader
    views: Views
    ingest: Ingest
    engine: Engine
    hub: Hub
    control: Control
    scheduler: Scheduler
    rebuild: BackgroundRebuild
    eraser: Eraser
    now: Callable[[], int]
    room: Room = field(default_factory=Room)
    throttle: Throttle = field(default_factory=Throttle)

    def seen_by(self, grant: Grant | None) -> "Services":
        """The same with only what somebody may see of the views and of the log."""
        return replace(self, views=self.views.seen_by(grant), log=self.log.seen_by(grant))

    def status(self) -> status.EngineStatus:
        """How far the served generation is; raises NotReady while there is none."""
        with self.views.read() as connection:
            return status.engine_status(connection, self.log, self.views.generation(), self.now())

    def wait_for(self, position: int) -> None:
        """Wait a moment for the views, so that the next page shows what was just appended."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            with self.views.read() as connection:
                if generation.position(connection) >= position:
                    return
            time.sleep(PAUSE)
