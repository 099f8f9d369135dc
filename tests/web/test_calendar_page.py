"""The calendar shows each meeting on the viewer's day and at the viewer's time, its own beside."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from bs4 import BeautifulSoup, Tag
from litestar import Litestar
from litestar.testing import TestClient

from tests.projections.queries.stored import body
from tests.web.asking import client

BERLIN = "Europe/Berlin"
NEW_YORK = "America/New_York"
TO = "\u2013"


def meeting(
    record: str,
    start: str,
    end: str | None = None,
    *,
    zone: str = NEW_YORK,
    kind: str = "MEETING_SCHEDULED",
    at: float = 0,
    talk: str | None = None,
    **details: Any,
) -> bytes:
    """A scheduling event with local times in a zone."""
    told = {"title": f"Interview {record}", "startDateTime": start, "timezone": zone}
    told |= {"endDateTime": end} if end else {}
    named = {"conversationId": talk} if talk else {}
    return body(f"CALENDAR_{kind}", at, record=record, meetingDetails=told | details, **named)


def page(asking: TestClient[Litestar], address: str, zone: str = BERLIN) -> Tag:
    """The content of a page as somebody in a zone sees it."""
    answer = asking.get(address, headers={"cookie": f"zone={zone}"})
    assert answer.status_code == 200, answer.text
    main = BeautifulSoup(answer.text, "html.parser").main
    assert main is not None
    return main


def text(tag: Tag | None) -> str:
    assert tag is not None
    return " ".join(tag.get_text(" ").split())


def days(main: Tag) -> dict[str, str]:
    """What stands under each day's heading."""
    cards = main.select(".card:has(> h2):has(> ul.lines)")
    return {text(card.h2): text(card.ul) for card in cards}


@pytest.mark.parametrize(
    ("day", "here"),
    [
        ("2026-03-06", "15:00"),  # both on winter time: six hours apart
        ("2026-03-10", "14:00"),  # New York is on summer time already, Berlin not yet: five
        ("2026-03-31", "15:00"),  # both on summer time
        ("2026-10-27", "14:00"),  # Berlin is back on winter time, New York not yet
        ("2026-11-03", "15:00"),
    ],
)
def test_times_are_right_on_both_sides_of_both_changes(data: Path, day: str, here: str) -> None:
    with client(data, [meeting("m1", f"{day}T09:00:00", f"{day}T09:30:00")]) as asking:
        (shown,) = days(page(asking, f"/calendar?date={day}")).values()
    assert shown.startswith(f"{here} {TO} {here[:3]}30 Interview m1")
    assert f"09:00{TO}09:30 in {NEW_YORK}" in shown


@pytest.mark.parametrize(
    ("day", "words"), [("2026-03-29", "forward 1 hour"), ("2026-10-25", "back 1 hour")]
)
def test_the_day_on_which_clocks_change_says_so(data: Path, day: str, words: str) -> None:
    with client(data, [meeting("m1", f"{day}T12:00:00Z")]) as asking:
        for view in ("agenda", "week", "month"):
            assert f"Clocks go {words}" in text(page(asking, f"/calendar?view={view}&date={day}"))


def test_a_meeting_stands_on_the_viewers_day(data: Path) -> None:
    late = meeting("m1", "2026-03-11T23:30:00", "2026-03-12T00:15:00", zone=NEW_YORK)
    with client(data, [late]) as asking:
        found = days(page(asking, "/calendar?date=2026-03-11"))
        theirs = days(page(asking, "/calendar?date=2026-03-11", NEW_YORK))
    assert list(found) == ["Thu 12 Mar"]
    assert f"23:30{TO}00:15 on Wed 11 Mar in {NEW_YORK}" in found["Thu 12 Mar"]
    assert list(theirs) == ["Wed 11 Mar", "Thu 12 Mar"], "over midnight it stands on both days"
    assert f"in {NEW_YORK}" not in theirs["Wed 11 Mar"]


