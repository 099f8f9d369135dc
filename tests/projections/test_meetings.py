"""Meetings: one row a booking, what was moved, and who still has no slot."""

from typing import Any

import pytest

from projections.meetings import PROJECTION, Person
from tests.projections import builders as b
from tests.projections.builders import ACME, SUMMER, TALK, acknowledge, event, minute, only
from tracker.events import Event
from tracker.timing import to_iso

KIND = {
    "scheduled": "CALENDAR_MEETING_SCHEDULED",
    "updated": "CALENDAR_MEETING_UPDATED",
    "rescheduled": "CALENDAR_MEETING_RESCHEDULED",
    "cancelled": "CALENDAR_MEETING_CANCELLED",
    "no_slot": "CALENDAR_AVAILABILITY_NOT_FOUND",
    "more_time": "CALENDAR_MORE_TIME_REQUESTED",
    "notes": "CALENDAR_NOTE_TAKER_COMPLETED",
}
TEN = {"startDateTime": "2026-03-10T10:00:00Z", "endDateTime": "2026-03-10T11:00:00Z"}
NOON = {"startDateTime": "2026-03-11T12:00:00Z", "endDateTime": "2026-03-11T12:30:00Z"}


def happens(what: str, at: int, record: str = "book-1", **data: Any) -> Event:
    """A scheduling event in Ada's conversation; `details` are the meeting's."""
    details = data.pop("details", None)
    common = {"conversationId": TALK, "meetingDetails": details}
    return event(KIND[what], at, record=record, **(common | data))


def by_id(*events: Event) -> dict[str, Any]:
    return {row.id: row for row in b.folded(PROJECTION, *events)}


def attention(*events: Event) -> list[tuple[str, str]]:
    rows = b.folded(PROJECTION, *events)
    return [(item.reason, item.item) for item in b.waiting(PROJECTION, rows)]


def times(row: Any) -> tuple[str | None, str | None]:
    return (
        None if row.starts_at is None else to_iso(row.starts_at),
        None if row.ends_at is None else to_iso(row.ends_at),
    )


def test_a_booked_meeting_says_when_where_and_with_whom() -> None:
    details = TEN | {
        "title": "Interview",
        "timezone": "Europe/Berlin",
        "videoConference": True,
        "meetingUrl": "https://meet.example/1",
        "participants": [{"name": "Ada", "email": "ada@example.org"}],
    }
    row = only(PROJECTION, happens("scheduled", 0, details=details, externalCampaignId=SUMMER))
    assert (row.entity, row.id, row.conversation_id) == (TALK, "book-1", TALK)
    assert (row.status, row.title, row.revision) == ("scheduled", "Interview", 0)
    assert times(row) == ("2026-03-10T10:00:00Z", "2026-03-10T11:00:00Z")
    assert (row.timezone, row.video_conference, row.meeting_url) == (
        "Europe/Berlin",
        True,
        "https://meet.example/1",
    )
    assert row.participants == (Person("Ada", "ada@example.org"),)
    assert (row.campaign_external_id, row.anomalies) == (SUMMER, ())


def test_a_booking_without_a_conversation_is_its_own() -> None:
    row = only(PROJECTION, happens("scheduled", 0, details=TEN, conversationId=None))
    assert (row.entity, row.id, row.conversation_id) == ("book-1", "book-1", None)
    assert b.linked(PROJECTION, row) == []


def test_a_reschedule_under_the_same_id_is_one_row_with_old_and_new() -> None:
    old = TEN | {"timezone": "Europe/Berlin", "location": "Room 1"}
    new = NOON | {"timezone": "Europe/Paris", "meetingUrl": "https://meet.example/1"}
    row = only(
        PROJECTION,
        happens("scheduled", 0, details=old),
        happens("rescheduled", 5, details=new, reason="Ill"),
    )
    assert (row.status, row.revision, row.reason) == ("scheduled", 1, "Ill")
    assert times(row) == ("2026-03-11T12:00:00Z", "2026-03-11T12:30:00Z")
    assert (row.location, row.meeting_url) == (None, "https://meet.example/1")
    before, after = row.history
    assert times(before) == ("2026-03-10T10:00:00Z", "2026-03-10T11:00:00Z")
    assert (before.timezone, before.place) == ("Europe/Berlin", "Room 1")
    assert times(after) == times(row)
    assert (after.timezone, after.place) == ("Europe/Paris", "https://meet.example/1")


