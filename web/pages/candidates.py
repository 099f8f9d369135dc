"""Candidates: everyone who was heard of."""

from typing import Any

import msgspec
from litestar import Response

from projections.queries import people as queries
from projections.queries.filters import PersonFilter
from web.pages.frame import Asked, Given, endpoint, show, wanted


class CandidatesPage(msgspec.Struct, frozen=True):
    """The list of people."""

    rows: list[queries.PersonLine]
    next_cursor: str | None
    filters: PersonFilter
    endpoint: str


def candidates(request: Asked, services: Given) -> Response[Any]:
    """Everyone who was heard of."""
    asked = wanted(PersonFilter, request)
    with services.views.read() as connection:
        page = queries.people(connection, asked)
    context = CandidatesPage(page.items, page.next_cursor, asked, endpoint(request))
    return show(request, services, "candidates/page.html", "candidates/list.html", context)
