"""Audit: who did what, when and from where, for engineers."""

from typing import Any

import msgspec
from litestar import Response

from projections.queries.audit import list_audit
from projections.queries.filters import AuditFilter
from tracker.audit import AuditEntry
from tracker.timing import to_iso
from web.pages.frame import Asked, Given, show, wanted


class AuditPage(msgspec.Struct, frozen=True, kw_only=True):
    """A page of the audit trail."""

    rows: list[AuditEntry]
    next_cursor: str | None
    filters: AuditFilter
    actions: list[tuple[str, str]]
    days: tuple[str, str]


def audit(request: Asked, services: Given) -> Response[Any]:
    """The lines that fit the filters in the address."""
    asked, trail = wanted(AuditFilter, request), services.control.audit
    page = list_audit(trail, asked)
    last = None if asked.until is None else asked.until - 1
    context = AuditPage(
        rows=page.items,
        next_cursor=page.next_cursor,
        filters=asked,
        actions=[(action, action.capitalize()) for action in trail.actions()],
        days=(_day(asked.since), _day(last)),
    )
    return show(request, services, "audit/page.html", "audit/list.html", context)


def _day(moment: int | None) -> str:
    return "" if moment is None else to_iso(moment)[:10]
