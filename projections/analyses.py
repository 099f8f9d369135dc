"""Who fits which job, and which mandatory requirements does each candidate meet?

Hears both analysis events. An entity is either one analysis (`batch:ID`) or one candidate
in an analysis (`candidate:ANALYSIS/ID`). Read by Analyses and Candidate.
"""

from collections.abc import Iterable, Iterator, Sequence
from urllib.parse import quote

import msgspec

from projections import projection as p
from tracker.analysis_link import analysis_in
from tracker.events import Event

CREATED = "ANALYSIS_CREATED"
SCORED = "CANDIDATE_ANALYSIS_COMPLETED"


class Requirement(msgspec.Struct, frozen=True):
    """One requirement and whether the candidate meets it."""

    requirement: str | None
    mandatory: bool | None
    met: bool | None
    evidence: str | None


class Analysis(msgspec.Struct, frozen=True, kw_only=True):
    """One candidate in an analysis; `revision` counts how often the score was made anew."""

    entity: str
    id: str
    organization_id: str
    analysis_id: str | None
    analysis_external_id: str | None
    candidate_external_id: str | None
    url: str | None
    score: float | None
    mandatory_met: bool | None
    requirements: tuple[Requirement, ...]
    completed_at: int
    revision: int
    anomalies: tuple[str, ...]
    anomaly_count: int


class Batch(msgspec.Struct, frozen=True, kw_only=True):
    """One analysis: a batch of candidates for one job."""

    entity: str
    id: str
    organization_id: str
    external_id: str | None
    title: str | None
    created_at: int
    anomalies: tuple[str, ...]
    anomaly_count: int


def key(event: Event) -> str:
    """The analysis, or the candidate within it: the same person may be in several."""
    if event.type == CREATED:
        return f"batch:{event.record_id}"
    analysis = _analysis_id(event) or event.data.external_analysis_id or ""
    return f"candidate:{quote(analysis, safe='')}/{event.record_id}"


def fold(events: Sequence[Event]) -> Sequence[p.Row]:
    """The analysis, or the candidate within it."""
    own = p.own_events(events)
    if not own:
        return ()
    return (_batch(own) if own[0].type == CREATED else _analysis(own),)


def _batch(events: Sequence[Event]) -> Batch:
    again = ["created_again"] * (len(events) - 1)
    anomalies = p.anomalies(events, (), *again)
    return Batch(
        entity=key(events[0]),
        id=events[0].record_id,
        organization_id=events[0].organization_id,
        external_id=p.last_known(events, "external_id"),
        title=p.last_known(events, "title"),
        created_at=events[0].occurred_at,
        anomalies=anomalies,
        anomaly_count=len(anomalies),
    )


def _analysis(events: Sequence[Event]) -> Analysis:
    first = events[0]
    analysis_id = _analysis_id(first)
    external_id = p.last_known(events, "external_analysis_id")
    score = p.finite(p.last_known(events, "total_score_scaled"))
    anomalies = p.anomalies(events, (), *_odd(analysis_id or external_id, score))
    return Analysis(
        entity=key(first),
        id=first.record_id,
        organization_id=first.organization_id,
        analysis_id=analysis_id,
        analysis_external_id=external_id,
        candidate_external_id=p.last_known(events, "external_id"),
        url=p.last_known(events, "analysis_candidate_url"),
        score=score,
        mandatory_met=p.last_known(events, "is_all_mandatory_requirements_met"),
        requirements=_requirements(events),
        completed_at=events[-1].occurred_at,
        revision=len(events) - 1,
        anomalies=anomalies,
        anomaly_count=len(anomalies),
    )


def _odd(analysis: str | None, score: float | None) -> Iterator[str]:
    if not analysis:
        yield "analysis_missing"
    if score is not None and not 0 <= score <= 100:  # noqa: PLR2004  (the documented scale)
        yield "score_out_of_range"


def _requirements(events: Sequence[Event]) -> tuple[Requirement, ...]:
    outcomes = p.last_known(events, "requirement_outcomes") or ()
    return tuple(Requirement(o.requirement, o.is_mandatory, o.is_met, o.evidence) for o in outcomes)


def _analysis_id(event: Event) -> str | None:
    data = event.data
    return data.analysis_id or analysis_in(data.analysis_candidate_url or "", event.record_id)


def tallies(row: Analysis) -> Iterable[p.Tally]:
    """Candidates by analysis, by whether they meet what is mandatory, and by day."""
    yield p.tally(
        "analysis_candidates",
        row.organization_id,
        subject=row.analysis_id or "",
        item=MANDATORY[row.mandatory_met],
        target=row.analysis_external_id or "",
        day=p.day_of(row.completed_at),
    )


MANDATORY = {True: "met", False: "not_met", None: "unknown"}


def links(row: Analysis) -> Iterable[str]:
    """The candidate and the customer's id of the same person."""
    yield from p.candidate(row.id)
    yield from p.customer(row.organization_id, row.candidate_external_id)


def about(row: Analysis) -> p.About:
    """When the candidate was last analysed."""
    return p.About(row.completed_at)


def search_batch(row: Batch) -> Iterable[p.Found]:
    """An analysis is found by its title, Popp's id and the customer's."""
    yield p.found(row.title or f"Analysis {row.id}", row.title, row.id, row.external_id)


def search(row: Analysis) -> Iterable[p.Found]:
    """A candidate in an analysis is found by Popp's ids and the customer's."""
    yield p.found(
        f"Analysis of candidate {row.candidate_external_id or row.id}",
        row.id,
        row.candidate_external_id,
        row.analysis_id,
        row.analysis_external_id,
    )


PROJECTION = p.Projection(
    name="analyses",
    version=1,
    tables=(
        p.Table(
            "analyses",
            Analysis,
            key=("entity",),
            entity="entity",
            indexes=(
                ("analysis_id", "mandatory_met", "score"),
                ("analysis_external_id",),
                ("id",),
                *p.orders("completed_at", "entity"),
                *p.orders("score", "entity"),
            ),
            tallies=tallies,
            links=links,
            about=about,
            search=search,
        ),
        p.Table(
            "analysis_batches",
            Batch,
            key=("id",),
            entity="entity",
            indexes=(("external_id",), ("created_at", "id")),
            search=search_batch,
        ),
    ),
    hears=frozenset({CREATED, SCORED}),
    key=key,
    fold=fold,
)
