"""Analyses: candidates ranked by what is mandatory, then by score, with the evidence."""

from typing import Any

import msgspec
from litestar import Response

from projections.analyses import Analysis
from projections.queries import analyses as queries
from projections.queries.filters import AnalysisFilter, BatchFilter
from projections.queries.people import Named
from tracker.database import Connection
from web.pages.frame import Asked, Given, Tab, endpoint, seen_by, show, wanted
from web.pages.newer import Held, hold


class AnalysesPage(msgspec.Struct, frozen=True, kw_only=True):
    """Analysed candidates, and the analyses to choose from.

    `first` is the rank of the first row, None for a list that is not ranked; `newest` are
    analyses to begin with, as long as nothing was asked for.
    """

    held: Held[Analysis]
    sort: str
    first: int | None
    chosen: queries.BatchLine | None
    newest: list[queries.BatchLine]
    persons: dict[str, Named]
    tabs: list[Tab]
    filters: AnalysisFilter
    batches: list[tuple[str, str]]
    received: bool
    endpoint: str


SIZE = 30  # rows are long: each holds its requirements with their evidence
NEWEST = 12  # analyses shown before one is chosen
NAMES = {"met": "meet all mandatory", "not_met": "miss a mandatory one", "unknown": "unknown"}


def analyses(request: Asked, services: Given) -> Response[Any]:
    """The analysed candidates that fit the filters in the address."""
    asked, viewer = wanted(AnalysisFilter, request, size=SIZE), seen_by(request, services)
    with services.views.read() as connection:
        page = queries.list_analyses(connection, asked)
        held = hold(
            request,
            viewer,
            page,
            key=lambda row: row.entity,
            again=lambda ids: queries.list_analyses(connection, asked, ids).items,
            newest_first=queries.order_of(asked) == "-completed_at",
        )
        persons = queries.persons_of(connection, held.rows)
        counts = queries.count_analyses(connection, asked)
        batches = queries.bare_batches(connection, BatchFilter(limit=100)).items
        asks = viewer.filtered or viewer.cursor
        newest = [] if asks else queries.list_batches(connection, BatchFilter(limit=NEWEST)).items
        chosen = queries.batch(connection, asked.analysis) if asked.analysis else None
        first = _first_rank(connection, page.items, asked)
    every = Tab("all", viewer.link(mandatory=None), sum(counts.values()), asked.mandatory is None)
    context = AnalysesPage(
        held=held,
        sort=queries.order_of(asked),
        first=first,
        chosen=chosen,
        newest=newest,
        persons=persons,
        tabs=[every]
        + [
            Tab(NAMES[key], viewer.link(mandatory=key), number, asked.mandatory == key)
            for key, number in counts.items()
        ],
        filters=asked,
        batches=[(b.id, b.title or b.external_id or b.id) for b in batches],
        received=services.log.any_received(),
        endpoint=endpoint(request),
    )
    return show(request, services, "analyses/page.html", "analyses/list.html", context)


def _first_rank(connection: Connection, rows: list[Analysis], asked: AnalysisFilter) -> int | None:
    if queries.order_of(asked) != "rank" or not rows:
        return None
    return 1 + queries.ranked_before(connection, rows[0], asked)
