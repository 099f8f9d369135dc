"""The audit trail page by page, like any list."""

from projections.queries.filters import AuditFilter
from projections.queries.log import bounds, page_of
from projections.queries.paging import Page
from tracker.audit import AuditEntry, AuditTrail


def list_audit(trail: AuditTrail, wanted: AuditFilter) -> Page[AuditEntry]:
    """The lines that fit a filter, in the order in which they were added."""
    newest_first = wanted.sort == "-at"
    after, before = bounds(wanted.cursor, newest_first)
    rows = trail.entries(
        after=after,
        before=before,
        limit=wanted.limit + 1,
        actor=wanted.actor,
        action=wanted.action,
        detail=wanted.target,
        since=wanted.since,
        until=wanted.until,
        newest_first=newest_first,
    )
    return page_of(rows, wanted.limit, lambda row: row.id)
