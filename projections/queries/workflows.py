"""Workflows: the list, one with its versions, and what is known of their nodes."""

import json
from collections.abc import Iterable
from typing import Final

import msgspec

from projections import workflows
from projections.configuration import Node
from projections.queries.filters import WorkflowFilter
from projections.queries.organizations import with_tally
from projections.queries.paging import Listing, Page, Where, select_all, select_one, select_page
from tracker.database import Connection
from tracker.errors import NotFound

# A workflow that was neither published nor imported is known through its runs alone.
KNOWN: Final = """(
    SELECT id, organization_id, external_id, name, version_count, first_at,
        last_published_at, imported_at, anomalies FROM workflows
    UNION ALL
    SELECT subject, min(organization_id), NULL, NULL, 0, min(day) * 86400000000, NULL, NULL, '[]'
    FROM tallies WHERE name = 'runs' AND subject <> ''
    AND NOT EXISTS (SELECT 1 FROM workflows WHERE workflows.id = subject) GROUP BY subject
)"""
WORKFLOWS: Final = Listing(KNOWN, key=("id",), nullable=frozenset({"name", "last_published_at"}))

NodeKey = tuple[str, str, str | None]


class WorkflowRow(msgspec.Struct, frozen=True, kw_only=True):
    """A workflow as listed; times in microseconds."""

    id: str
    organization_id: str
    external_id: str | None
    name: str | None
    version_count: int
    first_at: int
    last_published_at: int | None
    imported_at: int | None
    anomalies: tuple[str, ...]


class WorkflowLine(WorkflowRow, frozen=True, kw_only=True):
    """A workflow with its runs counted by status."""

    runs: dict[str, int]


class VersionLine(msgspec.Struct, frozen=True, kw_only=True):
    """A version of a workflow, published, imported or only seen in runs; '' is none at all."""

    version_id: str
    number: int | None
    published_at: int | None
    imported_at: int | None
    node_count: int
    runs: int
    anomalies: tuple[str, ...]


class WorkflowDetail(msgspec.Struct, frozen=True):
    """One workflow and its versions, the newest first."""

    workflow: WorkflowLine
    versions: list[VersionLine]


class KnownNode(msgspec.Struct, frozen=True):
    """What is known of a node: from a configuration, else from the events of runs."""

    id: str
    label: str | None
    type: str | None
    declared: bool


def list_workflows(connection: Connection, wanted: WorkflowFilter) -> Page[WorkflowLine]:
    """Workflows, by default in the order of their ids."""
    where = Where().equal("organization_id", wanted.organization_id)
    page = select_page(
        connection, WorkflowRow, WORKFLOWS, where, wanted.sort, wanted.limit, wanted.cursor
    )
    return page.of(_lines(connection, page.items))


def workflow(connection: Connection, workflow_id: str) -> WorkflowDetail:
    """One workflow with its versions; raises NotFound."""
    by_id = f"FROM {KNOWN} WHERE id = ?"
    row = select_one(connection, WorkflowRow, by_id, (workflow_id,))
    if row is None:
        raise NotFound(f"There is no workflow {workflow_id!r}")
    return WorkflowDetail(_lines(connection, [row])[0], _versions(connection, workflow_id))


def _lines(connection: Connection, rows: list[WorkflowRow]) -> list[WorkflowLine]:
    counts: dict[str, dict[str, int]] = {row.id: {} for row in rows}
    query = """
        SELECT subject, item, sum(count) FROM tallies WHERE name = 'runs'
        AND organization_id IN (SELECT value FROM json_each(?))
        AND subject IN (SELECT value FROM json_each(?)) GROUP BY subject, item
    """
    organizations = json.dumps(with_tally(connection, "runs"))
    for subject, status, number in connection.execute(
        query, (organizations, json.dumps([*counts]))
    ):
        counts[subject][status] = number
    return [WorkflowLine(**msgspec.structs.asdict(row), runs=counts[row.id]) for row in rows]