def test_a_reschedule_under_a_new_id_replaces_the_booking_that_it_names() -> None:
    rows = by_id(
        happens("scheduled", 0, "book-1", details=TEN | {"title": "Interview"}),
        happens("scheduled", 1, "book-2", details=TEN),
        happens("rescheduled", 5, "book-3", details=NOON, previousBookingId="book-1"),
    )
    assert {id_: row.superseded_by for id_, row in rows.items()} == {
        "book-1": "book-3",
        "book-2": None,
        "book-3": None,
    }
    new = rows["book-3"]
    assert (new.revision, new.title) == (1, "Interview")
    assert [times(entry)[0] for entry in new.history] == [
        "2026-03-10T10:00:00Z",
        "2026-03-11T12:00:00Z",
    ]


def test_a_reschedule_that_names_none_replaces_the_newest_active_booking() -> None:
    rows = by_id(
        happens("scheduled", 0, "book-1", details=TEN),
        happens("scheduled", 1, "book-2", details=TEN),
        happens("scheduled", 2, "book-3", details=TEN),
        happens("cancelled", 3, "book-3"),
        happens("rescheduled", 5, "book-4", details=NOON),
    )
    assert [id_ for id_, row in rows.items() if row.superseded_by] == ["book-2"]
    assert rows["book-3"].status == "cancelled"


def test_a_chain_of_new_ids_leaves_only_the_last_one() -> None:
    rows = by_id(
        happens("scheduled", 0, "book-1", details=TEN),
        happens("rescheduled", 1, "book-2", details=NOON),
        happens("rescheduled", 2, "book-3", details=TEN),
    )
    assert [row.superseded_by for row in rows.values()] == ["book-2", "book-3", None]
    assert rows["book-3"].revision == 2


def test_a_booking_that_is_moved_back_to_its_old_id_is_shown_again() -> None:
    rows = by_id(
        happens("scheduled", 0, "book-1", details=TEN),
        happens("rescheduled", 1, "book-2", details=NOON, previousBookingId="book-1"),
        happens("rescheduled", 2, "book-1", details=TEN, previousBookingId="book-2"),
    )
    assert [row.superseded_by for row in rows.values()] == [None, "book-1"]


def test_two_rounds_of_interviews_are_two_rows_and_each_is_moved_for_itself() -> None:
    rows = by_id(
        happens("scheduled", 0, "round-1", details=TEN),
        happens("scheduled", 1, "round-2", details=NOON),
        happens("rescheduled", 2, "round-1", details=NOON),
        happens("rescheduled", 3, "round-2", details=TEN),
    )
    assert [row.superseded_by for row in rows.values()] == [None, None]
    assert [row.revision for row in rows.values()] == [1, 1]


@pytest.mark.parametrize("made_by", ["scheduled", "updated"])
def test_a_reschedule_of_a_known_booking_replaces_no_other(made_by: str) -> None:
    rows = by_id(
        happens("scheduled", 0, "round-1", details=TEN),
        happens(made_by, 1, "round-2", details=TEN),
        happens("rescheduled", 2, "round-2", details=NOON),
    )
    assert rows["round-1"].superseded_by is None


def test_the_old_id_may_still_be_cancelled_after_it_was_replaced() -> None:
    rows = by_id(
        happens("scheduled", 0, "book-1", details=TEN),
        happens("rescheduled", 1, "book-2", details=NOON),
        happens("cancelled", 1, "book-1"),
    )
    assert (rows["book-1"].status, rows["book-1"].superseded_by) == ("cancelled", "book-2")
    assert rows["book-2"].status == "scheduled"


def test_a_replaced_booking_that_was_never_received_leaves_the_others_alone() -> None:
    rows = by_id(
        happens("scheduled", 0, "book-1", details=TEN),
        happens("rescheduled", 1, "book-3", details=NOON, previousBookingId="lost"),
    )
    assert [row.superseded_by for row in rows.values()] == [None, None]
    assert rows["book-3"].anomalies == ("schedule_missing",)


def test_a_reschedule_that_names_itself_replaces_nothing() -> None:
    rows = by_id(
        happens("scheduled", 0, "book-1", details=TEN),
        happens("scheduled", 1, "book-2", details=TEN),
        happens("rescheduled", 2, "book-2", details=NOON, previousBookingId="book-2"),
    )
    assert [row.superseded_by for row in rows.values()] == [None, None]


def test_a_booking_that_was_replaced_is_not_replaced_once_more() -> None:
    rows = by_id(
        happens("scheduled", 0, "book-1", details=TEN),
        happens("rescheduled", 1, "book-2", details=NOON),
        happens("cancelled", 2, "book-2"),
        happens("rescheduled", 3, "book-3", details=TEN),
    )
    assert [row.superseded_by for row in rows.values()] == ["book-2", None, None]


