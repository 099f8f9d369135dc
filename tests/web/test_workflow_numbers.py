"""Every number on a workflow's page equals the length of the list that it opens."""

import re
from collections.abc import Iterator

import pytest
from bs4 import BeautifulSoup, Tag
from litestar import Litestar
from litestar.testing import TestClient

from tests.projections.queries.stored import NOON, completed, started
from tests.web.asking import client
from tests.web.graphs import imported_shape, shape, walked
from tracker.demo.generator import CONFLICT, EVENT, generate
from tracker.demo.workflows import configurations
from tracker.envelope import internal_body
from tracker.timing import DAY

SMALL, TWO = shape(6), shape(9, seed=5)
PERIODS = ("", "period=7", "show=time&period=30")


def demo() -> list[bytes]:
    """A short history of the demo, with its configurations."""
    sent = generate(5, NOON, people=60, days=12)
    imports = [
        internal_body(
            "TRACKER_WORKFLOW_IMPORTED",
            {
                "recordId": flow.id,
                "organizationId": flow.organization.id,
                "workflowId": flow.id,
                "workflowVersionId": version.id,
                "configuration": configuration,
            },
        )
        for flow, version, configuration in configurations()
    ]
    events = [one.body for one in sent if one.kind in {EVENT, CONFLICT}]
    return [*imports, *dict.fromkeys(events)]


def generated() -> list[bytes]:
    """Loops, self-loops, surprises, two versions, runs without a version or an outcome."""
    loose = {"workflowId": "wf-made", "workflowVersionId": None}
    return [
        imported_shape(SMALL, "wf-made", "v1"),
        imported_shape(TWO, "wf-made", "v2"),
        *walked(SMALL, "wf-made", "v1", 25, days=9),
        *walked(TWO, "wf-made", "v2", 25, days=9, seed=8),
        started("loose", 0, **loose),
        completed("loose", "step_000", "", 1, **loose),
        completed("loose", "elsewhere", "", 2, **loose),
    ]


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient[Litestar]]:
    stored = [*demo(), *generated()]
    with client(tmp_path_factory.mktemp("data"), stored, now=NOON + 10 * DAY) as asking:
        yield asking


def soup(asking: TestClient[Litestar], address: str) -> BeautifulSoup:
    answer = asking.get(address)
    assert answer.status_code == 200, answer.text
    return BeautifulSoup(answer.text, "html.parser")


def counted(link: Tag) -> int:
    """The number of runs that a link speaks of: its first one, but the last of `none of 7 runs`."""
    words = " ".join(link.get_text(" ").split()).replace("\u202f", "")
    found = re.search(r"(\d+) runs?\b", words) or re.search(r"(?:^| )(\d+) (?:·|here|prob)", words)
    number = found or re.search(r"\d+", words)
    assert number, words
    return int(re.sub(r"\D", "", number[0]))


def length(asking: TestClient[Litestar], address: str) -> int:
    assert address.startswith("/runs?")
    listed, cursor = 0, ""
    while True:
        answer = asking.get(f"/api/v1{address}&limit=500{cursor}").json()
        listed += len(answer["items"])
        if not answer["next_cursor"]:
            return listed
        cursor = f"&cursor={answer['next_cursor']}"


@pytest.mark.parametrize("chosen", PERIODS)
@pytest.mark.parametrize(
    "workflow",
    [
        "wf_7Q2screening",
        "wf_1B8referral",
        "wf-made",
        "wf-made?version=v1&compare=v2",
        "wf-made?version=(none)",
        "wf_7Q2screening?list=all",
    ],
)
def test_every_number_equals_its_list(
    pages: TestClient[Litestar], workflow: str, chosen: str
) -> None:
    page = soup(pages, f"/workflows/{workflow}{'&' if '?' in workflow else '?'}{chosen}")
    lengths: dict[str, int] = {}
    links = page.select("main a[href^='/runs?']")
    assert links
    for link in links:
        address = str(link["href"])
        if address not in lengths:
            lengths[address] = length(pages, address)
        assert counted(link) == lengths[address], (link, address)


def test_a_run_that_came_by_twice_counts_once(pages: TestClient[Litestar]) -> None:
    graph = pages.get("/api/v1/workflows/wf-made/graph").json()
    assert any(node["visits"] > node["runs"] for node in graph["nodes"])
    assert any(edge["count"] > edge["runs"] for edge in graph["edges"])
    assert "A run counts once" in soup(pages, "/workflows/wf-made").get_text()
