"""One run: its graph beside its timeline, each leading to the other."""

from typing import Any

import msgspec
from litestar import Response

from projections.queries import run_graph as queries
from projections.queries.runs import RunDetail, RunLine
from projections.queries.runs import run as find_run
from projections.runs import Run
from tracker.errors import NotFound
from tracker.events import event_type
from tracker.log import LogReader
from tracker.reading import read_payload
from web.badges import anomaly_words, plain
from web.graph import Drawing
from web.graph_list import Line, Listing, anchor, whole_list
from web.graph_text import spoken
from web.ids import encode_id
from web.pages.frame import Asked, Given, record_id, seen_by, show
from web.pages.run_graph import Look, drawn, legend, listed
from web.pages.run_timeline import Told, told, whole_timeline
from web.times import lasted
from web.viewer import Viewer

LONGEST_BODY = 20_000  # characters; a longer one is cut, its own page has it whole
MOST_EVENTS = 40  # a longer timeline shows its end first


class Opened(msgspec.Struct, frozen=True):
    """The event that is looked at: what arrived, and beside it what was understood."""

    event_id: str
    body: bytes
    cut: bool
    says: str
    understood: list[tuple[str, str]]


class RunPage(msgspec.Struct, frozen=True, kw_only=True):
    """One run as shown; without a drawing where the whole list was asked for.

    `ended_at` and `why` tell where and why it failed or was cancelled; `went` that the
    drawing has ways that were taken, `going` one that was probably taken last.
    """

    run: RunLine
    row: Run
    name: str
    candidate_url: str | None
    lasted: str
    stuck: str
    ended_at: str
    why: str
    oddities: list[Line]
    topics: str
    declared: bool
    drawing: Drawing | None
    legend: list[Look]
    went: bool
    going: bool
    listing: Listing
    timeline: list[Told]
    earlier: int
    opened: Opened | None


def run(request: Asked, services: Given) -> Response[Any]:
    """One run by its id."""
    viewer = seen_by(request, services)
    with services.views.read() as connection:
        detail = find_run(connection, record_id(request, "/runs/"), viewer.now)
        graph = queries.run_graph(connection, detail)
        silence = queries.silence(connection, detail)
    opened = _opened(services.log, detail, request.query_params.get("event"))
    context = run_page(detail, graph, silence, viewer, opened)
    return show(request, services, "runs/run.html", "runs/detail.html", context)


def run_page(
    detail: RunDetail,
    graph: queries.RunGraph,
    silence: queries.Silence,
    viewer: Viewer,
    opened: Opened | None,
) -> RunPage:
    """What the page shows of a run and its graph."""
    line, person = detail.line, detail.line.person
    timeline = list(told(detail, graph, viewer.now))
    shown = timeline if whole_timeline(viewer) else timeline[-MOST_EVENTS:]
    whole = whole_list(viewer)
    return RunPage(
        run=line,
        row=detail.row,
        name=(person.name if person else None) or line.candidate_profile_id or line.id,
        candidate_url=f"/candidates/{encode_id(person.person)}" if person else None,
        lasted=lasted((line.ended_at or viewer.now) - line.first_at),
        stuck=_why_stuck(detail, graph, silence, viewer.now) if line.stuck else "",
        ended_at=_ended_at(graph),
        why=plain(detail.row.reason or detail.row.code or ""),
        oddities=_oddities(detail),
        topics=encode_id(f"runs:{line.id}"),
        declared=graph.configured,
        drawing=None if whole else drawn(detail, graph),
        legend=legend(detail, graph),
        went=any(edge.taken for edge in graph.edges),
        going=any(edge.last and not edge.taken for edge in graph.edges),
        listing=listed(detail, graph, whole=whole),
        timeline=shown,
        earlier=len(timeline) - len(shown),
        opened=opened,
    )


def _why_stuck(
    detail: RunDetail, graph: queries.RunGraph, silence: queries.Silence, now: int
) -> str:
    line = detail.line
    labels = {node.id: node.label or node.id for node in graph.nodes}
    step = labels.get(line.last_node or "", line.last_node)
    after = f"after “{step}”" if step else "after the start"
    if line.last_node and line.last_outcome:
        after += f" ({spoken(line.last_outcome)})"
    silent = f"Nothing came for {lasted(now - line.last_event_at)}. "
    if silence.measured:
        return silent + (
            f"{after[:1].upper()}{after[1:]}, 95 of 100 runs went on within "
            f"{lasted(silence.threshold)}, measured on {silence.sample} runs."
        )
    return silent + (
        f"Only {silence.sample} runs went on {after}, too few to measure what is usual; "
        f"{lasted(silence.threshold)} is the fixed limit."
    )


def _ended_at(graph: queries.RunGraph) -> str:
    """What the node is called at which the run failed or was cancelled, where it is known."""
    return next((node.label or node.id for node in graph.nodes if node.state == "stopped"), "")


def _oddities(detail: RunDetail) -> list[Line]:
    """The anomalies in words, each leading to the event that it is about, where there is one."""
    by_code: dict[str, list[str]] = {}
    understood = {step.event_id for step in detail.steps}
    for entry in detail.row.history:
        if entry.anomaly:
            by_code.setdefault(f"unexpected:{entry.type}", []).append(entry.event_id)
        if entry.type == "WORKFLOW_NODE_COMPLETED" and entry.event_id not in understood:
            by_code.setdefault("node_missing", []).append(entry.event_id)
    lines = []
    for code in detail.row.anomalies:
        events = by_code.get(code)
        href = f"#{anchor('event', events.pop(0))}" if events else ""
        lines.append(Line(anomaly_words(code), href))
    return lines


def _opened(log: LogReader, detail: RunDetail, event_id: str | None) -> Opened | None:
    """The event in the address; raises NotFound when it is none of the run's."""
    if not event_id:
        return None
    if event_id not in {entry.event_id for entry in detail.row.history}:
        raise NotFound(f"The run has no event {event_id[:100]!r}")
    event = log.event_by_id(event_id)
    kind = event_type(event.type)
    payload = msgspec.structs.asdict(read_payload(kind.payload, event.body).payload)
    understood = [(n.replace("_", " "), str(v)) for n, v in payload.items() if v is not None]
    body = event.body[:LONGEST_BODY]
    return Opened(event_id, body, len(body) < len(event.body), kind.says, understood)
