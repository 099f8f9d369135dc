"""Workflows, and one with everything counted on its graph."""

from typing import Any, Final

import msgspec
from litestar import Response

from projections.queries import workflow_graph as queries
from projections.queries import workflows as known
from projections.queries.filters import WITHOUT, RunFilter, WorkflowFilter
from projections.queries.run_counts import RunCounts, count_runs
from tracker.errors import InvalidInput, NotFound
from tracker.timing import DAY
from web.graph import Drawing
from web.graph_list import Listing, whole_list
from web.ids import encode_id
from web.pages.frame import Asked, Given, Tab, endpoint, record_id, seen_by, show, wanted
from web.pages.workflow_comparison import (
    ROW_TAKES,
    Compared,
    compared,
    marks,
    most_changed,
    together,
)
from web.pages.workflow_graph import (
    Difference,
    drawn,
    listed,
    room_beside,
    scale,
    undeclared,
    unlinked,
    unused,
)
from web.pages.workflow_links import Links
from web.viewer import Viewer

PERIODS: Final = {"7": "7 days", "30": "30 days", "90": "90 days"}
STATUSES: Final = ("running", "completed", "failed", "cancelled")


class WorkflowsPage(msgspec.Struct, frozen=True):
    """The list of workflows."""

    rows: list[known.WorkflowLine]
    next_cursor: str | None
    filters: WorkflowFilter
    endpoint: str


class Choice(msgspec.Struct, frozen=True):
    """What the address chooses; None stands for all versions, all time, no comparison."""

    version: str | None
    period: str | None
    compare: str | None
    by_time: bool
    whole: bool

    def since_day(self, now: int) -> int | None:
        """The first day (since 1970, UTC) of the period, which ends today."""
        return None if self.period is None else now // DAY - int(self.period) + 1


class WorkflowPage(msgspec.Struct, frozen=True, kw_only=True):
    """One workflow: its graph, what differs from its configuration, its versions.

    `unlinked` ways of the drawing are no links; `same` rows of the comparison are left out.
    """

    workflow: known.WorkflowLine
    versions: list[known.VersionLine]
    names: dict[str, str]
    links: Links
    choice: Choice
    periods: list[tuple[str, str]]
    views: list[Tab]
    numbers: list[Tab]
    topics: str
    declared: bool
    drawing: Drawing | None
    unlinked: int
    legend: list[tuple[int, str]]
    listing: Listing
    undeclared: list[Difference]
    unused: list[Difference]
    compared: list[Compared]
    same: int


def workflows(request: Asked, services: Given) -> Response[Any]:
    """Every workflow that was published, imported or seen in runs."""
    asked = wanted(WorkflowFilter, request)
    with services.views.read() as connection:
        page = known.list_workflows(connection, asked)
    context = WorkflowsPage(page.items, page.next_cursor, asked, endpoint(request))
    return show(request, services, "workflows/page.html", "workflows/list.html", context)


def workflow(request: Asked, services: Given) -> Response[Any]:
    """One workflow by its id, as the choices in the address want it."""
    viewer = seen_by(request, services)
    choice = _choice(request, viewer)
    since = choice.since_day(viewer.now)
    with services.views.read() as connection:
        detail = known.workflow(connection, record_id(request, "/workflows/"))
        _all_known(detail, choice)
        id_ = detail.workflow.id
        graph = queries.workflow_graph(connection, id_, choice.version, since)
        other = (
            queries.workflow_graph(connection, id_, choice.compare, since)
            if choice.compare is not None
            else None
        )
        counts = count_runs(connection, _heard_of(id_, choice, since), viewer.now)
    context = workflow_page(detail, graph, other, counts, choice, viewer)
    return show(request, services, "workflows/workflow.html", "workflows/detail.html", context)


def _choice(request: Asked, viewer: Viewer) -> Choice:
    given = request.query_params
    period, looks = given.get("period") or None, given.get("show") or "frequency"
    if period is not None and period not in PERIODS:
        raise InvalidInput(f"period {period[:50]!r} is none of {', '.join(PERIODS)}", "period")
    if looks not in {"frequency", "time"}:
        raise InvalidInput(f"show {looks[:50]!r} is neither frequency nor time", "show")
    version, compare = (_version(given.get(name)) for name in ("version", "compare"))
    if compare is not None and version is None:
        raise InvalidInput("Choose a version to compare with the other one", "version")
    if compare == version:
        compare = None
    return Choice(version, period, compare, looks == "time", whole_list(viewer))


def _version(asked: str | None) -> str | None:
    return "" if asked == WITHOUT else asked or None


def _all_known(detail: known.WorkflowDetail, choice: Choice) -> None:
    versions = {None, *(version.version_id for version in detail.versions)}
    for asked in (choice.version, choice.compare):
        if asked not in versions:
            raise NotFound(f"The workflow has no version {str(asked)[:100]!r}")


def _heard_of(workflow_id: str, choice: Choice, since: int | None) -> RunFilter:
    return RunFilter(
        workflow_id=workflow_id,
        version=WITHOUT if choice.version == "" else choice.version,
        since=None if since is None else since * DAY,
    )


def workflow_page(
    detail: known.WorkflowDetail,
    graph: queries.Graph,
    other: queries.Graph | None,
    counts: RunCounts,
    choice: Choice,
    viewer: Viewer,
) -> WorkflowPage:
    """What the page shows of a workflow and its graph, and of another version's."""
    id_, since = detail.workflow.id, choice.since_day(viewer.now)
    links, used = Links(id_, choice.version, since), scale(graph, by_time=choice.by_time)
    shown = graph if other is None else together(other, graph)
    changes = {} if other is None else marks(other, graph)
    both = Links(id_, choice.compare, since), links
    listing = listed(graph, links, whole=choice.whole)
    room = room_beside(shown, links, listing)
    rows = [] if other is None else compared(other, graph, both)
    differing = rows if choice.whole else most_changed(rows, room // 2)
    room -= ROW_TAKES * len(differing)
    drawing = None if choice.whole else drawn(shown, links, used, changes, both[0], room)
    return WorkflowPage(
        workflow=detail.workflow,
        versions=detail.versions,
        names={v.version_id: _name(v) for v in detail.versions},
        links=links,
        choice=choice,
        periods=[(value, f"Last {name}") for value, name in PERIODS.items()],
        views=[
            Tab("Frequency", viewer.link(show=None), current=not choice.by_time),
            Tab("Time", viewer.link(show="time"), current=choice.by_time),
        ],
        numbers=_numbers(counts, links),
        topics="runs " + encode_id(f"workflows:{id_}"),
        declared=graph.configured,
        drawing=drawing,
        unlinked=unlinked(drawing) if drawing else 0,
        legend=used.legend(),
        listing=listing,
        undeclared=undeclared(graph, links),
        unused=unused(graph, links),
        compared=differing,
        same=len(rows) - len(differing),
    )


def _name(version: known.VersionLine) -> str:
    if version.number is not None:
        return f"Version {version.number}"
    return f"Version {version.version_id}" if version.version_id else "Without a version"


def _numbers(counts: RunCounts, links: Links) -> list[Tab]:
    by_status = (Tab(s, links.heard_of(s), getattr(counts, s)) for s in STATUSES)
    return [Tab("runs", links.heard_of(), counts.total), *by_status]
