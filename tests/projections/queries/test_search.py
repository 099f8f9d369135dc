"""Anything is found by words and ids, what fits best first."""

from pathlib import Path

import pytest

from projections.queries.search import Hit, search
from tests.projections.queries.stored import ADA, BOB, body, store


def talk(number: int, name: str) -> bytes:
    return body("CONVERSATION_STARTED", number, record=f"t{number}", participantFirstName=name)


@pytest.mark.parametrize("text", ["Ada", "ad", "talk", "booking", "no-7/x", "ADA talk"])
def test_anything_is_found_by_its_words_and_ids(data: Path, text: str) -> None:
    views = store(data, ADA)
    with views.read() as connection:
        assert search(connection, text)


@pytest.mark.parametrize("text", ["", " ", '"', "*", "NEAR(", "a AND", "--", "\0", "(", "col:x"])
def test_no_text_is_too_odd_to_search_for(data: Path, text: str) -> None:
    views = store(data, BOB)
    with views.read() as connection:
        assert search(connection, text) == []


def test_what_has_just_this_id_comes_first(data: Path) -> None:
    views = store(data, [talk(1, "t3 t3 t3"), talk(2, "t3"), talk(3, "Ada"), talk(4, "t3")])
    with views.read() as connection:
        found = search(connection, " t3 ")
        first = search(connection, "t3", limit=1)
    assert found[0].entity == "t3"
    assert len(found) == len(set(found)) == 4
    assert first == [Hit("conversations", "t3", "Ada")]


def test_of_very_much_that_fits_the_newest_is_weighed(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ["Ada", "Ada of the long name that is", "Ada of a longer name that is hers"]
    views = store(data, [talk(number, name) for number, name in enumerate(names)])
    with views.read() as connection:
        assert [hit.title for hit in search(connection, "ada")] == names
        monkeypatch.setattr("projections.queries.search.MOST_WEIGHED", 2)
        assert [hit.title for hit in search(connection, "ada")] == names[1:]
