"""How far did each conversation get, how did it end, and which ones wait for a person?

Hears the seven conversation events. Read by Conversations, Conversation, Candidate and Today.
"""

from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum
from functools import partial

import msgspec

from projections import projection as p
from tracker.events import Event


class Status(StrEnum):
    """Where a conversation is in its life."""

    QUEUED = "queued"
    STARTED = "started"
    NEEDS_REVIEW = "needs_review"
    MAX_NUDGES_REACHED = "max_nudges_reached"
    COMPLETED = "completed"
    OPTED_OUT = "opted_out"
    START_FAILED = "start_failed"


# Before a first message is known, anything may come next, because what led there may be
# missing from the log. A candidate may still answer after the nudges, a failed start may be
# tried again, and a person may be asked to look at a conversation that is over.
MACHINE: p.Machine[Status] = {
    Status.QUEUED: {
        "CONVERSATION_QUEUED": Status.QUEUED,
        "CONVERSATION_STARTED": Status.STARTED,
        "CONVERSATION_NEEDS_REVIEW": Status.NEEDS_REVIEW,
        "CONVERSATION_MAX_NUDGES_REACHED": Status.MAX_NUDGES_REACHED,
        "CONVERSATION_COMPLETED": Status.COMPLETED,
        "CONVERSATION_OPTED_OUT": Status.OPTED_OUT,
        "START_CONVERSATION_FAILED": Status.START_FAILED,
    },
    Status.STARTED: {
        "CONVERSATION_NEEDS_REVIEW": Status.NEEDS_REVIEW,
        "CONVERSATION_MAX_NUDGES_REACHED": Status.MAX_NUDGES_REACHED,
        "CONVERSATION_COMPLETED": Status.COMPLETED,
        "CONVERSATION_OPTED_OUT": Status.OPTED_OUT,
    },
    Status.NEEDS_REVIEW: {
        "CONVERSATION_STARTED": Status.STARTED,
        "CONVERSATION_NEEDS_REVIEW": Status.NEEDS_REVIEW,
        "CONVERSATION_MAX_NUDGES_REACHED": Status.MAX_NUDGES_REACHED,
        "CONVERSATION_COMPLETED": Status.COMPLETED,
        "CONVERSATION_OPTED_OUT": Status.OPTED_OUT,
    },
    Status.MAX_NUDGES_REACHED: {
        "CONVERSATION_STARTED": Status.STARTED,
        "CONVERSATION_NEEDS_REVIEW": Status.NEEDS_REVIEW,
        "CONVERSATION_MAX_NUDGES_REACHED": Status.MAX_NUDGES_REACHED,
        "CONVERSATION_COMPLETED": Status.COMPLETED,
        "CONVERSATION_OPTED_OUT": Status.OPTED_OUT,
    },
    Status.COMPLETED: {"CONVERSATION_NEEDS_REVIEW": Status.NEEDS_REVIEW},
    Status.OPTED_OUT: {},
    Status.START_FAILED: {
        "CONVERSATION_QUEUED": Status.QUEUED,
        "CONVERSATION_STARTED": Status.STARTED,
        "CONVERSATION_NEEDS_REVIEW": Status.NEEDS_REVIEW,
        "CONVERSATION_MAX_NUDGES_REACHED": Status.MAX_NUDGES_REACHED,
        "CONVERSATION_COMPLETED": Status.COMPLETED,
        "CONVERSATION_OPTED_OUT": Status.OPTED_OUT,
        "START_CONVERSATION_FAILED": Status.START_FAILED,
    },
}

ENDS = frozenset({Status.COMPLETED, Status.OPTED_OUT, Status.START_FAILED})
AFTER_START = frozenset(MACHINE[Status.STARTED])

# What Popp's conversation status says about the outcome. One that is not listed says nothing,
# so an outcome known before it stays.
OUTCOMES = {
    "ONGOING": None,
    "COMPLETED_SCREENING_PASSED": "passed",
    "COMPLETED_SCREENING_FAILED": "failed",
    "CLOSED": "closed",
}

WAITS: dict[str, str] = {
    Status.NEEDS_REVIEW: "Asked for a person to look at the conversation",
    Status.MAX_NUDGES_REACHED: "Has not answered, and all nudges were sent",
    Status.START_FAILED: "The conversation could not start",
}


