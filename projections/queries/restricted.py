"""What is hidden from whom, in one place: SQLite itself shows a limited or masked database.

Every question of the pages names tables without a schema, and SQLite looks for those among
a connection's own temporary ones first. So a connection for somebody who may not see
everything gets temporary views in front of all tables: only rows of the allowed
organizations, and of personal columns nothing. No query has to think of it, none can
forget it, and a table or column that nobody named here shows nothing at all.

SQLite flattens such views into the query, so its indexes are used as ever.
"""

import json
from collections.abc import Iterable, Iterator
from typing import Any, Final

from projections.catalogue import PROJECTIONS
from projections.layout import TABLES, layout
from projections.persons import name_order
from projections.projection import Table
from tracker.access import Grant
from tracker.database import Connection

LIMITS: Final = "what_is_hidden"  # the temporary table that says so
ALLOWED: Final = "SELECT id FROM temp.allowed"
# Of every table the columns that say nothing of who somebody is: ids, states, times and
# what the customer called jobs, workflows and steps. A viewer sees these alone.
SHOWN: dict[str, frozenset[str]] = {
    name: frozenset(columns.split())
    for name, columns in {
        "conversations": "id organization_id status stage outcome candidate_id external_id"
        " campaign_external_id score first_at queued_at started_at completed_at ended_at"
        " waited_to_start waited_to_complete status_since last_event_at acknowledged anomalies"
        " anomaly_count",
        "analyses": "entity id organization_id analysis_id analysis_external_id"
        " candidate_external_id score mandatory_met completed_at revision anomalies anomaly_count",
        "analysis_batches": "entity id organization_id external_id title created_at anomalies"
        " anomaly_count",
        "meetings": "entity id organization_id conversation_id external_conversation_id"
        " campaign_external_id status starts_at ends_at timezone video_conference revision first_id"
        " superseded_by answered_by notes_ready first_at last_event_at acknowledged anomalies"
        " anomaly_count",
        "runs": "id organization_id workflow_id workflow_version_id workflow_external_id"
        " candidate_profile_id candidate_external_id status first_at started_at ended_at ended_by"
        " last_event_at current_node last_node last_outcome step_count lasted acknowledged"
        " anomalies anomaly_count",
        "steps": "run_id number organization_id workflow_id workflow_version_id node_id node_type"
        " label outcome completed_at waited previous_node previous_outcome event_id",
        "contacts": "event_id entity key organization_id status run_id workflow_id"
        " workflow_version_id candidate_profile_id candidate_external_id node_id at settled_by"
        " acknowledged anomalies anomaly_count",
        "workflows": "id organization_id external_id name version_count version_ids first_at"
        " last_published_at imported_at anomalies anomaly_count",
        "workflow_versions": "workflow_id version_id organization_id number published_at"
        " imported_at start_node_id nodes configuration anomalies anomaly_count",
        "routes": "workflow_id version_id node_id outcome organization_id target",
        "attention": "projection entity item reason words since organization_id identity",
        "tallies": "name organization_id subject version item outcome target day count total",
        "feed": "hour type organization_id count",
        "erased": "entity identity at",
        "links": "identity projection entity",
        "people": "identity person",
        "persons": "person last_event_at",
        "search": "id projection entity",
        "entities": "id projection key positions last_event_at",
        "checkpoint": "id position",
        "projections": "name version",
        "views": "name rows digest",
    }.items()
}
# Views whose rows stand in two tables, each of which shows of its columns what the view shows.
APART: Final = [of for of in map(layout, TABLES) if of.common]
SHOWN |= {of.table: SHOWN[of.view].intersection(of.columns) | {"common"} for of in APART}
SHOWN |= {of.common_table: SHOWN[of.view].intersection(of.common) | {"id"} for of in APART}
# Columns with an inside, of which some keys are shown.
INSIDE: Final[dict[tuple[str, str], tuple[str, ...]]] = {
    ("conversations", "screening"): ("question", "outcome"),
    ("conversations", "history"): ("event_id", "type", "at", "status", "anomaly"),
    ("analyses", "requirements"): ("requirement", "mandatory", "met"),
    ("meetings", "participants"): (),
    ("meetings", "history"): (
        *("event_id", "type", "at", "status", "anomaly", "starts_at", "ends_at", "timezone"),
    ),
    ("runs", "contacts"): ("event_id", "at", "status", "candidate_profile_id", "node_id"),
    ("runs", "history"): ("event_id", "type", "at", "status", "anomaly"),
}
# Columns that something else stands for.
INSTEAD: Final = {
    ("search", "title"): "entity",
    ("search", "words"): "''",
    ("entities", "broken"): "iif(broken IS NULL, NULL, 'hidden')",
}
# Who was erased has no organization: it is known of those who are.
BY_ORGANIZATION: Final = frozenset(
    {*TABLES, *(of.common_table for of in APART), "attention", "tallies", "feed"} - {"erased"}
)
OF_ALL: Final = frozenset({"checkpoint", "projections", "views"})


