"""System says how the service is, and lets an engineer set things going."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from bs4 import BeautifulSoup, Tag
from litestar import Litestar
from litestar.testing import TestClient

from projections import generation
from projections.background import Rebuilding
from projections.going_back import go_back
from projections.queries.arrivals import arrivals
from tests.projections.queries.stored import NOON, body, started
from tests.running import eventually
from tests.sample import append, bodies, built, digests, incoming, opened, reading
from tests.web.asking import OURS
from tracker.backup_proofs import Proven
from tracker.database import open_writer
from tracker.errors import NotReady
from tracker.log import Incoming
from tracker.service import running
from tracker.settings import load_settings
from tracker.timing import DAY, HOUR, MINUTE, SECOND
from web.app import create_app
from web.services import Services

SECRET = "a secret of the tests"


class Asking:
    """A running service and a client of its pages."""

    def __init__(self, services: Services, client: TestClient[Litestar]) -> None:
        self.services = services
        self.client = client

    def page(self, address: str = "/system") -> Tag:
        answer = self.client.get(address)
        assert answer.status_code == 200, answer.text
        return main_of(answer.text)


@contextmanager
def serving(data: Path, now: int = NOON + DAY) -> Iterator[Asking]:
    settings = load_settings(data=data, signing_secrets=SECRET, open_access=True)
    with (
        running(settings, lambda: now) as services,
        TestClient(create_app(services), OURS) as client,
    ):
        yield Asking(services, client)


def main_of(content: str) -> Tag:
    main = BeautifulSoup(content, "html.parser").main
    assert main is not None
    return main


def text(tag: Tag | None) -> str:
    assert tag is not None
    return " ".join(tag.get_text(" ").split())


def noted(asking: Asking) -> list[str]:
    """What the audit trail says was done, newest first."""
    return [f"{one.action} {one.detail}" for one in asking.services.control.audit.entries()]


def test_it_counts_what_came_by_time_outcome_and_reason(data: Path) -> None:
    now = NOON + DAY
    rejected = Incoming(b"x", NOON, reason="no active secret signed this body", rejected=True)
    with opened(data) as log:
        for n, at in enumerate((now - 3 * HOUR, now - 30 * MINUTE, now - 30 * SECOND)):
            log.append([incoming(started(f"r{n}"), at)])
        log.append([incoming(started("r0"), now), incoming(b"{", NOON), rejected, rejected])
    with serving(data, now) as asking:
        main = asking.page()
        stats = [text(one) for one in main.select(".stat")]
        assert stats == ["3 events", "1 in the last minute", "2 in the last hour"]
        assert "No active secret signed this body" in text(main)
        for number in main.select("a:has([data-count])"):
            count = int(str(number.select_one("[data-count]")["data-count"]))  # type: ignore[index]
            address = str(number["href"])
            rows = "article" if address.startswith("/quarantine") else "tbody tr"
            assert len(asking.page(address).select(rows)) == count, address


def test_arrivals_are_counted_hour_by_hour(data: Path) -> None:
    with opened(data) as log:
        for n in range(6):
            log.append([incoming(started(f"r{n}"), NOON + n * HOUR // 2)])
    with reading(data) as reader:
        found = arrivals(reader, NOON + 3 * HOUR, 4)
    assert (found.minute, found.hour, found.hourly) == (0, 2, [0, 2, 2, 2])


def test_a_secret_shows_when_it_last_verified_a_delivery_and_never_its_value(data: Path) -> None:
    with serving(data) as asking:
        assert "has not verified a delivery yet" in text(asking.page())
        asking.services.control.note_verified({"setting-1": NOON + DAY - HOUR})
        assert "last verified a delivery 1 h ago" in text(asking.page())
        assert SECRET not in asking.client.get("/system").text


def test_a_broken_entity_shows_its_traceback_and_can_be_folded_again(data: Path) -> None:
    append(data, [body("CONVERSATION_STARTED", 1, record="c1")])
    built(data)
    views = open_writer(built(data), durable=False)
    broken = "Traceback (most recent call last):\nValueError: <b>odd</b>"
    views.execute("UPDATE entities SET broken = ? WHERE key = 'c1'", (broken,))
    views.close()
    with serving(data) as asking:
        main = asking.page()
        assert "1 entity could not be folded" in text(main)
        assert "ValueError: <b>odd</b>" in text(main.select_one("details pre"))
        form = main.select_one("form[action='/system/refold']")
        assert form is not None
        fields = {str(one["name"]): str(one["value"]) for one in form.select("input")}
        after = main_of(asking.client.post("/system/refold", data=fields).text)
        assert not after.select("#broken")
        assert noted(asking) == ["rebuild started c1"]
        unknown = {"projection": "runs", "key": "nobody"}
        assert asking.client.post("/system/refold", data=unknown).status_code == 404


@pytest.mark.parametrize(("mode", "served"), [("check", 1), ("parity", 2), ("rebuild", 2)])
def test_a_rebuild_is_started_and_its_comparison_shown(data: Path, mode: str, served: int) -> None:
    append(data, bodies(40))
    before = digests(data) if built(data) else {}
    with serving(data) as asking:
        asking.client.post("/system/rebuild", data={"mode": mode})
        eventually(lambda: asking.services.rebuild.progress is None)
        main = asking.page()
    said = text(main.select_one("#rebuild"))
    assert "No row differs" in said
    assert "40 events in" in said
    assert ("thrown away" in said) == (mode == "check")
    rows = {
        text(row.th): [text(cell) for cell in row.select("td")]
        for row in main.select("#comparison tbody tr")
    }
    assert rows["Conversations"][1] == "0"
    assert int(rows["Conversations"][0]) > 0
    assert generation.number(built(data)) == served
    assert digests(data) == before


def test_progress_has_a_rate_and_the_time_that_is_left(data: Path) -> None:
    with serving(data) as asking:
        asking.services.rebuild.progress = Rebuilding("folding", 5_000, 20_000, 2.0)
        main = asking.page()
        busy = asking.client.post("/system/rebuild", data={"mode": "check"})
        asking.services.rebuild.progress = None
    said = text(main.select_one("#rebuild"))
    assert "Folding 5 000 of 20 000 · 2 500 a second · 6 s left" in said
    assert main.select_one("progress[value='5000'][max='20000']")
    assert not main.select("form[action='/system/rebuild']")
    assert busy.status_code == 409


def test_a_rebuild_that_failed_says_why(data: Path) -> None:
    with serving(data) as asking:
        asking.services.rebuild.error = "The disk is full"
        assert "The disk is full" in text(asking.page().select_one("#rebuild"))


def test_the_way_back_serves_the_generation_before_and_all_events(data: Path) -> None:
    append(data, bodies(20))
    built(data)
    with serving(data) as asking:
        assert "Go back" not in text(asking.page())
        asking.client.post("/system/rebuild", data={"mode": "rebuild"})
        eventually(lambda: asking.services.rebuild.progress is None)
        asking.services.ingest.append_bodies(bodies(20, start=20))
        assert "Go back to generation 1" in text(asking.page())
        asking.client.post("/system/previous")
        assert "generation 1, log at 40" in text(asking.page())
        assert noted(asking) == ["earlier views served generation 1", "rebuild started rebuild"]
    assert generation.number(built(data)) == 1
    assert digests(data)


def test_without_an_earlier_generation_there_is_no_way_back(data: Path) -> None:
    append(data, bodies(3))
    built(data)
    with pytest.raises(NotReady, match="rebuild the views instead"):
        go_back(data)


def test_the_proof_runs_when_it_is_wanted_and_says_its_result(data: Path) -> None:
    append(data, bodies(10))
    with serving(data) as asking:
        asking.client.post("/system/job", data={"name": "proof"})

        def proven() -> bool:
            (job,) = [j for j in asking.services.scheduler.status() if j.name == "proof"]
            return job.ok is not None

        eventually(proven)
        assert "10 events rebuilt into" in text(asking.page().select_one("#jobs"))
        assert noted(asking) == ["job started proof"]
        assert asking.client.post("/system/job", data={"name": "prune"}).status_code == 400


@pytest.mark.parametrize("address", ["rebuild", "job", "refold", "previous"])
def test_another_site_sets_nothing_going(data: Path, address: str) -> None:
    form = {"mode": "check", "name": "proof", "projection": "runs", "key": "r1"}
    with serving(data) as asking:
        headers = {"Sec-Fetch-Site": "cross-site"}
        answer = asking.client.post(f"/system/{address}", data=form, headers=headers)
        assert answer.status_code == 403
        assert asking.services.rebuild.report is None


def test_an_unknown_way_to_rebuild_is_refused_with_those_that_are(data: Path) -> None:
    with serving(data) as asking:
        answer = asking.client.post("/system/rebuild", data={"mode": "faster"})
    assert answer.status_code == 400
    assert "check, rebuild, parity" in answer.text


def test_disk_and_versions_are_told(data: Path) -> None:
    with serving(data) as asking:
        said = text(asking.page())
    assert "log.db" in said
    assert "generation 1 served" in said
    assert "SQLite 3." in said


def test_the_last_backup_that_was_proven_is_shown_and_a_failure_is_loud(data: Path) -> None:
    now = NOON + 9 * DAY
    with serving(data, now) as asking:
        proofs = asking.services.control.backup_proofs
        assert "Not proven yet" in text(asking.page().select_one("#backups"))

        proofs.add(Proven(at=now - HOUR, file="a.zip", size=2_000_000, position=12, seconds=3.0))
        shown = text(asking.page().select_one("#backups"))
        assert "Proven restorable 1 h ago" in shown
        assert "12 events, 2 MB" in shown
        assert not asking.page().select(".notice.bad")

        proofs.add(Proven(at=now, problem="No room <b>is</b> left."))
        main = asking.page()
        assert "The last backup failed: No room <b>is</b> left." in text(
            main.select_one(".notice.bad")
        )
        assert "Proven restorable 1 h ago" in text(main.select_one("#backups"))


def test_a_good_backup_that_is_too_old_is_loud(data: Path) -> None:
    now = NOON + 9 * DAY
    with serving(data, now) as asking:
        asking.services.control.backup_proofs.add(Proven(at=now - 3 * DAY, file="a.zip"))
        main = asking.page()
        assert "No backup was proven restorable for two days" in text(main.select_one(".notice"))
        assert "Too old" in text(main.select_one("#backups"))


def test_a_backup_can_be_started_by_hand(data: Path) -> None:
    append(data, bodies(3))
    built(data)
    with serving(data) as asking:
        asking.client.post("/system/job", data={"name": "backup"})
        eventually(lambda: asking.services.control.backup_proofs.last_good() is not None)
        assert "3 events" in text(asking.page().select_one("#backups"))
