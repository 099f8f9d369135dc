"""Taking care of what waits, and undoing it: by keyboard, in two tabs, without scripts."""

import json
import re
from itertools import count

import httpx
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import caught_up
from tests.browser.visits import Visits
from tests.fixed_clock import NOW
from tests.running import Running, eventually
from tests.sample import body
from tracker.timing import DAY, to_iso

LIVE = re.compile("^Live$")
NUMBERS = count(1)


@pytest.fixture
def waiting(filled: Running) -> str:
    """The name of somebody who waits for longer than all others."""
    number = next(NUMBERS)
    name = f"Patient{number} Waiter"
    made = json.loads(
        body(
            f"patient-{number}",
            "CONVERSATION_NEEDS_REVIEW",
            record=f"patient-talk-{number}",
            candidateId=f"patient-person-{number}",
            participantFirstName=f"Patient{number}",
            participantLastName="Waiter",
        )
    )
    moment = to_iso(NOW - 400 * DAY - number)
    filled.post(json.dumps(made | {"eventTimestamp": moment}).encode())
    eventually(lambda: caught_up(filled))  # a page without scripts shows what there is, once
    return name


def row_of(page: Page, name: str) -> Locator:
    """The row of somebody who waits."""
    return page.locator("#needs tbody tr").filter(has_text=name)


def clicks(running: Running, name: str) -> list[str]:
    """The types of the events that clicks about somebody left in the log, oldest first."""
    record = f"patient-talk-{re.sub('[^0-9]', '', name)}"
    found = httpx.get(f"{running.url}/api/v1/events", params={"record_id": record}).json()["items"]
    ordered = sorted(found, key=lambda event: event["position"])
    return [event["type"] for event in ordered if event["type"].startswith("TRACKER_")]


DONE, UNDONE = "TRACKER_ACKNOWLEDGED", "TRACKER_ACKNOWLEDGEMENT_UNDONE"


def open_today(page: Page, name: str) -> None:
    """Open Today and wait until it is live and shows somebody."""
    page.goto("/")
    expect(page.locator("#live")).to_have_text(LIVE)
    expect(row_of(page, name)).to_be_visible()


def test_done_takes_the_row_away_and_puts_the_focus_on_undo(
    page: Page, filled: Running, waiting: str
) -> None:
    open_today(page, waiting)
    row_of(page, waiting).get_by_role("button", name="Done").press("Enter")
    undo = page.get_by_role("button", name="Undo")
    expect(undo).to_be_focused()
    expect(page.locator("#needs .undo")).to_contain_text(f"{waiting}: taken care of by dashboard")
    expect(row_of(page, waiting)).to_have_count(0)
    undo.press("Enter")
    expect(row_of(page, waiting).get_by_role("button", name="Done")).to_be_focused()
    expect(page.locator("#needs .undo")).to_have_count(0)
    assert clicks(filled, waiting) == [DONE, UNDONE]


def test_undo_stays_while_the_page_lives_on(page: Page, filled: Running, waiting: str) -> None:
    open_today(page, waiting)
    row_of(page, waiting).get_by_role("button", name="Done").click()
    expect(page.get_by_role("button", name="Undo")).to_be_focused()
    filled.post(
        body("patient-other", "CONVERSATION_NEEDS_REVIEW", record="other", candidateId="other")
    )
    with page.expect_response(re.compile("/parts/today/needs")):
        filled.post(body("patient-more", "START_CONVERSATION_FAILED", record="more"))
    expect(page.get_by_role("button", name="Undo")).to_be_focused()
    page.get_by_role("button", name="Undo").click()
    expect(row_of(page, waiting)).to_be_visible()


def test_another_tab_sees_it_and_a_late_click_there_adds_nothing(
    visits: Visits, filled: Running, waiting: str
) -> None:
    one = visits.open("/")
    other = visits.open("/", javascript=False)
    row_of(one, waiting).get_by_role("button", name="Done").click()
    expect(row_of(one, waiting)).to_have_count(0)
    row_of(other, waiting).get_by_role("button", name="Done").click()
    expect(row_of(other, waiting)).to_have_count(0)
    assert clicks(filled, waiting) == [DONE]
    other.get_by_role("button", name="Undo").click()
    expect(row_of(one, waiting)).to_be_visible()
    assert clicks(filled, waiting) == [DONE, UNDONE]


def test_a_double_click_is_one_acknowledgement(page: Page, filled: Running, waiting: str) -> None:
    open_today(page, waiting)
    row_of(page, waiting).get_by_role("button", name="Done").dblclick()
    expect(row_of(page, waiting)).to_have_count(0)
    expect(page.get_by_role("button", name="Undo")).to_be_visible()
    assert clicks(filled, waiting) == [DONE]


def test_the_whole_list_keeps_its_filter(page: Page, filled: Running, waiting: str) -> None:
    page.goto("/needs?reason=needs_review")
    row_of(page, waiting).get_by_role("button", name="Done").click()
    expect(page.get_by_role("button", name="Undo")).to_be_focused()
    expect(page.locator('.tabs [aria-current="true"]')).to_contain_text("needs review")
    page.get_by_role("button", name="Undo").click()
    expect(row_of(page, waiting)).to_be_visible()
    assert clicks(filled, waiting) == [DONE, UNDONE]


def test_without_scripts_these_are_plain_forms(
    visits: Visits, filled: Running, waiting: str
) -> None:
    page = visits.open("/needs?reason=needs_review", javascript=False)
    row_of(page, waiting).get_by_role("button", name="Done").click()
    expect(page).to_have_url(re.compile(r"/needs\?reason=needs_review&done=\d+#needs$"))
    expect(row_of(page, waiting)).to_have_count(0)
    page.get_by_role("button", name="Undo").click()
    expect(page).to_have_url(re.compile(r"/needs\?reason=needs_review#needs-conversations-"))
    expect(row_of(page, waiting)).to_be_visible()
    assert clicks(filled, waiting) == [DONE, UNDONE]