def test_a_meeting_over_midnight_is_found_from_its_second_day_on(data: Path) -> None:
    night = meeting("m1", "2026-03-04T22:00:00", "2026-03-05T01:00:00", zone=BERLIN)
    exact = meeting("m2", "2026-03-04T22:00:00", "2026-03-05T00:00:00", zone=BERLIN)
    with client(data, [night, exact]) as asking:
        found = days(page(asking, "/calendar?date=2026-03-05"))
    assert list(found) == ["Thu 5 Mar"]
    assert "To 01:00 since Wed 4 Mar, 22:00" in found["Thu 5 Mar"]
    assert "Interview m2" not in found["Thu 5 Mar"], "its last moment is midnight"


def test_a_zone_in_the_address_counts_without_a_cookie(data: Path) -> None:
    with client(data, [meeting("m1", "2026-03-04T09:00:00")]) as asking:
        main = page(asking, "/calendar?date=2026-03-04&zone=Asia/Kolkata", zone="")
        (shown,) = days(main).values()
        links = [str(a["href"]) for a in main.select(".calendar-bar a")]
        assert shown.startswith("19:30")
        assert "Times are in Asia/Kolkata" in text(main)
        assert links
        assert all("zone=Asia" in link for link in links)
        assert main.select_one("form[action='/calendar'] [name=zone]") is not None


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("zone=Moon/Crater", "Moon/Crater"),
        ("zone=../../etc/passwd", "etc/passwd"),
        ("date=2026-02-30", "2026-02-30"),
        ("date=9999-12-31", "9999"),
        ("view=year", "view"),
        ("page=0", "page"),
        ("page=99999999999999999999", "page"),
        ("colour=red", "colour"),
    ],
)
def test_a_bad_address_says_what_is_wrong(data: Path, query: str, names: str) -> None:
    with client(data, []) as asking:
        answer = asking.get(f"/calendar?{query}")
    assert answer.status_code == 400
    assert names in answer.text


def test_a_moved_meeting_shows_old_and_new(data: Path) -> None:
    booked = meeting("m1", "2026-03-04T09:00:00", talk="c1")
    moved = meeting("m1", "2026-03-06T11:00:00", kind="MEETING_RESCHEDULED", at=5, talk="c1")
    with client(data, [booked, moved]) as asking:
        main = page(asking, "/calendar?date=2026-03-04")
        one = text(page(asking, "/meetings/m1"))
    (item,) = main.select("ul.lines:has(.when) > li:has(.when)")
    assert text(item.find("del")) == "Wed 4 Mar, 15:00"
    assert text(item.find("ins")) == "Fri 6 Mar, 17:00"
    assert next(iter(days(main))) == "Fri 6 Mar"
    assert "Wed 4 Mar 2026, 15:00 → Fri 6 Mar 2026, 17:00" in one


def test_a_cancelled_meeting_stays_struck_through_and_worded(data: Path) -> None:
    booked = meeting("m1", "2026-03-04T09:00:00", "2026-03-04T10:00:00", talk="c1")
    gone = body("CALENDAR_MEETING_CANCELLED", 5, record="m1", conversationId="c1")
    with client(data, [booked, gone]) as asking:
        for view in ("agenda", "week", "month"):
            main = page(asking, f"/calendar?view={view}&date=2026-03-04")
            assert main.select("a.struck, .struck")
            assert "Cancelled" in str(main)


def test_requests_without_a_slot_stand_in_their_own_list(data: Path) -> None:
    asked = [
        body("CALENDAR_AVAILABILITY_NOT_FOUND", n, record=f"b{n}", conversationId=f"c{n}")
        for n in range(3)
    ]
    answered = meeting("b9", "2026-03-04T09:00:00", at=9, talk="c0")
    with client(data, [*asked, answered]) as asking:
        main = page(asking, "/calendar?date=2026-03-04")
    (card,) = [card for card in main.select(".card") if "Without a slot" in text(card)]
    assert len(card.select("li")) == 2
    assert "2 waiting for a time" in text(card)
    assert all("Interview b9" not in text(item) for item in card.select("li"))


