"""System: how the service is, for engineers."""

from typing import Any

import msgspec
from litestar import Response

from projections.status import Broken, EngineStatus, broken_entities
from tracker.log import LogStats
from tracker.schedule import JobStatus
from web.pages.frame import Asked, Given, show


class Key(msgspec.Struct, frozen=True):
    """A signing secret without its value."""

    label: str
    last_verified_at: int | None
    configured: bool


class SystemPage(msgspec.Struct, frozen=True):
    """Everything about the running service; `outcomes` counts deliveries since it started."""

    status: EngineStatus
    broken: list[Broken]
    stats: LogStats
    jobs: list[JobStatus]
    secrets: list[Key]
    outcomes: dict[str, int]
    writable: bool
    problem: str | None
    engine_running: bool
    browsers: int


def system(request: Asked, services: Given) -> Response[Any]:
    """How far the views are, what is broken, what the jobs did, which secrets are used."""
    with services.views.read() as connection:
        broken = broken_entities(connection, 20)
    context = SystemPage(
        status=services.status(),
        broken=broken,
        stats=services.log.stats(),
        jobs=services.scheduler.status(),
        secrets=[
            Key(secret.label, secret.last_verified_at, secret.configured)
            for secret in services.control.secrets()
        ],
        outcomes=dict(services.ingest.outcomes),
        writable=services.ingest.writable,
        problem=services.ingest.problem,
        engine_running=services.engine.running,
        browsers=services.hub.browsers,
    )
    return show(request, services, "system/page.html", "system/detail.html", context)
