"""Where the numbers of a workflow's graph lead: to exactly the runs that each counts."""

import datetime as dt
from urllib.parse import urlencode

import msgspec

from projections.queries.filters import WITHOUT
from projections.queries.workflow_graph import GraphEdge
from tracker.timing import DAY, to_datetime


class Links(msgspec.Struct, frozen=True):
    """The lists behind a graph over one version or all (None), from a day (since 1970) on."""

    workflow_id: str
    version: str | None
    since_day: int | None

    def node(self, node: str) -> str:
        """The runs that completed a node."""
        return self.runs(visited=node, **self._since())

    def outcome(self, node: str, outcome: str) -> str:
        """The runs that completed a node by an outcome."""
        return self.runs(visited=node, outcome=outcome or WITHOUT, **self._since())

    def way(self, edge: GraphEdge) -> str:
        """The runs that went a way."""
        return self.runs(
            visited=edge.source,
            outcome=edge.outcome or WITHOUT,
            next=edge.target,
            **self._since(),
        )

    def here(self, node: str) -> str:
        """The running runs that probably stand at a node now, whatever the period."""
        return self.runs(node=node, status="running")

    def heard_of(self, status: str = "") -> str:
        """The runs first heard of in the period, of one status or all."""
        day = self.first_day()
        more = {"status": status} if status else {}
        return self.runs(**more, **({"from": day.isoformat()} if day else {}))

    def runs(self, **filters: str) -> str:
        """The workflow's runs that fit some filters."""
        version = {} if self.version is None else {"version": self.version or WITHOUT}
        return "/runs?" + urlencode({"workflow_id": self.workflow_id, **filters, **version})

    def first_day(self) -> dt.date | None:
        """The day (UTC) from which on is counted."""
        return None if self.since_day is None else to_datetime(self.since_day * DAY).date()

    def _since(self) -> dict[str, str]:
        day = self.first_day()
        return {"visited_from": day.isoformat()} if day else {}