def test_every_day_of_a_month_opens_as_many_meetings_as_it_counts(data: Path) -> None:
    many = [meeting(f"m{n}", f"2026-03-04T{n:02}:00:00Z", zone=BERLIN) for n in range(7)]
    night = meeting("n1", "2026-03-04T23:00:00", "2026-03-05T02:00:00", zone=BERLIN)
    with client(data, [*many, night]) as asking:
        main = page(asking, "/calendar?view=month&date=2026-03-17")
        counted = {
            str(link["href"]): int(str(count["data-count"]))
            for link in main.select("a.date")
            for count in link.select("[data-count]")
        }
        assert sorted(counted.values()) == [1, 8]
        for address, count in counted.items():
            day = page(asking, address)
            assert len(day.select("li:has(> .when)")) == count
        assert "5 more" in text(main)


def test_a_month_names_the_first_meetings_of_its_last_day_however_many_came_before(
    data: Path,
) -> None:
    days = [f"2026-03-{1 + n % 30:02}" for n in range(180)]
    many = [
        meeting(f"m{n}", f"{day}T{8 + n % 9:02}:{n // 30:02}:00", zone=BERLIN)
        for n, day in enumerate(days)
    ]
    night = meeting("n1", "2026-03-30T23:00:00", "2026-04-01T02:00:00", zone=BERLIN)
    last = meeting("m200", "2026-03-31T10:00:00", zone=BERLIN)
    with client(data, [*many, night, last]) as asking:
        main = page(asking, "/calendar?view=month&date=2026-03-17")
    assert text(main).count("3 more") == 29
    assert text(main).count("4 more") == 1  # the last but one has the night as well
    assert "Interview m200" in text(main)
    assert "Interview n1" in text(main)
    assert "are shown by name" not in text(main)


def test_an_agenda_that_is_cut_off_goes_on_with_a_whole_day(data: Path) -> None:
    many = [
        meeting(f"m{day}-{n}", f"2026-03-0{day}T{n % 24:02}:00:00Z", zone=BERLIN)
        for day in (4, 5)
        for n in range(40)
    ]
    with client(data, many) as asking:
        first = page(asking, "/calendar?date=2026-03-03")
        link = next(a for a in first.select("a") if text(a).startswith("On with"))
        second = page(asking, str(link["href"]))
        shown = {a["href"] for main in (first, second) for a in main.select(".line > a")}
    assert len(shown) == 80


def test_empty_days_lead_to_the_nearest_meetings(data: Path) -> None:
    both = [meeting("m1", "2026-01-05T09:00:00"), meeting("m2", "2026-09-07T09:00:00")]
    with client(data, both) as asking:
        main = text(page(asking, "/calendar?view=week&date=2026-05-05"))
    assert "No meeting in these days" in main
    assert "The meeting before: Mon 5 Jan" in main
    assert "The next meeting: Mon 7 Sep" in main


def test_with_nothing_received_it_says_how_to_begin(data: Path) -> None:
    with client(data, []) as asking:
        assert "tracker secret add" in text(page(asking, "/calendar"))


def test_a_booking_without_a_conversation_has_its_own_page(data: Path) -> None:
    alone = meeting("odd/id", "2026-03-04T09:00:00", title="Loose interview")
    noted = body("CALENDAR_NOTE_TAKER_COMPLETED", 9, record="odd/id")
    with client(data, [alone, noted]) as asking:
        wanted = "/meetings/odd%2Fid"
        assert "Loose interview" in text(page(asking, wanted))
        assert page(asking, "/search?q=Loose").select_one(f"a[href='{wanted}']")
        assert page(asking, "/events/1").select_one(f"a[href='{wanted}']")
        assert page(asking, "/needs").select_one(f"a[href='{wanted}']")


