"""The calendar feed is read back as calendars read it."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import icalendar
import pytest

from tests.projections.queries.stored import NOON, body
from tests.web.asking import client
from tracker.timing import to_datetime
from web.timezones import vtimezone


def _meeting(
    type_: str, at: float, start: str, record: str = "bk-1", talk: str | None = None, **details: Any
) -> bytes:
    told = {"startDateTime": start, "timezone": "Europe/London"} | details
    named = {"conversationId": talk or f"talk-{record}", "meetingDetails": told}
    return body(f"CALENDAR_MEETING_{type_}", at, record=record, **named)


def _feed(data: Path, *bodies: bytes) -> bytes:
    with client(data, bodies) as browser:
        answer = browser.get("/calendar.ics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/calendar")
    return answer.content


def _events(feed: bytes) -> list[Any]:
    return list(icalendar.Calendar.from_ical(feed).walk("VEVENT"))


def test_a_meeting_has_all_that_a_calendar_shows(data: Path) -> None:
    booked = _meeting(
        "SCHEDULED",
        0,
        "2026-03-05T09:00:00",
        endDateTime="2026-03-05T09:30:00",
        title="Interview; second, with \\ and\nnew line",
        meetingUrl="https://meet.example.com/a b?x=1",
        participants=[{"name": 'Ada "the" Great', "email": "ada@example.com"}, {"name": "Bob"}],
    )
    (event,) = _events(_feed(data, booked))
    assert event["summary"] == "Interview; second, with \\ and\nnew line"
    assert event["status"] == "CONFIRMED"
    assert event["sequence"] == 0
    assert event["url"] == "https://meet.example.com/a%20b?x=1"
    assert event["attendee"] == "mailto:ada@example.com"
    assert event["attendee"].params["CN"] == "Ada 'the' Great"
    assert event["dtstart"].dt.utcoffset() == timedelta(0)
    assert event["dtend"].dt - event["dtstart"].dt == timedelta(minutes=30)
    assert event["dtstamp"].dt == event["last-modified"].dt == to_datetime(NOON)


def test_a_moved_meeting_keeps_its_uid_and_counts_on(data: Path) -> None:
    booked = _meeting("SCHEDULED", 0, "2026-03-05T09:00:00")
    (first,) = _events(_feed(data, booked))
    moved = _meeting("RESCHEDULED", 5, "2026-03-06T09:00:00")
    (second,) = _events(_feed(data, moved))
    assert second["uid"] == first["uid"]
    assert (first["sequence"], second["sequence"]) == (0, 1)
    assert second["dtstart"].dt - first["dtstart"].dt == timedelta(days=1)


def test_a_meeting_moved_under_a_new_id_keeps_its_uid(data: Path) -> None:
    (first,) = _events(_feed(data, _meeting("SCHEDULED", 0, "2026-03-05T09:00:00")))
    moved = _meeting("RESCHEDULED", 5, "2026-03-06T09:00:00", record="bk-2", talk="talk-bk-1")
    (second,) = _events(_feed(data, moved))
    assert second["uid"] == first["uid"]
    assert (first["sequence"], second["sequence"]) == (0, 1)


def test_a_cancelled_meeting_stays_as_cancelled(data: Path) -> None:
    booked = _meeting("SCHEDULED", 0, "2026-03-05T09:00:00")
    (event,) = _events(_feed(data, booked, _meeting("CANCELLED", 5, "2026-03-05T09:00:00")))
    assert (event["status"], event["sequence"]) == ("CANCELLED", 1)


@pytest.mark.parametrize(
    ("start", "utc_hour"), [("2026-03-28T10:00:00", 10), ("2026-03-30T10:00:00", 9)]
)
def test_a_local_time_is_right_on_both_sides_of_a_clock_change(
    data: Path, start: str, utc_hour: int
) -> None:
    feed = _feed(data, _meeting("SCHEDULED", 0, start))
    (event,) = _events(feed)
    assert b"DTSTART;TZID=Europe/London:" + start.replace("-", "").replace(":", "").encode() in feed
    assert event["dtstart"].dt.astimezone(ZoneInfo("UTC")).hour == utc_hour


@pytest.mark.parametrize(
    "name",
    ["Europe/London", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "UTC"],
)
def test_a_zone_says_every_change_by_the_time_before_it(name: str) -> None:
    """Read as RFC 5545 says: the observance with the latest onset holds."""
    onsets = []
    for part in vtimezone(name, 2026, 2026).subcomponents:
        onset = part["dtstart"].dt - part["tzoffsetfrom"].td
        onsets.append((onset, part["tzoffsetto"].td, part["tzname"]))
    onsets.sort()
    zone, moment = ZoneInfo(name), datetime(2026, 1, 1)  # noqa: DTZ001 - UTC, compared naively
    while moment.year == 2026:
        local = moment.replace(tzinfo=ZoneInfo("UTC")).astimezone(zone)
        _, offset, called = [onset for onset in onsets if onset[0] <= moment][-1]
        assert (local.utcoffset(), local.tzname()) == (offset, called)
        moment += timedelta(minutes=30)


def test_a_meeting_without_a_zone_is_in_utc(data: Path) -> None:
    (event,) = _events(
        _feed(data, _meeting("SCHEDULED", 0, "2026-03-05T09:00:00Z", timezone="Nowhere/Here"))
    )
    assert event["dtstart"].to_ical() == b"20260305T090000Z"


def test_what_has_no_time_or_was_replaced_is_left_out(data: Path) -> None:
    asked = body("CALENDAR_AVAILABILITY_NOT_FOUND", record="ask", conversationId="talk")
    assert _events(_feed(data, asked)) == []


def test_lines_are_folded_and_nothing_can_break_out_of_one(data: Path) -> None:
    booked = _meeting(
        "SCHEDULED",
        0,
        "2026-03-05T09:00:00",
        title="ü" * 200 + "\r\nBEGIN:VEVENT",
        location="x\r\nATTENDEE:mailto:evil@example.com",
        meetingUrl="https://x.example.com/\r\nX-EVIL:1",
        participants=[{"name": "a\r\nX-EVIL:1", "email": "a@example.com\r\nX-EVIL:1"}],
    )
    feed = _feed(data, booked)
    lines = feed.split(b"\r\n")
    assert max(map(len, lines)) <= 75
    assert [line for line in lines if line.startswith((b"X-EVIL", b"ATTENDEE:mailto:evil"))] == []
    assert len(_events(feed)) == 1


def test_no_control_character_reaches_a_calendar(data: Path) -> None:
    odd = "a\x00b\x07c\x1bd\x7f"
    booked = _meeting(
        "SCHEDULED", 0, "2026-03-05T09:00:00", title=odd, location=odd,
        participants=[{"name": odd, "email": "a@example.com"}],
    )  # fmt: skip
    feed = _feed(data, booked)
    assert feed.count(b"abcd") == 3
    assert [byte for byte in feed if byte < 32 and byte not in b"\r\n"] == []
    assert b"\x7f" not in feed


def test_the_same_meetings_give_the_same_bytes(data: Path) -> None:
    booked = _meeting("SCHEDULED", 0, "2026-03-05T09:00:00")
    assert _feed(data, booked) == _feed(data)
