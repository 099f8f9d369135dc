"""Today and the list of what needs you: rows, days of the viewer, the funnel, acknowledging."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from litestar import Litestar
from litestar.testing import TestClient

from projections.rebuild import rebuild
from tests.projections.queries.stored import NOON, body, ended, started
from tests.running import eventually
from tests.web.asking import OURS, client
from tracker.service import running
from tracker.settings import load_settings
from tracker.timing import DAY
from web.app import create_app
from web.services import Services

DONE, UNDONE = "TRACKER_ACKNOWLEDGED", "TRACKER_ACKNOWLEDGEMENT_UNDONE"
REVIEW = body(
    "CONVERSATION_NEEDS_REVIEW",
    record="talk",
    candidateId="ada",
    participantFirstName="Ada",
    campaignConversationUrl="https://popp.example/talk",
)
FORM = {
    "projection": "conversations",
    "entity": "talk",
    "item": "CONVERSATION_NEEDS_REVIEW/talk@0",
}


def soup(asking: TestClient[Litestar], address: str) -> BeautifulSoup:
    """A page that must answer."""
    answer = asking.get(address)
    assert answer.status_code == 200, answer.text
    return BeautifulSoup(answer.text, "html.parser")


def words(page: BeautifulSoup, selector: str) -> str:
    """The text of one element, which must be there."""
    found = page.select_one(selector)
    assert found is not None, selector
    return " ".join(found.get_text(" ").split())


def failures(count: int) -> list[bytes]:
    """Runs that failed one minute after the other."""
    return [
        one
        for number in range(count)
        for one in (started(f"r{number}", number), ended(f"r{number}", "FAILED", number + 0.5))
    ]


class TestNeedsYou:
    def test_a_row_leads_to_the_thing_and_into_popp(self, data: Path) -> None:
        with client(data, [REVIEW]) as asking:
            page = soup(asking, "/")
        row = words(page, "#needs tbody tr")
        assert "Ada Needs review Asked for a person to look at the conversation 1 d" in row
        links = [str(link["href"]) for link in page.select("#needs tbody a")]
        assert links == ["/conversations/talk", "https://popp.example/talk"]

    def test_a_failed_run_leads_to_the_newest_conversation_of_its_person(self, data: Path) -> None:
        run = [started("run", candidateProfileId="ada"), ended("run", "FAILED", 5)]
        with client(data, [REVIEW, *run]) as asking:
            page = soup(asking, "/needs?reason=run_failed")
        links = [str(link["href"]) for link in page.select("#needs tbody a")]
        assert links == ["/runs/run", "https://popp.example/talk"]

    def test_of_many_only_the_ten_that_wait_longest_are_shown(self, data: Path) -> None:
        with client(data, failures(70)) as asking:
            page = soup(asking, "/")
            assert len(page.select("#needs tbody tr")) == 10
            assert words(page, "#needs header a") == "All 70"
            assert words(page, "#needs .chips") == "70 run failed"
            listed = soup(asking, "/needs")
            assert len(listed.select("tbody tr")) == 50
            following = listed.select_one("a[rel=next]")
            assert following is not None
            assert len(soup(asking, str(following["href"])).select("tbody tr")) == 20

    def test_nothing_received_and_nothing_waiting_and_no_match_differ(
        self, data: Path, tmp_path: Path
    ) -> None:
        with client(data, [started("run")]) as asking:
            assert "Nobody waits for you" in words(soup(asking, "/"), "#needs")
        other, empty = tmp_path / "other", tmp_path / "empty"
        other.mkdir()
        empty.mkdir()
        with client(other, [REVIEW]) as asking:
            said = words(soup(asking, "/needs?reason=run_failed"), "#needs")
            assert "No waiting things match" in said
        with client(empty, []) as asking:
            for address in ("/", "/needs"):
                assert "nothing has been received" in words(soup(asking, address), "#needs")


class TestMoving:
    RUN = (started("run", -11 * 60), ended("run", "COMPLETED", -10.5 * 60))  # at half past one

    @pytest.mark.parametrize(
        ("zone", "today"), [("UTC", "1"), ("America/New_York", "0"), ("Pacific/Auckland", "0")]
    )
    def test_today_is_the_viewers_day(self, data: Path, zone: str, today: str) -> None:
        with client(data, self.RUN, NOON) as asking:
            asking.cookies.set("zone", zone.replace("/", "%2F"))
            page = soup(asking, "/")
            number = page.select_one("#moving a[href*='status=completed']")
            assert number is not None
            assert number["data-count"] == today
            listed = soup(asking, str(number["href"]))
        assert len(listed.select("tbody tr")) == int(today)
        assert zone in words(page, "#moving .marks")

    def test_trends_say_in_words_what_they_draw(self, data: Path) -> None:
        with client(data, self.RUN, NOON) as asking:
            lines = soup(asking, "/").select("#moving svg[role=img]")
        assert len(lines) == 4
        assert "0, 0, 0, 0, 0, 0, 0, 1" in str(lines[2]["aria-label"])


class TestFunnel:
    TALKS = (
        body("CONVERSATION_QUEUED", record="a", externalCampaignId="spring & co"),
        body("CONVERSATION_STARTED", 5, record="a", externalCampaignId="spring & co"),
        body("CONVERSATION_QUEUED", record="b", externalCampaignId="autumn"),
        started("run"),
    )

    def test_the_address_chooses_a_campaign_or_a_workflow(self, data: Path) -> None:
        with client(data, self.TALKS) as asking:
            every = soup(asking, "/")
            spring = soup(asking, "/?funnel=campaign%3Aspring+%26+co")
            runs = soup(asking, "/?funnel=workflow%3Aflow-hiring")
        assert words(every, "#funnel ol").startswith("2 Queued 1 Started 50% of those before")
        assert "median wait 5 min" in words(spring, "#funnel ol")
        assert words(spring, "#funnel ol").startswith("1 Queued")
        assert words(spring, "#funnel option[selected]") == "spring & co"
        assert words(runs, "#funnel ol") == "1 Started 0 Completed 0% of those before"

    def test_a_choice_that_is_none_is_told(self, data: Path) -> None:
        with client(data, self.TALKS) as asking:
            answer = asking.get("/?funnel=moon")
        assert answer.status_code == 400
        assert "campaign:ID or workflow:ID" in answer.text


@contextmanager
def serving(data: Path) -> Iterator[tuple[Services, TestClient[Litestar]]]:
    """The whole service in this process, with one conversation that needs review."""
    settings = load_settings(data=data, signing_secrets="a secret of the tests", open_access=True)
    with running(settings, lambda: NOON + DAY) as services:
        services.ingest.append_bodies([REVIEW])
        with TestClient(create_app(services), OURS) as asking:
            eventually(lambda: bool(soup(asking, "/").select("#needs tbody tr")))
            yield services, asking


def clicks(services: Services) -> list[str]:
    """The events that clicks left in the log."""
    return [event.type for event in services.log.events(types=(DONE, UNDONE))]


Served = tuple[Services, TestClient[Litestar]]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One service for tests that leave nothing but the same acknowledgement."""
    with serving(tmp_path_factory.mktemp("served")) as one:
        yield one