def test_a_cancelled_meeting_keeps_its_time() -> None:
    row = only(PROJECTION, happens("scheduled", 0, details=TEN), happens("cancelled", 5))
    assert (row.status, row.revision) == ("cancelled", 1)
    assert times(row) == ("2026-03-10T10:00:00Z", "2026-03-10T11:00:00Z")


def test_a_cancelled_meeting_may_be_booked_anew() -> None:
    row = only(
        PROJECTION,
        happens("scheduled", 0, details=TEN),
        happens("cancelled", 5),
        happens("scheduled", 6, details=NOON),
    )
    assert (row.status, row.anomalies) == ("scheduled", ())


def test_an_update_without_a_time_changes_only_what_it_says() -> None:
    row = only(
        PROJECTION,
        happens("scheduled", 0, details=TEN | {"title": "Interview", "location": "Room 1"}),
        happens("updated", 5, details={"title": "Second interview"}),
    )
    assert (row.title, row.location) == ("Second interview", "Room 1")
    assert times(row) == ("2026-03-10T10:00:00Z", "2026-03-10T11:00:00Z")


def test_a_new_start_does_not_keep_the_old_end() -> None:
    moved = happens("updated", 5, details={"startDateTime": "2026-03-09T09:00:00Z"})
    row = only(PROJECTION, happens("scheduled", 0, details=TEN), moved)
    assert times(row) == ("2026-03-09T09:00:00Z", None)


@pytest.mark.parametrize(
    ("details", "starts", "ends", "zone", "anomalies"),
    [
        (
            {"startDateTime": "2026-07-01T10:00:00", "timezone": "Europe/Berlin"},
            "2026-07-01T08:00:00Z",
            None,
            "Europe/Berlin",
            (),
        ),
        (
            {"startDateTime": "2026-07-01T10:00:00"},
            "2026-07-01T10:00:00Z",
            None,
            None,
            ("start_without_zone",),
        ),
        (
            {"startDateTime": "2026-07-01T10:00:00", "timezone": "Mars/Base"},
            "2026-07-01T10:00:00Z",
            None,
            None,
            ("timezone_unknown", "start_without_zone"),
        ),
        (
            {"startDateTime": "2026-07-01T10:00:00+05:30", "timezone": "localtime"},
            "2026-07-01T04:30:00Z",
            None,
            None,
            ("timezone_unknown",),
        ),
        ({"startDateTime": "soon"}, None, None, None, ("start_unreadable",)),
        (
            {"startDateTime": "0001-01-01T00:00:00", "timezone": "Asia/Tokyo"},
            None,
            None,
            "Asia/Tokyo",
            ("start_unreadable",),
        ),
        (
            {"startDateTime": "2026-07-01T10:00:00Z", "endDateTime": "2026-07-01T09:00:00Z"},
            "2026-07-01T10:00:00Z",
            None,
            None,
            ("end_before_start",),
        ),
        (
            {"startDateTime": "2026-07-01T10:00:00Z", "endDateTime": "late"},
            "2026-07-01T10:00:00Z",
            None,
            None,
            ("end_unreadable",),
        ),
        ({}, None, None, None, ("start_missing",)),
    ],
)
def test_odd_times_are_read_as_far_as_they_can_be(
    details: dict[str, Any],
    starts: str | None,
    ends: str | None,
    zone: str | None,
    anomalies: tuple[str, ...],
) -> None:
    row = only(PROJECTION, happens("scheduled", 0, details=details))
    assert (*times(row), row.timezone, row.anomalies) == (starts, ends, zone, anomalies)


@pytest.mark.parametrize("name", ["America", "../UTC", "x" * 3000, "a\0b", "é"])
def test_a_zone_name_that_no_file_system_likes_is_only_unknown(name: str) -> None:
    row = only(PROJECTION, happens("scheduled", 0, details=TEN | {"timezone": name}))
    assert row.anomalies == ("timezone_unknown",)


@pytest.mark.parametrize("what", ["updated", "cancelled", "notes", "rescheduled"])
def test_a_booking_whose_making_was_not_received_is_shown_with_an_anomaly(what: str) -> None:
    row = only(PROJECTION, happens(what, 0, details=TEN))
    assert row.anomalies == ("schedule_missing",)


