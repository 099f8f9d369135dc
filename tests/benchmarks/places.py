"""The addresses that are timed: every page and API list, and what users do with them."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

from tests.browser.places import Asked, all_pages
from tracker.demo.workflows import FLOWS
from web.ids import encode_id

STEPS = 20  # pages that a deep page is behind the first
FLOW = FLOWS[0].id
NODE = next(iter(FLOWS[0].versions[-1].nodes))
ORGANIZATION = FLOWS[0].organization.id

LISTS = {
    f"api-{name}": f"/api/v1/{name}"
    for name in (
        "analyses",
        "analysis-batches",
        "attention",
        "attention/reasons",
        "candidates",
        "contacts",
        "conversations",
        "deliveries",
        "events",
        "funnel",
        "meetings",
        "moving",
        "projections",
        "quarantine",
        "runs",
        "workflows",
    )
}
ASKED = {
    "runs, failed": "/runs?status=failed",
    "runs, two statuses": "/runs?status=failed&status=cancelled",
    "runs of a workflow, failed": f"/runs?status=failed&workflow_id={encode_id(FLOW)}",
    "runs that visited a node": f"/runs?workflow_id={encode_id(FLOW)}&visited={encode_id(NODE)}",
    "runs standing at a node": f"/runs?workflow_id={encode_id(FLOW)}&node={encode_id(NODE)}",
    "runs of an organization": f"/runs?organization_id={encode_id(ORGANIZATION)}",
    "runs of two weeks": "/runs?from=2026-01-08&to=2026-01-21",
    "runs, most steps first": "/runs?sort=-step_count",
    "runs, anomalies": "/runs?anomalies=true",
    "runs that ended, oldest first": "/runs?ended_from=2026-01-20&sort=last_event_at",
    "conversations, passed": "/conversations?outcome=passed",
    "conversations of a day": "/conversations?from=2026-01-15&to=2026-01-15",
    "meetings with notes": "/api/v1/meetings?notes_ready=true",
    "analyses, not met": "/analyses?mandatory=not_met",
    "candidates by words": "/candidates?q=mar",
    "candidates by name": "/candidates?sort=name",
    "contacts, failed": "/contacts?status=failed",
    "events of a rare type": "/events?type=WORKFLOW_RUN_FAILED",
    "events of two types": "/events?type=WORKFLOW_RUN_FAILED&type=CONVERSATION_STARTED",
    "events of a day": "/events?from=2026-01-15&to=2026-01-15",
    "events of an organization": f"/events?organization_id={encode_id(ORGANIZATION)}",
    "search, one letter": "/search?q=a",
    "search, two words": "/search?q=anna+mar",
    "today of an organization": f"/?organization_id={encode_id(ORGANIZATION)}",
    "api, 500 runs": "/api/v1/runs?limit=500",
    "api, 500 events": "/api/v1/events?limit=500",
    "runs as a table": "/runs.csv?status=failed",
}
DEEP = ("runs", "conversations", "meetings", "candidates", "contacts", "events", "attention")


def places(running: Asked) -> dict[str, str]:
    """All addresses by name."""
    found = {**all_pages(running), **LISTS, **ASKED}
    person = first(running, "candidates")
    name = str(person.get("name") or "anna")
    found["search, a full name"] = f"/search?{urlencode({'q': name})}"
    found |= {f"{name}, deep": deep(running, name) for name in DEEP}
    for path in ("runs", "conversations", "meetings", "candidates"):
        key = first(running, path)
        known = str(key.get("id") or key.get("identity"))
        found[f"api, one of {path}"] = f"/api/v1/{path}/{encode_id(known)}"
    found["api, a graph"] = f"/api/v1/workflows/{encode_id(FLOW)}/graph"
    found["api, a workflow's funnel"] = f"/api/v1/workflows/{encode_id(FLOW)}/funnel"
    return found


def deep(running: Asked, name: str, limit: int = 500) -> str:
    """The address of a page far down a list, or of its last full one."""
    address = f"/api/v1/{name}?limit={limit}"
    for deeper in _further(running, address):
        address = deeper
    return address


def _further(running: Asked, address: str) -> Iterator[str]:
    following = address
    for _ in range(STEPS):
        cursor = running.get(following).json()["next_cursor"]
        if cursor is None:
            return
        following = f"{address}&{urlencode({'cursor': cursor})}"
        yield following


def first(running: Asked, name: str) -> dict[str, Any]:
    found: dict[str, Any] = running.get(f"/api/v1/{name}?limit=1").json()["items"][0]
    return found
