"""At which node does a run probably stand?

Only completions are reported, so this is an inference, in this order: what its newest
event names as next; what the configuration routes the last outcome to; what most often
followed it; else the node completed last.
"""

import msgspec

from projections.queries.paging import Where, decode
from projections.runs import Status
from tracker.database import Connection


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Running runs that stand alike; `count` of them."""

    organization_id: str
    workflow_id: str
    workflow_version_id: str
    current_node: str | None
    last_node: str | None
    last_outcome: str | None
    count: int


class Following:
    """What follows which node; asks the views once for each different question."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._known: dict[tuple[str, ...], str | None] = {}

    def probable_node(self, place: Place) -> str | None:
        """The node at which the running runs of a place probably stand."""
        if place.current_node is not None and place.current_node != place.last_node:
            return place.current_node
        return self._after(place) or place.last_node

    def _after(self, place: Place) -> str | None:
        question = (
            place.organization_id,
            place.workflow_id,
            place.workflow_version_id,
            place.last_node or "",
            place.last_outcome or "",
        )
        if question not in self._known:
            self._known[question] = self._declared(*question[1:]) or self._usual(*question)
        return self._known[question]

    def _declared(self, workflow_id: str, version_id: str, node: str, outcome: str) -> str | None:
        """The route's target, or the start; of this version, else of the workflow without one."""
        if node:
            target, match = "target", "node_id = ? AND outcome = ? AND"
            table, values = "routes", [node, outcome]
        else:
            target, match, table, values = "start_node_id", "", "workflow_versions", []
        query = f"""
            SELECT {target} FROM {table} WHERE {match} workflow_id = ? AND version_id IN (?, '')
            AND {target} IS NOT NULL ORDER BY version_id DESC LIMIT 1
        """
        return self._first(query, *values, workflow_id, version_id)

    def _usual(
        self, organization_id: str, workflow_id: str, version_id: str, node: str, outcome: str
    ) -> str | None:
        query = """
            SELECT target FROM tallies WHERE name = 'edges' AND organization_id = ?
            AND subject = ? AND version = ? AND item = ? AND outcome = ?
            GROUP BY target ORDER BY sum(count) DESC, target LIMIT 1
        """
        return self._first(query, organization_id, workflow_id, version_id, node, outcome)

    def _first(self, query: str, *values: str) -> str | None:
        row = self._connection.execute(query, values).fetchone()
        return row[0] if row else None


def places(connection: Connection, workflow_id: str | None = None) -> list[Place]:
    """Where running runs stand, grouped by all that tells where."""
    where = Where().equal("status", Status.RUNNING).equal("workflow_id", workflow_id)
    query = f"""
        SELECT organization_id, workflow_id, workflow_version_id, current_node,
            last_node, last_outcome, count(*)
        FROM runs WHERE {where.sql} GROUP BY 1, 2, 3, 4, 5, 6
    """
    return [decode(Place, row) for row in connection.execute(query, where.values)]


def places_at(connection: Connection, node: str, workflow_id: str | None = None) -> list[Place]:
    """The places whose runs probably stand at a node."""
    following = Following(connection)
    found = places(connection, workflow_id)
    return [place for place in found if following.probable_node(place) == node]
