"""The service's figures in Prometheus' text format.

They have a file of their own because the library brings a web server of the standard library
with it: a service that nobody scrapes needs none of that in memory.
"""

from collections.abc import Iterator
from typing import Any

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

from tracker.timing import SECOND
from web.readiness import Readiness
from web.services import Services


def figures(services: Services, readiness: Readiness) -> bytes:
    """Counters and gauges as they are now."""
    registry = CollectorRegistry()
    registry.register(_Figures(services, readiness))
    return generate_latest(registry)


class _Figures:
    """Read when asked for, so that nothing is counted twice in two places."""

    def __init__(self, services: Services, readiness: Readiness) -> None:
        self._services = services
        self._readiness = readiness

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
        readiness = self._readiness
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
