"""Every page there is, by name: each family, its details, its empty states and its errors."""

from collections.abc import Mapping
from typing import Any, Protocol

import httpx

from tracker.demo.workflows import FLOWS
from web.ids import encode_id

LISTS: Mapping[str, str] = {
    "today": "/",
    "needs": "/needs",
    "runs": "/runs",
    "runs-stuck": "/runs?stuck=true",
    "workflows": "/workflows",
    "workflow-import": "/workflow-import",
    "conversations": "/conversations",
    "analyses": "/analyses",
    "calendar": "/calendar",
    "calendar-week": "/calendar?view=week",
    "calendar-month": "/calendar?view=month",
    "calendar-day": "/calendar?view=day",
    "candidates": "/candidates",
    "contacts": "/contacts",
    "events": "/events",
    "deliveries": "/deliveries",
    "quarantine": "/quarantine",
    "system": "/system",
    "audit": "/audit",
    "search": "/search?q=kettlewood",
    "people": "/people",
    "tokens": "/tokens",
}
WITHOUT: Mapping[str, str] = {
    "no-match": "/runs?workflow_id=none",
    "nothing-found": "/search?q=nobody+has+this+name",
    "not-found": "/runs/no-such-run",
    "no-such-page": "/no/such/page",
    "bad-filter": "/runs?status=sideways",
}
FAILING = r"status of 40[04]"  # what Chromium says of the errors among them


class Asked(Protocol):
    """A service that is asked for addresses, in a process of its own or in this one."""

    def get(self, path: str, /) -> httpx.Response:
        """The answer of an address."""


def details(running: Asked) -> dict[str, str]:
    """One page of each kind of thing, the same ones for the same history."""
    running_one = _first(running, "runs?status=running&sort=-step_count")
    failed_one = _first(running, "runs?status=failed")
    ended_one = _first(running, "runs?status=completed&sort=-step_count")
    asked = _first(running, "conversations?status=needs_review")
    passed = _first(running, "conversations?outcome=passed")
    meeting = _first(running, "meetings?status=scheduled")
    analysis = _first(running, "analyses")
    return {
        "run": f"/runs/{encode_id(running_one['id'])}",
        "run-failed": f"/runs/{encode_id(failed_one['id'])}",
        "run-completed": f"/runs/{encode_id(ended_one['id'])}",
        "workflow": f"/workflows/{encode_id(FLOWS[0].id)}",
        "workflow-time": f"/workflows/{encode_id(FLOWS[0].id)}?show=time",
        "workflow-compared": f"/workflows/{encode_id(FLOWS[0].id)}?{_both_versions()}",
        "workflow-large": f"/workflows/{encode_id(FLOWS[2].id)}",
        "workflow-discovered": f"/workflows/{encode_id(FLOWS[3].id)}",
        "meeting": f"/meetings/{encode_id(meeting['id'])}",
        "conversation": f"/conversations/{encode_id(asked['id'])}",
        "conversation-passed": f"/conversations/{encode_id(passed['id'])}",
        "analysis": f"/analyses?analysis={encode_id(analysis['analysis_external_id'])}",
        "candidate": f"/candidates/{encode_id(running_one['candidate_profile_id'])}",
        "erase": f"/erase/{encode_id(running_one['candidate_profile_id'])}",
        "event": "/events/40",
    }


def _both_versions() -> str:
    older, newer = (encode_id(version.id) for version in FLOWS[0].versions)
    return f"version={newer}&compare={older}"


def all_pages(running: Asked) -> dict[str, str]:
    """The addresses of all pages by name."""
    return {**LISTS, **details(running), **WITHOUT}


def _first(running: Asked, list_of: str) -> dict[str, Any]:
    mark = "&" if "?" in list_of else "?"
    answer = running.get(f"/api/v1/{list_of}{mark}limit=1")
    found: list[dict[str, Any]] = answer.json()["items"]
    assert found, f"the history has no {list_of}"
    return found[0]
