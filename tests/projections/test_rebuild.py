"""A rebuild works aside: what is served stays whole until one rename puts the new one there."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from projections import bulk, generation, grouping, layout
from projections import rebuild as rebuild_module
from projections.background import BackgroundRebuild
from projections.catalogue import PROJECTIONS
from projections.rebuild import rebuild
from tests.running import eventually
from tests.sample import append, bodies, built, digests, directory, follow, incoming, opened
from tests.traffic import streams
from tracker.database import exclusive, open_reader, open_writer
from tracker.errors import Busy, InvalidInput, NotReady


@pytest.fixture
def views(data: Path) -> Path:
    """A data directory with thirty events, all folded as they came."""
    append(data, [])
    built(data)
    append(data, bodies(30))
    follow(data)
    return data


def edit(data: Path, statement: str) -> None:
    """Change the served generation behind the program's back."""
    connection = open_writer(built(data))
    connection.execute(statement)
    connection.close()


def content(data: Path) -> dict[str, bytes]:
    """All files with their bytes, but for the lock and what SQLite keeps beside open files."""
    passing = (".lock", "-shm", "-wal")
    return {p.name: p.read_bytes() for p in data.iterdir() if not p.name.endswith(passing)}


def files(data: Path) -> list[str]:
    return [path.name for path in generation.generations(data)]


def watched(data: Path, told: list[str]) -> Callable[[str, int, int], None]:
    """A progress that looks at what is served whenever it is told something."""

    def progress(stage: str, done: int, total: int) -> None:
        path = generation.served(data)
        assert path is not None
        connection = open_reader(path)
        assert connection.execute("SELECT count(*) FROM runs").fetchone()[0] == 2
        assert generation.position(connection) == 30
        connection.close()
        assert 0 <= done <= total
        told.append(f"{stage} from {path.name}")

    return progress


def test_the_old_generation_is_served_until_the_new_one_is_whole(views: Path) -> None:
    told: list[str] = []
    before = digests(views)
    report = rebuild(views, progress=watched(views, told))
    assert list(dict.fromkeys(told)) == [
        f"{stage} from views-000001.db" for stage in ("reading", "folding", "comparing")
    ]
    assert (report.switched, report.generation, report.compared_with) == (True, 2, 1)
    assert report.parity
    assert (report.position, report.events) == (30, 30)
    assert (views / generation.POINTER).read_text() == "views-000002.db\n"
    assert digests(views) == before


def test_the_previous_generation_is_kept_until_the_next_rebuild(views: Path) -> None:
    rebuild(views)
    assert files(views) == ["views-000001.db", "views-000002.db"]
    rebuild(views, check=True)
    assert files(views) == ["views-000001.db", "views-000002.db"]
    rebuild(views)
    assert files(views) == ["views-000002.db", "views-000003.db"]
    generation.switch(views, views / "views-000002.db")
    assert digests(views) == digests(views)
    assert generation.served(views) == views / "views-000002.db"


def test_a_check_leaves_everything_as_it_was(views: Path) -> None:
    rebuild(views)
    before = content(views)
    report = rebuild(views, check=True)
    assert not report.switched
    assert report.parity
    assert content(views) == before


