"""Which versions of each workflow went live, and what does each declare?

Hears publications and the imports of configurations. How often each node was visited and
each edge taken are tallies of `runs`. Read by Workflows, Workflow and Run.
"""

from collections.abc import Iterable, Sequence

import msgspec

from projections import projection as p
from projections.configuration import Configuration, Node, read_configuration
from tracker.events import Event

PUBLISHED = "WORKFLOW_PUBLISHED"
IMPORTED = "TRACKER_WORKFLOW_IMPORTED"
LARGEST_NUMBER = 2**63 - 1


class Workflow(msgspec.Struct, frozen=True, kw_only=True):
    """One workflow; `version_count` counts the versions that went live.

    `version_ids` names all that are known, also those that were only imported.
    """

    id: str
    organization_id: str
    external_id: str | None
    name: str | None
    version_count: int
    version_ids: tuple[str, ...]
    first_at: int
    last_published_at: int | None
    imported_at: int | None
    anomalies: tuple[str, ...]
    anomaly_count: int


class Version(msgspec.Struct, frozen=True, kw_only=True):
    """One version; the id '' stands for the workflow without one."""

    workflow_id: str
    version_id: str
    organization_id: str
    number: int | None
    published_at: int | None
    imported_at: int | None
    start_node_id: str | None
    nodes: tuple[Node, ...]
    configuration: str | None
    anomalies: tuple[str, ...]
    anomaly_count: int


class Route(msgspec.Struct, frozen=True, kw_only=True):
    """A declared way: from a node, by an outcome, to the next node."""

    workflow_id: str
    version_id: str
    node_id: str
    outcome: str
    organization_id: str
    target: str


def key(event: Event) -> str:
    """A publication's record is the workflow; an import names it in its payload."""
    if event.type == IMPORTED:
        return event.data.workflow_id or event.record_id
    return event.record_id


def fold(events: Sequence[Event]) -> Sequence[p.Row]:
    """The workflow, then each version followed by its declared routes."""
    own = p.own_events(events)
    if not own:
        return ()
    by_version: dict[str, list[Event]] = {}
    for event in own:
        by_version.setdefault(event.data.workflow_version_id or "", []).append(event)
    rows: list[p.Row] = []
    for version_id in sorted(by_version):
        rows += _version(version_id, by_version[version_id])
    return (_workflow(own, tuple(sorted(by_version.keys() - {""}))), *rows)


def _workflow(events: Sequence[Event], version_ids: tuple[str, ...]) -> Workflow:
    published = [event for event in events if event.type == PUBLISHED]
    anomalies = p.anomalies(events, ())
    return Workflow(
        id=key(events[0]),
        organization_id=_organization(events),
        external_id=p.last_known(events, "workflow_external_id"),
        name=p.last_known(events, "name"),
        version_count=len({event.data.workflow_version_id for event in published}),
        version_ids=version_ids,
        first_at=events[0].occurred_at,
        last_published_at=published[-1].occurred_at if published else None,
        imported_at=next((e.occurred_at for e in reversed(events) if e.type == IMPORTED), None),
        anomalies=anomalies,
        anomaly_count=len(anomalies),
    )


def _organization(events: Sequence[Event]) -> str:
    """Popp's own events know it best; an import may have been made before the first of them."""
    known = next((event for event in events if event.type == PUBLISHED), events[-1])
    return known.organization_id


def _version(version_id: str, events: Sequence[Event]) -> list[p.Row]:
    published = next((event for event in events if event.type == PUBLISHED), None)
    imported = next((event for event in reversed(events) if event.type == IMPORTED), None)
    text = imported.data.configuration if imported else None
    declared = Configuration() if text is None else read_configuration(text)
    version = Version(
        workflow_id=key(events[0]),
        version_id=version_id,
        organization_id=_organization(events),
        number=_number(events),
        published_at=published.occurred_at if published else None,
        imported_at=imported.occurred_at if imported else None,
        start_node_id=declared.start_node_id,
        nodes=declared.nodes,
        configuration=text,
        anomalies=declared.anomalies,
        anomaly_count=len(declared.anomalies),
    )
    return [version, *(_route(version, route) for route in declared.routes)]


def _number(events: Sequence[Event]) -> int | None:
    number = p.last_known(events, "version_number")
    return number if number is not None and abs(number) <= LARGEST_NUMBER else None


def _route(version: Version, route: tuple[str, str, str]) -> Route:
    node_id, outcome, target = route
    return Route(
        workflow_id=version.workflow_id,
        version_id=version.version_id,
        node_id=node_id,
        outcome=outcome,
        organization_id=version.organization_id,
        target=target,
    )


def search(row: Workflow) -> Iterable[p.Found]:
    """A workflow is found by its name and ids, and by the ids of its versions."""
    title = row.name or f"Workflow {row.id}"
    yield p.found(title, row.name, row.id, row.external_id, *row.version_ids)


PROJECTION = p.Projection(
    name="workflows",
    version=1,
    tables=(
        p.Table(
            "workflows",
            Workflow,
            key=("id",),
            entity="id",
            indexes=(("last_published_at",),),
            search=search,
        ),
        p.Table(
            "workflow_versions",
            Version,
            key=("workflow_id", "version_id"),
            entity="workflow_id",
            indexes=(("workflow_id", "published_at"),),
        ),
        p.Table(
            "routes",
            Route,
            key=("workflow_id", "version_id", "node_id", "outcome"),
            entity="workflow_id",
        ),
    ),
    hears=frozenset({PUBLISHED, IMPORTED}),
    key=key,
    fold=fold,
)
