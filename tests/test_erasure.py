"""After a person was erased, no file of the service and no answer of it holds a word of theirs."""

import json
import shutil
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from projections import generation
from tests.browser.places import LISTS
from tests.canaries import PERSON, RUN, TALK, Canaries, broken_bodies, files_with
from tests.running import Running, eventually, service, tracker
from tests.sample import bodies, body
from tests.test_service import caught_up
from tracker.database import open_reader
from tracker.log.ledger import LEDGER
from web.lists import LISTS as FILES

OTHERS = 40


class Told:
    """A running service that was told everything about one person, and of others."""

    def __init__(self, running: Running) -> None:
        self.running = running
        self.canaries = Canaries()
        self.others = bodies(OTHERS)
        self.story = list(self.canaries.story())
        self.broken = list(broken_bodies(self.canaries))
        self.conflict = body(
            "canary-0",
            record=TALK,
            candidateId=PERSON,
            x=self.canaries.word(),
        )
        for one in [*self.others, *self.story, *self.broken, self.conflict]:
            assert running.post(one).is_success
        eventually(lambda: caught_up(running))

    @property
    def data(self) -> Path:
        return self.running.data

    def places(self) -> list[str]:
        """Every page, file and list of the API that could show the person."""
        events, held = len(self.others) + len(self.story) + 8, len(self.broken) + 1
        api = "runs conversations meetings analyses contacts events candidates deliveries"
        return [
            *LISTS.values(),
            *(f"{path}.csv" for path in FILES),
            *(f"/events/{position}" for position in range(OTHERS + 1, events)),
            *(f"/quarantine/{number}" for number in range(1, held + 1)),
            *(f"/candidates/{one}" for one in (PERSON, TALK)),
            *(
                f"/runs/{RUN}",
                f"/conversations/{TALK}",
                "/meetings/booking-canary",
                "/calendar.ics",
            ),
            *(f"/api/v1/{name}" for name in (*api.split(), "quarantine", "attention")),
            f"/search?q={PERSON}",
            f"/api/v1/candidates/{PERSON}",
        ]

    def answers_with(self, words: list[str]) -> dict[str, list[str]]:
        """The answers that hold one of the words."""
        found = {}
        for place in self.places():
            text = self.running.get(place).text.lower()
            if here := [word for word in words if word in text]:
                found[place] = here
        return found

    def erase(self) -> dict[str, object]:
        done = tracker("erase", PERSON, "--yes", "--json", "--data", str(self.data))
        assert done.returncode == 0, done.stderr
        report: dict[str, object] = json.loads(done.stdout)
        return report


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    """One service for all tests of this file; the person is erased by the first that needs it."""
    data = tmp_path_factory.mktemp("erasure") / "data"
    with service(data) as running:
        yield Told(running)


def test_an_erasure_leaves_nothing_in_any_file_and_any_answer(told: Told) -> None:
    words, data = told.canaries.words, told.data
    assert tracker("rebuild", "--data", str(data)).returncode == 0
    eventually(lambda: len(generation.generations(data)) == 2)
    name = told.canaries.name()
    saved = told.running.post_form("/views", path="/candidates", query="q=x", name=f"of {name}")
    assert saved.is_success
    everywhere = {word for found in files_with(data, words).values() for word in found}
    assert everywhere == set(words), "each canary is somewhere before"
    assert told.answers_with(words)
    before = counts(told.running)
    export = str(data.parent / "before.ndjson")
    assert tracker("log", "export", export, "--data", str(data)).returncode == 0

    report = told.erase()

    assert report["clean"] is True
    assert report["generations"]
    assert files_with(data, words) == {}
    assert told.answers_with(words) == {}
    assert vocabulary(data, words) == []
    assert counts(told.running) == before
    assert tracker("log", "verify", "--data", str(data)).returncode == 0


def test_others_are_as_they_were(told: Told) -> None:
    listed = told.running.get(f"/api/v1/events?limit={OTHERS}").json()["items"]
    assert [one["data"] for one in listed] == [json.loads(one)["data"] for one in told.others]


def test_what_comes_later_leaves_nothing_either(told: Told) -> None:
    late = Canaries()
    late.words = [f"before{n}" for n in range(500)]  # so that the new ones are others
    again = [one.replace(b'"canary-', b'"later-') for one in late.story()]
    for one in [*again, *told.story, *list(broken_bodies(late))]:
        answer = told.running.post(one)
        assert answer.is_success
    words = late.words[500:]
    eventually(lambda: caught_up(told.running))
    assert files_with(told.data, words + told.canaries.words) == {}
    assert told.answers_with(words + told.canaries.words) == {}


