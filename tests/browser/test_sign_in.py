"""Signing in, the account and signing out, in a real browser with access on."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.visits import Visits, watched
from tests.running import Running, eventually, service
from tests.sample import body
from tracker.control import Control
from tracker.timing import now

PASSWORD = "four words apart"


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A service that nobody has signed in to yet."""
    data: Path = tmp_path_factory.mktemp("closed")
    with service(data, env={"TRACKER_OPEN_ACCESS": "false"}) as running:
        running.post(body(event="CONVERSATION_NEEDS_REVIEW"))
        yield running


@pytest.fixture
def visits(browser: Browser, closed: Running) -> Iterator[Visits]:
    with watched(browser, closed.url) as opened:
        yield opened


def first_link(running: Running) -> str:
    eventually(lambda: "/link/" in running.errors())
    return f"/link/{running.errors().split('/link/')[1].split()[0]}"


def sign_in(page: Page, path: str = "/") -> None:
    page.goto(path)
    page.get_by_label("E-mail address").fill("jo@example.org")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(lambda url: "/sign-in" not in url)


def test_the_first_engineer_comes_in_without_javascript(visits: Visits, closed: Running) -> None:
    page = visits.open(first_link(closed), javascript=False, width=390)
    page.get_by_label("E-mail address").fill("jo@example.org")
    page.get_by_label(re.compile("^Password")).fill(PASSWORD)
    page.get_by_role("button", name="Set the password").click()
    expect(page.get_by_role("heading", name="Today", exact=True)).to_be_visible()
    page.goto("/account")
    page.get_by_role("button", name="Sign out here").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_signing_out_elsewhere_leads_an_open_page_to_the_sign_in_and_back(
    visits: Visits, closed: Running
) -> None:
    visits.allow("status of 401")
    page = visits.context().new_page()
    sign_in(page, "/runs?status=failed")
    expect(page.locator("#live")).to_have_attribute("data-state", "live")
    control = Control(closed.data / "control.db")
    for session in control.sessions.all(now()):
        control.sessions.end(session.id, now(), actor="test")
    page.wait_for_url("**/sign-in?next=**")
    sign_in(page, page.url)
    assert page.url.endswith("/runs?status=failed")


def test_what_was_typed_is_not_lost_when_somebody_is_signed_out(
    visits: Visits, closed: Running
) -> None:
    visits.allow("status of 401")
    page = visits.context().new_page()
    sign_in(page, "/people")
    expect(page.locator("#live")).to_have_attribute("data-state", "live")
    page.get_by_label("E-mail address").fill("mo@example.org")
    control = Control(closed.data / "control.db")
    for session in control.sessions.all(now()):
        control.sessions.end(session.id, now(), actor="test")
    expect(page.get_by_role("link", name="Signed out: sign in")).to_be_visible()
    expect(page.get_by_label("E-mail address")).to_have_value("mo@example.org")


def test_taking_care_of_something_works_by_script_and_names_who_did_it(visits: Visits) -> None:
    page = visits.context().new_page()
    sign_in(page)
    page.get_by_role("button", name=re.compile("^Done")).first.click()
    expect(page.get_by_text("taken care of by jo@example.org", exact=False)).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("button", name=re.compile("^Done")).first).to_be_visible()


def test_the_sign_in_stands_in_the_middle_of_the_window(visits: Visits) -> None:
    box = visits.open("/sign-in").locator("form.entry").bounding_box()
    assert box
    assert box["x"] + box["width"] / 2 == pytest.approx(640, abs=10)
    assert box["width"] > 300


def test_choosing_a_role_sends_no_form(visits: Visits) -> None:
    page = visits.context().new_page()
    sign_in(page, "/people")
    form = page.locator("form[action='/people']")
    form.get_by_label("E-mail address").fill("ada@example.org")
    form.get_by_label("Role").select_option("manager")
    form.get_by_label(re.compile("^Organizations")).fill("org-1")
    expect(page.get_by_text("Hand this link to")).to_have_count(0)
    form.get_by_role("button", name="Make a link").click()
    expect(page.get_by_text("Hand this link to ada@example.org")).to_be_visible()
    expect(page.locator(".people > li", has_text="ada@example.org")).to_contain_text("org-1")
