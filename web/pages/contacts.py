"""Contacts: what became of those that workflows were started with."""

from typing import Any

import msgspec
from litestar import Response

from projections.contacts import Contact
from projections.queries import contacts as queries
from projections.queries.filters import ContactFilter
from projections.queries.people import Named
from web.badges import plain
from web.pages.frame import Asked, Given, Tab, endpoint, seen_by, show, wanted
from web.pages.newer import Held, hold

MOST_REASONS = 12


class Reason(msgspec.Struct, frozen=True):
    """Why contacts failed or were skipped, and how many by this reason."""

    status: str
    tab: Tab


class ContactsPage(msgspec.Struct, frozen=True, kw_only=True):
    """The list of resolutions with its counts, and the reasons of failures and skips."""

    held: Held[Contact]
    persons: dict[str, Named]
    tabs: list[Tab]
    reasons: list[Reason]
    filters: ContactFilter
    received: bool
    endpoint: str


def contacts(request: Asked, services: Given) -> Response[Any]:
    """The contact resolutions that fit the filters in the address."""
    asked, viewer = wanted(ContactFilter, request), seen_by(request, services)
    with services.views.read() as connection:
        page = queries.list_contacts(connection, asked)
        held = hold(
            request,
            viewer,
            page,
            key=lambda row: row.event_id,
            again=lambda ids: queries.list_contacts(connection, asked, ids).items,
            newest_first=asked.sort == "-at",
        )
        persons = queries.persons_of(connection, held.rows)
        counts = queries.count_contacts(connection, asked)
    total = sum(counts.statuses.values())
    every = Tab("all", viewer.link(status=None, reason=None), total, not asked.status)
    context = ContactsPage(
        held=held,
        persons=persons,
        tabs=[every]
        + [
            Tab(status, viewer.link(status=status, reason=None), n, asked.status == (status,))
            for status, n in counts.statuses.items()
        ],
        reasons=[
            Reason(
                status,
                Tab(
                    plain(reason),
                    viewer.link(status=status, reason=reason),
                    number,
                    asked.status == (status,) and asked.reason == reason,
                ),
            )
            for status, reason, number in counts.reasons[:MOST_REASONS]
        ],
        filters=asked,
        received=services.log.any_received(),
        endpoint=endpoint(request),
    )
    return show(request, services, "contacts/page.html", "contacts/list.html", context)