def _versions(connection: Connection, workflow_id: str) -> list[VersionLine]:
    query = """
        SELECT version, sum(count) FROM tallies WHERE name = 'runs'
        AND organization_id IN (SELECT value FROM json_each(?)) AND subject = ? GROUP BY version
    """
    organizations = json.dumps(with_tally(connection, "runs"))
    seen = dict(connection.execute(query, (organizations, workflow_id)).fetchall())
    lines = [
        VersionLine(
            version_id=version.version_id,
            number=version.number,
            published_at=version.published_at,
            imported_at=version.imported_at,
            node_count=len(version.nodes),
            runs=seen.pop(version.version_id, 0),
            anomalies=version.anomalies,
        )
        for version in declared_versions(connection, workflow_id)
    ]
    lines += [
        VersionLine(
            version_id=version_id,
            number=None,
            published_at=None,
            imported_at=None,
            node_count=0,
            runs=number,
            anomalies=(),
        )
        for version_id, number in seen.items()
    ]
    return sorted(lines, key=_age, reverse=True)


def _age(version: VersionLine) -> tuple[int, int, str]:
    known_at = version.published_at or version.imported_at or 0
    return version.number or 0, known_at, version.version_id


def declared_versions(connection: Connection, workflow_id: str) -> list[workflows.Version]:
    """The versions that were published or imported, in the order of their ids."""
    of_workflow = "FROM workflow_versions WHERE workflow_id = ? ORDER BY version_id"
    return select_all(connection, workflows.Version, of_workflow, (workflow_id,))


def configuration(
    connection: Connection, workflow_id: str, version_id: str
) -> workflows.Version | None:
    """The imported configuration that holds for a version: its own, else the one for all."""
    best = """
        FROM workflow_versions WHERE workflow_id = ? AND version_id IN (?, '')
        AND nodes <> '[]' ORDER BY version_id DESC
    """
    return select_one(connection, workflows.Version, best, (workflow_id, version_id))


def workflow_names(connection: Connection, ids: Iterable[str]) -> dict[str, str]:
    """The names of those workflows that have one."""
    query = """
        SELECT id, name FROM workflows
        WHERE id IN (SELECT value FROM json_each(?)) AND name IS NOT NULL
    """
    return dict(connection.execute(query, (json.dumps(sorted(ids)),)).fetchall())


def known_nodes(
    connection: Connection, workflow_id: str, version: str | None
) -> dict[str, KnownNode]:
    """The nodes of a version, or of all versions together: declared ones first."""
    if version is None:
        declared = [n for v in declared_versions(connection, workflow_id) for n in v.nodes]
    else:
        holds = configuration(connection, workflow_id, version)
        declared = [*holds.nodes] if holds else []
    nodes = {n.id: KnownNode(n.id, n.label, n.type, declared=True) for n in declared}
    for found in _seen_nodes(connection, workflow_id, version):
        declared_as = nodes.get(found.id)
        if declared_as is None:
            nodes[found.id] = KnownNode(found.id, found.label, found.type, declared=False)
        elif declared_as.label is None or declared_as.type is None:
            nodes[found.id] = KnownNode(
                found.id,
                declared_as.label or found.label,
                declared_as.type or found.type,
                declared=True,
            )
    return nodes


def _seen_nodes(connection: Connection, workflow_id: str, version: str | None) -> list[Node]:
    """The nodes named by events, each with its most frequent label and type."""
    where = Where().equal("name", "labels").equal("subject", workflow_id).equal("version", version)
    organizations = json.dumps(with_tally(connection, "labels"))
    where.add("organization_id IN (SELECT value FROM json_each(?))", organizations)
    query = f"""
        SELECT item, outcome, target, sum(count) AS often FROM tallies WHERE {where.sql}
        GROUP BY item, outcome, target ORDER BY item, target = '', often DESC, target, outcome
    """
    nodes: dict[str, Node] = {}
    for item, node_type, label, _ in connection.execute(query, where.values):
        nodes.setdefault(item, Node(item, node_type or None, label or None))
    return list(nodes.values())


def node_labels(connection: Connection, wanted: Iterable[NodeKey]) -> dict[NodeKey, str]:
    """The labels of (workflow, version, node) as far as they have one."""
    versions: dict[tuple[str, str], dict[str, KnownNode]] = {}
    labels: dict[NodeKey, str] = {}
    for key in sorted(wanted, key=str):
        workflow_id, version, node = key
        if node is None:
            continue
        if (workflow_id, version) not in versions:
            versions[workflow_id, version] = known_nodes(connection, workflow_id, version)
        known = versions[workflow_id, version].get(node)
        if known and known.label:
            labels[key] = known.label
    return labels
