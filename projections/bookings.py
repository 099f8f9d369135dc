"""Which events belong to which meeting, and when and where a meeting is.

The two questions that `projections.meetings` asks before it makes rows. A booking's id is
the record of its events; a request that found no slot has an id of its own only sometimes.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo

import msgspec

from tracker.events import Event
from tracker.payloads import MeetingDetails, Participant
from tracker.timing import from_iso

SCHEDULED = "CALENDAR_MEETING_SCHEDULED"
UPDATED = "CALENDAR_MEETING_UPDATED"
RESCHEDULED = "CALENDAR_MEETING_RESCHEDULED"
CANCELLED = "CALENDAR_MEETING_CANCELLED"
NOT_FOUND = "CALENDAR_AVAILABILITY_NOT_FOUND"
MORE_TIME = "CALENDAR_MORE_TIME_REQUESTED"
NOTES_READY = "CALENDAR_NOTE_TAKER_COMPLETED"

REQUESTS = frozenset({NOT_FOUND, MORE_TIME})
BOOKINGS = frozenset({SCHEDULED, UPDATED, RESCHEDULED})


class Booking(msgspec.Struct):
    """A booking or request with its events; the first `inherited` are of the one it replaced.

    `first_id` is the id under which it was first booked, before anything replaced it.
    """

    id: str
    events: list[Event]
    inherited: int = 0
    active: bool = False
    superseded_by: str | None = None
    first_id: str = ""


def bookings(events: Sequence[Event], conversation_id: str | None) -> Iterable[Booking]:
    """Share out the canonically ordered events of one conversation.

    A reschedule under a new id replaces the booking that it names, else the newest active
    one, and takes over its story. An id that was booked before is only moved.
    """
    found: dict[str, Booking] = {}
    replaced: dict[str, str] = {}
    for event in events:
        id_ = _id(event, conversation_id)
        booking = found.get(id_) or Booking(id_, [])
        if event.type == RESCHEDULED:
            _replace(booking, event, found, replaced)
        if event.type in {SCHEDULED, RESCHEDULED}:
            replaced.pop(id_, None)
        if event.type in BOOKINGS or event.type == CANCELLED:
            booking.active = event.type != CANCELLED
        booking.events.append(event)
        found[id_] = booking
    before = {new: old for old, new in replaced.items() if old in found}
    for booking in found.values():
        booking.superseded_by = replaced.get(booking.id)
        booking.first_id = _first(booking.id, before)
    return found.values()


def _first(id_: str, before: Mapping[str, str]) -> str:
    """The id at the beginning of a chain of replacements, which may lead back to itself."""
    passed = {id_}
    while (earlier := before.get(id_)) is not None and earlier not in passed:
        passed.add(id_ := earlier)
    return id_


def _id(event: Event, conversation_id: str | None) -> str:
    """A request may be filed under the conversation: then each is a row of its own."""
    if event.type in REQUESTS and event.record_id == conversation_id:
        return f"request:{event.event_id}"
    return event.record_id


def _replace(
    booking: Booking, event: Event, found: dict[str, Booking], replaced: dict[str, str]
) -> None:
    named = event.data.previous_booking_id
    before = found.get(named) if named else None
    if not named and all(earlier.type not in BOOKINGS for earlier in booking.events):
        active = (b for b in reversed(found.values()) if b.active and b.id not in replaced)
        before = next(active, None)
    old = named or (before.id if before else None)
    if old is None:
        return
    replaced[old] = booking.id
    if before and not booking.events:
        booking.events.extend(before.events)
        booking.inherited = len(before.events)


class Details(msgspec.Struct, frozen=True):
    """What is known of a meeting; times as the provider wrote them."""

    title: str | None = None
    start: str | None = None
    end: str | None = None
    timezone: str | None = None
    location: str | None = None
    video_conference: bool | None = None
    meeting_url: str | None = None
    participants: tuple[Participant, ...] = ()


def learn(known: Details, new: MeetingDetails | None) -> Details:
    """What is known after an event: a new start brings its own end, a new place replaces all."""
    if new is None:
        return known
    same_time = new.start_date_time is None
    same_place = new.location is None and new.meeting_url is None and new.video_conference is None
    return Details(
        new.title or known.title,
        known.start if same_time else new.start_date_time,
        known.end if same_time and new.end_date_time is None else new.end_date_time,
        new.timezone or known.timezone,
        known.location if same_place else new.location,
        known.video_conference if same_place else new.video_conference,
        known.meeting_url if same_place else new.meeting_url,
        known.participants if new.participants is None else new.participants,
    )


class Slot(msgspec.Struct, frozen=True):
    """A meeting's time in microseconds; its zone only if there is one of that name."""

    starts_at: int | None
    ends_at: int | None
    timezone: str | None
    anomalies: tuple[str, ...] = ()


@lru_cache(maxsize=4096)
def slot(start: str | None, end: str | None, timezone: str | None) -> Slot:
    """Read a meeting's time. A local one is in the meeting's zone, in UTC if that is unknown.

    A time that can't be read and an end before the start are left out; the anomalies say so.
    """
    zone = _zone(timezone)
    odd = [] if zone or timezone is None else ["timezone_unknown"]
    starts_at, start_oddity = _moment(start, zone)
    ends_at, end_oddity = _moment(end, zone)
    odd += [f"start_{start_oddity}"] if start_oddity else []
    odd += [f"end_{end_oddity}"] if end_oddity else []
    if starts_at is not None and ends_at is not None and ends_at < starts_at:
        ends_at = None
        odd.append("end_before_start")
    return Slot(starts_at, ends_at, timezone if zone else None, tuple(odd))


def _moment(text: str | None, zone: tzinfo | None) -> tuple[int | None, str | None]:
    """Microseconds of a time, and what is odd about it."""
    if text is None:
        return None, None
    try:
        written = datetime.fromisoformat(text)
        if written.tzinfo is not None:
            return from_iso(text), None
        moment = from_iso(written.replace(tzinfo=zone or UTC).isoformat())
    except (ValueError, OverflowError):
        return None, "unreadable"
    return moment, None if zone else "without_zone"


def _zone(name: str | None) -> tzinfo | None:
    # "localtime" is the zone of the machine: the same events would give other rows elsewhere.
    if not name or name == "localtime":
        return None
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return None
