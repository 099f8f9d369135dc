"""Conversations: `/api/v1/conversations`."""

from datetime import datetime

import msgspec
from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromPath

from projections.queries import conversations as queries
from projections.queries.filters import ConversationFilter
from web.api.answers import Items, answer, answers, items
from web.api.asking import Query, asks, wanted
from web.api.runs import Entry
from web.ids import decode_id
from web.services import Services


class Conversation(msgspec.Struct, frozen=True, kw_only=True):
    """One conversation."""

    id: str
    organization_id: str
    status: str
    outcome: str | None
    candidate_id: str | None
    candidate_name: str | None
    campaign_external_id: str | None
    score: float | None
    url: str | None
    started_at: datetime | None
    last_event_at: datetime
    anomalies: list[str]


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """One screening question, how it was judged and what was answered."""

    question: str | None
    outcome: str | None
    summary: str | None


class WholeConversation(Conversation, frozen=True, kw_only=True):
    """One conversation with its screening answers and its history."""

    reason: str | None
    screening: list[Answer]
    history: list[Entry]


@get(
    "/api/v1/conversations",
    sync_to_thread=True,
    operation_class=asks(ConversationFilter),
    tags=["Conversations"],
)
def conversations(request: Query, services: NamedDependency[Services]) -> Items[Conversation]:
    """Conversations, by default those that something happened to last."""
    asked = wanted(ConversationFilter, request)
    with services.views.read() as connection:
        return items(Conversation, queries.list_conversations(connection, asked))


@get("/api/v1/conversations/{conversation_id:str}", sync_to_thread=True, tags=["Conversations"])
def conversation(
    conversation_id: FromPath[str], services: NamedDependency[Services]
) -> WholeConversation:
    """One conversation."""
    with services.views.read() as connection:
        row = queries.conversation(connection, decode_id(conversation_id)).row
    return answer(WholeConversation, row, history=answers(Entry, row.history))


CONVERSATION_HANDLERS = [conversations, conversation]
