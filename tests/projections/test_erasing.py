"""A person is forgotten by the views, too, and whatever could bring them back goes."""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import msgspec
import pytest

from projections import generation
from projections.catalogue import PROJECTIONS
from projections.erasing import Eraser, file_under
from projections.follower import BY_NAME
from projections.going_back import go_back, previous
from projections.queries.people import names
from projections.queries.views import Views
from projections.rebuild import rebuild
from tests.sample import append, body, digests, follow, following, opened, reading
from tests.tracker.log.test_erasing import ME, STORY
from tracker.control import Control
from tracker.database import Connection
from tracker.errors import InvalidInput, NotFound, NotReady
from tracker.ingest import Ingest
from tracker.log.ledger import LEDGER

ADA = "candidate:cand-ada"


@contextmanager
def eraser(data: Path) -> Iterator[Eraser]:
    """What erases in a directory that no service serves."""
    with ExitStack() as stack:
        log = stack.enter_context(opened(data))
        reader = stack.enter_context(reading(data))
        ingest, views = Ingest(log, secrets=list), Views(data)
        ingest.start()
        stack.callback(views.close)
        stack.callback(ingest.stop)
        control = Control(data / "control.db")
        yield Eraser(data, ingest, reader, views, control, lambda: caught_up(data))


def caught_up(data: Path) -> None:
    """Fold what there is, as a command does that finds no service."""
    with following(data) as follower:
        while follower.step().events:
            pass
        follower.clean()


@contextmanager
def seen(data: Path) -> Iterator[Connection]:
    views = Views(data)
    with views.read() as connection:
        yield connection
    views.close()


@pytest.fixture
def told(data: Path) -> Path:
    append(data, STORY)
    follow(data)
    return data


def erase(data: Path) -> None:
    with eraser(data) as one:
        one.erase("cand-ada", actor="eve", reason="asked")


@pytest.mark.parametrize("known_as", [ADA, "cand-ada", "talk-ada"])
def test_any_of_their_ids_will_do(told: Path, known_as: str) -> None:
    with eraser(told) as one:
        before = one.preview(known_as)
        report = one.erase(known_as, actor="eve", reason="asked")
    assert (before.person, before.events, before.erased_at) == (ADA, 5, None)
    assert (report.person, report.events, report.positions) == (ADA, 5, [7])


def test_nobody_is_erased_by_mistake(told: Path) -> None:
    with eraser(told) as one:
        with pytest.raises(NotFound, match="nobody"):
            one.erase("nobody", actor="eve", reason="")
        with pytest.raises(InvalidInput, match="500 can be kept"):
            one.erase("cand-ada", actor="eve", reason="x" * 501)
    with reading(told) as log:
        assert log.head() == len(STORY)


def test_the_views_are_those_that_a_rebuild_makes(told: Path) -> None:
    erase(told)
    after = digests(told)
    rebuild(told)
    assert digests(told) == after


def test_rows_and_counts_stay(told: Path) -> None:
    def counted() -> list[object]:
        queries = [
            "SELECT name, item, outcome, target, count FROM tallies WHERE name <> 'labels'",
            "SELECT id, status, last_event_at FROM conversations",
            "SELECT id, status FROM runs",
            "SELECT id, status, starts_at FROM meetings",
            "SELECT identity, person FROM people",
            "SELECT projection, entity, item, reason FROM attention",
        ]
        with seen(told) as connection:
            return [connection.execute(f"{query} ORDER BY 1, 2").fetchall() for query in queries]

    before = counted()
    erase(told)
    assert counted() == before


def test_who_was_erased_is_called_so_until_the_erasure_is_lifted(told: Path) -> None:
    def called() -> str | None:
        with seen(told) as connection:
            return names(connection, [ADA]).get(ADA)

    assert called() == "Ada Lovelace"
    with eraser(told) as one:
        one.erase("cand-ada", actor="eve", reason="")
        assert str(called()).startswith("Erased person (")
        assert len(one.lift("cand-ada", actor="eve", reason="applied again")) == 1
        assert called() is None
        with pytest.raises(NotFound, match="not erased"):
            one.lift("cand-ada", actor="eve", reason="")
    append(told, [body("new", at=50, record="talk-ada", participantFirstName="Ada")])
    follow(told)
    assert called() == "Ada"


def test_a_fold_that_fails_keeps_nothing_of_an_erased_person(
    told: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    conversations = next(p for p in PROJECTIONS if p.name == "conversations")

    def fails(_events: object) -> list[object]:
        raise ValueError("poisonous")

    failing = msgspec.structs.replace(conversations, fold=fails)
    monkeypatch.setitem(BY_NAME, "conversations", failing)
    erase(told)
    with seen(told) as connection:
        rows = connection.execute("SELECT * FROM conversations WHERE id = 'talk-ada'").fetchall()
    assert rows == []


def test_an_id_that_turns_out_to_be_theirs_is_erased_as_well(told: Path) -> None:
    first = body(
        "s", "CANDIDATE_ANALYSIS_COMPLETED", at=20, record="z", externalId="17", evidence="Ada"
    )
    run = "WORKFLOW_RUN_STARTED"
    join = body(
        "j", run, at=30, record="r9", candidateProfileId="cand-ada", candidateProfileExternalId="17"
    )
    erase(told)
    append(told, [first, join])
    follow(told)
    with eraser(told) as one:
        assert one.extend() == 1
        assert one.extend() == 0
    with reading(told) as log:
        assert b"Ada" not in log.event_by_id("s").body
    trail = Control(told / "control.db").audit.entries()
    assert [(line.actor, line.action) for line in trail] == [
        ("tracker", "person erased"),
        ("eve", "person erased"),
    ]


def test_earlier_generations_go_and_nobody_goes_back(told: Path) -> None:
    rebuild(told)
    assert previous(told) is not None
    erase(told)
    assert len(generation.generations(told)) == 1
    with pytest.raises(NotReady, match="somebody was erased"):
        go_back(told)


def test_a_rebuild_keeps_no_generation_that_missed_an_erasure(told: Path) -> None:
    with opened(told) as log:
        log.erase(ME, file_under)  # which the served views have not folded
    rebuild(told)
    assert len(generation.generations(told)) == 1
    rebuild(told)
    assert len(generation.generations(told)) == 2, "this one has folded it"


def test_what_a_crash_left_undone_is_done_at_the_next_start(told: Path) -> None:
    rebuild(told)
    with opened(told) as log:
        log.erase(ME, file_under)
    copy = told / "backups" / "log-before-upgrade-from-schema-1.db"
    copy.parent.mkdir()
    copy.touch()
    os.utime(copy, (0, 0))
    with eraser(told) as one:
        follow(told)
        assert len(one.forget_copies()) == 1
    assert not copy.exists()
    assert (told / LEDGER).exists()
    with seen(told) as connection:
        found = connection.execute("SELECT * FROM search WHERE words LIKE '%Lovelace%'").fetchall()
        assert found == []
        assert names(connection, [ADA])[ADA].startswith("Erased")


def test_those_who_were_silent_for_long_are_erased_by_the_job(told: Path) -> None:
    later = 4_000_000_000_000_000
    append(told, [body("end", "WORKFLOW_RUN_CANCELLED", at=5, record="run-ada")])
    with eraser(told) as one:
        follow(told)
        assert one.retain(24, later, limit=1) == 1
        assert one.retain(24, later, limit=10) == 1
        assert one.retain(24, later, limit=10) == 0
    actors = [line.actor for line in Control(told / "control.db").audit.entries()]
    assert actors == ["retention", "retention"]
