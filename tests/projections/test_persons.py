"""What is known of a person is the same, whether told bit by bit or asked of all at once."""

from collections.abc import Mapping
from contextlib import closing

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from projections.changes import Changes
from projections.folding import Folded
from projections.persons import all_persons, name_order
from tests.projections.test_people import ENTITY, IDENTITY, Entity, empty_views, parts
from tracker.database import Connection

ENTITIES = st.tuples(st.sampled_from(["runs", "conversations", "contacts"]), ENTITY.map(max))
TOLD = st.tuples(
    st.lists(IDENTITY, max_size=3, unique=True).map(sorted),
    st.integers(0, 3),
    st.sampled_from([None, "Ada", "Bob", "Émile"]),
)
BATCHES = st.lists(st.lists(st.tuples(ENTITIES, TOLD), max_size=4), max_size=6)
Telling = tuple[list[str], int, str | None]


def folded(entity: Entity, telling: Telling) -> Folded:
    """What an entity gives that tells only of its person."""
    identities, at, name = telling
    name = None if entity[0] == "runs" else name  # runs give no names
    links = [(identity, *entity) for identity in identities]
    return Folded(links=links, last_event_at=at, name=name)


def tell(views: Connection, batch: Mapping[Entity, Telling], before: dict[Entity, Telling]) -> None:
    """One transaction in which some entities tell something else."""
    changes = Changes(views)
    for entity, telling in batch.items():
        new = folded(entity, telling)
        old = folded(entity, before[entity]) if entity in before else Folded()
        views.execute("DELETE FROM entities WHERE projection = ? AND key = ?", entity)
        views.execute(
            "INSERT INTO entities (projection, key, last_event_at, name, positions)"
            " VALUES (?, ?, ?, ?, x'')",
            (*entity, new.last_event_at, new.name),
        )
        changes.replace(old, new, "")
        before[entity] = telling
    changes.write(0)


def plainly(told: Mapping[Entity, Telling]) -> dict[str, tuple[str | None, int]]:
    """The name and the newest moment of each person, by looking at everything."""
    persons = parts(identities for identities, _, _ in told.values())
    found: dict[str, tuple[str | None, int]] = {}
    for person in set(persons.values()):
        theirs = [
            (entity[0] == "conversations", at, None if entity[0] == "runs" else name)
            for entity, (identities, at, name) in told.items()
            if identities and persons[identities[0]] == person
        ]
        names = [one for one in theirs if one[2]]
        found[person] = (max(names)[2] if names else None, max(at for _, at, _ in theirs))
    return found


@settings(deadline=None, max_examples=300)
@given(batches=BATCHES)
def test_told_bit_by_bit_equals_asked_of_all_at_once(
    batches: list[list[tuple[Entity, Telling]]],
) -> None:
    told: dict[Entity, Telling] = {}
    with closing(empty_views()) as views:
        for batch in batches:
            tell(views, dict(batch), told)
            rows = views.execute("SELECT * FROM persons ORDER BY person").fetchall()
            people = dict(views.execute("SELECT identity, person FROM people"))
            assert rows == all_persons(views, people)
            assert {row[0]: (row[1], row[-1]) for row in rows} == plainly(told)
            counted = views.execute("SELECT rows FROM views WHERE name = 'persons'").fetchone()
            assert counted == (len(rows),)


@pytest.mark.parametrize(
    ("name", "order"),
    [("Émile", "emile"), ("ÅSA", "asa"), ("Zoë", "zoe"), ("Straße", "strasse"), ("李", "李")],
)
def test_names_are_sorted_without_marks_and_capitals(name: str, order: str) -> None:
    assert name_order(name) == order