class Entry(p.Entry, frozen=True, omit_defaults=True):
    """An entry with the microseconds until the status next changed, None if it has not."""

    lasted: int | None = None


class Answer(msgspec.Struct, frozen=True):
    """One screening question, how it was judged and what was answered."""

    question: str | None
    outcome: str | None
    summary: str | None


class Conversation(msgspec.Struct, frozen=True, kw_only=True):
    """One conversation.

    `stage` is the furthest point it reached (queued, started, completed, passed), whatever
    became of it afterwards. The `waited_…` are microseconds from queued to started and from
    started to completed, None where one of the two is not known.
    """

    id: str
    organization_id: str
    status: str
    stage: str
    outcome: str | None
    conversation_status: str | None
    candidate_id: str | None
    candidate_name: str | None
    external_id: str | None
    campaign_external_id: str | None
    score: float | None
    url: str | None
    screening: tuple[Answer, ...]
    first_at: int
    queued_at: int | None
    started_at: int | None
    completed_at: int | None
    ended_at: int | None
    waited_to_start: int | None
    waited_to_complete: int | None
    status_since: int
    last_event_at: int
    reason: str | None
    acknowledged: tuple[str, ...]
    history: tuple[Entry, ...]
    anomalies: tuple[str, ...]
    anomaly_count: int


# A conversation's events name it as their record.
key = p.by_record


def fold(events: Sequence[Event]) -> Sequence[p.Row]:
    """The conversation as all its events tell it."""
    own = p.own_events(events)
    if not own:
        return ()
    status, entries = p.walk(MACHINE, Status.QUEUED, own, _note)
    history = _lasting(entries)
    outcome = _outcome(own)
    first = {event.type: event.occurred_at for event in reversed(own)}
    queued_at = first.get("CONVERSATION_QUEUED")
    started_at = first.get("CONVERSATION_STARTED")
    completed_at = first.get("CONVERSATION_COMPLETED")
    since = next(e.at for e in history if e.lasted is None)
    anomalies = p.anomalies(own, history, *_missing(first, outcome))
    conversation = Conversation(
        id=own[0].record_id,
        organization_id=own[0].organization_id,
        status=status,
        stage=_stage(first, outcome),
        outcome=outcome,
        conversation_status=p.last_known(own, "conversation_status"),
        candidate_id=p.last_known(own, "candidate_id"),
        candidate_name=_name(own),
        external_id=p.last_known(own, "external_id"),
        campaign_external_id=p.last_known(own, "external_campaign_id"),
        score=p.finite(p.last_known(own, "scorecard_total_value")),
        url=p.last_known(own, "campaign_conversation_url"),
        screening=_screening(own),
        first_at=own[0].occurred_at,
        queued_at=queued_at,
        started_at=started_at,
        completed_at=completed_at,
        ended_at=since if status in ENDS else None,
        waited_to_start=_between(queued_at, started_at),
        waited_to_complete=_between(started_at, completed_at),
        status_since=since,
        last_event_at=own[-1].occurred_at,
        reason=_cause(history).note,
        acknowledged=tuple(sorted(p.acknowledged(events))),
        history=history,
        anomalies=anomalies,
        anomaly_count=len(anomalies),
    )
    return (conversation,)


def _note(event: Event) -> str | None:
    return event.data.reason  # type: ignore[no-any-return]


def _lasting(entries: Sequence[p.Entry]) -> tuple[Entry, ...]:
    timed: list[Entry] = []
    status = ""
    changed_at: int | None = None
    later_at: int | None = None
    for entry in reversed(entries):
        if entry.status != status:
            status, changed_at = entry.status, later_at
        lasted = None if changed_at is None else changed_at - entry.at
        timed.append(Entry(**msgspec.structs.asdict(entry), lasted=lasted))
        later_at = entry.at
    return tuple(reversed(timed))


def _cause(history: Sequence[Entry]) -> Entry:
    """The newest entry that led to the present status, or confirmed it."""
    return next(entry for entry in reversed(history) if entry.anomaly is None)


def _outcome(events: Sequence[Event]) -> str | None:
    for event in reversed(events):
        said = event.data.conversation_status
        if said is not None and said.strip().upper() in OUTCOMES:
            return OUTCOMES[said.strip().upper()]
    return None


