"""The vocabulary: every event type that is understood, in one table.

Validation, filters, documentation and the fixtures' list derive from `CATALOGUE`.
A rank is a type's place in the life of what it speaks of: among events of the
same moment, the lower rank happened first.
"""

from collections.abc import Iterable
from typing import Any, Final

import msgspec

from tracker import payloads as p
from tracker.compression import as_received
from tracker.reading import read_payload

INTERNAL_PREFIX: Final = "TRACKER_"

# The one event of our own that comes in like any other, signed and posted: no projection hears it.
TEST_RECEIVED: Final = "TRACKER_TEST_RECEIVED"


class EventType(msgspec.Struct, frozen=True):
    """One row of the catalogue."""

    name: str
    family: str
    rank: int
    payload: type[p.Payload]
    says: str
    understood: bool = True


def _family(
    family: str, *rows: tuple[str, int, type[p.Payload], str]
) -> list[tuple[str, EventType]]:
    return [
        (name, EventType(name, family, rank, payload, says)) for name, rank, payload, says in rows
    ]


# fmt: off
CATALOGUE: Final[dict[str, EventType]] = dict([
    *_family("conversation",
        ("CONVERSATION_QUEUED",            10, p.Conversation, "A conversation waits to start."),
        ("CONVERSATION_STARTED",           20, p.Conversation, "The first message was delivered."),
        ("CONVERSATION_NEEDS_REVIEW",      30, p.Conversation, "A person must look at the conversation."),
        ("CONVERSATION_MAX_NUDGES_REACHED", 40, p.Conversation, "All nudges were sent and nobody answered."),
        ("CONVERSATION_COMPLETED",         50, p.Conversation, "The conversation reached its end."),
        ("CONVERSATION_OPTED_OUT",         60, p.Conversation, "The candidate opted out."),
        ("START_CONVERSATION_FAILED",      70, p.Conversation, "The conversation could not start."),
    ),
    *_family("analysis",
        ("ANALYSIS_CREATED",               10, p.AnalysisCreated, "A batch of candidates for one job is being analysed."),
        ("CANDIDATE_ANALYSIS_COMPLETED",   20, p.CandidateAnalysis, "One candidate of an analysis was scored."),
    ),
    *_family("meeting",
        ("CALENDAR_AVAILABILITY_NOT_FOUND", 10, p.Meeting, "No slot suited the candidate."),
        ("CALENDAR_MORE_TIME_REQUESTED",   20, p.Meeting, "The candidate asked for more options."),
        ("CALENDAR_MEETING_SCHEDULED",     30, p.Meeting, "A meeting was booked."),
        ("CALENDAR_MEETING_UPDATED",       40, p.Meeting, "A meeting was accepted, declined or its details changed."),
        ("CALENDAR_MEETING_RESCHEDULED",   50, p.Meeting, "A meeting was moved."),
        ("CALENDAR_MEETING_CANCELLED",     60, p.Meeting, "A meeting was cancelled."),
        ("CALENDAR_NOTE_TAKER_COMPLETED",  70, p.Meeting, "The notes of a meeting are ready."),
    ),
    *_family("run",
        ("WORKFLOW_RUN_STARTED",           10, p.Workflow, "One candidate entered a workflow."),
        ("WORKFLOW_CONTACT_RESOLVED",      20, p.Contact, "An inline contact became, or was matched to, a candidate profile."),
        ("WORKFLOW_NODE_COMPLETED",        30, p.NodeCompleted, "A node of the workflow completed with an outcome."),
        ("WORKFLOW_CONTACT_RESOLUTION_SKIPPED", 40, p.Contact, "The contact already had an active run; this is that run."),
        ("WORKFLOW_RUN_COMPLETED",         50, p.RunEnded, "A run reached the end of its graph."),
        ("WORKFLOW_RUN_FAILED",            60, p.RunEnded, "A run failed and could not continue."),
        ("WORKFLOW_RUN_CANCELLED",         70, p.RunEnded, "A run was cancelled, by the API or because its workflow was archived."),
    ),
    *_family("contact",
        ("WORKFLOW_CONTACT_RESOLUTION_FAILED", 10, p.Contact, "An inline contact could not become a candidate profile."),
    ),
    *_family("workflow",
        ("WORKFLOW_PUBLISHED",             10, p.Published, "A version of a workflow went live."),
    ),
    *_family("tracker",
        ("TRACKER_TEST_RECEIVED",          70, p.Test, "A test delivery arrived; it counts nowhere."),
        ("TRACKER_WORKFLOW_IMPORTED",      80, p.Imported, "A person imported the configuration of a workflow."),
        ("TRACKER_ACKNOWLEDGED",           90, p.Target, "A person took care of an item that waited."),
        ("TRACKER_ACKNOWLEDGEMENT_UNDONE", 91, p.Target, "A person put an acknowledged item back."),
        ("TRACKER_ERASURE_LIFTED",         98, p.ErasureLifted, "What comes about an erased person is kept again."),
        ("TRACKER_PERSON_ERASED",          99, p.Erased, "A person's data was erased."),
    ),
])
# fmt: on

PROVIDER_TYPES: Final = tuple(name for name, t in CATALOGUE.items() if t.family != "tracker")


def event_type(name: str) -> EventType:
    """The catalogue's row of a type, or a row of family `unknown` for one it lacks."""
    known = CATALOGUE.get(name)
    if known is not None:
        return known
    return EventType(name, "unknown", 0, p.Payload, "Not understood yet.", understood=False)


class Event(msgspec.Struct, frozen=True):
    """One fact, as a fold sees it.

    It carries nothing that depends on arrival (no position, no `received_at`), so
    that no fold can depend on it. `occurred_at` is in microseconds since 1970 UTC.
    `data` is the payload struct that the catalogue names for the type.
    `unreadable` lists the paths in `data` whose values were of another kind.
    """

    event_id: str
    type: str
    record_id: str
    organization_id: str
    occurred_at: int
    data: Any
    unreadable: tuple[str, ...] = ()


def read_event(
    event_id: str,
    type_name: str,
    record_id: str,
    organization_id: str,
    occurred_at: int,
    body: bytes,
) -> Event:
    """The event of one row of the log, with its payload read from the exact bytes."""
    received = as_received(body, event_id, type_name, record_id, organization_id, occurred_at)
    reading = read_payload(event_type(type_name).payload, received)
    return Event(
        event_id,
        type_name,
        record_id,
        organization_id,
        occurred_at,
        reading.payload,
        reading.unreadable,
    )


def canonical(events: Iterable[Event]) -> list[Event]:
    """Events in canonical order: when they happened, rank of the type, event id."""
    return sorted(events, key=_place)


_RANKS: Final = {name: known.rank for name, known in CATALOGUE.items()}


def _place(event: Event) -> tuple[int, int, str]:
    return event.occurred_at, _RANKS.get(event.type, 0), event.event_id
