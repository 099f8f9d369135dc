"""Conversations, and one with the way it took."""

from typing import Any

import msgspec
from litestar import Response

from projections.conversations import Conversation
from projections.queries import conversations as queries
from projections.queries.filters import ConversationFilter
from projections.queries.today import campaigns
from web.badges import badge
from web.ids import encode_id
from web.pages.frame import Asked, Given, Tab, endpoint, record_id, seen_by, show, wanted
from web.pages.meetings import Appointment, appointments
from web.rendering import Viewer


class ConversationsPage(msgspec.Struct, frozen=True, kw_only=True):
    """The list of conversations with its counts and filters."""

    rows: list[queries.ConversationRow]
    next_cursor: str | None
    tabs: list[Tab]
    filters: ConversationFilter
    campaigns: list[tuple[str, str]]
    endpoint: str


class ConversationPage(msgspec.Struct, frozen=True, kw_only=True):
    """One conversation as shown."""

    conversation: Conversation
    name: str
    candidate_url: str | None
    meetings: list[Appointment]
    topics: str


def conversations(request: Asked, services: Given) -> Response[Any]:
    """The conversations that fit the filters in the address."""
    asked = wanted(ConversationFilter, request)
    with services.views.read() as connection:
        page = queries.list_conversations(connection, asked)
        counts = queries.count_conversations(connection, asked)
        known = campaigns(connection)
    context = ConversationsPage(
        rows=page.items,
        next_cursor=page.next_cursor,
        tabs=_tabs(counts, asked, seen_by(request, services)),
        filters=asked,
        campaigns=[(campaign, campaign) for campaign in known],
        endpoint=endpoint(request),
    )
    return show(request, services, "conversations/page.html", "conversations/list.html", context)


def _tabs(
    counts: queries.ConversationCounts, asked: ConversationFilter, viewer: Viewer
) -> list[Tab]:
    plain = {"outcome": None, "stage": None}
    every = not (asked.status or asked.outcome or asked.stage)
    return [Tab("all", viewer.link(status=None, **plain), counts.total, every)] + [
        Tab(
            badge("conversation", status).text.lower(),
            viewer.link(status=status, **plain),
            number,
            asked.status == (status,) and not (asked.outcome or asked.stage),
        )
        for status, number in counts.statuses.items()
        if number or asked.status == (status,)
    ]


def conversation(request: Asked, services: Given) -> Response[Any]:
    """One conversation by its id."""
    with services.views.read() as connection:
        detail = queries.conversation(connection, record_id(request, "/conversations/"))
    row, person = detail.row, detail.person
    context = ConversationPage(
        conversation=row,
        name=row.candidate_name or (person.name if person else None) or row.candidate_id or row.id,
        candidate_url=f"/candidates/{encode_id(person.person)}" if person else None,
        meetings=appointments(detail.meetings, seen_by(request, services)),
        topics=f"{encode_id(f'conversations:{row.id}')} meetings",
    )
    page, part = "conversations/conversation.html", "conversations/detail.html"
    return show(request, services, page, part, context)
