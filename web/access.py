"""Who may do what: one row a route. What has no row nobody may do.

The webhook is no such route: it asks for a signature (`web.webhooks`).

`whole` routes speak of things without an organization, or of all organizations together, so
they are only for people who are not limited to some. A page's fragment under `/parts` and
its list as CSV stand for themselves, so that no address is allowed by accident.
"""

from typing import Final

import msgspec

from tracker.access import Grant, Role

PUBLIC: Final = None
VIEWER, MANAGER, ENGINEER = Role.VIEWER, Role.MANAGER, Role.ENGINEER


class Rule(msgspec.Struct, frozen=True):
    """The least role that may use a route, None for everybody; `whole` for unlimited people."""

    role: Role | None
    whole: bool = False

    def allows(self, grant: Grant | None) -> bool:
        """Whether somebody with a grant may; None is nobody who signed in."""
        if self.role is None:
            return True
        return (
            grant is not None and grant.role.covers(self.role) and (grant.whole or not self.whole)
        )


# One address, or several that are one page: the method, the least role, who is limited.
_ROWS: Final = (
    # What has to answer before anybody signs in.
    ("GET /healthz", PUBLIC, False),
    ("GET /readyz", PUBLIC, False),  # no more than yes or no, unless an engineer asks
    ("GET /static/{name}", PUBLIC, False),
    ("GET /sign-in", PUBLIC, False),
    ("POST /sign-in", PUBLIC, False),
    ("GET /sign-in/other", PUBLIC, False),
    ("GET /sign-in/back", PUBLIC, False),
    ("GET /link/{secret}", PUBLIC, False),
    ("POST /link/{secret}", PUBLIC, False),
    ("GET /calendar.ics", PUBLIC, False),  # by its own token, see web/calendar_feed.py
    # Pages without personal data for viewers: what is read for them is masked.
    ("GET /", VIEWER, False),
    ("GET /parts/today/needs", VIEWER, False),
    ("GET /parts/today/meetings", VIEWER, False),
    ("GET /parts/today/moving", VIEWER, False),
    ("GET /parts/today/funnel", VIEWER, False),
    ("GET /needs", VIEWER, False),
    ("GET /parts/needs", VIEWER, False),
    ("GET /needs.csv", VIEWER, False),
    ("GET /runs", VIEWER, False),
    ("GET /parts/runs", VIEWER, False),
    ("GET /runs.csv", VIEWER, False),
    ("GET /runs/{run_id}", VIEWER, False),
    ("GET /parts/runs/{run_id}", VIEWER, False),
    ("GET /workflows", VIEWER, False),
    ("GET /parts/workflows", VIEWER, False),
    ("GET /workflows.csv", VIEWER, False),
    ("GET /workflows/{workflow_id}", VIEWER, False),
    ("GET /parts/workflows/{workflow_id}", VIEWER, False),
    ("GET /conversations", VIEWER, False),
    ("GET /parts/conversations", VIEWER, False),
    ("GET /conversations.csv", VIEWER, False),
    ("GET /conversations/{conversation_id}", VIEWER, False),
    ("GET /parts/conversations/{conversation_id}", VIEWER, False),
    ("GET /analyses", VIEWER, False),
    ("GET /parts/analyses", VIEWER, False),
    ("GET /analyses.csv", VIEWER, False),
    ("GET /calendar", VIEWER, False),
    ("GET /parts/calendar", VIEWER, False),
    ("GET /calendar.csv", VIEWER, False),
    ("GET /meetings/{meeting_id}", VIEWER, False),
    ("GET /parts/meetings/{meeting_id}", VIEWER, False),
    ("GET /candidates", VIEWER, False),
    ("GET /parts/candidates", VIEWER, False),
    ("GET /candidates.csv", VIEWER, False),
    ("GET /candidates/{person_id}", VIEWER, False),
    ("GET /parts/candidates/{person_id}", VIEWER, False),
    ("GET /contacts", VIEWER, False),
    ("GET /parts/contacts", VIEWER, False),
    ("GET /contacts.csv", VIEWER, False),
    ("GET /search", VIEWER, False),
    ("LIVE /live", VIEWER, False),
    ("GET /metrics", VIEWER, True),
    # The same things for programs.
    ("GET /api/v1/runs", VIEWER, False),
    ("GET /api/v1/runs/{run_id}", VIEWER, False),
    ("GET /api/v1/conversations", VIEWER, False),
    ("GET /api/v1/conversations/{conversation_id}", VIEWER, False),
    ("GET /api/v1/meetings", VIEWER, False),
    ("GET /api/v1/meetings/{meeting_id}", VIEWER, False),
    ("GET /api/v1/analyses", VIEWER, False),
    ("GET /api/v1/analyses/{candidate_id}", VIEWER, False),
    ("GET /api/v1/analysis-batches", VIEWER, False),
    ("GET /api/v1/analysis-batches/{batch_id}", VIEWER, False),
    ("GET /api/v1/contacts", VIEWER, False),
    ("GET /api/v1/workflows", VIEWER, False),
    ("GET /api/v1/workflows/{workflow_id}", VIEWER, False),
    ("GET /api/v1/workflows/{workflow_id}/graph", VIEWER, False),
    ("GET /api/v1/candidates", VIEWER, False),
    ("GET /api/v1/candidates/{candidate_id}", VIEWER, False),
    ("GET /api/v1/search", VIEWER, False),
    ("GET /api/v1/attention", VIEWER, False),
    ("GET /api/v1/attention/reasons", VIEWER, False),
    ("GET /api/v1/moving", VIEWER, False),
    ("GET /api/v1/funnel", VIEWER, False),
    ("GET /api/v1/workflows/{workflow_id}/funnel", VIEWER, False),
    ("GET /api/v1/projections", VIEWER, True),
    # Everybody's own account.
    ("GET /account", VIEWER, False),
    ("POST /account/password", VIEWER, False),
    ("POST /account/codes", VIEWER, False),
    ("POST /account/codes/remove", VIEWER, False),
    ("POST /account/sessions/{number}/end", VIEWER, False),
    ("POST /account/sessions/end", VIEWER, False),
    ("POST /account/calendar", VIEWER, False),
    ("POST /account/calendar/{number}/revoke", VIEWER, False),
    ("POST /sign-out", VIEWER, False),
    # Managers take care of what waits, and see what arrived in their organizations.
    ("POST /acknowledge", MANAGER, False),
    ("POST /acknowledge/undo", MANAGER, False),
    ("POST /views", MANAGER, True),
    ("POST /views/{number}/rename", MANAGER, True),
    ("POST /views/{number}/delete", MANAGER, True),
    ("GET /events", MANAGER, False),
    ("GET /parts/events", MANAGER, False),
    ("GET /events.csv", MANAGER, False),
    ("GET /events/{position}", MANAGER, False),
    ("GET /parts/events/{position}", MANAGER, False),
    ("GET /events/id/{event_id}", MANAGER, False),
    ("GET /api/v1/events", MANAGER, False),
    ("GET /api/v1/events/{position}", MANAGER, False),
    # Engineers: what was no event, how the service is, who may come in.
    ("GET /deliveries", ENGINEER, True),
    ("GET /parts/deliveries", ENGINEER, True),
    ("GET /deliveries.csv", ENGINEER, True),
    ("GET /api/v1/deliveries", ENGINEER, True),
    ("GET /quarantine", ENGINEER, True),
    ("GET /parts/quarantine", ENGINEER, True),
    ("GET /quarantine.csv", ENGINEER, True),
    ("GET /quarantine/{number}", ENGINEER, True),
    ("GET /parts/quarantine/{number}", ENGINEER, True),
    ("GET /quarantine/digest/{digest}", ENGINEER, True),
    ("GET /quarantine/{number}/bytes", ENGINEER, True),
    ("POST /quarantine/{number}/retry", ENGINEER, True),
    ("POST /quarantine/retry", ENGINEER, True),
    ("POST /quarantine/{number}/discard", ENGINEER, True),
    ("GET /api/v1/quarantine", ENGINEER, True),
    ("GET /system", ENGINEER, True),
    ("GET /parts/system", ENGINEER, True),
    ("POST /system/rebuild", ENGINEER, True),
    ("POST /system/job", ENGINEER, True),
    ("POST /system/refold", ENGINEER, True),
    ("POST /system/previous", ENGINEER, True),
    ("GET /workflow-import", ENGINEER, True),
    ("POST /workflow-import", ENGINEER, True),
    ("GET /audit", ENGINEER, True),
    ("GET /parts/audit", ENGINEER, True),
    ("GET /audit.csv", ENGINEER, True),
    ("GET /erase/{person_id}", ENGINEER, True),
    ("POST /erase", ENGINEER, True),
    ("POST /erase/lift", ENGINEER, True),
    ("GET /person-file/{person_id}", ENGINEER, True),
    ("GET /people", ENGINEER, True),
    ("POST /people", ENGINEER, True),
    ("POST /people/role", ENGINEER, True),
    ("POST /people/reset", ENGINEER, True),
    ("POST /people/remove", ENGINEER, True),
    ("POST /people/sessions/{number}/end", ENGINEER, True),
    ("GET /tokens", ENGINEER, True),
    ("POST /tokens", ENGINEER, True),
    ("POST /tokens/{number}/revoke", ENGINEER, True),
    ("GET /api", ENGINEER, False),
    ("GET /api/openapi.json", ENGINEER, False),
)

ACCESS: Final = {route: Rule(role, whole) for route, role, whole in _ROWS}


def rule_of(method: str, path: str) -> Rule | None:
    """The rule of a route by its method and its path as declared; None for one without a row."""
    return ACCESS.get(f"{method} {path}")


def may(grant: Grant | None, route: str) -> bool:
    """Whether somebody may use a route, given like `GET /system`; for links on pages."""
    rule = ACCESS[route]
    return rule.allows(grant)
