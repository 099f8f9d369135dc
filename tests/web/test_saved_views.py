"""Saved views keep a list's filters under a name, by plain forms, and nothing but filters."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from bs4 import BeautifulSoup, Tag
from litestar import Litestar
from litestar.testing import TestClient

from tests.projections.queries.stored import ended, started
from tests.web.asking import client
from tracker.control import Control
from tracker.saved_views import MOST_VIEWS
from web.lists import LISTS

STORIES = [started("r1", 1), started("r2", 2), ended("r2", "FAILED", 3)]


@pytest.fixture
def pages(data: Path) -> Iterator[TestClient[Litestar]]:
    with client(data, STORIES) as asking:
        yield asking


def soup(asking: TestClient[Litestar], address: str) -> BeautifulSoup:
    answer = asking.get(address)
    assert answer.status_code == 200, answer.text
    return BeautifulSoup(answer.text, "html.parser")


def chips(page: BeautifulSoup) -> list[tuple[str, bool]]:
    """The name of each chip, and whether it is the one that is open."""
    links = page.select(".shelf .tabs a")
    return [(link.get_text(strip=True), link.get("aria-current") == "true") for link in links]


def fill(page: BeautifulSoup, action: str, **typed: str) -> tuple[str, dict[str, str]]:
    """A form of a page as a browser would send it."""
    form = page.select_one(f"form[method=post][action^='{action}']")
    assert isinstance(form, Tag)
    fields = {str(f["name"]): str(f.get("value", "")) for f in form.select("input[name]")}
    return str(form["action"]), fields | typed


def save(asking: TestClient[Litestar], address: str, name: str) -> BeautifulSoup:
    action, fields = fill(soup(asking, address), "/views", name=name)
    answer = asking.post(action, data=fields)
    assert answer.status_code == 200, answer.text
    return BeautifulSoup(answer.text, "html.parser")


def test_a_saved_view_is_a_chip_that_opens_the_same_list(pages: TestClient[Litestar]) -> None:
    saved = save(pages, "/runs?status=failed&sort=first_at", "To look at")
    assert chips(saved) == [("To look at", True)]
    plain = soup(pages, "/runs")
    assert chips(plain) == [("To look at", False)]
    chip = plain.select_one(".shelf .tabs a")
    assert chip is not None
    opened = soup(pages, str(chip["href"]))
    assert [row["id"] for row in opened.select("tbody tr")] == ["run-r2"]
    assert chips(opened) == [("To look at", True)]


def test_a_view_belongs_to_its_list(pages: TestClient[Litestar]) -> None:
    save(pages, "/runs?status=failed", "Failed")
    assert chips(soup(pages, "/conversations")) == []


def test_what_is_saved_already_or_is_the_whole_list_is_not_offered_for_saving(
    pages: TestClient[Litestar],
) -> None:
    saved = save(pages, "/runs?status=failed", "Failed")
    assert not saved.select("form[action='/views']")
    assert not soup(pages, "/runs").select("form[action='/views']")
    assert soup(pages, "/runs?status=running").select("form[action='/views']")


def test_a_view_is_renamed(pages: TestClient[Litestar]) -> None:
    page = save(pages, "/runs?status=failed", "Failed")
    action, fields = fill(page, "/views/", name="  Went wrong ")
    assert fields == {"name": "  Went wrong "}
    answer = pages.post(action, data=fields)
    assert chips(BeautifulSoup(answer.text, "html.parser")) == [("Went wrong", True)]


def test_a_view_is_deleted_and_its_filters_stay_open(pages: TestClient[Litestar]) -> None:
    page = save(pages, "/runs?status=failed", "Failed")
    form = page.select_one("form[action$='/delete']")
    assert form is not None
    answer = pages.post(str(form["action"]))
    assert str(answer.url).endswith("/runs?status=failed")
    assert chips(BeautifulSoup(answer.text, "html.parser")) == []
    assert pages.post(str(form["action"])).status_code == 404


def test_the_place_in_the_list_is_not_saved(pages: TestClient[Litestar]) -> None:
    fields = {"path": "/runs", "query": "status=failed&limit=3&cursor=", "name": "Failed"}
    assert str(pages.post("/views", data=fields).url).endswith("/runs?status=failed")


@pytest.mark.parametrize("path", LISTS)
def test_every_list_shows_its_views(pages: TestClient[Litestar], path: str) -> None:
    services = pages.app.state.services
    services.control.saved_views.save(path, "Mine", "")
    assert chips(soup(pages, path)) == [("Mine", True)]


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/nothing", "status=failed"),
        ("//evil.example", "status=failed"),
        ("/runs/r1", ""),
        ("/calendar", "status=scheduled"),
        ("/runs", "status=odd"),
        ("/runs", "nothing=1"),
        ("/runs", "status=failed&x=%0d%0aSet-Cookie:a"),
        ("/runs", ""),
        ("/runs", "cursor=x"),
        ("/runs", "workflow_id=" + "x" * 1001),
        ("/runs", "&".join(f"candidate={'é' * 900}" for _ in range(1))),
    ],
)
def test_only_filters_of_a_list_are_saved(
    pages: TestClient[Litestar], path: str, query: str
) -> None:
    answer = pages.post("/views", data={"path": path, "query": query, "name": "Mine"})
    assert answer.status_code == 400
    assert "location" not in answer.headers
    assert pages.app.state.services.control.saved_views.of(path) == []


@pytest.mark.parametrize("name", ["", "   ", "x" * 61, "a\nb", "x" * 1000])
def test_a_name_that_cannot_be_used_is_refused(pages: TestClient[Litestar], name: str) -> None:
    fields = {"path": "/runs", "query": "status=failed", "name": name}
    assert pages.post("/views", data=fields).status_code == 400


def test_a_name_is_given_once_in_a_list_whatever_its_case(pages: TestClient[Litestar]) -> None:
    save(pages, "/runs?status=failed", "Failed")
    fields = {"path": "/runs", "query": "status=running", "name": "FAILED"}
    answer = pages.post("/views", data=fields)
    assert answer.status_code == 400
    assert "already" in answer.text


def test_a_list_has_room_for_so_many_views_and_says_so(pages: TestClient[Litestar]) -> None:
    for number in range(MOST_VIEWS):
        fields = {"path": "/runs", "query": f"workflow_id=w{number}", "name": f"View {number}"}
        assert pages.post("/views", data=fields).status_code == 200
    answer = pages.post("/views", data=fields | {"name": "One more"})
    assert answer.status_code == 400
    assert f"{MOST_VIEWS} saved views" in answer.text


def test_another_sites_form_changes_nothing(pages: TestClient[Litestar]) -> None:
    other = {"Sec-Fetch-Site": "cross-site"}
    fields = {"path": "/runs", "query": "status=failed", "name": "Failed"}
    assert pages.post("/views", data=fields, headers=other).status_code == 403
    save(pages, "/runs?status=failed", "Failed")
    view = pages.app.state.services.control.saved_views.of("/runs")[0]
    for what in ("rename", "delete"):
        address = f"/views/{view.id}/{what}"
        assert pages.post(address, data={"name": "Other"}, headers=other).status_code == 403
    assert pages.app.state.services.control.saved_views.of("/runs") == [view]


def test_a_name_is_text_and_nothing_else(pages: TestClient[Litestar]) -> None:
    page = save(pages, "/runs?status=failed", "<b>'\"&")
    assert chips(page) == [("<b>'\"&", True)]
    assert not page.select(".shelf b")


def test_views_outlive_the_service(data: Path) -> None:
    Control(data / "control.db").saved_views.save("/runs", "Failed", "status=failed")
    [view] = Control(data / "control.db").saved_views.of("/runs")
    assert (view.name, view.url) == ("Failed", "/runs?status=failed")


def test_numbers_that_no_view_has_are_not_found(pages: TestClient[Litestar]) -> None:
    for number in (0, 99, 10**30):
        assert pages.post(f"/views/{number}/rename", data={"name": "x"}).status_code == 404
