"""What a search finds, by kind: people first, then the things that happened with them."""

from collections.abc import Iterable
from typing import Final

import msgspec

from projections.queries.people import Named, find_person, named, names
from projections.queries.search import Hit, search
from projections.queries.states import State, states_of
from tracker.database import Connection

LOOKED_AT: Final = 200  # the best hits; what is further down, more words bring up
# Whose words name a person. A run is found by its workflow, too, which says nothing of anyone.
OF_PEOPLE: Final = ("conversations", "contacts", "meetings", "analyses")


class Found(msgspec.Struct, frozen=True):
    """People and things, best first.

    `states` are those of all of them, of people under `persons`. `exact` tells that the text
    is the id of one of them, `more` that not everything was looked at.
    """

    people: list[Named]
    hits: dict[str, list[Hit]]
    states: dict[str, dict[str, State]]
    exact: bool
    more: bool


def find(connection: Connection, text: str) -> Found:
    """Everything that all words of a text name, the last letters of each may be missing."""
    hits = search(connection, text, LOOKED_AT)
    by_kind: dict[str, list[Hit]] = {}
    for hit in hits:
        by_kind.setdefault(hit.projection, []).append(hit)
    person = find_person(connection, text.strip())
    people = _people(connection, person, by_kind)
    entities = {kind: [hit.entity for hit in found] for kind, found in by_kind.items()}
    entities["persons"] = [one.person for one in people]
    return Found(
        people=people,
        hits=by_kind,
        states={kind: states_of(connection, kind, some) for kind, some in entities.items()},
        exact=person is not None or any(hit.entity == text.strip() for hit in hits),
        more=len(hits) == LOOKED_AT,
    )


def _people(
    connection: Connection, exact: str | None, by_kind: dict[str, list[Hit]]
) -> list[Named]:
    """The person with just this id, then those that found things belong to, each once."""
    found: dict[str, Named] = {}
    if exact is not None:
        found[exact] = Named(exact, names(connection, [exact]).get(exact))
    for projection in OF_PEOPLE:
        entities = [hit.entity for hit in by_kind.get(projection, [])]
        for person in _in_order(entities, named(connection, projection, entities)):
            found.setdefault(person.person, person)
    return list(found.values())


def _in_order(entities: Iterable[str], known: dict[str, Named]) -> list[Named]:
    return [known[entity] for entity in entities if entity in known]
