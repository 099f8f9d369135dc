"""Contacts: what became of those that workflows were started with."""

from typing import Any

import msgspec
from litestar import Response

from projections.contacts import Contact
from projections.queries import contacts as queries
from projections.queries.filters import ContactFilter
from projections.queries.people import Named
from web.badges import badge, plain
from web.pages.frame import Asked, Given, Tab, endpoint, seen_by, show, wanted


class ContactsPage(msgspec.Struct, frozen=True, kw_only=True):
    """The list of resolutions with its counts, and the reasons of failures and skips."""

    rows: list[Contact]
    persons: dict[str, Named]
    next_cursor: str | None
    tabs: list[Tab]
    reasons: list[Tab]
    filters: ContactFilter
    endpoint: str


def contacts(request: Asked, services: Given) -> Response[Any]:
    """The contact resolutions that fit the filters in the address."""
    asked, viewer = wanted(ContactFilter, request), seen_by(request, services)
    with services.views.read() as connection:
        page = queries.list_contacts(connection, asked)
        persons = queries.persons_of(connection, page.items)
        counts = queries.count_contacts(connection, asked)
    total = sum(counts.statuses.values())
    every = Tab("all", viewer.link(status=None, reason=None), total, not asked.status)
    context = ContactsPage(
        rows=page.items,
        persons=persons,
        next_cursor=page.next_cursor,
        tabs=[every]
        + [
            Tab(status, viewer.link(status=status, reason=None), n, asked.status == (status,))
            for status, n in counts.statuses.items()
        ],
        reasons=[
            Tab(
                f"{badge('contact', status).text.lower()}: {plain(reason)}",
                viewer.link(status=status, reason=reason),
                number,
                asked.reason == reason,
            )
            for status, reason, number in counts.reasons[:12]
        ],
        filters=asked,
        endpoint=endpoint(request),
    )
    return show(request, services, "contacts/page.html", "contacts/list.html", context)
