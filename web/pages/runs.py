"""Runs and one run: where each candidate is in each workflow."""

from typing import Any

import msgspec
from litestar import Response

from projections.queries import runs as queries
from projections.queries.filters import RunFilter, WorkflowFilter
from projections.queries.run_counts import RunCounts, count_runs
from projections.queries.workflows import list_workflows
from tracker.database import Connection
from web.pages.frame import Asked, Given, Tab, endpoint, seen_by, show, wanted
from web.pages.newer import Held, hold
from web.viewer import Viewer


class RunsPage(msgspec.Struct, frozen=True):
    """The list of runs with its counts and filters."""

    held: Held[queries.RunLine]
    tabs: list[Tab]
    filters: RunFilter
    workflows: list[tuple[str, str]]
    received: bool
    endpoint: str


def runs(request: Asked, services: Given) -> Response[Any]:
    """The runs that fit the filters in the address."""
    asked, viewer = wanted(RunFilter, request), seen_by(request, services)
    with services.views.read() as connection:
        page = queries.list_runs(connection, asked, viewer.now)
        held = hold(
            request,
            viewer,
            page,
            key=lambda row: row.id,
            again=lambda ids: queries.list_runs(connection, asked, viewer.now, ids).items,
            newest_first=asked.sort in {"-last_event_at", "-first_at"},
        )
        counts = count_runs(connection, asked, viewer.now)
        names = workflow_choices(connection)
    context = RunsPage(
        held=held,
        tabs=_tabs(counts, asked, viewer),
        filters=asked,
        workflows=names,
        received=services.log.any_received(),
        endpoint=endpoint(request),
    )
    return show(request, services, "runs/page.html", "runs/list.html", context)


def workflow_choices(connection: Connection) -> list[tuple[str, str]]:
    """The workflows to choose from: id and name."""
    known = list_workflows(connection, WorkflowFilter(limit=100)).items
    return [(row.id, row.name or row.id) for row in known]


STATUSES = ("running", "completed", "failed", "cancelled")


def _tabs(counts: RunCounts, asked: RunFilter, viewer: Viewer) -> list[Tab]:
    every = not asked.status and asked.stuck is None
    all_runs = Tab("all", viewer.link(status=None, stuck=None), counts.total, every)
    by_status = (
        Tab(
            status,
            viewer.link(status=status, stuck=None),
            getattr(counts, status),
            asked.status == (status,) and not asked.stuck,
        )
        for status in STATUSES
    )
    stuck = Tab("stuck", viewer.link(status=None, stuck="true"), counts.stuck, asked.stuck is True)
    return [all_runs, *by_status, stuck]
