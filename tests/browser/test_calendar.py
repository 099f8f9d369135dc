"""The calendar in a browser: navigation, and times for viewers in other zones than the meetings."""

import json
import re
from itertools import pairwise

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import caught_up
from tests.browser.visits import Visits
from tests.fixed_clock import NOW
from tests.running import Running, eventually
from tests.sample import body
from tracker.timing import to_iso

TO = "\u2013"


def book(service: Running, record: str, start: str, end: str, zone: str, **more: str) -> None:
    """A meeting with local times in its zone, received and in the views."""
    details = {"title": f"Talk {record}", "startDateTime": start, "endDateTime": end}
    made = json.loads(
        body(
            f"{record}-booked{more.get('change', '')}",
            f"CALENDAR_MEETING_{more.get('kind', 'SCHEDULED')}",
            record=record,
            meetingDetails=details | {"timezone": zone},
        )
    )
    moment = {"eventTimestamp": to_iso(NOW + len(more))}
    assert service.post(json.dumps(made | moment).encode()).is_success
    eventually(lambda: caught_up(service))


@pytest.mark.parametrize(
    ("day", "here", "viewer"),
    [
        ("2027-03-12", "14:30", "Europe/Berlin"),  # six hours before New York's change
        ("2027-03-16", "13:30", "Europe/Berlin"),  # between the two changes of spring
        ("2027-03-30", "14:30", "Europe/Berlin"),  # after both
        ("2027-10-29", "14:30", "Europe/Berlin"),
        ("2027-11-02", "13:30", "Europe/Berlin"),  # between the two changes of autumn
        ("2027-11-09", "14:30", "Europe/Berlin"),
        ("2027-03-12", "19:00", "Asia/Kolkata"),
        ("2027-03-16", "18:00", "Asia/Kolkata"),
    ],
)
def test_a_viewer_elsewhere_sees_the_right_time_on_both_sides_of_a_change(
    visits: Visits, filled: Running, day: str, here: str, viewer: str
) -> None:
    record = f"zone-{day}"
    book(filled, record, f"{day}T08:30:00", f"{day}T09:00:00", "America/New_York")
    page = visits.open(f"/calendar?date={day}", zone=viewer)
    line = page.locator("#calendar li", has_text=f"Talk {record}")
    expect(line.locator(".when")).to_contain_text(here)
    expect(line).to_contain_text(f"08:30{TO}09:00 in America/New_York")
    shown = page.evaluate("document.documentElement.dataset.zone")
    expect(page.locator(".head")).to_contain_text(f"Times are in {shown}, your zone")


def test_a_meeting_late_elsewhere_lands_on_the_viewers_next_day(
    visits: Visits, filled: Running
) -> None:
    book(filled, "late-1", "2027-05-04T23:30:00", "2027-05-05T00:30:00", "America/Chicago")
    page = visits.open("/calendar?date=2027-05-04", zone="Asia/Tokyo")
    card = page.locator("#calendar .card", has_text="Talk late-1")
    expect(card.locator("h2")).to_have_text("Wed 5 May 2027")
    expect(card).to_contain_text("on Tue 4 May in America/Chicago")


def test_views_and_days_are_walked_by_links(visits: Visits) -> None:
    page = visits.open("/calendar", zone="Europe/London")
    title = page.locator(".calendar-bar h2")
    expect(title).to_have_text("Today, Wed 18 Mar to Tue 31 Mar")
    page.get_by_role("link", name="Week", exact=True).click()
    expect(title).to_have_text("Mon 16 Mar to Sun 22 Mar")
    page.get_by_role("link", name="Later").click()
    expect(title).to_have_text("Mon 23 Mar to Sun 29 Mar")
    expect(page.locator(".week-heads")).to_contain_text("Clocks go forward 1 hour")
    page.get_by_role("link", name="Month", exact=True).click()
    expect(title).to_have_text("March 2026")
    page.get_by_role("link", name="Earlier").click()
    expect(title).to_have_text("February 2026")
    page.locator(".calendar-bar").get_by_role("link", name="Today").click()
    expect(title).to_have_text("March 2026")
    assert "view=month" in page.url


def test_a_days_number_in_the_month_opens_as_many_meetings(visits: Visits) -> None:
    page = visits.open("/calendar?view=month&date=2026-03-01", zone="Europe/London")
    busiest = page.locator("a.date:has([data-count])")
    counts = [int(one.get_attribute("data-count") or 0) for one in busiest.locator(".count").all()]
    busiest.nth(counts.index(max(counts))).click()
    expect(page.locator("#calendar li:has(> .when)")).to_have_count(max(counts))


def test_a_week_is_a_grid_when_wide_and_an_agenda_on_a_phone(visits: Visits) -> None:
    wide = visits.open("/calendar?view=week")
    expect(wide.locator(".week.card")).to_be_visible()
    expect(wide.locator(".week-agenda")).to_be_hidden()
    narrow = visits.open("/calendar?view=week", width=390)
    expect(narrow.locator(".week.card")).to_be_hidden()
    expect(narrow.locator(".week-agenda .lines").first).to_be_visible()
    assert narrow.evaluate("document.documentElement.scrollWidth") <= 390


def test_meetings_at_one_time_do_not_cover_each_other(visits: Visits, filled: Running) -> None:
    for n in range(3):
        book(filled, f"beside-{n}", "2027-06-07T10:00:00", "2027-06-07T11:00:00", "Europe/London")
    page = visits.open("/calendar?view=week&date=2027-06-07", zone="Europe/London")
    boxes = [one.bounding_box() for one in page.locator(".day-grid .block").all()]
    places = sorted((box["x"], box["width"]) for box in boxes if box)
    assert len(places) == 3
    for (x, width), (following, _) in pairwise(places):
        assert x + width <= following + 1


def test_a_moved_meeting_changes_live_from_old_to_new(visits: Visits, filled: Running) -> None:
    book(filled, "move-1", "2027-07-05T10:00:00", "2027-07-05T11:00:00", "Europe/London")
    page = visits.open("/calendar?date=2027-07-05", zone="Europe/London")
    expect(page.locator("#live")).to_have_text("Live")
    start, end, zone = "2027-07-06T15:00:00", "2027-07-06T16:00:00", "Europe/London"
    book(filled, "move-1", start, end, zone, kind="RESCHEDULED", change="2")
    line = page.locator("#calendar li", has_text="Talk move-1")
    expect(line.locator("del")).to_have_text("Mon 5 Jul, 10:00")
    expect(line.locator("ins")).to_have_text("Tue 6 Jul, 15:00")


def test_without_javascript_a_zone_can_be_chosen(visits: Visits) -> None:
    page = visits.open("/calendar", javascript=False)
    expect(page.locator(".head")).to_contain_text("Times are in UTC")
    page.get_by_label("Show times in").fill("Asia/Kolkata")
    page.get_by_role("button", name="Show").click()
    expect(page.locator(".head")).to_contain_text("Times are in Asia/Kolkata")
    page.get_by_role("link", name="Later").click()
    expect(page.locator(".head")).to_contain_text("Times are in Asia/Kolkata")
    expect(page).to_have_url(re.compile("zone=Asia"))
