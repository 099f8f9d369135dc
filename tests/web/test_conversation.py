"""A conversation shows the states it took with their times, and those it did not reach."""

from pathlib import Path

from bs4 import BeautifulSoup

from projections.conversations import MACHINE
from tests.projections.queries.stored import NOON, body
from tests.web.asking import client
from tracker.timing import HOUR
from web.badges import badge


def page(data: Path, bodies: list[bytes]) -> BeautifulSoup:
    """The page of the conversation `talk`, two hours after noon."""
    with client(data, bodies, NOON + 2 * HOUR) as asking:
        answer = asking.get("/conversations/talk")
    assert answer.status_code == 200, answer.text
    return BeautifulSoup(answer.text, "html.parser")


def states(shown: BeautifulSoup) -> list[str]:
    """Each state as it reads."""
    return [" ".join(one.get_text(" ").split()) for one in shown.select(".states li")]


TALK = [
    body("CONVERSATION_QUEUED", record="talk"),
    body("CONVERSATION_STARTED", 10, record="talk"),
    body("CONVERSATION_NEEDS_REVIEW", 20, record="talk"),
    body("CONVERSATION_NEEDS_REVIEW", 30, record="talk"),
    body("CONVERSATION_STARTED", 60, record="talk"),
]


def test_each_state_has_its_time_and_the_present_one_grows(data: Path) -> None:
    assert states(page(data, TALK)) == [
        "Queued 2 Mar, 12:00 10 min",
        "Started 2 Mar, 12:10 10 min",
        "Needs review 2 Mar, 12:20 40 min",
        "Started 2 Mar, 13:00 1 h so far",
    ]


def test_an_unexpected_event_changes_no_state(data: Path) -> None:
    late = body("START_CONVERSATION_FAILED", 70, record="talk")
    shown = page(data, [*TALK, late])
    assert states(shown)[-1] == "Started 2 Mar, 13:00 1 h so far"
    assert "was not expected while started" in shown.text


def test_the_end_does_not_last(data: Path) -> None:
    shown = page(data, [*TALK, body("CONVERSATION_OPTED_OUT", 90, record="talk")])
    assert states(shown)[-1] == "Opted out 2 Mar, 13:30 the end"


def test_every_state_of_the_machine_is_reached_or_named_as_not_reached(data: Path) -> None:
    shown = page(data, TALK)
    said = " ".join([*states(shown), *(one.text for one in shown.select(".marks"))])
    assert all(badge("conversation", state).text in said for state in MACHINE)
    assert "May come next No answer Completed Opted out Not reached Did not start" in " ".join(
        said.split()
    )


def test_without_answers_there_is_no_empty_card_but_a_word(data: Path) -> None:
    shown = page(data, TALK)
    assert "Screening" not in [heading.text for heading in shown.select("h2")]
    assert "No answers yet" in shown.text


def test_after_the_end_no_answers_are_waited_for(data: Path) -> None:
    shown = page(data, [*TALK, body("CONVERSATION_COMPLETED", 90, record="talk")])
    assert "Popp sent no answers" in shown.text


def test_the_time_of_an_entry_leads_to_its_event_and_says_so(data: Path) -> None:
    links = page(data, TALK).select(".story a")
    assert len(links) == len(TALK)
    assert links[0]["href"] == "/events/id/CONVERSATION_QUEUED%2Ftalk%400"
    assert " ".join(links[0].text.split()) == "2 Mar, 12:00, raw event: Queued"


def test_meetings_stand_under_their_days(data: Path) -> None:
    slot = {"title": "Interview", "startDateTime": "2026-03-05T09:00:00Z"}
    booked = body(
        "CALENDAR_MEETING_SCHEDULED", record="b", conversationId="talk", meetingDetails=slot
    )
    asked = body("CALENDAR_AVAILABILITY_NOT_FOUND", record="c", conversationId="talk")
    shown = page(data, [*TALK, booked, asked])
    assert [day.text for day in shown.select("h3.day")] == ["Thu 5 Mar", "No time yet"]
