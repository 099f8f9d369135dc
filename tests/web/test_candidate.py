"""A candidate is one story, and the page says which events joined the ids."""

from pathlib import Path

from bs4 import BeautifulSoup

from tests.projections.queries.stored import body, ended, started
from tests.web.asking import client

ADA = [
    body("CONVERSATION_STARTED", record="talk", candidateId="ada", participantFirstName="Ada"),
    body(
        "CALENDAR_MEETING_SCHEDULED",
        5,
        record="booking",
        conversationId="talk",
        meetingDetails={"title": "Interview", "startDateTime": "2026-03-05T09:00:00Z"},
    ),
    started("run", 1),
    body(
        "WORKFLOW_NODE_COMPLETED",
        2,
        record="run",
        nodeId="ask",
        candidateProfileId="ada",
        candidateProfileExternalId='no "7"',
    ),
    ended("run", "COMPLETED", 9),
    body("CANDIDATE_ANALYSIS_COMPLETED", 3, record="ada", externalId='no "7"', totalScoreScaled=81),
    body("WORKFLOW_CONTACT_RESOLVED", 4, record="run", contactKey="key", candidateProfileId="ada"),
]


def page(data: Path, bodies: list[bytes], address: str = "/candidates/ada") -> BeautifulSoup:
    """A page over some deliveries."""
    with client(data, bodies) as asking:
        answer = asking.get(address)
    assert answer.status_code == 200, answer.text
    return BeautifulSoup(answer.text, "html.parser")


def test_everything_about_one_person_is_one_story_newest_first(data: Path) -> None:
    story = page(data, ADA).select(".story > li")
    kinds = [item.b.text.partition(":")[0] for item in story if item.b]
    assert kinds == ["Run", "Meeting", "Contact", "Analysis", "Conversation"]
    assert "Interview · Thu 5 Mar 2026, 09:00" in story[1].text
    assert "score 81" in story[3].text


def test_each_joining_entity_names_its_ids_and_their_events(data: Path) -> None:
    shown = page(data, ADA)
    card = next(c for c in shown.select(".card") if c.h2 and "one person" in c.h2.text)
    reasons = {" ".join(line.get_text(" ").split()) for line in card.select("li")}
    assert 'One analysis named ada and no "7" Event 6' in reasons
    assert "One conversation named ada and talk Event 1" in reasons


def test_a_run_is_joined_by_the_event_that_named_the_person_not_by_its_first(data: Path) -> None:
    shown = page(data, [one for one in ADA if b"ANALYSIS" not in one])
    links = [str(link["href"]) for link in shown.select(".card a[href^='/events/']")]
    assert "/events/4" in links
    assert "/events/3" not in links


def test_a_long_story_has_pages(data: Path) -> None:
    runs = [started(f"run-{n}", n, candidateProfileId="ada") for n in range(120)]
    with client(data, runs) as asking:
        address, seen = "/candidates/ada", list[str]()
        while address:
            shown = BeautifulSoup(asking.get(address).text, "html.parser")
            seen += [str(link["href"]) for link in shown.select(".story b a")]
            following = shown.select_one("a[rel=next]")
            address = str(following["href"]) if following else ""
        assert "Nothing is older" in asking.get("/candidates/ada?page=9").text
        assert asking.get("/candidates/ada?page=x").status_code == 400
    assert seen == [f"/runs/run-{n}" for n in reversed(range(120))]
