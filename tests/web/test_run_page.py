"""A run's page: facts, graph, list and timeline say the same and lead to each other."""

from collections.abc import Iterator

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from tests.projections.queries.stored import NOON, body, completed, ended, imported, started
from tests.web.asking import client, soup, text
from tests.web.graphs import imported_shape, shape, walked
from tracker.timing import DAY
from web.ids import encode_id

ODD_ID = "a/b c?d#e%2F"
GRAPH = {
    "ask": {"onComplete": "check", "onNoResponse": "stop"},
    "check": {"onPassed": "stop"},
    "stop": {},
}
BIG = shape(150)
STORED = [
    imported(GRAPH, "ask"),
    started("r1", 1, candidateProfileId="p1"),
    completed("r1", "ask", "onComplete", 2),
    body(
        "WORKFLOW_CONTACT_RESOLVED",
        3,
        record="r1",
        nodeId="ask",
        candidateProfileId="p1",
        resolution="matched by e-mail",
    ),
    completed("r1", "ask", "onSurprise", 3000),
    started(ODD_ID, 1, candidateProfileId="p2"),
    ended(ODD_ID, "FAILED", 9, reason="No number"),
    completed(ODD_ID, "ask", "onComplete", 10),
    started("lost", 1, candidateProfileId="p3"),
    completed("lost", "ask", "onComplete", 2),
    ended("lost", "FAILED", 9, nodeId="check", reason="The template 'offer' doesn't exist"),
    started("called-off", 1, candidateProfileId="p4"),
    completed("called-off", "ask", "onComplete", 2),
    ended("called-off", "CANCELLED", 9, nodeId="check", reason="POSITION_FILLED"),
    imported_shape(BIG, "wf_9T4graduates", "wfv_9T4graduates_1"),
    *walked(BIG, "wf_9T4graduates", "wfv_9T4graduates_1", 30),
]


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient[Litestar]]:
    with client(tmp_path_factory.mktemp("data"), STORED, now=NOON + 20 * DAY) as asking:
        yield asking


def test_the_graph_and_the_timeline_lead_to_each_other(pages: TestClient[Litestar]) -> None:
    page = soup(pages, "/runs/r1")
    step = page.select_one(".timeline a.to-node")
    assert step is not None
    node = page.select_one(str(step["href"]))
    assert node is not None
    assert page.select_one(str(node["href"])) is not None
    assert {li["data-node"] for li in page.select("li[data-node]")} == {"node-ask"}


def test_the_list_says_outcomes_in_words(pages: TestClient[Litestar]) -> None:
    said = text(soup(pages, "/runs/r1").select_one(".as-list"))
    assert "No response to “Label of stop”" in said
    assert "onNoResponse" not in said


def test_nodes_are_done_probably_here_or_not_reached(pages: TestClient[Litestar]) -> None:
    page = soup(pages, "/runs/r1")
    looks = {text(n.select_one("text")): n["class"][-1] for n in page.select("svg a.node")}
    assert looks["Label of stop"] == "unseen"
    assert looks["Label of ask"] == "current"
    assert "Probably here" in text(page.select_one("#node-ask"))


def test_contact_resolutions_stand_under_their_node(pages: TestClient[Litestar]) -> None:
    page = soup(pages, "/runs/r1")
    assert "Contact resolved" in text(page.select_one("#node-ask"))
    assert "matched by e-mail" in text(page.select_one(".nested"))


def test_the_list_says_the_same_as_the_graph(pages: TestClient[Litestar]) -> None:
    page = soup(pages, "/runs/r1")
    assert len(page.select(".nested > li")) == len(page.select("svg a.node"))
    assert text(page.select_one(".folded summary")) == "2 nodes not reached"
    assert "Not taken: Complete to “Label of check”" in text(page.select_one(".nested"))


def test_a_failed_run_says_where_and_why_in_words(pages: TestClient[Litestar]) -> None:
    page = soup(pages, "/runs/lost")
    assert text(page.select_one(".notice.bad")) == (
        "Failed at “Label of check”. The template 'offer' doesn't exist"
    )
    node, entry = page.select_one("#node-check"), page.select(".timeline > li")[-1]
    assert "Failed here The template 'offer'" in text(node)
    assert "At “Label of check” · The template 'offer' doesn't exist" in text(entry)
    assert [text(one) for one in page.select(".legend .state")] == [
        "Done",
        "Failed here",
        "Not reached",
    ]
    assert node is not None
    assert str(node["href"]) == f"#{entry['id']}"
    assert entry["data-node"] == "node-check"


def test_a_cancelled_run_is_not_shown_as_failed(pages: TestClient[Litestar]) -> None:
    page = soup(pages, "/runs/called-off")
    assert text(page.select_one(".notice.off")) == (
        "Cancelled at “Label of check”. Position filled"
    )
    assert "Cancelled here" in text(page.select_one("#node-check.cancelled"))


def test_the_way_to_where_a_run_stands_is_told_as_probable(pages: TestClient[Litestar]) -> None:
    page = soup(pages, "/runs/lost")
    assert "Complete to “Label of check” · probably taken last" in text(page.select_one(".nested"))
    assert "Probably taken last" in text(page.select_one(".legend"))


def test_a_stuck_run_says_why(pages: TestClient[Litestar]) -> None:
    page = text(soup(pages, "/runs/r1").main)
    assert "Stuck. Nothing came for 17 d. Only" in page
    assert "3 d is the fixed limit" in page


def test_long_silences_fold_and_lose_nothing(pages: TestClient[Litestar]) -> None:
    gaps = soup(pages, "/runs/r1").select(".timeline .gap details")
    assert [text(gap.summary) for gap in gaps] == [
        "2 d 1 h without events",
        "17 d without events so far",
    ]
    assert "2026" in text(gaps[0].p)


def test_an_anomaly_leads_to_its_event(pages: TestClient[Litestar]) -> None:
    page = soup(pages, f"/runs/{encode_id(ODD_ID)}")
    link = page.select_one(".notice li a")
    assert "was not expected" in text(link)
    assert link is not None
    assert page.select_one(f"[id='{str(link['href'])[1:]}']") is not None


def test_a_raw_event_opens_beside_what_was_understood(pages: TestClient[Litestar]) -> None:
    link = next(a for a in soup(pages, "/runs/r1").select(".timeline a") if "raw event" in a.text)
    raw = soup(pages, str(link["href"])).select_one(".raw")
    assert '"eventId"' in text(raw)
    assert "Workflow id flow-hiring" in text(raw)


def test_an_event_of_another_run_is_not_found(pages: TestClient[Litestar]) -> None:
    soup(pages, "/runs/r1?event=elsewhere", status=404)


def test_a_run_through_150_nodes_stays_small_and_the_whole_is_a_link_away(
    pages: TestClient[Litestar],
) -> None:
    address = "/runs/wf_9T4graduates-wfv_9T4graduates_1-3"
    assert len(pages.get(address).content) < 100_000
    whole = soup(pages, f"{address}?list=all&timeline=all")
    assert len(whole.select(".nested > li")) >= len(BIG)
    assert whole.select_one("svg.drawing") is None
