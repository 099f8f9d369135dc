"""When and where does who meet, what was moved, and who still has no slot?

Hears the seven scheduling events. An entity is a conversation with all its bookings; a
booking whose events name no conversation is its own. Read by Calendar, Conversation,
Candidate and Today.
"""

from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum
from functools import partial
from itertools import dropwhile

import msgspec

from projections import bookings as b
from projections import projection as p
from tracker.events import Event


class Status(StrEnum):
    """Where a booking, or a request for one, is in its life."""

    SCHEDULED = "scheduled"
    CANCELLED = "cancelled"
    UNAVAILABLE = "unavailable"
    MORE_TIME_REQUESTED = "more_time_requested"


# A booked meeting accepts everything, because what led there may be missing from the log.
# A cancelled one may be booked anew under its old id.
MACHINE: p.Machine[Status] = {
    Status.SCHEDULED: {
        b.SCHEDULED: Status.SCHEDULED,
        b.UPDATED: Status.SCHEDULED,
        b.RESCHEDULED: Status.SCHEDULED,
        b.NOTES_READY: Status.SCHEDULED,
        b.CANCELLED: Status.CANCELLED,
        b.NOT_FOUND: Status.UNAVAILABLE,
        b.MORE_TIME: Status.MORE_TIME_REQUESTED,
    },
    Status.CANCELLED: {
        b.SCHEDULED: Status.SCHEDULED,
        b.RESCHEDULED: Status.SCHEDULED,
        b.NOT_FOUND: Status.UNAVAILABLE,
        b.MORE_TIME: Status.MORE_TIME_REQUESTED,
    },
    Status.UNAVAILABLE: {
        b.SCHEDULED: Status.SCHEDULED,
        b.RESCHEDULED: Status.SCHEDULED,
        b.CANCELLED: Status.CANCELLED,
        b.NOT_FOUND: Status.UNAVAILABLE,
        b.MORE_TIME: Status.MORE_TIME_REQUESTED,
    },
    Status.MORE_TIME_REQUESTED: {
        b.SCHEDULED: Status.SCHEDULED,
        b.UPDATED: Status.MORE_TIME_REQUESTED,
        b.RESCHEDULED: Status.SCHEDULED,
        b.CANCELLED: Status.CANCELLED,
        b.NOT_FOUND: Status.UNAVAILABLE,
        b.MORE_TIME: Status.MORE_TIME_REQUESTED,
    },
}

CHANGES = b.BOOKINGS | {b.CANCELLED}

WAITS: dict[str, tuple[str, str, str]] = {
    Status.UNAVAILABLE: (b.NOT_FOUND, "availability_not_found", "No slot suited the candidate"),
    Status.MORE_TIME_REQUESTED: (
        b.MORE_TIME,
        "more_time_requested",
        "The candidate asked for more options to meet",
    ),
}


class Entry(p.Entry, frozen=True, omit_defaults=True):
    """An entry with the meeting's time, zone and place after the event."""

    starts_at: int | None = None
    ends_at: int | None = None
    timezone: str | None = None
    place: str | None = None


class Person(msgspec.Struct, frozen=True):
    """A participant; interviewers are participants, too."""

    name: str | None
    email: str | None


class Meeting(msgspec.Struct, frozen=True, kw_only=True):
    """One booking, or one request that found no slot.

    `revision` counts the changes since it was first booked, also under a former id.
    `first_id` is that former id, else its own; `superseded_by` is the booking that
    replaced it. `answered_by` is the booking event that came after the last request in the
    same conversation.
    """

    entity: str
    id: str
    organization_id: str
    conversation_id: str | None
    external_conversation_id: str | None
    campaign_external_id: str | None
    status: str
    title: str | None
    starts_at: int | None
    ends_at: int | None
    timezone: str | None
    video_conference: bool | None
    location: str | None
    meeting_url: str | None
    participants: tuple[Person, ...]
    revision: int
    first_id: str
    superseded_by: str | None
    answered_by: str | None
    notes_ready: bool
    notes_url: str | None
    reason: str | None
    first_at: int
    last_event_at: int
    acknowledged: tuple[str, ...]
    history: tuple[Entry, ...]
    anomalies: tuple[str, ...]
    anomaly_count: int


def key(event: Event) -> str:
    """The conversation; without one, the booking's own record."""
    return event.data.conversation_id or event.record_id


def fold(events: Sequence[Event]) -> Sequence[p.Row]:
    """One row a booking or request, in the order in which they appeared."""
    own = p.own_events(events)
    if not own:
        return ()
    conversation_id = p.last_known(own, "conversation_id")
    done = p.acknowledged(events)
    return [_meeting(booking, own, done) for booking in b.bookings(own, conversation_id)]