def restrict(connection: Connection, grant: Grant | None) -> None:
    """Put views in front of all tables that show only what a grant allows; of none, nothing.

    To be called on a connection that may still write, as temporary views are written, too.
    """
    limited = grant is None or not grant.whole
    connection.create_function("only", 2, _only, deterministic=True)
    connection.create_function("name_order", 1, _name_order, deterministic=True)
    connection.execute("CREATE TEMP TABLE allowed (id TEXT PRIMARY KEY)")
    organizations = () if grant is None or grant.organizations is None else grant.organizations
    connection.executemany("INSERT INTO allowed VALUES (?)", [(one,) for one in organizations])
    masked = grant is None or grant.masked
    connection.execute(f"CREATE TEMP TABLE {LIMITS} (masked, organizations)")
    told = (masked, json.dumps(organizations) if limited else None)
    connection.execute(f"INSERT INTO {LIMITS} VALUES (?, ?)", told)
    for table, columns in _tables(connection):
        chosen = ", ".join(_chosen(table, column, masked, limited) for column in columns)
        rows = _rows(table) if limited else "1"
        connection.execute(
            f"CREATE TEMP VIEW {table} AS SELECT {chosen} FROM main.{table} AS own WHERE {rows}"
        )


def is_masked(connection: Connection) -> bool:
    """Whether personal data is hidden on a connection, so that nothing is found by it either."""
    limits = limits_of(connection)
    return limits is not None and limits[0]


def limits_of(connection: Connection) -> tuple[bool, str | None] | None:
    """What a connection hides: personal data or not, all but which organizations; None: nothing.

    Whatever is kept to be told again belongs to these, and is for nobody with others.
    """
    made = connection.execute(f"SELECT 1 FROM temp.sqlite_master WHERE name = '{LIMITS}'")
    if made.fetchone() is None:
        return None
    masked, organizations = connection.execute(f"SELECT * FROM temp.{LIMITS}").fetchone()
    return bool(masked), organizations


def _tables(connection: Connection) -> Iterator[tuple[str, list[str]]]:
    """Every table with its columns, but those inside of the full-text index."""
    names = connection.execute(
        "SELECT name FROM main.sqlite_master WHERE type IN ('table', 'view')"
        " AND name NOT GLOB 'search_index*' AND name NOT GLOB 'sqlite_*'"
    ).fetchall()
    for (name,) in names:
        yield name, [row[1] for row in connection.execute(f"PRAGMA main.table_info({name})")]


def _chosen(table: str, column: str, masked: bool, limited: bool) -> str:
    """What stands for a column: what one's organizations tell, or less where it is personal."""
    if masked and column not in SHOWN.get(table, ()):
        return _hidden(table, column)
    if limited and table == "persons" and column != "person":
        return f"{_of_theirs(column)} AS {column}"
    return column


