"""Every filter in the address can be seen and cleared by itself: by a control, else as a chip."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from litestar import Litestar
from litestar.testing import TestClient

from projections.queries.filters import Filter, parameter_names
from tests.projections.queries.stored import HIRING, V1, body, completed, imported, started
from tests.web.asking import client, soup, text
from web.lists import LISTS, List

STORIES = [
    imported({"ask": {"onNotInterested": "stop"}, "stop": {}}, "ask"),
    started("r1", 1, candidateProfileId="ada"),
    completed("r1", "ask", "onNotInterested", 2),
    completed("r1", "stop", "", 3),
    body("CONVERSATION_STARTED", 4, record="c1", candidateId="ada", participantFirstName="Ada"),
    body("WORKFLOW_CONTACT_RESOLUTION_FAILED", 5, record="k1", reason="NO_EMAIL"),
]
STEP = f"/runs?workflow_id={HIRING}&visited=ask&outcome=onNotInterested&next=stop"
PLACE = {"sort", "limit", "cursor"}


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient[Litestar]]:
    with client(tmp_path_factory.mktemp("data"), STORIES) as asking:
        yield asking


def chips(page: BeautifulSoup) -> dict[str, str]:
    """What each chip says, and where it leads."""
    found = page.select(".applied a")
    return {text(chip).removesuffix(" , clear this filter"): str(chip["href"]) for chip in found}


def sent(page: BeautifulSoup) -> dict[str, str]:
    """What the form of the filters would send as it stands."""
    fields = {str(one["name"]): str(one["value"]) for one in page.select(".filters input[name]")}
    chosen = page.select(".filters option[selected]")
    selects = {str(one.find_parent("select")["name"]): str(one["value"]) for one in chosen}  # type: ignore[index]
    return {name: value for name, value in {**fields, **selects}.items() if value}


def test_the_way_through_a_workflow_is_said_in_words(pages: TestClient[Litestar]) -> None:
    assert list(chips(soup(pages, f"{STEP}&visited_from=2026-03-01&version={V1}"))) == [
        f"Workflow {HIRING}",
        "Completed Label of ask",
        "Outcome Not interested",
        "Went on to Label of stop",
        "Completed from 1 Mar 2026",
        f"Version {V1}",
    ]


def test_a_cleared_filter_takes_along_what_needs_it_and_nothing_else(
    pages: TestClient[Litestar],
) -> None:
    shown = chips(soup(pages, f"{STEP}&status=running&sort=-first_at&cursor="))
    kept = "status=running&sort=-first_at"
    assert shown[f"Workflow {HIRING}"] == f"/runs?{kept}"
    assert shown["Completed Label of ask"] == f"/runs?workflow_id={HIRING}&{kept}"
    assert shown["Outcome Not interested"].endswith(f"visited=ask&next=stop&{kept}")
    for address in shown.values():
        soup(pages, address)


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("/runs?candidate=ada", "Candidate Ada"),
        ("/runs?candidate=nobody", "Candidate nobody"),
        ("/runs?from=2026-03-02T12:00:00Z", "From 2 Mar 2026, 12:00"),
        ("/runs?ended_to=2026-03-02", "Ended until 2 Mar 2026"),
        (f"/runs?workflow_id={HIRING}&version=(none)", "Version none"),
        (f"/runs?workflow_id={HIRING}&node=stop", "Probably at Label of stop"),
        ("/runs?status=running&status=failed", "Status Failed"),
        ("/conversations?stage=passed", "Got at least to Passed"),
        ("/contacts?reason=NO_EMAIL", "Reason No email"),
        ("/contacts?workflow_id=x&run_id=y", "Workflow x"),
        ("/events?after=3", "After position 3"),
        ("/deliveries?reason=odd", "Reason odd"),
        ("/needs?organization_id=org-acme", "Organization org-acme"),
    ],
)
def test_what_came_with_a_link_is_said(
    pages: TestClient[Litestar], address: str, said: str
) -> None:
    assert said in chips(soup(pages, address))


@pytest.mark.parametrize(
    "listed", [one for one in LISTS.values() if one.page is None], ids=lambda o: o.path
)
def test_no_filter_is_invisible(pages: TestClient[Litestar], listed: List) -> None:
    for name in set(parameter_names(listed.kind)) - PLACE - set(listed.controls):
        value = _value_of(listed.kind, name)
        if value is not None:
            cleared = chips(soup(pages, f"{listed.path}?{name}={value}")).values()
            assert list(cleared) == [listed.path], name


def _value_of(kind: type[Filter], name: str) -> str | None:
    """A value that the filter takes by itself; None for one that needs another."""
    for value in ("2026-03-02", "true", "7", "met", "started", "failed"):
        try:
            kind.model_validate({name: value}, by_alias=True, by_name=False)
        except ValueError:
            continue
        return None if name in {"visited", "outcome", "next", "visited_from"} else value
    return None


def test_what_a_control_shows_is_no_chip(pages: TestClient[Litestar]) -> None:
    assert not chips(soup(pages, f"/runs?status=running&workflow_id={HIRING}&stuck=false"))


@pytest.mark.parametrize(
    "given",
    [
        {"workflow_id": HIRING, "visited": "ask", "outcome": "onNotInterested", "sort": "first_at"},
        {"status": "failed", "workflow_id": "unknown", "stuck": "false", "anomalies": "true"},
        {"candidate": "ada", "from": "2026-03-01"},
    ],
)
def test_sending_the_form_as_it_stands_changes_nothing(
    pages: TestClient[Litestar], given: dict[str, str]
) -> None:
    asked = "&".join(f"{name}={value}" for name, value in given.items())
    assert sent(soup(pages, f"/runs?{asked}")) == given


def test_the_workflow_can_not_be_changed_under_a_step_of_it(pages: TestClient[Litestar]) -> None:
    assert not soup(pages, STEP).select("select[name=workflow_id]")


def test_a_chip_holds_what_was_asked_for_as_text(data: Path) -> None:
    with client(data, STORIES) as asking:
        page = soup(asking, "/runs?candidate=%3Cscript%3E")
    assert "Candidate <script>" in chips(page)
    assert not page.select(".applied script")


@pytest.mark.parametrize("path", ["/runs", "/needs", "/deliveries", "/quarantine", "/workflows"])
def test_a_list_as_a_file_stands_beside_its_name(pages: TestClient[Litestar], path: str) -> None:
    [link] = soup(pages, path).select(".head a[download]")
    assert link["href"] == f"{path}.csv"
