"""Search finds people, things and events by names, addresses and ids, whatever is typed."""

from collections.abc import Iterator
from urllib.parse import quote

import pytest
from bs4 import BeautifulSoup
from hypothesis import given, settings
from hypothesis import strategies as st
from litestar import Litestar
from litestar.testing import TestClient

from tests.projections.queries.stored import body, started
from tests.web.asking import client

ODD = 'run/7 "x"* OR 1'
STORIES = [
    body(
        "CONVERSATION_STARTED",
        record="talk-1",
        event_id="evt-talk",
        candidateId="cand-1",
        participantFirstName="Odalys Fernwhistle",
        externalCampaignId="spring",
    ),
    started("run-1", 1, candidateProfileId="cand-1"),
    started("4", 2, candidateProfileId="cand-2"),
    started(ODD, 3),
    body(
        "CALENDAR_MEETING_SCHEDULED",
        4,
        record="book-1",
        conversationId="talk-1",
        meetingDetails={"participants": [{"name": "Ben", "email": "ben.lee@example.org"}]},
    ),
    body("CANDIDATE_ANALYSIS_COMPLETED", 5, record="cand-1", externalAnalysisId="job-9"),
]


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient[Litestar]]:
    with client(tmp_path_factory.mktemp("data"), STORIES) as asking:
        yield asking


def found(asking: TestClient[Litestar], words: str) -> dict[str, list[str]]:
    """The addresses that a search leads to, by heading."""
    answer = asking.get(f"/search?q={quote(words, safe='')}", follow_redirects=False)
    assert answer.status_code == 200, answer.text
    groups = BeautifulSoup(answer.text, "html.parser").select("main section")
    return {
        str(group["aria-label"]): [str(link["href"]) for link in group.select("th a")]
        for group in groups
    }


PERSON = ["/candidates/candidate%3Acand-1"]


@pytest.mark.parametrize(
    "words", ["Odalys Fernwhistle", "fernwhistle", "fernw odal", "ODALYS", "cand-1", "talk-1"]
)
def test_a_person_stands_first_by_name_parts_of_it_and_every_id(
    pages: TestClient[Litestar], words: str
) -> None:
    groups = found(pages, words)
    assert next(iter(groups)) == "Candidates"
    assert groups["Candidates"] == PERSON
    assert groups["Conversations"] == ["/conversations/talk-1"]


@pytest.mark.parametrize("words", ["ben.lee@example.org", "ben.lee@exam", "BEN.LEE@EXAMPLE.ORG"])
def test_an_e_mail_address_leads_to_the_meeting_and_its_person(
    pages: TestClient[Litestar], words: str
) -> None:
    groups = found(pages, words)
    assert len(groups["Meetings"]) == 1
    assert groups["Candidates"] == PERSON


def test_results_are_grouped_by_kind(pages: TestClient[Litestar]) -> None:
    groups = found(pages, "cand-1")
    assert list(groups) == ["Candidates", "Conversations", "Analyses", "Runs"]
    assert groups["Runs"] == ["/runs/run-1"]


def test_namesakes_are_told_apart_by_their_state_and_time(pages: TestClient[Litestar]) -> None:
    page = BeautifulSoup(pages.get("/search?q=cand-1").text, "html.parser")
    shown = {
        str(group["aria-label"]): [
            cell.get_text(" ", strip=True) for cell in group.select("tbody td")
        ]
        for group in page.select("main section")
    }
    for kind, state in (("Candidates", ""), ("Conversations", "Started"), ("Runs", "Running")):
        assert shown[kind][0] == state
        assert shown[kind][1].endswith("ago")
    assert shown["Analyses"][0] == "Mandatory unknown"
    meeting = BeautifulSoup(pages.get("/search?q=book-1").text, "html.parser")
    [first, *_] = meeting.select("section[aria-label=Meetings] tbody td")
    assert first.get_text(" ", strip=True) == "Scheduled"


def test_an_event_id_leads_straight_to_the_event(pages: TestClient[Litestar]) -> None:
    answer = pages.get("/search?q=%20evt-talk%20", follow_redirects=False)
    assert answer.status_code == 303
    assert answer.headers["location"] == "/events/1"


@pytest.mark.parametrize("position", ["2", "%232", "%234"])
def test_a_position_leads_straight_to_its_event(pages: TestClient[Litestar], position: str) -> None:
    answer = pages.get(f"/search?q={position}", follow_redirects=False)
    assert answer.headers["location"] == f"/events/{position[-1]}"


def test_a_number_that_is_also_an_id_shows_both(pages: TestClient[Litestar]) -> None:
    groups = found(pages, "4")
    assert groups["Runs"] == ["/runs/4"]
    assert groups["Events"] == ["/events/4"]


@pytest.mark.parametrize("words", ["99", "#99", "0", "9" * 200, "#"])
def test_a_position_that_the_log_has_not_is_just_not_found(
    pages: TestClient[Litestar], words: str
) -> None:
    assert found(pages, words) == {}


def test_an_id_of_odd_characters_is_found(pages: TestClient[Litestar]) -> None:
    assert found(pages, ODD)["Runs"] == [f"/runs/{quote(ODD, safe='')}"]


@pytest.mark.parametrize(
    "words",
    [
        '"',
        '""',
        '" OR "',
        "*",
        "a AND",
        "NOT",
        "title:odalys",
        "odalys NEAR/2 fern",
        "{title words}:x",
        "^odalys",
        "(",
        "-",
        "'; DROP TABLE search; --",
        "\0",
        "é\u0301",
        "%",
        "😀",
        "a " * 500,
    ],
)
def test_the_search_languages_own_signs_are_just_text(
    pages: TestClient[Litestar], words: str
) -> None:
    assert pages.get("/search", params={"q": words}).status_code == 200


@settings(max_examples=80, deadline=None)
@given(words=st.text(max_size=60))
def test_whatever_is_typed_is_answered_and_shown_as_text(
    pages: TestClient[Litestar], words: str
) -> None:
    answer = pages.get("/search", params={"q": words})
    assert answer.status_code == 200
    assert not BeautifulSoup(answer.text, "html.parser").select("main script")


def test_a_kind_shows_its_best_and_counts_the_rest(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    many = [started(f"many-{n}", n) for n in range(30)]
    with client(tmp_path_factory.mktemp("many"), many) as asking:
        page = BeautifulSoup(asking.get("/search?q=many").text, "html.parser")
        assert len(page.select("tbody tr")) == 12
        assert "18 more" in page.get_text()
