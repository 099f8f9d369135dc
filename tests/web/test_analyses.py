"""Analyses: per analysis its candidates ranked, the mandatory first, evidence below each."""

from pathlib import Path

from bs4 import BeautifulSoup

from tests.projections.queries.stored import body
from tests.web.asking import client


def scored(who: str, met: bool | None, score: float) -> bytes:
    """A candidate of the analysis whose id the customer gave."""
    return body(
        "CANDIDATE_ANALYSIS_COMPLETED",
        record=who,
        externalAnalysisId="job",
        totalScoreScaled=score,
        isAllMandatoryRequirementsMet=met,
        requirementOutcomes=[
            {"requirement": "Patience", "isMandatory": False, "isMet": True},
            {"requirement": "Licence", "isMandatory": True, "isMet": met, "evidence": "Seen"},
        ],
    )


CREATED = body("ANALYSIS_CREATED", record="batch", externalAnalysisId="job", title="Drivers")
GIVEN = [CREATED, scored("unfit", False, 99), *(scored(f"fit-{n}", True, n) for n in range(40))]


def test_candidates_are_ranked_through_all_pages_by_either_id(data: Path) -> None:
    with client(data, GIVEN) as asking:
        for name in ("job", "batch"):
            address, ranks = f"/analyses?analysis={name}", list[str]()
            while address:
                page = BeautifulSoup(asking.get(address).text, "html.parser")
                ranks += [" ".join(row.get_text(" ").split()) for row in page.select("tbody th")]
                following = page.select_one("a[rel=next]")
                address = str(following["href"]) if following else ""
            assert ranks[0] == "Rank 1. fit-39"
            assert ranks[-1] == "Rank 41. unfit"


def test_the_mandatory_come_first_with_their_evidence(data: Path) -> None:
    with client(data, GIVEN) as asking:
        page = BeautifulSoup(asking.get("/analyses?analysis=job").text, "html.parser")
    first = page.select_one("tbody details[open] .requirements")
    assert first is not None
    assert [" ".join(one.get_text(" ").split()) for one in first.select("li")] == [
        "Met Licence mandatory Seen",
        "Met Patience",
    ]


def test_what_is_mandatory_and_the_requirements_stand_before_the_score(data: Path) -> None:
    with client(data, GIVEN) as asking:
        page = BeautifulSoup(asking.get("/analyses?analysis=job").text, "html.parser")
    heads = [
        " ".join(head.get_text(" ").split()).partition(" ,")[0]
        for head in page.select("th[scope=col]")
    ]
    assert heads == ["Candidate", "Mandatory", "Requirements", "Score", "When"]
    assert page.h1 is not None
    assert page.h1.text == "Drivers"


def test_the_analyses_come_before_anything_is_chosen(data: Path) -> None:
    with client(data, GIVEN) as asking:
        page = BeautifulSoup(asking.get("/analyses").text, "html.parser")
        chosen = BeautifulSoup(asking.get("/analyses?analysis=job").text, "html.parser")
    assert "Drivers job" in " ".join(page.select(".lines")[0].get_text(" ").split())
    assert [str(n["data-count"]) for n in page.select(".lines [data-count]")] == ["41", "40"]
    assert not chosen.select(".lines [data-count]")
    option = chosen.select_one("select[name=analysis] option[selected]")
    assert option is not None
    assert option.text == "Drivers"
