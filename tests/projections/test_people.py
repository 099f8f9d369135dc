"""People are the same, whether their links came and went one by one or are joined at once."""

from collections.abc import Iterable
from contextlib import closing
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from projections import tables
from projections.people import People, joined
from tracker.database import Connection, _connect

IDENTITY = st.sampled_from([*(f"candidate:{n}" for n in range(5)), "customer:o/1", "through:t"])
ENTITY = st.tuples(st.sampled_from(["runs", "talks"]), st.sampled_from(["x", "y", "z"]))
LINKS = st.lists(IDENTITY, max_size=4, unique=True).map(sorted)
BATCHES = st.lists(st.lists(st.tuples(ENTITY, LINKS), max_size=4), max_size=5)

Entity = tuple[str, str]


def parts(groups: Iterable[list[str]]) -> dict[str, str]:
    """The person of each identity, by the plainest way: merge sets until nothing overlaps."""
    people: list[set[str]] = []
    for group in groups:
        touching = [person for person in people if person & set(group)]
        people = [person for person in people if person not in touching]
        people.append(set(group).union(*touching))
    return {identity: min(person) for person in people for identity in person}


def empty_views() -> Connection:
    connection = _connect("file::memory:")
    tables.create_tables(connection)
    tables.create_indexes(connection)
    return connection


def relink(
    views: Connection, people: People, entity: Entity, old: list[str], new: list[str]
) -> None:
    views.execute("DELETE FROM links WHERE projection = ? AND entity = ?", entity)
    views.executemany("INSERT INTO links VALUES (?, ?, ?)", [(one, *entity) for one in new])
    people.relink(old, new)


@settings(deadline=None)
@given(batches=BATCHES)
def test_relinking_one_by_one_equals_joining_all_at_once(
    batches: list[list[tuple[Entity, list[str]]]],
) -> None:
    given_by: dict[Entity, list[str]] = {}
    with closing(empty_views()) as views:
        for batch in batches:
            before = dict(views.execute("SELECT * FROM people"))
            people = People(views)
            for entity, new in batch:
                relink(views, people, entity, given_by.get(entity, []), new)
                given_by[entity] = new
            gone, come = people.write()
            after = dict(views.execute("SELECT * FROM people"))
            links = views.execute("SELECT identity, projection, entity FROM links ORDER BY 2, 3, 1")
            assert after == joined(links) == parts(given_by.values())
            assert set(before.items()) - set(gone) | set(come) == set(after.items())


def test_a_person_is_called_by_the_smallest_identity_however_long_the_chain() -> None:
    names = [f"candidate:{n:05}" for n in range(3000)]
    links = [(name, "runs", f"{n:05}") for n, pair in enumerate(pairwise(names)) for name in pair]
    for ordered in (links, sorted(links, key=lambda link: link[2], reverse=True)):
        assert set(joined(ordered).values()) == {"candidate:00000"}


def test_without_links_there_is_nobody() -> None:
    assert joined([]) == {}