def test_the_bookings_of_a_conversation_lead_to_it_when_it_is_known(data: Path) -> None:
    talk = body("CONVERSATION_STARTED", 0, record="c1", candidateId="p1")
    known = meeting("m1", "2026-03-04T09:00:00", talk="c1")
    unknown = meeting("m2", "2026-03-04T09:00:00", talk="c2")
    with client(data, [talk, known, unknown]) as asking:
        asked = {
            one: asking.get(f"/meetings/{one}", follow_redirects=False) for one in ("c1", "c2")
        }
        assert asked["c1"].headers["location"] == "/conversations/c1"
        assert asked["c2"].headers["location"] == "/meetings/m2"
        assert page(asking, "/meetings/m1").select_one("a[href='/conversations/c1']")
        assert "nothing else was received" in text(page(asking, "/meetings/m2"))
        assert asking.get("/meetings/nobody").status_code == 404


def grid(data: Path, *bodies: bytes, day: str = "2026-03-04", zone: str = BERLIN) -> list[str]:
    """The classes of the blocks of one day in the week's grid."""
    with client(data, bodies) as asking:
        main = page(asking, f"/calendar?view=week&date={day}", zone)
    return [" ".join(block["class"]) for block in main.select(".day-grid .block")]


def test_meetings_at_one_time_stand_side_by_side(data: Path) -> None:
    blocks = grid(
        data,
        meeting("m1", "2026-03-04T09:00:00", "2026-03-04T10:00:00", zone=BERLIN),
        meeting("m2", "2026-03-04T09:30:00", "2026-03-04T10:30:00", zone=BERLIN),
        meeting("m3", "2026-03-04T10:30:00", "2026-03-04T11:00:00", zone=BERLIN),
    )
    assert blocks == [
        "block at-4 for-4 lane-0-2",
        "block at-6 for-4 lane-1-2",
        "block at-10 for-2 lane-0-1 short",
    ]


def test_more_than_four_at_one_time_are_counted_and_linked(data: Path) -> None:
    many = [
        meeting(f"m{n}", "2026-03-04T09:00:00", "2026-03-04T10:00:00", zone=BERLIN)
        for n in range(6)
    ]
    with client(data, many) as asking:
        main = page(asking, "/calendar?view=week&date=2026-03-04")
    assert len(main.select(".day-grid .block")) == 4
    (more,) = main.select(".block.more a")
    assert text(more) == "3 more"
    assert "view=day&date=2026-03-04" in str(more["href"])


def test_a_meeting_in_the_hour_that_comes_twice_keeps_a_place(data: Path) -> None:
    start, end = "2026-10-25T00:45:00Z", "2026-10-25T01:15:00Z"  # 02:45 to 02:15 on the wall
    (block,) = grid(data, meeting("m1", start, end), day="2026-10-25")
    assert re.fullmatch(r"block at-3 for-2 lane-0-1 short", block)


def test_the_grid_shows_a_night_on_both_days(data: Path) -> None:
    night = meeting("m1", "2026-03-04T23:00:00", "2026-03-05T01:30:00", zone=BERLIN)
    # Above 23:00 stand 00:00 and 01:00, a fold, ten usual hours, a fold.
    row = 2 * 4 + 2 + 10 * 4 + 2
    assert grid(data, night) == [f"block at-{row} for-4 lane-0-1", "block at-0 for-6 lane-0-1"]


def test_empty_hours_fold_and_a_single_one_does_not(data: Path) -> None:
    early = meeting("m1", "2026-03-04T03:00:00", "2026-03-04T04:00:00", zone=BERLIN)
    late = meeting("m2", "2026-03-04T19:00:00", "2026-03-04T20:00:00", zone=BERLIN)
    with client(data, [early, late]) as asking:
        main = page(asking, "/calendar?view=week&date=2026-03-04")
    hours = [(text(li), "fold" in li.get("class", [])) for li in main.select(".hours li")]
    assert hours[:3] == [("03:00", False), ("04:00", True), ("08:00", False)]
    assert hours[-3:] == [("17:00", False), ("18:00", False), ("19:00", False)]
    assert len(main.select(".rules")[0].select("i.fold")) == 1


