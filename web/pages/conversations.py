"""Conversations, and one with the way it took."""

from itertools import groupby
from typing import Any

import msgspec
from litestar import Response

from projections.conversations import ENDS, MACHINE, Conversation, Status
from projections.queries import conversations as queries
from projections.queries.filters import ConversationFilter
from projections.queries.funnel import campaigns
from web.badges import badge
from web.ids import encode_id
from web.pages.appointments import Appointment, appointments
from web.pages.frame import Asked, Given, Tab, endpoint, record_id, seen_by, show, wanted
from web.pages.newer import Held, hold
from web.times import day_name
from web.viewer import Viewer


class ConversationsPage(msgspec.Struct, frozen=True, kw_only=True):
    """The list of conversations with its counts and filters."""

    held: Held[queries.ConversationRow]
    tabs: list[Tab]
    filters: ConversationFilter
    campaigns: list[tuple[str, str]]
    received: bool
    endpoint: str


class Passed(msgspec.Struct, frozen=True):
    """A state that the conversation was in; `lasted` in microseconds, until now for the last."""

    status: str
    at: int
    lasted: int | None
    now: bool


class State(msgspec.Struct, frozen=True):
    """A state that was not reached, and whether the machine leads there from the present one."""

    status: str
    possible: bool


class ConversationPage(msgspec.Struct, frozen=True, kw_only=True):
    """One conversation as shown; `passed` are its states in order, `others` those not reached."""

    conversation: Conversation
    passed: list[Passed]
    others: list[State]
    final: bool
    name: str
    candidate_url: str | None
    meetings: list[tuple[str, list[Appointment]]]
    topics: str


def conversations(request: Asked, services: Given) -> Response[Any]:
    """The conversations that fit the filters in the address."""
    asked, viewer = wanted(ConversationFilter, request), seen_by(request, services)
    with services.views.read() as connection:
        page = queries.list_conversations(connection, asked)
        held = hold(
            request,
            viewer,
            page,
            key=lambda row: row.id,
            again=lambda ids: queries.list_conversations(connection, asked, ids).items,
            newest_first=asked.sort in {"-last_event_at", "-first_at", "-status_since"},
        )
        counts = queries.count_conversations(connection, asked)
        known = campaigns(connection)
    context = ConversationsPage(
        held=held,
        tabs=_tabs(counts, asked, viewer),
        filters=asked,
        campaigns=[(campaign, campaign) for campaign in known],
        received=services.log.any_received(),
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
    row, person, viewer = detail.row, detail.person, seen_by(request, services)
    passed = _passed(row, viewer.now)
    context = ConversationPage(
        conversation=row,
        passed=passed,
        others=_others(row, passed),
        final=row.status in ENDS,
        name=row.candidate_name or (person.name if person else None) or row.candidate_id or row.id,
        candidate_url=f"/candidates/{encode_id(person.person)}" if person else None,
        meetings=_by_day(appointments(detail.meetings, viewer), viewer),
        topics=f"{encode_id(f'conversations:{row.id}')} meetings",
    )
    page, part = "conversations/conversation.html", "conversations/detail.html"
    return show(request, services, page, part, context)


def _passed(row: Conversation, now: int) -> list[Passed]:
    """The states in order, each with its time; events that led to no other state are left out."""
    changes = [entry for entry in row.history if entry.anomaly is None]
    states = [next(group) for _, group in groupby(changes, key=lambda entry: entry.status)]
    ends = [*(entry.at for entry in states[1:]), None]
    return [
        Passed(entry.status, entry.at, (now if end is None else end) - entry.at, end is None)
        for entry, end in zip(states, ends, strict=True)
    ]


def _others(row: Conversation, passed: list[Passed]) -> list[State]:
    """The states that were not reached, in the order of the machine's table."""
    reached = {state.status for state in passed}
    possible = set(MACHINE[Status(row.status)].values())
    return [State(status, status in possible) for status in MACHINE if status not in reached]


def _by_day(meetings: list[Appointment], viewer: Viewer) -> list[tuple[str, list[Appointment]]]:
    """Meetings under the names of their days, those without a time last."""
    groups = groupby(meetings, key=lambda one: one.day)
    return [(day_name(day, viewer) if day else "No time yet", [*group]) for day, group in groups]