def _of_theirs(column: str) -> str:
    """What is known of a person, found in the entities that may be seen; `persons` has all."""
    told = (
        "FROM main.people AS p JOIN main.links AS l USING (identity) JOIN main.entities AS e"
        " ON e.projection = l.projection AND e.key = l.entity"
        f" WHERE p.person = own.person AND ({_visible('l.projection', 'l.entity')})"
    )
    # In the order by which `projections.persons` finds the name.
    named = "AND e.name IS NOT NULL ORDER BY e.projection DESC, e.last_event_at DESC, e.name DESC"
    found = {
        "last_event_at": f"(SELECT max(e.last_event_at) {told})",
        "name": f"(SELECT e.name {told} {named} LIMIT 1)",
        "name_order": f"name_order((SELECT e.name {told} {named} LIMIT 1))",
    }
    return found.get(column, "NULL")


def _name_order(name: str | None) -> str | None:
    return None if name is None else name_order(name)


def _hidden(table: str, column: str) -> str:
    if (table, column) in INSTEAD:
        return f"{INSTEAD[table, column]} AS {column}"
    if (table, column) in INSIDE:
        keys = json.dumps(INSIDE[table, column])
        return f"only({column}, '{keys}') AS {column}"
    return f"NULL AS {column}"


def _only(text: str | None, keys: str) -> str | None:
    """JSON objects in which all but some keys are null."""
    if text is None:
        return None
    kept = frozenset(json.loads(keys))
    return json.dumps(
        [{k: v if k in kept else None for k, v in one.items()} for one in _list(text)]
    )


def _list(text: str) -> Iterable[dict[str, Any]]:
    found = json.loads(text)
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def _rows(table: str) -> str:
    """Which rows of a table belong to the allowed organizations; none of one without a rule."""
    if table in BY_ORGANIZATION:
        return f"own.organization_id IN ({ALLOWED})"
    return {
        **dict.fromkeys(OF_ALL, "1"),
        **{of.table: f"own.common IN (SELECT id FROM temp.{of.common_table})" for of in APART},
        "links": _visible("own.projection", "own.entity"),
        "search": _visible("own.projection", "own.entity"),
        "entities": _visible("own.projection", "own.key"),
        "people": _known_here(),
        "erased": "own.identity IN (SELECT identity FROM temp.people)",
        "persons": f"EXISTS ({_called_here()})",
    }.get(table, "0")


def _visible(projection: str, entity: str) -> str:
    """Whether an entity has a row of an allowed organization."""
    owners = [
        f"{projection} = '{one.name}' AND ({' OR '.join(_has(t, entity) for t in one.tables)})"
        for one in PROJECTIONS
        if BY_ORGANIZATION.issuperset(table.name for table in one.tables)
    ]
    return " OR ".join(f"({owner})" for owner in owners)


def _has(table: Table, entity: str) -> str:
    return (
        f"EXISTS (SELECT 1 FROM main.{table.name} AS t"
        f" WHERE t.{table.entity} = {entity} AND t.organization_id IN ({ALLOWED}))"
    )


def _known_here() -> str:
    """An identity that an allowed entity gave, or the one by which such a person is called.

    The latter may be known from elsewhere only; it is an id of Popp's that tells nothing.
    """
    here = _visible("l.projection", "l.entity")
    given = f"SELECT 1 FROM main.links AS l WHERE l.identity = own.identity AND ({here})"
    return f"EXISTS ({given}) OR (own.identity = own.person AND EXISTS ({_called_here()}))"


def _called_here() -> str:
    """Anything that an allowed entity gave of a person."""
    return (
        "SELECT 1 FROM main.people AS p JOIN main.links AS l ON l.identity = p.identity"
        f" WHERE p.person = own.person AND ({_visible('l.projection', 'l.entity')})"
    )
