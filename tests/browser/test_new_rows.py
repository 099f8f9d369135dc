"""New rows wait behind a button and nothing moves under the cursor; what is shown is current."""

import json
import re
from itertools import count

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.visits import Visits
from tests.fixed_clock import NOW
from tests.running import Running, eventually
from tests.sample import body
from tracker.timing import MINUTE, to_iso

MINUTES = count(60)  # after the fixed clock; each event later than all before
NUMBERS = count(1)


def send(service: Running, event: str, record: str, **data: str) -> None:
    """Deliver an event that is newer than everything before."""
    name = f"waiting-{event}-{record}-{next(NUMBERS)}"
    made = json.loads(body(name, event, record=record, **data))
    moment = to_iso(NOW + next(MINUTES) * MINUTE)
    service.post(json.dumps(made | {"eventTimestamp": moment}).encode())


def start(service: Running, run: str) -> None:
    """A run of this test's own workflow begins, and is in the views."""
    send(service, "WORKFLOW_RUN_STARTED", run, workflowId="flow-waiting", workflowVersionId="v1")
    eventually(lambda: service.get(f"/api/v1/runs/{run}").status_code == 200)


def ids(page: Page) -> list[str]:
    return [str(row.get_attribute("id")) for row in page.locator("#runs tbody tr").all()]


def digits(number: Locator) -> int:
    return int(re.sub(r"\D", "", number.inner_text()))


def button(page: Page) -> Locator:
    return page.locator("[data-newer]")


@pytest.fixture
def page(visits: Visits, filled: Running) -> Page:
    """The list of runs, live."""
    start(filled, f"first-{next(NUMBERS)}")
    page = visits.context().new_page()
    page.goto("/runs")
    expect(page.locator("#live")).to_have_text(re.compile("Live"))
    return page


def test_new_rows_wait_and_are_counted(page: Page, filled: Running) -> None:
    before = ids(page)
    top = page.locator("#runs tbody tr").first.bounding_box()
    start(filled, "one")
    expect(button(page)).to_have_text("1 new")
    start(filled, "two")
    start(filled, "three")
    expect(button(page)).to_have_text("3 new")
    assert ids(page) == before
    assert page.locator("#runs tbody tr").first.bounding_box() == top


def test_the_numbers_above_the_list_do_not_wait(page: Page, filled: Running) -> None:
    number = page.locator("#runs .tabs a").first.locator("b")
    before = digits(number)
    start(filled, "counted")
    eventually(lambda: digits(number) == before + 1)


def test_a_click_shows_them_on_top_and_begins_anew(page: Page, filled: Running) -> None:
    before = ids(page)
    start(filled, "clicked-1")
    start(filled, "clicked-2")
    expect(button(page)).to_have_text("2 new")
    button(page).click()
    expect(button(page)).to_have_count(0)
    expect(page.locator("#runs tbody tr").first).to_have_id("run-clicked-2")
    assert ids(page)[:3] == ["run-clicked-2", "run-clicked-1", before[0]]
    start(filled, "clicked-3")
    expect(button(page)).to_have_text("1 new")
    assert ids(page)[0] == "run-clicked-2"


def test_n_shows_them_and_leaves_scroll_and_typed_text_alone(page: Page, filled: Running) -> None:
    page.locator(".find input").fill("typed")
    page.locator("h1").click()
    start(filled, "by-key")
    expect(button(page)).to_be_visible()
    page.keyboard.press("n")
    expect(page.locator("#runs tbody tr").first).to_have_id("run-by-key")
    expect(page.locator(".find input")).to_have_value("typed")


def test_a_known_row_changes_in_its_place(page: Page, filled: Running) -> None:
    before = ids(page)
    run = before[0].removeprefix("run-")
    start(filled, "above-it")
    expect(button(page)).to_have_text("1 new")
    send(filled, "WORKFLOW_RUN_FAILED", run, workflowId="flow-waiting", workflowVersionId="v1")
    expect(page.locator("#runs tbody tr").first.locator(".state").first).to_have_text("Failed")
    assert ids(page) == before


def test_the_row_with_the_focus_keeps_it(page: Page, filled: Running) -> None:
    page.keyboard.press("j")
    page.keyboard.press("j")
    focused = page.locator(":focus").get_attribute("href")
    start(filled, "beside-focus")
    expect(button(page)).to_be_visible()
    assert page.locator(":focus").get_attribute("href") == focused


def test_the_button_is_in_view_wherever_the_list_is_read(page: Page, filled: Running) -> None:
    page.locator("#runs tbody tr").nth(30).scroll_into_view_if_needed()
    start(filled, "seen-from-below")
    expect(button(page)).to_be_in_viewport()


def test_other_orders_do_not_hold_rows_back(visits: Visits, filled: Running) -> None:
    page = visits.open("/runs?workflow_id=flow-waiting-2&sort=first_at")
    send(filled, "WORKFLOW_RUN_STARTED", "in-order", workflowId="flow-waiting-2")
    expect(page.locator("#run-in-order")).to_be_visible()
    expect(button(page)).to_have_count(0)


def test_an_empty_list_has_nothing_to_keep_still(visits: Visits, filled: Running) -> None:
    page = visits.open("/runs?workflow_id=flow-waiting-3")
    send(filled, "WORKFLOW_RUN_STARTED", "the-first", workflowId="flow-waiting-3")
    expect(page.locator("#run-the-first")).to_be_visible()


def test_the_log_keeps_still_too(visits: Visits, filled: Running) -> None:
    page = visits.open("/events")
    expect(page.locator("#live")).to_have_text(re.compile("Live"))
    first = page.locator("#events tbody tr").first.get_attribute("id")
    start(filled, "logged")
    expect(button(page)).to_have_text(re.compile(r"^\d+ new$"))
    assert page.locator("#events tbody tr").first.get_attribute("id") == first
    button(page).click()
    expect(page.locator("#events tbody tr").first).not_to_have_id(str(first))


def test_without_javascript_a_page_just_shows_everything(visits: Visits, filled: Running) -> None:
    start(filled, "plain")
    page = visits.open("/runs", javascript=False)
    expect(page.locator("#runs tbody tr").first).to_have_id("run-plain")
    expect(button(page)).to_have_count(0)