def test_the_views_are_those_of_a_rebuild_and_nobody_goes_back(told: Told) -> None:
    checked = tracker("rebuild", "--check", "--json", "--data", str(told.data))
    assert checked.returncode == 0, checked.stderr
    differing = {n: v["differing"] for n, v in json.loads(checked.stdout)["views"].items()}
    assert not any(differing.values()), differing
    answer = told.running.post_form("/system/previous")
    assert "somebody was erased" in answer.text


def test_the_page_asks_before_anything_goes(told: Told) -> None:
    asks = told.running.get(f"/erase/{PERSON}").text
    assert "Erase for good?" in asks
    assert PERSON in asks
    unsure = told.running.post_form("/erase", person=PERSON, reason="as asked")
    assert unsure.status_code == 400
    assert "Tick the box" in unsure.text
    long = told.running.post_form("/erase", person=PERSON, reason="x" * 600, sure="yes")
    assert "600 characters" in long.text
    assert told.running.get("/erase/nobody").status_code == 404
    sure = told.running.post_form("/erase", person=PERSON, reason="as asked", sure="yes")
    assert "This person was erased" in sure.text


def test_who_erased_is_in_the_audit_trail_by_id(told: Told) -> None:
    listed = tracker("audit", "--json", "--about", f"candidate:{PERSON}", "--data", str(told.data))
    done = {(line["action"], line["actor"]) for line in json.loads(listed.stdout)}
    assert ("person erased", "dashboard") in done
    assert any(action == "person erased" and "command line" in actor for action, actor in done)
    assert any(action == "person seen" for action, _ in done)


def test_erasing_again_finds_nothing_to_do(told: Told) -> None:
    report = told.erase()
    assert (report["positions"], report["events"]) == ([], 0)


def test_the_person_is_shown_as_erased(told: Told) -> None:
    day = time.strftime("%Y-%m-%d", time.gmtime())
    for place in ("/candidates", f"/candidates/{PERSON}", f"/conversations/{TALK}"):
        assert f"Erased person ({day})" in told.running.get(place).text, place


def test_a_copy_of_the_log_from_before_forgets_again_beside_the_ledger(told: Told) -> None:
    data = told.data.parent / "copied"
    copied = str(data.parent / "before.ndjson")
    assert tracker("log", "import", copied, "--data", str(data)).returncode == 0
    assert files_with(data, told.canaries.words), "the copy brings the person back"
    shutil.copy(told.data / LEDGER, data / LEDGER)
    with service(data) as again:
        eventually(lambda: caught_up(again))
        assert files_with(data, told.canaries.words) == {}
        assert "Erased person" in again.get(f"/candidates/{PERSON}").text
        assert "erasures made again" in tracker("audit", "--data", str(data)).stdout.lower()


def test_a_restart_finds_nothing_to_add_and_shows_the_same(told: Told) -> None:
    with closing(open_reader(told.data / "log.db")) as log:
        head = log.execute("SELECT position FROM head").fetchone()
    assert told.running.stop() == 0
    with service(told.data) as again:
        eventually(lambda: caught_up(again))
    with closing(open_reader(told.data / "log.db")) as log:
        assert log.execute("SELECT position FROM head").fetchone() == head
    assert files_with(told.data, told.canaries.words) == {}


def counts(running: Running) -> object:
    """What the numbers of the pages are made of."""
    lists = [running.get(f"/api/v1/{name}?limit=500").json()["items"] for name in LISTED]
    return [sorted(map(status, items)) for items in lists]


LISTED = ("runs", "conversations", "meetings", "analyses", "contacts")


def status(item: dict[str, object]) -> str:
    return str((item.get("status"), item.get("outcome"), item.get("score")))


def vocabulary(data: Path, words: list[str]) -> list[str]:
    """The words in the full-text index itself, which keeps of neighbours only what differs."""
    path = generation.served(data)
    assert path is not None
    views = open_reader(path)
    views.execute("PRAGMA query_only = OFF")
    views.execute("CREATE VIRTUAL TABLE temp.terms USING fts5vocab(main, search_index, row)")
    terms = {term for (term,) in views.execute("SELECT term FROM temp.terms")}
    views.close()
    assert terms
    return [word for word in words if any(word.startswith(t) and len(t) > 3 for t in terms)]
