"""Candidates: everyone who was heard of."""

from typing import Any

import msgspec
from litestar import Response

from projections.queries import people as queries
from projections.queries.filters import PersonFilter
from web.pages.frame import Asked, Given, endpoint, seen_by, show, wanted
from web.pages.newer import Held, hold


class CandidatesPage(msgspec.Struct, frozen=True):
    """The list of people."""

    held: Held[queries.PersonLine]
    filters: PersonFilter
    endpoint: str


def candidates(request: Asked, services: Given) -> Response[Any]:
    """Everyone who was heard of."""
    asked, viewer = wanted(PersonFilter, request), seen_by(request, services)
    with services.views.read() as connection:
        page = queries.people(connection, asked)
        held = hold(
            request,
            viewer,
            page,
            key=lambda row: row.person,
            again=lambda persons: queries.people(connection, asked, persons).items,
            newest_first=asked.sort == "-last_event_at",
        )
    context = CandidatesPage(held, asked, endpoint(request))
    return show(request, services, "candidates/page.html", "candidates/list.html", context)
