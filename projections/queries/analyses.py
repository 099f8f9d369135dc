"""Analyses: the batches, and their candidates ranked by what is mandatory, then by score."""

import json
from collections.abc import Iterable
from typing import Final

import msgspec

from projections import analyses
from projections.queries.filters import AnalysisFilter, BatchFilter
from projections.queries.paging import Listing, Page, Where, select_all, select_page
from projections.queries.people import Named, named, of_candidate
from tracker.database import Connection
from tracker.errors import InvalidInput, NotFound

# Meeting all that is mandatory weighs more than any score, not knowing it lies between.
RANKED: Final = """(
    SELECT *, 1e9 * ifnull(mandatory_met, 0.5) + max(-1e6, min(1e6, ifnull(score, -1e6))) AS rank
    FROM analyses
)"""
CANDIDATES: Final = Listing("analyses", key=("entity",), nullable=frozenset({"score"}))
BATCHES: Final = Listing("analysis_batches", key=("id",))
MANDATORY: Final = {"met": 1, "not_met": 0}


class BatchLine(msgspec.Struct, frozen=True, kw_only=True):
    """An analysis with its candidates counted."""

    id: str
    organization_id: str
    external_id: str | None
    title: str | None
    created_at: int
    candidates: int
    met: int


class AnalysisDetail(msgspec.Struct, frozen=True):
    """One candidate in an analysis, and who it is."""

    row: analyses.Analysis
    person: Named | None


def list_analyses(connection: Connection, wanted: AnalysisFilter) -> Page[analyses.Analysis]:
    """The analysed candidates that fit a filter; raises InvalidInput for a rank over several."""
    sort: str = wanted.sort or ("-completed_at" if wanted.analysis is None else "rank")
    listing = CANDIDATES
    if sort == "rank":
        if wanted.analysis is None:
            raise InvalidInput("The sort rank needs an analysis to rank within", field="sort")
        listing, sort = Listing(RANKED, key=CANDIDATES.key), "-rank"
    where = _where(connection, wanted)
    return select_page(
        connection, analyses.Analysis, listing, where, sort, wanted.limit, wanted.cursor
    )


def count_analyses(connection: Connection, wanted: AnalysisFilter) -> dict[str, int]:
    """How many analysed candidates fit a filter, by `met`, `not_met` and `unknown`."""
    where = _where(connection, wanted.model_copy(update={"mandatory": None}))
    query = f"SELECT mandatory_met, count(*) FROM analyses WHERE {where.sql} GROUP BY 1"
    counted = dict(connection.execute(query, where.values).fetchall())
    return {
        "met": counted.get(1, 0),
        "not_met": counted.get(0, 0),
        "unknown": counted.get(None, 0),
    }


def analysis(connection: Connection, analysis_id: str) -> list[AnalysisDetail]:
    """The analyses of one candidate by record id or entity, newest first; raises NotFound."""
    rest = "FROM analyses WHERE id = ?1 OR entity = ?1 ORDER BY completed_at DESC, entity"
    rows = select_all(connection, analyses.Analysis, rest, (analysis_id,))
    if not rows:
        raise NotFound(f"There is no analysed candidate {analysis_id!r}")
    persons = persons_of(connection, rows)
    return [AnalysisDetail(row, persons.get(row.entity)) for row in rows]


def persons_of(connection: Connection, rows: Iterable[analyses.Analysis]) -> dict[str, Named]:
    """Who the analysed candidates are, by `entity`."""
    return named(connection, "analyses", (row.entity for row in rows))


def list_batches(connection: Connection, wanted: BatchFilter) -> Page[BatchLine]:
    """The analyses, newest first."""
    where = Where().equal("organization_id", wanted.organization_id)
    page = select_page(
        connection,
        analyses.Batch,
        BATCHES,
        where,
        "-created_at",
        wanted.limit,
        wanted.cursor,
    )
    counted = _candidates(connection, page.items)
    return page.of([_line(batch, counted) for batch in page.items])


def _candidates(
    connection: Connection, batches: list[analyses.Batch]
) -> dict[str, tuple[int, int]]:
    """How many candidates an analysis has, and how many of them meet all that is mandatory."""
    counted: dict[str, tuple[int, int]] = {}
    for column, ids in (
        ("analysis_external_id", [batch.external_id for batch in batches]),
        ("analysis_id", [batch.id for batch in batches]),
    ):
        query = f"""
            SELECT {column}, count(*), sum(ifnull(mandatory_met, 0)) FROM analyses
            WHERE {column} IN (SELECT value FROM json_each(?)) GROUP BY {column}
        """
        rows = connection.execute(query, (json.dumps(ids),))
        counted.update({found: (number, met) for found, number, met in rows})
    return counted


def _line(batch: analyses.Batch, counted: dict[str, tuple[int, int]]) -> BatchLine:
    none = (0, 0)
    number, met = counted.get(batch.id) or counted.get(batch.external_id or "", none)
    return BatchLine(
        id=batch.id,
        organization_id=batch.organization_id,
        external_id=batch.external_id,
        title=batch.title,
        created_at=batch.created_at,
        candidates=number,
        met=met,
    )


def _where(connection: Connection, wanted: AnalysisFilter) -> Where:
    where = Where().equal("organization_id", wanted.organization_id)
    if wanted.analysis is not None:
        where.add("analysis_id = ? OR analysis_external_id = ?", wanted.analysis, wanted.analysis)
    if wanted.mandatory is not None:
        where.add("mandatory_met IS ?", MANDATORY.get(wanted.mandatory))
    if wanted.anomalies is not None:
        where.add("anomaly_count > 0" if wanted.anomalies else "anomaly_count = 0")
    where.between("completed_at", wanted.since, wanted.until)
    return of_candidate(connection, where, "analyses", "entity", wanted.candidate)
