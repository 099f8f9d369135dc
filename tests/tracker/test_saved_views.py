"""Saved views are kept in control.db, each name once a list, and not without end."""

from pathlib import Path

import pytest

from tracker.control import Control
from tracker.errors import InvalidInput, NotFound
from tracker.saved_views import LONGEST_NAME, LONGEST_QUERY, MOST_VIEWS, SavedViews


@pytest.fixture
def views(data: Path) -> SavedViews:
    return Control(data / "control.db").saved_views


def names(views: SavedViews, path: str = "/runs") -> list[str]:
    return [view.name for view in views.of(path)]


def test_views_of_a_list_stand_by_name_whatever_its_case(views: SavedViews) -> None:
    for name in ("stuck", "Failed", "all of spring"):
        views.save("/runs", name, "status=failed")
    views.save("/events", "Other", "")
    assert names(views) == ["all of spring", "Failed", "stuck"]


def test_another_process_sees_them_at_once(views: SavedViews, data: Path) -> None:
    saved = views.save("/runs", "Failed", "status=failed")
    assert Control(data / "control.db").saved_views.of("/runs") == [saved]


def test_a_name_is_taken_once_in_a_list_but_free_in_another(views: SavedViews) -> None:
    first = views.save("/runs", "Failed", "status=failed")
    with pytest.raises(InvalidInput, match="already"):
        views.save("/runs", " FAILED ", "status=running")
    other = views.save("/events", "Failed", "")
    with pytest.raises(InvalidInput, match="already"):
        views.rename(views.save("/runs", "Other", "").id, "failed")
    assert views.rename(first.id, "failed").name == "failed"  # its own name, written otherwise
    assert other.url == "/events"


@pytest.mark.parametrize("name", ["", " ", "x" * (LONGEST_NAME + 1), "a\tb", "a\0b"])
def test_a_name_that_cannot_be_shown_is_refused(views: SavedViews, name: str) -> None:
    kept = views.save("/runs", "Kept", "")
    with pytest.raises(InvalidInput, match="printable"):
        views.save("/runs", name, "")
    with pytest.raises(InvalidInput, match="printable"):
        views.rename(kept.id, name)
    assert names(views) == ["Kept"]


def test_a_list_has_a_limit_and_room_again_after_a_deletion(views: SavedViews) -> None:
    saved = [views.save("/runs", f"View {n}", "") for n in range(MOST_VIEWS)]
    with pytest.raises(InvalidInput, match=str(MOST_VIEWS)):
        views.save("/runs", "One more", "")
    assert views.delete(saved[3].id) == saved[3]
    views.save("/runs", "One more", "")
    assert len(names(views)) == MOST_VIEWS


def test_filters_have_a_longest_length(views: SavedViews) -> None:
    views.save("/runs", "Long", "x" * LONGEST_QUERY)
    with pytest.raises(InvalidInput, match=str(LONGEST_QUERY)):
        views.save("/runs", "Longer", "x" * (LONGEST_QUERY + 1))


def test_what_is_not_there_cannot_be_changed(views: SavedViews) -> None:
    with pytest.raises(NotFound):
        views.rename(7, "Other")
    with pytest.raises(NotFound):
        views.delete(7)
