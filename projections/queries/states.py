"""In which state things are, of every kind by one question: to tell apart what has one name."""

import json
from collections.abc import Sequence
from typing import Final

import msgspec

from tracker.database import Connection

# Entity, state and the moment that goes with it, of some entities. Where an entity has several
# rows, the one that counts comes last.
QUESTIONS: Final = {
    "conversations": "SELECT id, status, last_event_at FROM conversations WHERE id IN ({})",
    "runs": "SELECT id, status, last_event_at FROM runs WHERE id IN ({})",
    "meetings": """
        SELECT entity, status, coalesce(starts_at, last_event_at) FROM meetings
        WHERE superseded_by IS NULL AND entity IN ({}) ORDER BY last_event_at, id
    """,
    "analyses": """
        SELECT entity,
            CASE mandatory_met WHEN 1 THEN 'met' WHEN 0 THEN 'unmet' ELSE 'unknown' END,
            completed_at
        FROM analyses WHERE entity IN ({}) ORDER BY completed_at, id
    """,
    "contacts": """
        SELECT entity, status, at FROM contacts WHERE entity IN ({}) ORDER BY at, event_id
    """,
    "persons": "SELECT person, NULL, last_event_at FROM persons WHERE person IN ({})",
}


class State(msgspec.Struct, frozen=True):
    """A state, None for a person, who has none; `at` is when a meeting begins, else the newest."""

    state: str | None
    at: int


def states_of(connection: Connection, view: str, entities: Sequence[str]) -> dict[str, State]:
    """The states of some entities of a view, of those that have one; of persons by identity."""
    question = QUESTIONS.get(view)
    if question is None or not entities:
        return {}
    query = question.format("SELECT value FROM json_each(?)")
    rows = connection.execute(query, (json.dumps(entities),))
    return {entity: State(state, at) for entity, state, at in rows}
