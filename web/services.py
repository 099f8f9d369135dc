"""What the handlers work with, put together once by the composition root."""

from collections.abc import Callable
from dataclasses import dataclass

from projections import status
from projections.background import BackgroundRebuild
from projections.engine import Engine
from projections.queries.views import Views
from tracker.control import Control
from tracker.ingest import Ingest
from tracker.log import LogReader
from tracker.schedule import Scheduler
from tracker.settings import Settings
from web.live import Hub


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
    now: Callable[[], int]

    def status(self) -> status.EngineStatus:
        """How far the served generation is; raises NotReady while there is none."""
        with self.views.read() as connection:
            return status.engine_status(connection, self.log, self.views.generation(), self.now())