def test_a_day_is_as_wide_as_its_most_crowded_hour_needs(data: Path) -> None:
    both = [meeting(f"m{n}", "2026-03-04T09:00:00", zone=BERLIN) for n in range(2)]
    one = meeting("m9", "2026-03-05T09:00:00", zone=BERLIN)
    with client(data, [*both, one]) as asking:
        main = page(asking, "/calendar?view=week&date=2026-03-04")
    for part in (".week-heads h2", ".day-grid"):
        widths = [
            next(c for c in one["class"] if c.startswith("wide-")) for one in main.select(part)
        ]
        assert [int(width[-1]) for width in widths] == [0, 0, 2, 1, 0, 0, 0]


@pytest.mark.parametrize(
    ("end", "on_second", "on_third"),
    [
        ("2026-03-05T01:30:00", "to 01:30", None),
        ("2026-03-06T02:00:00", "all day", "to 02:00"),
        ("2026-03-06T00:00:00", "all day", None),
    ],
)
def test_what_goes_on_from_a_day_before_says_until_when(
    data: Path, end: str, on_second: str, on_third: str | None
) -> None:
    night = meeting("m1", "2026-03-04T22:00:00", end, zone=BERLIN)
    with client(data, [night]) as asking:
        main = page(asking, "/calendar?view=month&date=2026-03-04")
    clocks = [text(one) for one in main.select(".month-grid .at")]
    assert clocks == ["22:00", on_second, *([on_third] if on_third else [])]


def test_a_day_with_many_meetings_is_read_in_parts_that_say_what_they_are(data: Path) -> None:
    many = [meeting(f"m{n:03}", f"2026-03-04T09:{n % 60:02}:00Z") for n in range(230)]
    with client(data, many) as asking:
        address: str | None = "/calendar?view=day&date=2026-03-04"
        shown, said = [], []
        while address:
            main = page(asking, address)
            shown += [str(a["href"]) for a in main.select(".line > a")]
            said.append(text(main.select_one(".part p")))
            following = main.select_one(".part [rel=next]")
            address = str(following["href"]) if following else None
        back = main.select_one(".part [rel=prev]")
        beyond = page(asking, "/calendar?view=day&date=2026-03-04&page=9")
        counted = page(asking, "/calendar?view=month&date=2026-03-04").select("[data-count]")
    assert len(shown) == len(set(shown)) == 230
    assert said[0] == "Meetings 1 to 100 of 230 on this day."
    assert said[2] == "Meetings 201 to 230 of 230 on this day."
    assert back is not None
    assert str(back["href"]).endswith("page=2")
    assert text(beyond.select_one(".part p")) == "There are only 230 meetings on this day."
    assert [one["data-count"] for one in counted] == ["230"]


def test_a_week_with_too_many_meetings_counts_all_and_says_how_many_it_names(data: Path) -> None:
    many = [
        meeting(f"m{day}-{n}", f"2026-03-0{day}T{9 + n % 8:02}:00:00Z")
        for day in (4, 5)
        for n in range(100)
    ]
    with client(data, many) as asking:
        main = page(asking, "/calendar?view=week&date=2026-03-04")
        counts = {str(one.parent["href"]): one["data-count"] for one in main.select("[data-count]")}
        assert list(counts.values()) == ["100", "100"]
        assert "The first 120 of 200 meetings are shown by name" in text(main)
        for address in counts:
            assert len(page(asking, address).select("li:has(> .when)")) == 100


