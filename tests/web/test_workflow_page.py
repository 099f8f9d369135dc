"""A workflow's page: what is chosen, compared and imported."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from bs4 import BeautifulSoup, Tag
from litestar import Litestar
from litestar.testing import TestClient

from tests.projections.queries.stored import NOON
from tests.running import SECRET
from tests.web.asking import OURS, client, soup, text
from tests.web.graphs import imported_shape, shape, walked
from tracker.service import running
from tracker.settings import load_settings
from tracker.timing import DAY
from web.app import create_app

ONE, TWO, LARGE, BIG, OTHER = shape(6), shape(8), shape(120), shape(150), shape(150, seed=9)
STORED = [
    imported_shape(ONE, "wf", "v1"),
    imported_shape(TWO, "wf", "v2"),
    *walked(ONE, "wf", "v1", 20),
    *walked(TWO, "wf", "v2", 20),
    imported_shape(BIG, "wf_9T4graduates", "wfv_9T4graduates_1"),
    *walked(BIG, "wf_9T4graduates", "wfv_9T4graduates_1", 30),
    *walked(OTHER, "wf_9T4graduates", "second", 10, seed=4),
    imported_shape(LARGE, "wf-large", "v1"),
    *walked(LARGE, "wf-large", "v1", 30),
]


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient[Litestar]]:
    with client(tmp_path_factory.mktemp("data"), STORED, now=NOON + 20 * DAY) as asking:
        yield asking


def test_what_the_configuration_lacks_is_listed_with_its_runs(pages: TestClient[Litestar]) -> None:
    assert "onSurprise" in text(soup(pages, "/workflows/wf?version=v1").select_one(".differences"))


def test_thickness_follows_frequency_or_time_with_a_legend(pages: TestClient[Litestar]) -> None:
    often, long = soup(pages, "/workflows/wf"), soup(pages, "/workflows/wf?show=time")
    assert "runs" in text(often.select_one(".legend"))
    assert "up to an hour" in text(long.select_one(".legend"))


def test_a_period_leaves_out_what_is_older(pages: TestClient[Litestar]) -> None:
    assert "0 runs" in text(soup(pages, "/workflows/wf?period=7").select_one("svg.drawing"))


def test_two_versions_stand_side_by_side(pages: TestClient[Litestar]) -> None:
    page = soup(pages, "/workflows/wf?version=v2&compare=v1")
    assert page.select_one("svg a.node.new")
    assert "New" in text(page.select_one("table.compared"))
    assert len(page.select("table.compared tbody tr")) > len(TWO)
    assert soup(pages, "/workflows/wf?version=v1&compare=v2").select_one("svg .node.gone")


@pytest.mark.parametrize(
    ("asked", "status"),
    [("period=8", 400), ("show=colour", 400), ("version=v9", 404), ("compare=v1", 400)],
)
def test_an_odd_choice_is_refused_in_words(
    pages: TestClient[Litestar], asked: str, status: int
) -> None:
    soup(pages, f"/workflows/wf?{asked}", status)


def test_a_workflow_of_150_nodes_stays_small_and_the_whole_is_a_link_away(
    pages: TestClient[Litestar],
) -> None:
    address = "/workflows/wf_9T4graduates"
    one = f"{address}?version=wfv_9T4graduates_1"
    for asked in (address, one, f"{one}&show=time", f"{one}&period=30", f"{one}&compare=second"):
        assert len(pages.get(asked).content) < 100_000, asked
    whole = soup(pages, "/workflows/wf_9T4graduates?list=all")
    assert len(whole.select(".nested > li")) >= len(BIG)


def test_the_busiest_ways_of_a_large_drawing_are_links(pages: TestClient[Litestar]) -> None:
    page = soup(pages, "/workflows/wf-large")
    assert all(node.has_attr("href") for node in page.select("svg .node:not(.unseen)"))
    linked = [_runs_of(way) for way in page.select(".ways.taken > a")]
    plain = [_runs_of(way) for way in page.select(".ways.taken > g")]
    assert linked
    assert plain
    assert min(linked) >= max(plain)
    loops = [loop for loop in page.select("svg g.loop") if "·" in loop.get_text()]
    said = f"links the other {len(plain) + len(loops)}, too"
    assert said in text(page.select_one(".graph-card"))


def _runs_of(way: Tag) -> int:
    return int(way.select("text")[1].get_text().partition(" ")[0])


def test_a_large_comparison_shows_what_changed_most(pages: TestClient[Litestar]) -> None:
    address = "/workflows/wf_9T4graduates?version=second&compare=wfv_9T4graduates_1"
    page = soup(pages, address)
    shown = page.select("table.compared tbody tr")
    whole = soup(pages, f"{address}&list=all").select("table.compared tbody tr")
    assert 5 <= len(shown) < len(whole)
    assert f"All {len(whole)} nodes and ways" in text(page.main)


CONFIGURATION = '{"startNodeId": "a", "nodes": {"a": {"label": "First", "routing": {}}}}'


@pytest.fixture
def writing(data: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient[Litestar]]:
    monkeypatch.setenv("TRACKER_SIGNING_SECRETS", SECRET)
    with (
        running(load_settings(data, open_access=True)) as services,
        TestClient(create_app(services), OURS, raise_server_exceptions=False) as asking,
    ):
        yield asking


@pytest.mark.parametrize("way", ["file", "text"])
def test_a_configuration_is_imported_and_shown(writing: TestClient[Litestar], way: str) -> None:
    content = ("graph.json", CONFIGURATION) if way == "file" else (None, CONFIGURATION)
    form = {"workflow_id": (None, "new"), "version_id": (None, ""), way: content}
    answer = writing.post("/workflow-import", files=form)
    assert answer.status_code == 200
    assert answer.url.path == "/workflows/new"
    assert "First" in answer.text


@pytest.mark.parametrize(
    ("text_given", "said"),
    [
        ("", "Choose a file or paste"),
        ("{", "not JSON"),
        ('{"nodes": {}}', "nodes"),
        ('{"startNodeId": "x", "nodes": {"a": {}}}', "not among the nodes"),
    ],
)
def test_a_bad_configuration_is_refused_with_what_to_do(
    writing: TestClient[Litestar], text_given: str, said: str
) -> None:
    form = {"workflow_id": (None, "new"), "text": (None, text_given)}
    answer = writing.post("/workflow-import", files=form)
    page = BeautifulSoup(answer.text, "html.parser")
    assert answer.status_code == 400
    assert said in text(page.select_one("[role=alert]"))
    assert text_given in page.select_one("textarea").get_text()  # type: ignore[union-attr]
