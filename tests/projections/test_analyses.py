"""Analyses: a candidate's score within an analysis, and the analysis itself."""

from typing import Any

import pytest

from projections.analyses import PROJECTION, Requirement
from tests.projections import builders as b
from tests.projections.builders import ACME, ADA, event, minute, only
from tracker.events import Event


def scored(at: int = 0, record: str = ADA, **data: Any) -> Event:
    return event("CANDIDATE_ANALYSIS_COMPLETED", at, record=record, **data)


def created(at: int = 0, **data: Any) -> Event:
    return event("ANALYSIS_CREATED", at, record="batch-7", **data)


def test_a_scored_candidate_shows_requirements_with_evidence() -> None:
    row = only(
        PROJECTION,
        scored(
            analysisId="batch-7",
            externalAnalysisId="job-1",
            externalId="crm-ada",
            totalScoreScaled=82.5,
            isAllMandatoryRequirementsMet=True,
            requirementOutcomes=[
                {"requirement": "Forklift", "isMandatory": True, "isMet": True, "evidence": "CV"}
            ],
        ),
    )
    assert (row.entity, row.id) == (f"candidate:batch-7/{ADA}", ADA)
    assert (row.analysis_id, row.analysis_external_id) == ("batch-7", "job-1")
    assert (row.score, row.mandatory_met, row.revision) == (82.5, True, 0)
    assert row.requirements == (Requirement("Forklift", True, True, "CV"),)
    assert row.anomalies == ()
    assert b.linked(PROJECTION, row) == [f"candidate:{ADA}", f"customer:{ACME}/crm-ada"]


@pytest.mark.parametrize(
    "url",
    [
        f"https://app.example/analysis/batch-7/candidates/{ADA}",
        f"https://app.example/candidate-analyses/{ADA}?analysisId=batch-7",
        f"https://app.example/screening/batch-7/candidate/{ADA}",
        f"https://analysis.example/jobs/batch-7/{ADA}#top",
        f"/analysis/batch-7/{ADA}",
    ],
)
def test_the_analysis_is_read_from_the_candidates_link(url: str) -> None:
    row = only(PROJECTION, scored(analysisCandidateUrl=url))
    assert (row.analysis_id, row.entity) == ("batch-7", f"candidate:batch-7/{ADA}")


@pytest.mark.parametrize("url", ["https://app.example/", "http://[broken", f"/x/{ADA}", "?=&#"])
def test_a_link_that_names_no_analysis_leaves_it_open(url: str) -> None:
    row = only(PROJECTION, scored(analysisCandidateUrl=url, externalAnalysisId="job-1"))
    assert (row.analysis_id, row.entity) == (None, f"candidate:job-1/{ADA}")


def test_a_candidate_without_any_analysis_is_shown_with_an_anomaly() -> None:
    row = only(PROJECTION, scored())
    assert (row.entity, row.anomalies) == (f"candidate:/{ADA}", ("analysis_missing",))


def test_ids_with_slashes_do_not_mix_candidates_up() -> None:
    one = scored(record="c", analysisId="a/b")
    other = scored(record="b/c", analysisId="a")
    assert PROJECTION.entity_of(one) != PROJECTION.entity_of(other)


def test_a_second_score_replaces_the_first_and_counts_as_a_revision() -> None:
    row = only(
        PROJECTION,
        scored(0, analysisId="batch-7", totalScoreScaled=10, externalId="crm-ada"),
        scored(5, analysisId="batch-7", totalScoreScaled=90),
    )
    assert (row.score, row.revision, row.completed_at) == (90, 1, minute(5))
    assert row.candidate_external_id == "crm-ada"


@pytest.mark.parametrize(("score", "odd"), [(0, False), (100, False), (-1, True), (101, True)])
def test_a_score_outside_the_documented_scale_is_kept_and_named(score: float, odd: bool) -> None:
    row = only(PROJECTION, scored(analysisId="batch-7", totalScoreScaled=score))
    assert row.score == score
    assert ("score_out_of_range" in row.anomalies) == odd


def test_an_analysis_is_known_from_its_creation() -> None:
    row = only(PROJECTION, created(externalAnalysisId="job-1", jobTitle="Picker"))
    assert (row.entity, row.id, row.external_id) == ("batch:batch-7", "batch-7", "job-1")
    assert (row.title, row.created_at, row.anomalies) == ("Picker", minute(0), ())


def test_an_analysis_that_is_created_again_keeps_its_first_time() -> None:
    row = only(PROJECTION, created(0), created(5, title="Picker"))
    assert (row.created_at, row.title) == (minute(0), "Picker")
    assert row.anomalies == ("created_again",)


@pytest.mark.parametrize(("met", "item"), [(True, "met"), (False, "not_met"), (None, "unknown")])
def test_candidates_are_counted_per_analysis(met: bool | None, item: str) -> None:
    data = {"analysisId": "batch-7", "externalAnalysisId": "job-1"}
    rows = b.folded(PROJECTION, scored(isAllMandatoryRequirementsMet=met, **data))
    (tally,) = b.counted(PROJECTION, rows)
    assert (tally.name, tally.subject, tally.target) == ("analysis_candidates", "batch-7", "job-1")
    assert (tally.item, tally.count) == (item, 1)


def test_an_analysis_itself_counts_nobody_and_names_nobody() -> None:
    row = only(PROJECTION, created())
    assert not b.counted(PROJECTION, [row])
    assert not b.linked(PROJECTION, row)


def test_both_are_found_by_their_ids() -> None:
    (batch,) = b.found(PROJECTION, b.folded(PROJECTION, created(title="Picker")))
    assert (batch.title, batch.words) == ("Picker", ("Picker", "batch-7"))
    person = scored(analysisId="batch-7", externalId="crm-ada")
    (candidate,) = b.found(PROJECTION, b.folded(PROJECTION, person))
    assert set(candidate.words) == {ADA, "crm-ada", "batch-7"}
