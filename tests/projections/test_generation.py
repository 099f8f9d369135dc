"""A generation that this program would make otherwise is found out, whatever differs."""

from pathlib import Path

import pytest

from projections import generation
from projections.catalogue import SHARED_VERSION
from tests.sample import append, bodies, built
from tracker.database import open_writer


@pytest.fixture
def views(data: Path) -> Path:
    append(data, bodies(3))
    return built(data)


def differences(path: Path, *changes: str) -> list[str]:
    connection = open_writer(path)
    try:
        for change in changes:
            connection.execute(change)
        found = generation.differences(connection)
        assert generation.usable(connection) is (not found)
        return found
    finally:
        connection.close()


def test_a_generation_built_today_differs_in_nothing(views: Path) -> None:
    assert differences(views) == []


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ("DROP INDEX attention_by_since", "attention_by_since"),
        ("CREATE INDEX of_before ON runs (status)", "of_before"),
        ("ALTER TABLE runs ADD COLUMN mood TEXT", "runs"),
        ("DROP TRIGGER search_added", "search_added"),
        ("DROP TABLE checkpoint", "checkpoint"),
    ],
)
def test_another_table_index_or_trigger_is_named(change: str, name: str, views: Path) -> None:
    [reason] = differences(views, change)

    assert reason == f"tables or indexes are made another way: {name}"


def test_another_version_is_named_with_both(views: Path) -> None:
    before = "UPDATE projections SET version = 0 WHERE name = 'runs'"
    gone = "INSERT INTO projections VALUES ('moods', 4)"
    raised, lost = differences(views, before, gone)

    assert raised.startswith("runs: version 0 becomes ")
    assert lost == "moods: version 4 becomes none"


def test_what_is_made_of_all_projections_together_has_a_version_as_well(views: Path) -> None:
    [raised] = differences(views, "UPDATE projections SET version = 0 WHERE name = 'shared views'")

    assert raised == f"shared views: version 0 becomes {SHARED_VERSION}"


def test_many_differences_stay_one_readable_line(views: Path) -> None:
    connection = open_writer(views)
    indexes = "SELECT name FROM sqlite_schema WHERE type = 'index' AND sql <> ''"
    drops = [f"DROP INDEX {name}" for (name,) in connection.execute(indexes).fetchall()]
    connection.close()
    [reason] = differences(views, *drops)

    assert reason.endswith(f" and {len(drops) - 3} more")
