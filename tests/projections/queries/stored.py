"""Events in a real log, folded into a real generation, to be asked."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from projections.queries.views import Views
from projections.rebuild import rebuild
from tracker.envelope import read_envelope
from tracker.log import Incoming, Log
from tracker.timing import MINUTE, from_iso, to_iso

STORIES = Path(__file__).parents[3] / "fixtures" / "stories"
NOON = from_iso("2026-03-02T12:00:00Z")
ACME = "org-acme"
HIRING = "flow-hiring"
V1 = "flow-hiring-1"


def body(type_name: str, at: float = 0, *, record: str, event_id: str = "", **data: Any) -> bytes:
    """A delivery's bytes for an event `at` minutes after noon; `data` in the provider's words."""
    moment = to_iso(NOON + int(at * MINUTE))
    common = {"recordId": record, "organizationId": ACME}
    event_id = event_id or f"{type_name}/{record}@{at}"
    return json.dumps(
        {"event": type_name, "eventId": event_id, "eventTimestamp": moment, "data": common | data}
    ).encode()


def started(run: str, at: float = 0, **data: Any) -> bytes:
    """A run began."""
    named = {"workflowId": HIRING, "workflowVersionId": V1} | data
    return body("WORKFLOW_RUN_STARTED", at, record=run, **named)


def completed(run: str, node: str, outcome: str, at: float, **data: Any) -> bytes:
    """A run completed a node."""
    named = {"workflowId": HIRING, "workflowVersionId": V1, "nodeId": node, "outcome": outcome}
    return body("WORKFLOW_NODE_COMPLETED", at, record=run, **named | data)


def ended(run: str, how: str, at: float, **data: Any) -> bytes:
    """A run ended: COMPLETED, FAILED or CANCELLED."""
    named = {"workflowId": HIRING, "workflowVersionId": V1} | data
    return body(f"WORKFLOW_RUN_{how}", at, record=run, **named)


def imported(nodes: dict[str, dict[str, str]], start: str, at: float = 0) -> bytes:
    """A person imported a configuration: the routes of each node by outcome."""
    configuration = {
        "startNodeId": start,
        "nodes": {
            node: {"id": node, "type": "task", "label": f"Label of {node}", "routing": routes}
            for node, routes in nodes.items()
        },
    }
    return body(
        "TRACKER_WORKFLOW_IMPORTED",
        at,
        record=HIRING,
        workflowId=HIRING,
        workflowVersionId=V1,
        configuration=json.dumps(configuration),
    )


def story(name: str) -> list[bytes]:
    """The deliveries of a fixture story."""
    return [line for line in (STORIES / f"{name}.ndjson").read_bytes().splitlines() if line]


def store(data: Path, bodies: Iterable[bytes]) -> Views:
    """Append deliveries to the log of a data directory and fold it anew."""
    log = Log(data)
    log.append([Incoming(b, NOON, read_envelope(b, trusted=True)) for b in bodies])
    log.close()
    rebuild(data, processes=1)
    return Views(data)


# Two people, one of them under several ids.
ADA = [
    body("CONVERSATION_STARTED", record="talk", candidateId="ada", participantFirstName="Ada"),
    body("CALENDAR_MEETING_SCHEDULED", 5, record="booking", conversationId="talk"),
    started("run", 1, candidateProfileId="ada", candidateProfileExternalId="no-7/x"),
    body("CANDIDATE_ANALYSIS_COMPLETED", 2, record="other", externalId="no-7/x"),
]
BOB = [started("run-bob", 3, candidateProfileId="bob")]
