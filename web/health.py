"""Whether the service is alive, whether it is ready, and its figures for Prometheus."""

from collections.abc import Iterator
from typing import Any

import msgspec
from litestar import MediaType, Request, Response, get
from litestar.di import NamedDependency
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

from tracker.errors import TrackerError
from tracker.timing import SECOND
from web.access import may
from web.services import Services
from web.visitors import visitor_of


class Ready(msgspec.Struct, frozen=True):
    """What anybody may know."""

    ready: bool


class Readiness(msgspec.Struct, frozen=True):
    """`ready` and what it follows from; `lag_events` is how far the views are behind the log."""

    ready: bool
    log_writable: bool
    engine_running: bool
    lag_events: int | None
    broken: int | None
    problem: str | None = None


@get("/healthz", media_type=MediaType.TEXT, sync_to_thread=False, include_in_schema=False)
def healthz() -> str:
    """The process answers."""
    return "ok\n"


@get("/readyz", sync_to_thread=True, include_in_schema=False)
def readyz(
    request: Request[Any, Any, Any],
) -> Response[Readiness | Ready]:
    """200 when events are stored and folded, else 503; the reason is for engineers."""
    visitor = visitor_of(request)
    readiness = _readiness(request.app.state.services)
    told = visitor is not None and may(visitor.grant, "GET /system")
    answer = readiness if told else Ready(readiness.ready)
    return Response(answer, status_code=200 if readiness.ready else 503)


def _readiness(services: Services) -> Readiness:
    writable, running = services.ingest.writable, services.engine.running
    try:
        status = services.status()
    except TrackerError as error:
        return Readiness(False, writable, running, None, None, str(error))
    lag = max((p.lag_events for p in status.projections), default=0)
    broken = sum(p.broken for p in status.projections)
    problem = services.engine.error or services.ingest.problem
    return Readiness(writable and running, writable, running, lag, broken, problem)


@get("/metrics", sync_to_thread=True, include_in_schema=False)
def metrics(services: NamedDependency[Services]) -> Response[bytes]:
    """Counters and gauges in Prometheus' text format."""
    registry = CollectorRegistry()
    registry.register(_Figures(services))
    return Response(generate_latest(registry), media_type="text/plain; version=0.0.4")


class _Figures:
    """Read when asked for, so that nothing is counted twice in two places."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def collect(self) -> Any:
        """The families of figures that Prometheus scrapes."""
        services = self._services
        deliveries = CounterMetricFamily(
            "tracker_deliveries", "Deliveries received since the start", labels=["outcome"]
        )
        for outcome, count in services.ingest.outcomes.items():
            deliveries.add_metric([str(outcome)], count)
        yield deliveries
        yield GaugeMetricFamily("tracker_log_events", "Events in the log", services.log.head())
        yield GaugeMetricFamily("tracker_live_browsers", "Open streams", services.hub.browsers)
        yield from _backup_figures(services)
        readiness = _readiness(services)
        yield GaugeMetricFamily("tracker_ready", "1 when ready", int(readiness.ready))
        if readiness.lag_events is not None:
            yield GaugeMetricFamily("tracker_lag_events", "Not folded yet", readiness.lag_events)
            yield GaugeMetricFamily("tracker_broken_entities", "Failed folds", readiness.broken)


def _backup_figures(services: Services) -> Iterator[GaugeMetricFamily]:
    newest = services.control.backup_proofs.newest()
    good = services.control.backup_proofs.last_good()
    if newest is not None:
        yield GaugeMetricFamily(
            "tracker_backup_ok",
            "1 when the last backup was proven restorable",
            int(newest.problem is None),
        )
    if good is not None:
        yield GaugeMetricFamily(
            "tracker_backup_proven_timestamp_seconds",
            "When the last backup that was proven restorable was begun",
            good.at / SECOND,
        )
        yield GaugeMetricFamily("tracker_backup_bytes", "Size of that backup", good.size)
        yield GaugeMetricFamily("tracker_backup_events", "Events in that backup", good.position)
