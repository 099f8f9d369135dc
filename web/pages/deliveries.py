"""Deliveries that were not simply accepted."""

from typing import Any, Final
from urllib.parse import urlencode

import msgspec
from litestar import Response

from projections.queries.filters import DeliveryFilter
from projections.queries.log import list_deliveries
from tracker.log import Delivery
from web.badges import badge
from web.pages.frame import Asked, Given, Tab, seen_by, show, wanted
from web.pages.newer import Held, from_row, hold
from web.services import Services

OUTCOMES: Final = ("duplicate", "conflict", "quarantined", "rejected")


class DeliveriesPage(msgspec.Struct, frozen=True):
    """A page of deliveries."""

    held: Held[Delivery]
    filters: DeliveryFilter
    tabs: list[Tab]
    reasons: list[Tab]
    received: bool


def deliveries(request: Asked, services: Given) -> Response[Any]:
    """The deliveries with the outcome in the address."""
    asked, viewer = wanted(DeliveryFilter, request), seen_by(request, services)
    page = list_deliveries(services.log, asked)
    held = hold(
        request,
        viewer,
        page,
        key=lambda row: row.id,
        again=lambda ids: list_deliveries(services.log, from_row(asked, ids)).items,
        newest_first=asked.sort == "-received_at",
    )
    context = DeliveriesPage(
        held=held,
        filters=asked,
        tabs=_tabs(services, asked),
        reasons=_reasons(services, asked),
        received=services.log.any_received(),
    )
    return show(request, services, "deliveries/page.html", "deliveries/list.html", context)


def _tabs(services: Services, asked: DeliveryFilter) -> list[Tab]:
    counts = services.log.stats().outcomes
    kept = {outcome: counts.get(outcome, 0) for outcome in OUTCOMES}
    every = Tab("all", "/deliveries", sum(kept.values()), asked.outcome is None)
    return [every] + [
        Tab(
            badge("delivery", outcome).text.lower(),
            f"/deliveries?outcome={outcome}",
            count,
            asked.outcome == outcome,
        )
        for outcome, count in kept.items()
    ]


def _reasons(services: Services, asked: DeliveryFilter) -> list[Tab]:
    """The reasons of the chosen outcome; those of conflicts each name another event."""
    return [
        Tab(
            reason,
            f"/deliveries?{urlencode({'outcome': outcome, 'reason': reason})}",
            count,
            asked.reason == reason,
        )
        for outcome, reason, count in services.log.reasons()
        if outcome == asked.outcome and reason
    ]