def _meeting(booking: b.Booking, all_events: Sequence[Event], done: frozenset[str]) -> Meeting:
    story = booking.events
    own = story[booking.inherited :]
    status, walked = p.walk(MACHINE, Status.SCHEDULED, story, _note)
    known, history = _history(story, walked)
    slot = b.slot(known.start, known.end, known.timezone)
    odd = (*_missing(story), *slot.anomalies)
    anomalies = p.anomalies(own, history[booking.inherited :], *odd)
    return Meeting(
        entity=key(own[0]),
        id=booking.id,
        organization_id=own[0].organization_id,
        conversation_id=p.last_known(all_events, "conversation_id"),
        external_conversation_id=p.last_known(all_events, "external_conversation_id"),
        campaign_external_id=p.last_known(all_events, "external_campaign_id"),
        status=status,
        title=known.title,
        starts_at=slot.starts_at,
        ends_at=slot.ends_at,
        timezone=slot.timezone,
        video_conference=known.video_conference,
        location=known.location,
        meeting_url=known.meeting_url,
        participants=tuple(Person(who.name, who.email) for who in known.participants),
        revision=max(0, sum(event.type in CHANGES for event in story) - 1),
        first_id=booking.first_id,
        superseded_by=booking.superseded_by,
        answered_by=_answer(own, all_events),
        notes_ready=any(event.type == b.NOTES_READY for event in own),
        notes_url=p.last_known(own, "notes_url"),
        reason=p.last_known(own, "reason"),
        first_at=own[0].occurred_at,
        last_event_at=own[-1].occurred_at,
        acknowledged=tuple(sorted(e.event_id for e in own if e.event_id in done)),
        history=history,
        anomalies=anomalies,
        anomaly_count=len(anomalies),
    )


def _note(event: Event) -> str | None:
    return event.data.reason  # type: ignore[no-any-return]


def _history(
    events: Sequence[Event], walked: Sequence[p.Entry]
) -> tuple[b.Details, tuple[Entry, ...]]:
    known, history = b.Details(), []
    for event, entry in zip(events, walked, strict=True):
        known = b.learn(known, event.data.meeting_details)
        slot = b.slot(known.start, known.end, known.timezone)
        place = known.location or known.meeting_url
        times = msgspec.structs.asdict(slot)
        del times["anomalies"]
        history.append(Entry(**msgspec.structs.asdict(entry), **times, place=place))
    return known, tuple(history)


def _missing(story: Sequence[Event]) -> Iterator[str]:
    """Something befell a booking whose making was not received."""
    types = {event.type for event in story}
    if types.isdisjoint({b.SCHEDULED} | b.REQUESTS):
        yield "schedule_missing"
    if not types.isdisjoint(b.BOOKINGS) and all(_without_start(event) for event in story):
        yield "start_missing"


def _without_start(event: Event) -> bool:
    details = event.data.meeting_details
    return details is None or details.start_date_time is None


def _answer(own: Sequence[Event], all_events: Sequence[Event]) -> str | None:
    """What was booked in the conversation after the last request among a booking's events."""
    asked = next((event for event in reversed(own) if event.type in b.REQUESTS), None)
    if asked is None:
        return None
    later = dropwhile(lambda event: event is not asked, all_events)
    booked = (e.event_id for e in later if e.type in {b.SCHEDULED, b.RESCHEDULED})
    return next(booked, None)


def tallies(row: Meeting) -> Iterable[p.Tally]:
    """Bookings and requests by campaign, status and day; replaced ones are left out."""
    if row.superseded_by is not None:
        return
    tally = partial(
        p.tally, organization_id=row.organization_id, subject=row.campaign_external_id or ""
    )
    yield tally("meetings", item=row.status, day=p.day_of(row.first_at))
    if row.starts_at is not None:
        yield tally("meeting_days", item=row.status, day=p.day_of(row.starts_at))


def attention(row: Meeting) -> Iterable[p.Attention]:
    """Requests wait until something is booked; notes wait to be read."""
    waiting = partial(
        p.Attention,
        organization_id=row.organization_id,
        identity=next(iter(links(row)), None),
    )
    wait = WAITS.get(row.status)
    if wait and row.answered_by is None:
        asked = _last(row, wait[0])
        if asked.event_id not in row.acknowledged:
            yield waiting(item=asked.event_id, reason=wait[1], words=wait[2], since=asked.at)
    if row.notes_ready:
        ready = _last(row, b.NOTES_READY)
        if ready.event_id not in row.acknowledged:
            words = "The notes of the meeting are ready"
            yield waiting(
                item=ready.event_id,
                reason="notes_ready",
                words=words,
                since=ready.at,
                url=row.notes_url,
            )


def _last(row: Meeting, event_type: str) -> Entry:
    return next(entry for entry in reversed(row.history) if entry.type == event_type)


def links(row: Meeting) -> Iterable[str]:
    """A meeting belongs to the person of its conversation; e-mails never join people."""
    yield from p.through_conversation(row.conversation_id)


def about(row: Meeting) -> p.About:
    """When something last happened; a participant's name need not be the candidate's."""
    return p.About(row.last_event_at)


def search(row: Meeting) -> Iterable[p.Found]:
    """A meeting is found by its title, its ids and everyone invited."""
    invited = (word for person in row.participants for word in (person.name, person.email))
    yield p.found(
        row.title or f"Meeting {row.id}",
        row.title,
        row.id,
        row.conversation_id,
        row.external_conversation_id,
        *invited,
    )


PROJECTION = p.Projection(
    name="meetings",
    version=1,
    tables=(
        p.Table(
            "meetings",
            Meeting,
            key=("entity", "id"),
            entity="entity",
            indexes=(
                ("id",),
                # All of a month are counted without a look at the table.
                ("starts_at", "ends_at", "status", "superseded_by", "organization_id"),
                *p.orders("starts_at", "entity", "id", within=("status",)),
                *p.orders("last_event_at", "entity", "id", within=("status",)),
            ),
            tallies=tallies,
            attention=attention,
            links=links,
            about=about,
            search=search,
        ),
    ),
    hears=frozenset(MACHINE[Status.SCHEDULED]),
    key=key,
    fold=fold,
)