class TestAcknowledging:
    def test_it_takes_the_row_away_says_who_and_offers_undo(self, data: Path) -> None:
        with serving(data) as (services, asking):
            done = asking.post("/acknowledge", data=FORM)
            page = BeautifulSoup(done.text, "html.parser")
            assert not page.select("#needs tbody tr")
            assert words(page, "#needs .undo") == "Ada: taken care of by dashboard. Undo"
            event = services.log.events(types=(DONE,))[0].read()
            assert event.data.actor == "dashboard"
            form = page.select("form[action='/acknowledge/undo'] input")
            again = {str(field["name"]): str(field["value"]) for field in form}
            back = asking.post("/acknowledge/undo", data=again)
            assert BeautifulSoup(back.text, "html.parser").select("#needs tbody tr")
            assert clicks(services) == [DONE, UNDONE]

    @pytest.mark.parametrize(
        ("address", "left"), [("/acknowledge", [DONE]), ("/acknowledge/undo", [])]
    )
    def test_a_second_click_adds_no_event(self, data: Path, address: str, left: list[str]) -> None:
        with serving(data) as (services, asking):
            for _ in range(3):
                assert asking.post(address, data=FORM).status_code == 200
            assert clicks(services) == left

    def test_it_survives_a_rebuild(self, data: Path) -> None:
        with serving(data) as (_, asking):
            asking.post("/acknowledge", data=FORM)
        rebuild(data)
        settings = load_settings(
            data=data, signing_secrets="a secret of the tests", open_access=True
        )
        with (
            running(settings, lambda: NOON + DAY) as services,
            TestClient(create_app(services), OURS) as asking,
        ):
            assert not soup(asking, "/").select("#needs tbody tr")


class TestTheForm:
    @pytest.mark.parametrize(
        "odd",
        [
            {"item": "never-received"},
            {"entity": "another"},
            {"projection": "runs"},
        ],
    )
    def test_what_no_event_speaks_of_is_refused(self, served: Served, odd: dict[str, str]) -> None:
        services, asking = served
        before = clicks(services)
        answer = asking.post("/acknowledge", data=FORM | odd)
        assert answer.status_code == 400
        assert "open the page again" in answer.text
        assert clicks(services) == before

    def test_a_form_of_another_site_is_refused(self, served: Served) -> None:
        services, asking = served
        before = clicks(services)
        for address in ("/acknowledge", "/acknowledge/undo"):
            strange = {"Sec-Fetch-Site": "cross-site"}
            assert asking.post(address, data=FORM, headers=strange).status_code == 403
        assert clicks(services) == before

    @pytest.mark.parametrize(
        ("back", "to"),
        [
            ("/needs?reason=needs_review", "/needs?reason=needs_review&done="),
            ("/", "/?done="),
            ("//elsewhere.example/", "/?done="),
            ("/\\elsewhere.example", "/?done="),
            ("https://elsewhere.example/", "/?done="),
            ("/\r\nLocation: x", "/?done="),
        ],
    )
    def test_it_leads_back_to_a_page_of_ours(self, served: Served, back: str, to: str) -> None:
        _, asking = served
        answer = asking.post("/acknowledge", data=FORM | {"back": back}, follow_redirects=False)
        assert answer.status_code == 303
        assert answer.headers["location"].startswith(to)

    def test_a_script_gets_the_fragment_alone(self, served: Served) -> None:
        _, asking = served
        for back in ("/", "/needs"):
            answer = asking.post(
                "/acknowledge", data=FORM | {"back": back}, headers={"HX-Request": "true"}
            )
            page = BeautifulSoup(answer.text, "html.parser")
            assert [one["id"] for one in page.find_all("section", recursive=False)] == ["needs"]
            assert "done=" in str(page.select("section")[0]["hx-get"])

    @pytest.mark.parametrize("odd", ["0", "99", "x", "²", "9" * 30, "1"])
    def test_an_odd_address_offers_no_undo(self, served: Served, odd: str) -> None:
        _, asking = served
        assert not soup(asking, f"/?done={odd}").select(".undo")