def _stage(first: dict[str, int], outcome: str | None) -> str:
    if "CONVERSATION_COMPLETED" in first:
        return "passed" if outcome == "passed" else "completed"
    return "queued" if first.keys().isdisjoint(_STARTED) else "started"


_STARTED = frozenset({"CONVERSATION_STARTED", "CONVERSATION_MAX_NUDGES_REACHED"})


def _missing(first: dict[str, int], outcome: str | None) -> Iterator[str]:
    """A start that was not received, and a completion that does not say how it ended."""
    if "CONVERSATION_STARTED" not in first and not first.keys().isdisjoint(AFTER_START):
        yield "start_missing"
    if "CONVERSATION_COMPLETED" in first and outcome is None:
        yield "outcome_missing"


def _name(events: Sequence[Event]) -> str | None:
    first = p.last_known(events, "participant_first_name")
    last = p.last_known(events, "participant_last_name")
    return " ".join(name for name in (first, last) if name) or None


def _screening(events: Sequence[Event]) -> tuple[Answer, ...]:
    answers = p.last_known(events, "screening_questions_outcome") or ()
    return tuple(
        Answer(a.screening_question, a.question_outcome, a.response_summary) for a in answers
    )


def _between(start: int | None, end: int | None) -> int | None:
    return end - start if start is not None and end is not None and end >= start else None


def tallies(row: Conversation) -> Iterable[p.Tally]:
    """Conversations by campaign, status, outcome, stage and first day; waits by what they led to.

    The funnel is a sum of these: `target` is the stage, so started are all but the queued.
    """
    tally = partial(
        p.tally,
        organization_id=row.organization_id,
        subject=row.campaign_external_id or "",
        day=p.day_of(row.first_at),
    )
    yield tally("conversations", item=row.status, outcome=row.outcome or "", target=row.stage)
    if row.waited_to_start is not None:
        yield tally("conversation_waits", item="started", total=row.waited_to_start)
    if row.waited_to_complete is not None:
        yield tally("conversation_waits", item="completed", total=row.waited_to_complete)


def attention(row: Conversation) -> Iterable[p.Attention]:
    """Review, exhausted nudges and failed starts wait for a person while they are the status."""
    cause = _cause(row.history)
    if row.status in WAITS and cause.event_id not in row.acknowledged:
        yield p.Attention(
            item=cause.event_id,
            reason=row.status,
            words=WAITS[row.status],
            since=cause.at,
            organization_id=row.organization_id,
            candidate_name=row.candidate_name,
            identity=next(iter(links(row))),
            url=row.url,
        )


def links(row: Conversation) -> Iterable[str]:
    """The candidate, and the conversation itself, through which meetings find the person."""
    yield from p.candidate(row.candidate_id)
    yield from p.through_conversation(row.id)


def about(row: Conversation) -> p.About:
    """The candidate's name, as the conversation last had it."""
    return p.About(row.last_event_at, row.candidate_name)


def search(row: Conversation) -> Iterable[p.Found]:
    """A conversation is found by its person, its ids and its campaign."""
    yield p.found(
        row.candidate_name or f"Conversation {row.id}",
        row.candidate_name,
        row.id,
        row.external_id,
        row.candidate_id,
        row.campaign_external_id,
    )


PROJECTION = p.Projection(
    name="conversations",
    version=1,
    tables=(
        p.Table(
            "conversations",
            Conversation,
            key=("id",),
            entity="id",
            indexes=(
                # Each order of the list, alone and within what it is filtered by most.
                *p.orders("last_event_at", "id", within=("status", "campaign_external_id")),
                *p.orders("first_at", "id", within=("status", "campaign_external_id")),
                *p.orders("status_since", "id", within=("status", "campaign_external_id")),
                *p.orders("score", "id", within=("status", "campaign_external_id")),
                # Medians: the middle of a walk in order.
                ("waited_to_start",),
                ("waited_to_complete",),
                ("campaign_external_id", "waited_to_start"),
                ("campaign_external_id", "waited_to_complete"),
            ),
            tallies=tallies,
            attention=attention,
            links=links,
            about=about,
            search=search,
        ),
    ),
    hears=frozenset(MACHINE[Status.QUEUED]),
    key=key,
    fold=fold,
)