def test_a_full_calendar_stays_small(data: Path) -> None:
    invited = [{"name": "Ursel Pebblethwaite"}, {"name": "Ottilie Brasskey"}]
    many = [
        meeting(
            f"bk_674aad9c43b0{n:05}",
            f"2026-03-0{2 + n % 5}T{8 + n // 5 % 9:02}:{n * 7 % 60:02}:00",
            f"2026-03-0{2 + n % 5}T{9 + n // 5 % 9:02}:{n * 7 % 60:02}:00",
            talk=f"c{n}",
            participants=invited,
        )
        for n in range(200)
    ]
    with client(data, many) as asking:
        for view in ("agenda", "week", "month", "day"):
            whole = asking.get(f"/calendar?view={view}&date=2026-03-02")
            assert len(whole.content) < 100_000, view


def of(organization: str, delivery: bytes) -> bytes:
    """The same delivery from another organization."""
    told = json.loads(delivery)
    told["data"]["organizationId"] = organization
    told["eventId"] += organization
    return json.dumps(told).encode()


def test_an_organization_can_be_chosen_everywhere_in_the_calendar(data: Path) -> None:
    events = [
        of("org-one", meeting("m1", "2026-03-04T09:00:00")),
        of("org-two", meeting("m2", "2026-03-04T09:00:00")),
        of("org-two", meeting("m3", "2026-03-09T09:00:00")),
        of("org-one", body("CALENDAR_AVAILABILITY_NOT_FOUND", 1, record="b1", conversationId="c1")),
        of("org-two", body("CALENDAR_AVAILABILITY_NOT_FOUND", 1, record="b2", conversationId="c2")),
    ]
    with client(data, events) as asking:
        for view in ("agenda", "week", "month", "day"):
            address = f"/calendar?view={view}&date=2026-03-04&organization_id=org-one"
            main = page(asking, address)
            content = str(main.select_one("#calendar"))
            assert "/meetings/m1" in content
            assert "/meetings/m2" not in content
            assert "1 waiting for a time" in text(main)
            options = main.select("[name=organization_id] option")
            assert [str(one["value"]) for one in options] == ["", "org-one", "org-two"]
        empty = page(asking, "/calendar?view=day&date=2026-03-09&organization_id=org-one")
        assert "No meeting on this day of org-one" in text(empty)
        link = page(asking, address).select_one("a.csv")
        assert link is not None
        lines = asking.get(str(link["href"])).text.splitlines()
    assert [line.split(",")[0] for line in lines] == ["id", "m1"]


def test_a_saved_view_keeps_how_but_not_when(data: Path) -> None:
    with client(data, [meeting("m1", "2026-03-04T09:00:00")]) as asking:
        asked = "/calendar?view=week&date=2026-03-04&zone=Asia/Kolkata"
        form = page(asking, asked).select_one("form[action='/views']")
        assert form is not None
        fields = {str(one["name"]): str(one.get("value", "")) for one in form.select("input")}
        opened = asking.post("/views", data=fields | {"name": "Kolkata by week"})
        assert str(opened.url).endswith("/calendar?view=week&zone=Asia%2FKolkata")
        chip = page(asking, asked).select_one(".shelf [aria-current=true]")
    assert text(chip) == "Kolkata by week"


def test_clocks_that_show_the_same_say_so_once(data: Path) -> None:
    with client(data, [meeting("m1", "2026-03-04T09:00:00", zone="Europe/Paris")]) as asking:
        agenda = page(asking, "/calendar?date=2026-03-04")
        week = page(asking, "/calendar?view=week&date=2026-03-04")
    assert "Same time in Europe/Paris" in text(agenda)
    assert week.select(".day-grid .extra") == []


def test_the_address_to_subscribe_is_told(data: Path) -> None:
    with client(data, []) as asking:
        main = page(asking, "/calendar")
    assert "/calendar.ics" in text(main)
    assert main.select_one("a[href='/calendar.ics']") is not None
