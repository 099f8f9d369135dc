"""Every number that the API answers is the length of the list that its words describe."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from litestar import Litestar
from litestar.testing import TestClient

from tests.projections.queries.stored import NOON
from tests.sample import directory
from tests.traffic import START, streams
from tests.web.asking import client, soup
from tracker.demo.generator import CONFLICT, EVENT, generate
from tracker.timing import DAY

Client = TestClient[Litestar]
NOW = NOON + 30 * DAY
ZONES = ("UTC", "America/New_York", "Asia/Kolkata")


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    postings = generate(7, NOW, people=120)
    bodies = dict.fromkeys(p.body for p in postings if p.kind in {EVENT, CONFLICT})
    with client(tmp_path_factory.mktemp("api"), bodies, NOW) as asking:
        yield asking


def said(asking: Client, address: str) -> Any:
    answer = asking.get(f"/api/v1/{address}")
    assert answer.status_code == 200, f"{address}: {answer.text[:300]}"
    return answer.json()


def length(asking: Client, address: str) -> int:
    """How many items a list has through all its pages."""
    listed, cursor, mark = 0, "", "&" if "?" in address else "?"
    while True:
        page = said(asking, f"{address}{mark}limit=500{cursor}")
        listed += len(page["items"])
        if not page["next_cursor"]:
            return listed
        cursor = f"&cursor={quote(page['next_cursor'])}"


def check_moving(asking: Client, zone: str = "UTC") -> None:
    moving = said(asking, f"moving?zone={quote(zone, safe='')}")
    assert (
        moving["running"] == moving["days"][-1]["running"] == length(asking, "runs?status=running")
    )
    assert moving["stuck"] == moving["days"][-1]["stuck"] == length(asking, "runs?stuck=true")
    assert len(moving["days"]) == 8
    for day in moving["days"]:
        since, until = day["starts_at"], day["ends_at"]
        assert day["started"] == length(asking, f"runs?from={since}&to={until}")
        for status in ("completed", "failed", "cancelled"):
            ended = f"runs?status={status}&ended_from={since}&ended_to={until}"
            assert day[status] == length(asking, ended)


def check_funnel(asking: Client, campaign: str = "") -> None:
    of = f"campaign={quote(campaign, safe='')}" if campaign else ""
    funnel = said(asking, f"funnel?{of}")
    for stage in funnel["stages"]:
        assert stage["count"] == length(asking, f"conversations?stage={stage['name']}&{of}")
    for status, number in funnel["exits"].items():
        assert number == length(asking, f"conversations?status={status}&{of}")
    for outcome, number in funnel["endings"].items():
        ended = f"conversations?stage=completed&outcome={outcome}&{of}"
        assert number == length(asking, ended)


def check_workflows(asking: Client) -> None:
    for flow in said(asking, "workflows?limit=500")["items"]:
        id_ = quote(flow["id"], safe="")
        funnel = said(asking, f"workflows/{id_}/funnel")
        assert funnel["started"] == length(asking, f"runs?workflow_id={id_}")
        assert funnel["stuck"] == length(asking, f"runs?workflow_id={id_}&stuck=true")
        for status in ("running", "completed", "failed", "cancelled"):
            assert funnel[status] == length(asking, f"runs?workflow_id={id_}&status={status}")
        assert (funnel["median_time_seconds"] is None) == (funnel["completed"] == 0)


def check_reasons(asking: Client) -> None:
    waiting = said(asking, "attention/reasons")
    assert waiting["total"] == length(asking, "attention")
    for reason, number in waiting["reasons"].items():
        assert number == length(asking, f"attention?reason={reason}")


def check_batches(asking: Client) -> None:
    for batch in said(asking, "analysis-batches?limit=500")["items"]:
        id_ = quote(batch["id"], safe="")
        assert said(asking, f"analysis-batches/{id_}") == batch
        assert batch["candidates"] == length(asking, f"analyses?analysis={id_}")
        assert batch["met"] == length(asking, f"analyses?analysis={id_}&mandatory=met")


@pytest.mark.parametrize("zone", ZONES)
def test_runs_by_day_of_the_demo_are_as_many_as_listed(demo: Client, zone: str) -> None:
    check_moving(demo, zone)


def test_the_other_numbers_of_the_demo_are_as_many_as_listed(demo: Client) -> None:
    check_funnel(demo)
    campaigns = {c["campaign_external_id"] for c in said(demo, "conversations?limit=500")["items"]}
    for campaign in sorted(filter(None, campaigns)):
        check_funnel(demo, campaign)
    check_workflows(demo)
    check_reasons(demo)
    check_batches(demo)


@settings(max_examples=8, deadline=None)
@given(bodies=streams())
def test_the_numbers_of_any_traffic_are_as_many_as_listed(bodies: list[bytes]) -> None:
    with directory() as data, client(data, bodies, START + 2 * DAY) as asking:
        check_moving(asking)
        check_funnel(asking)
        check_workflows(asking)
        check_reasons(asking)
        check_batches(asking)


@pytest.mark.parametrize("zone", ZONES)
def test_today_shows_the_numbers_that_the_api_answers(demo: Client, zone: str) -> None:
    demo.cookies.set("zone", quote(zone, safe=""))
    try:
        page = soup(demo, "/")
    finally:
        demo.cookies.clear()
    shown = {
        tag: [int(str(n["data-count"])) for n in page.select(f"#{tag} [data-count]")]
        for tag in ("needs", "moving", "funnel")
    }
    moving, funnel = said(demo, f"moving?zone={quote(zone, safe='')}"), said(demo, "funnel")
    waiting, today = said(demo, "attention/reasons"), moving["days"][-1]
    assert shown["needs"] == [waiting["total"], *waiting["reasons"].values()]
    assert shown["moving"] == [
        moving["running"],
        moving["stuck"],
        today["completed"],
        today["failed"],
    ]
    stages = [stage["count"] for stage in funnel["stages"]]
    left = [number for number in funnel["endings"].values() if number]
    assert shown["funnel"] == [*stages, *funnel["exits"].values(), *left]


@pytest.mark.parametrize("zone", ["Nowhere", "../etc", "Europe", "%00"])
def test_a_zone_that_is_none_is_refused_by_name(demo: Client, zone: str) -> None:
    answer = demo.get(f"/api/v1/moving?zone={quote(zone)}")
    assert (answer.status_code, answer.json()["field"]) == (400, "zone")


def test_an_analysis_that_is_not_there_is_not_found(demo: Client) -> None:
    assert demo.get("/api/v1/analysis-batches/none").status_code == 404
    assert demo.get("/api/v1/workflows/none/funnel").status_code == 404
