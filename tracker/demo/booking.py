"""Meetings within a story: booked, moved, cancelled, held, or not found at all."""

from datetime import datetime, timedelta
from typing import Any, Final

import msgspec

from tracker.demo import rhythm
from tracker.demo.cast import INTERVIEWERS, MARROWBY, Person, new_id
from tracker.demo.conversing import external_id
from tracker.demo.happenings import written
from tracker.demo.telling import Telling
from tracker.timing import HOUR, MINUTE

PLACES: Final = ("Depot 4, 12 Kiln Lane", "Marrowby House, Room Anvil")
_LENGTHS: Final = (30, 30, 45, 60)


class Booking(msgspec.Struct, frozen=True):
    """A slot that a story holds; `start` is local time in the meeting's zone."""

    id: str
    start: datetime
    minutes: int
    details: dict[str, Any]

    @property
    def end(self) -> int:
        """When the meeting is over, in microseconds."""
        return rhythm.moment_of(self.start) + self.minutes * MINUTE


def book(story: Telling, outcome: str, in_person: bool) -> Booking | None:
    """Look for a slot; without one the provider reports why under the conversation's own id."""
    story.wait_for_person(5 * MINUTE, 9 * HOUR)
    if outcome != "onBooked":
        name = {"onMoreTimeRequested": "CALENDAR_MORE_TIME_REQUESTED"}.get(
            outcome, "CALENDAR_AVAILABILITY_NOT_FOUND"
        )
        _tell(story, name, story.conversation or new_id(story.chance), None)
        return None
    booking = _new_booking(story, in_person)
    _tell(story, "CALENDAR_MEETING_SCHEDULED", booking.id, booking)
    if story.happens("update", 0.4):
        story.wait_for_person(3 * MINUTE, 4 * HOUR)
        _tell(story, "CALENDAR_MEETING_UPDATED", booking.id, booking)
    return booking


def rebook(story: Telling, old: Booking, outcome: str) -> Booking | None:
    """Move a meeting: under its own id, under a new one that names the old, or one that doesn't."""
    if outcome != "onBooked":
        return book(story, outcome, in_person=False)
    story.wait_for_person(5 * MINUTE, 6 * HOUR)
    moved = _new_booking(story, not old.details["videoConference"])
    if not story.happens("new booking id", 0.4):
        moved = msgspec.structs.replace(moved, id=old.id)
    named = moved.id != old.id and story.happens("names the old booking", 0.6)
    more = {"previousBookingId": old.id} if named else {}
    _tell(story, "CALENDAR_MEETING_RESCHEDULED", moved.id, moved, **more)
    return moved


def attend(story: Telling, booking: Booking, outcome: str) -> None:
    """What becomes of a booked meeting."""
    if outcome == "onCancelled":
        story.wait_for_person(30 * MINUTE, 20 * HOUR)
        reason = "The candidate accepted another offer"
        _tell(story, "CALENDAR_MEETING_CANCELLED", booking.id, booking, reason=reason)
    elif outcome == "onReschedule":
        story.wait_for_person(30 * MINUTE, 12 * HOUR)
    else:
        story.wait_for_meeting(booking.end)
        if outcome != "onNoShow" and story.happens("notes", 0.7):
            story.wait(2 * MINUTE, 15 * MINUTE)
            notes = f"https://popp.example.com/notes/{booking.id}"
            _tell(story, "CALENDAR_NOTE_TAKER_COMPLETED", booking.id, booking, notesUrl=notes)


def _new_booking(story: Telling, in_person: bool) -> Booking:
    chance, who = story.chance, story.who
    start = rhythm.slot(chance, story.at, who.zone)
    minutes = chance.choice(_LENGTHS)
    booking_id = f"bk_{chance.getrandbits(60):015x}"
    interviewer = chance.choice(INTERVIEWERS)
    where = (
        {"location": chance.choice(PLACES)}
        if in_person
        else {"meetingUrl": f"https://meet.example.com/{booking_id}"}
    )
    details = {
        "title": f"{'Site visit' if in_person else 'Interview'} with {who.name}",
        "startDateTime": _written(who, start),
        "endDateTime": _written(who, start + timedelta(minutes=minutes)),
        "timezone": who.zone,
        "videoConference": not in_person,
        **where,
        "participants": [
            {"name": who.name, "email": who.email},
            {"name": interviewer, "email": interviewer.lower().replace(" ", ".") + "@example.org"},
        ],
    }
    return Booking(booking_id, start, minutes, details)


def _tell(story: Telling, name: str, record_id: str, booking: Booking | None, **more: str) -> None:
    data = {
        "conversationId": story.conversation,
        "externalConversationId": external_id(story) if story.conversation else None,
        "externalCampaignId": story.campaign,
        "meetingDetails": booking.details if booking else None,
    }
    story.tell(name, record_id, data | more)


def _written(who: Person, local: datetime) -> str:
    """Both ways that ISO 8601 allows: one organization gets UTC, the other local time."""
    if who.organization is MARROWBY:
        return written(rhythm.moment_of(local))
    return local.isoformat()
