"""Analyses: candidates ranked by what is mandatory, then by score, with the evidence."""

from typing import Any

import msgspec
from litestar import Response

from projections.analyses import Analysis
from projections.queries import analyses as queries
from projections.queries.filters import AnalysisFilter, BatchFilter
from projections.queries.people import Named
from web.pages.frame import Asked, Given, Tab, endpoint, seen_by, show, wanted


class AnalysesPage(msgspec.Struct, frozen=True, kw_only=True):
    """Analysed candidates, and the analyses to choose from."""

    rows: list[Analysis]
    persons: dict[str, Named]
    next_cursor: str | None
    tabs: list[Tab]
    filters: AnalysisFilter
    batches: list[tuple[str, str]]
    endpoint: str


SIZE = 30  # rows are long: each holds its requirements with their evidence
NAMES = {"met": "meet all mandatory", "not_met": "don't", "unknown": "unknown"}


def analyses(request: Asked, services: Given) -> Response[Any]:
    """The analysed candidates that fit the filters in the address."""
    asked, viewer = wanted(AnalysisFilter, request, size=SIZE), seen_by(request, services)
    with services.views.read() as connection:
        page = queries.list_analyses(connection, asked)
        persons = queries.persons_of(connection, page.items)
        counts = queries.count_analyses(connection, asked)
        batches = queries.list_batches(connection, BatchFilter(limit=100)).items
    every = Tab("all", viewer.link(mandatory=None), sum(counts.values()), asked.mandatory is None)
    context = AnalysesPage(
        rows=page.items,
        persons=persons,
        next_cursor=page.next_cursor,
        tabs=[every]
        + [
            Tab(NAMES[key], viewer.link(mandatory=key), number, asked.mandatory == key)
            for key, number in counts.items()
        ],
        filters=asked,
        batches=[(b.external_id or b.id, b.title or b.external_id or b.id) for b in batches],
        endpoint=endpoint(request),
    )
    return show(request, services, "analyses/page.html", "analyses/list.html", context)
