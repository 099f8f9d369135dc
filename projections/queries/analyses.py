"""Analyses: the batches, and their candidates ranked by what is mandatory, then by score."""

from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from projections import analyses
from projections.queries.filters import AnalysisFilter, BatchFilter
from projections.queries.paging import Listing, Page, Where, select_all, select_one, select_page
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
# A candidate's event names its analysis by Popp's id, the customer's, or both.
# The plus keeps the index by Popp's id aside: many candidates may lack it.
OF_ANALYSIS: Final = """
    analysis_id = ? OR analysis_external_id = ? OR +analysis_id IS NULL
    AND analysis_external_id IN (SELECT external_id FROM analysis_batches WHERE id = ?)
    AND organization_id IN (SELECT organization_id FROM analysis_batches WHERE id = ?)
"""
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


def order_of(wanted: AnalysisFilter) -> str:
    """The order that a filter asks for, or the usual one."""
    return wanted.sort or ("-completed_at" if wanted.analysis is None else "rank")


def list_analyses(
    connection: Connection, wanted: AnalysisFilter, only: Sequence[str] | None = None
) -> Page[analyses.Analysis]:
    """The analysed candidates that fit a filter; `only` some entities, when they are given.

    Raises InvalidInput for a rank over several analyses.
    """
    sort = order_of(wanted)
    listing = CANDIDATES
    if sort == "rank":
        if wanted.analysis is None:
            raise InvalidInput("The sort rank needs an analysis to rank within", field="sort")
        listing, sort = Listing(RANKED, key=CANDIDATES.key), "-rank"
    where = _where(connection, wanted).one_of("entity", only)
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
    """The analyses with their candidates counted, newest first."""
    page = bare_batches(connection, wanted)
    return page.of([_line(connection, batch) for batch in page.items])


def bare_batches(connection: Connection, wanted: BatchFilter) -> Page[analyses.Batch]:
    """The analyses alone, newest first."""
    where = Where().equal("organization_id", wanted.organization_id)
    return select_page(
        connection, analyses.Batch, BATCHES, where, "-created_at", wanted.limit, wanted.cursor
    )


def batch(connection: Connection, value: str) -> BatchLine | None:
    """The newest analysis with an id of Popp's or the customer's, None when none is known."""
    by_id = "FROM analysis_batches WHERE id = ?1 OR external_id = ?1 ORDER BY created_at DESC"
    found = select_one(connection, analyses.Batch, by_id, (value,))
    return _line(connection, found) if found else None


def _line(connection: Connection, found: analyses.Batch) -> BatchLine:
    counted = count_analyses(connection, AnalysisFilter(analysis=found.id))
    return BatchLine(
        id=found.id,
        organization_id=found.organization_id,
        external_id=found.external_id,
        title=found.title,
        created_at=found.created_at,
        candidates=sum(counted.values()),
        met=counted["met"],
    )


def ranked_before(connection: Connection, first: analyses.Analysis, wanted: AnalysisFilter) -> int:
    """How many candidates of a filter rank before one of them."""
    own = f"SELECT rank FROM {RANKED} WHERE entity = ?"
    where = _where(connection, wanted)
    query = f"SELECT count(*) FROM {RANKED} WHERE {where.sql} AND (rank, entity) > (({own}), ?)"
    row = connection.execute(query, (*where.values, first.entity, first.entity)).fetchone()
    return int(row[0])


def _where(connection: Connection, wanted: AnalysisFilter) -> Where:
    where = Where().equal("organization_id", wanted.organization_id)
    if wanted.analysis is not None:
        where.add(OF_ANALYSIS, *[wanted.analysis] * 4)
    if wanted.mandatory is not None:
        where.add("mandatory_met IS ?", MANDATORY.get(wanted.mandatory))
    if wanted.anomalies is not None:
        where.add("anomaly_count > 0" if wanted.anomalies else "anomaly_count = 0")
    where.between("completed_at", wanted.since, wanted.until)
    return of_candidate(connection, where, "analyses", "entity", wanted.candidate)