@pytest.mark.parametrize("moment", ["build", "_compare", "_catch_up", "switch"])
def test_a_rebuild_that_fails_at_any_moment_leaves_what_was_served(
    views: Path, moment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = content(views)

    def fail(*_: object, **__: object) -> None:
        raise OSError("the disk is full")

    with monkeypatch.context() as patched:
        patched.setattr(generation if moment == "switch" else rebuild_module, moment, fail)
        with pytest.raises(OSError, match="disk is full"):
            rebuild(views)
    assert content(views) == before
    assert rebuild(views).switched


def test_what_a_killed_rebuild_left_behind_is_removed_by_the_next_one(views: Path) -> None:
    for leftover in ("views-000002.db", "views-000002.db-wal", "views-000002.scratch"):
        (views / leftover).write_bytes(b"half of something")
    report = rebuild(views)
    assert report.generation == 2
    assert report.parity
    assert files(views) == ["views-000001.db", "views-000002.db"]
    assert not (views / "views-000002.scratch").exists()


CHANGES = {
    "UPDATE runs SET status = 'lost' WHERE id = 'r0'": ("runs", 1),
    "DELETE FROM steps_own WHERE run_id = 'r1'": ("steps", 2),
    "DELETE FROM steps_common": ("steps", 4),
    "UPDATE steps_common SET label = 'other'": ("steps", 4),
    "INSERT INTO feed VALUES (1, 'made up', '', 7)": ("feed", 1),
    "UPDATE people SET person = 'other' WHERE identity = 'candidate:p0'": ("people", 1),
    "UPDATE persons SET last_event_at = 1 WHERE person = 'candidate:p0'": ("persons", 1),
    "UPDATE conversations SET score = NULL": ("conversations", 0),
}


@pytest.mark.parametrize("change", CHANGES)
def test_rows_that_differ_are_counted_view_by_view_and_refuse_the_switch_on_demand(
    views: Path, change: str
) -> None:
    view, differing = CHANGES[change]
    edit(views, change)
    report = rebuild(views, require_parity=True)
    assert {name: d.differing for name, d in report.views.items() if d.differing} == (
        {view: differing} if differing else {}
    )
    assert report.parity is report.switched is (differing == 0)
    assert generation.served(views) == views / f"views-{1 + report.switched:06}.db"
    assert rebuild(views).switched


def test_a_raised_version_is_expected_to_differ(views: Path) -> None:
    edit(views, "UPDATE projections SET version = version - 1 WHERE name = 'runs'")
    edit(views, "UPDATE runs SET status = 'lost'")
    report = rebuild(views, require_parity=True)
    assert report.raised == ["runs"]
    assert report.views["runs"].differing == 2
    assert report.parity
    assert report.switched


def test_a_raised_version_excuses_no_other_projection(views: Path) -> None:
    edit(views, "UPDATE projections SET version = version - 1 WHERE name = 'runs'")
    edit(views, "UPDATE conversations SET status = 'lost'")
    assert not rebuild(views, require_parity=True).switched


@pytest.mark.parametrize(
    "older", ["ALTER TABLE runs DROP COLUMN reason", "ALTER TABLE runs RENAME TO walks"]
)
def test_a_generation_of_older_software_with_other_columns_can_be_compared(
    views: Path, older: str
) -> None:
    edit(views, "UPDATE projections SET version = 0 WHERE name = 'runs'")
    edit(views, older)
    connection = open_reader(built(views))
    assert not generation.usable(connection)
    connection.close()
    report = rebuild(views)
    assert report.views["runs"].differing == report.views["runs"].rows == 2
    assert report.switched


@pytest.mark.parametrize(
    "older", ["DROP TABLE persons", "ALTER TABLE entities DROP COLUMN last_event_at"]
)
def test_a_generation_of_software_that_knew_less_of_people_is_made_anew(
    views: Path, older: str
) -> None:
    edit(views, older)
    connection = open_reader(built(views))
    assert not generation.usable(connection)
    connection.close()
    assert rebuild(views).switched
    connection = open_reader(built(views))
    assert generation.usable(connection)
    connection.close()


def test_events_that_arrive_during_the_rebuild_are_in_it(views: Path) -> None:
    with opened(views) as log:
        arriving = iter(bodies(40, start=30))
        stages: list[str] = []

        def progress(stage: str, _done: int, _total: int) -> None:
            stages.append(stage)
            log.append([incoming(body) for body in (next(arriving, b""),) if body])
            if stage == "folding":
                follow(views)  # as the service does meanwhile

        report = rebuild(views, progress=progress)
    assert set(stages) == {"reading", "folding", "comparing"}
    assert report.parity
    assert 30 < report.position < 30 + len(stages)
    assert digests(views)
    assert rebuild(views, check=True).parity


def test_the_first_build_needs_nothing_to_compare_with(data: Path) -> None:
    append(data, bodies(5))
    report = rebuild(data)
    assert (report.compared_with, report.switched, report.generation) == (None, True, 1)
    assert not any(difference.differing for difference in report.views.values())


@pytest.mark.parametrize("name", ["a b", "what?", "100%41", "#1", "it's", "ü"])
def test_a_data_directory_may_have_any_name(tmp_path: Path, name: str) -> None:
    data = tmp_path / name
    data.mkdir()
    append(data, bodies(3))
    rebuild(data)
    assert rebuild(data).parity
    assert {path.parent for path in generation.generations(data)} == {data}


def test_only_some_projections_can_be_compared(views: Path) -> None:
    report = rebuild(views, names=["runs"], check=True)
    assert set(report.views) == {"runs", "steps"}
    with pytest.raises(InvalidInput, match="conversations, analyses"):
        rebuild(views, names=["walks"])


def test_one_rebuild_at_a_time(views: Path) -> None:
    with (
        exclusive(views / "rebuild.lock", "rebuilding the views"),
        pytest.raises(Busy, match="rebuilding the views"),
    ):
        rebuild(views)


def test_without_a_log_it_says_what_to_do(data: Path) -> None:
    with pytest.raises(NotReady, match=r"log\.db does not exist"):
        rebuild(data)
    assert files(data) == []


@settings(deadline=None, max_examples=15)
@given(events=streams(), span=st.integers(1, 9), chunk=st.integers(1, 9))
def test_the_size_of_the_pieces_makes_no_difference(
    events: list[bytes], span: int, chunk: int
) -> None:
    with directory() as data, pytest.MonkeyPatch.context() as patched:
        append(data, events)
        rebuild(data)
        patched.setattr(grouping, "RANGE", span)
        patched.setattr(bulk, "CHUNK", chunk)
        assert rebuild(data, require_parity=True).switched
        assert digests(data)


def test_several_processes_make_the_same_as_one(
    views: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(grouping, "RANGE", 7)
    monkeypatch.setattr(bulk, "CHUNK", 5)
    before = digests(views)
    report = rebuild(views, processes=2, require_parity=True)
    assert report.switched
    assert digests(views) == before


def test_every_view_of_every_projection_is_compared(views: Path) -> None:
    tables = {table.name for projection in PROJECTIONS for table in projection.tables}
    assert set(rebuild(views, check=True).views) == tables | set(layout.SHARED_VIEWS)


def test_views_that_were_deleted_altogether_come_back(views: Path) -> None:
    before = digests(views)
    for path in views.glob("views*"):
        path.unlink()
    rebuild(views)
    assert digests(views) == before


def test_in_the_background_it_tells_how_far_it_is_and_keeps_the_report(views: Path) -> None:
    seen: list[str] = []
    background = BackgroundRebuild(
        views, lambda: seen.append(background.progress.stage if background.progress else "done")
    )
    background.start()
    with pytest.raises(Busy, match="under way"):
        background.start()
    eventually(lambda: background.progress is None)
    assert background.report is not None
    assert background.report.switched
    assert list(dict.fromkeys(seen)) == ["starting", "reading", "folding", "comparing", "done"]
    assert background.run(check=True).parity


def test_in_the_background_an_error_is_kept_and_the_next_one_works(views: Path) -> None:
    background = BackgroundRebuild(views)
    with exclusive(views / "rebuild.lock", "rebuilding the views"):
        background.start()
        eventually(lambda: background.error is not None)
        assert "rebuilding the views" in str(background.error)
    assert background.run().switched
    assert background.error is None


def test_stopping_ends_a_rebuild_in_the_background_and_takes_away_what_it_made(
    views: Path,
) -> None:
    append(views, bodies(10_000))
    follow(views)
    background = BackgroundRebuild(views)
    background.start(check=True)
    eventually(lambda: background.progress is not None and background.progress.done > 0)
    background.stop()
    eventually(lambda: background.progress is None)
    assert background.report is None
    eventually(lambda: "stopped before the rebuild was done" in str(background.error))
    assert files(views) == ["views-000001.db"]
    with pytest.raises(NotReady, match="stopping"):
        background.run()