@pytest.mark.parametrize(
    ("what", "status", "reason"),
    [
        ("no_slot", "unavailable", "availability_not_found"),
        ("more_time", "more_time_requested", "more_time_requested"),
    ],
)
def test_a_request_waits_until_a_meeting_is_booked_in_its_conversation(
    what: str, status: str, reason: str
) -> None:
    asked = happens(what, 0, TALK)
    done = acknowledge(PROJECTION, asked, 3)
    earlier = happens("scheduled", -5, "book-0", details=TEN)
    booked = happens("scheduled", 5, "book-1", details=TEN)
    row = only(PROJECTION, asked)
    assert (row.id, row.status) == (f"request:{asked.event_id}", status)
    assert attention(earlier, asked) == [(reason, asked.event_id)]
    assert attention(asked, done) == []
    assert attention(asked, booked) == []
    assert by_id(asked, booked)[row.id].answered_by == booked.event_id


def test_each_request_filed_under_the_conversation_is_a_row() -> None:
    rows = by_id(happens("no_slot", 0, TALK), happens("more_time", 5, TALK))
    assert [row.status for row in rows.values()] == ["unavailable", "more_time_requested"]


def test_a_request_with_an_id_of_its_own_becomes_the_booking_under_that_id() -> None:
    row = only(PROJECTION, happens("no_slot", 0), happens("scheduled", 5, details=TEN))
    assert (row.id, row.status, row.revision, row.anomalies) == ("book-1", "scheduled", 0, ())


def test_a_booked_candidate_who_asks_for_more_time_waits_for_a_new_booking() -> None:
    asked = happens("more_time", 5)
    events = [happens("scheduled", 0, details=TEN), asked]
    row = only(PROJECTION, *events)
    assert (row.status, times(row)[0]) == ("more_time_requested", "2026-03-10T10:00:00Z")
    assert attention(*events) == [("more_time_requested", asked.event_id)]
    assert attention(*events, happens("rescheduled", 9, details=NOON)) == []


def test_notes_wait_to_be_read_and_lead_to_where_they_are() -> None:
    ready = happens("notes", 90, noteTakerUrl="https://notes.example/1")
    events = [happens("scheduled", 0, details=TEN), ready]
    row = only(PROJECTION, *events)
    assert (row.status, row.notes_ready, row.revision) == ("scheduled", True, 0)
    (item,) = b.waiting(PROJECTION, [row])
    assert (item.reason, item.item, item.since) == ("notes_ready", ready.event_id, minute(90))
    assert (item.url, item.identity) == ("https://notes.example/1", f"through:{TALK}")
    assert attention(*events, acknowledge(PROJECTION, ready, 95)) == []


def test_the_notes_of_a_replaced_booking_are_not_those_of_the_new_one() -> None:
    rows = by_id(
        happens("scheduled", 0, "book-1", details=TEN),
        happens("notes", 1, "book-1"),
        happens("rescheduled", 2, "book-2", details=NOON),
    )
    assert [row.notes_ready for row in rows.values()] == [True, False]


def test_anomalies_of_a_replaced_booking_are_not_counted_twice() -> None:
    rows = by_id(
        happens("scheduled", 0, "book-1", details=TEN),
        happens("cancelled", 1, "book-1"),
        happens("cancelled", 2, "book-1"),
        happens("rescheduled", 3, "book-2", details=NOON, previousBookingId="book-1"),
    )
    assert rows["book-1"].anomalies == ("unexpected:CALENDAR_MEETING_CANCELLED",)
    assert rows["book-2"].anomalies == ()


def test_bookings_are_counted_by_status_and_replaced_ones_are_not() -> None:
    rows = b.folded(
        PROJECTION,
        happens("scheduled", 0, "book-1", details=TEN, externalCampaignId=SUMMER),
        happens("rescheduled", 1, "book-2", details=NOON),
        happens("no_slot", 2, TALK),
    )
    counted = [
        (tally.name, tally.organization_id, tally.subject, tally.item)
        for tally in b.counted(PROJECTION, rows)
    ]
    assert counted == [
        ("meetings", ACME, SUMMER, "scheduled"),
        ("meeting_days", ACME, SUMMER, "scheduled"),
        ("meetings", ACME, SUMMER, "unavailable"),
    ]


def test_a_meeting_is_found_by_everyone_invited_but_joins_people_only_by_conversation() -> None:
    invited = [{"name": "Ada", "email": "ada@example.org"}, {"email": "boss@acme.example"}]
    booked = happens("scheduled", 0, details=TEN | {"title": "Chat", "participants": invited})
    row = only(PROJECTION, booked)
    (one,) = b.found(PROJECTION, [row])
    assert one.title == "Chat"
    assert {"Ada", "ada@example.org", "boss@acme.example", "book-1", TALK} <= set(one.words)
    assert b.linked(PROJECTION, row) == [f"through:{TALK}"]
