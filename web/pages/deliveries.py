"""Deliveries that were not simply accepted."""

from typing import Any

import msgspec
from litestar import Response

from projections.queries.filters import DeliveryFilter
from tracker.log import Delivery
from web.pages.frame import Asked, Given, number, show, wanted


class DeliveriesPage(msgspec.Struct, frozen=True):
    """A page of deliveries, newest first."""

    rows: list[Delivery]
    next_cursor: str | None
    filters: DeliveryFilter


def deliveries(request: Asked, services: Given) -> Response[Any]:
    """The deliveries with the outcome in the address."""
    asked, before = wanted(DeliveryFilter, request), number(request, "cursor")
    rows = services.log.deliveries(before=before, limit=asked.limit + 1, outcome=asked.outcome)
    shown = rows[: asked.limit]
    following = str(shown[-1].id) if len(rows) > asked.limit else None
    context = DeliveriesPage(shown, following, asked)
    return show(request, services, "deliveries/page.html", "deliveries/list.html", context)
