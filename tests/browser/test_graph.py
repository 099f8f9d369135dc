"""A run's graph in a browser: chosen together with its timeline, zoomed, growing live."""

import json
from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import caught_up
from tests.projections.queries.stored import HIRING, V1, completed, started
from tests.running import Running, eventually, service

GRAPH = {
    "ask": {"onComplete": "check", "onNoResponse": "stop"},
    "check": {"onPassed": "book", "onFailed": "stop"},
    "book": {"onBooked": "stop"},
    "stop": {},
}
CHOSEN = ".chosen"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with service(tmp_path_factory.mktemp("data")) as running:
        for body in (started("r1"), completed("r1", "ask", "onComplete", 2)):
            assert running.post(body).is_success
        _import(running)
        eventually(lambda: caught_up(running))
        yield running


def _import(running: Running) -> None:
    nodes = {n: {"label": f"Label of {n}", "routing": routes} for n, routes in GRAPH.items()}
    form = {
        "workflow_id": (None, HIRING),
        "version_id": (None, V1),
        "text": (None, json.dumps({"startNodeId": "ask", "nodes": nodes})),
    }
    assert httpx.post(f"{running.url}/workflow-import", files=form).status_code == 303


@pytest.fixture
def page(browser: Browser, running: Running) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1280, "height": 900}, timezone_id="UTC")
    page = context.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto(f"{running.url}/runs/r1")
    expect(page.locator("#live")).to_contain_text("Live")
    yield page
    context.close()
    assert said == []


def test_a_click_on_a_node_chooses_its_entries(page: Page) -> None:
    page.locator("#node-ask").click()
    expect(page.locator(".timeline li.chosen")).to_have_count(1)
    expect(page.locator(".timeline li.chosen")).to_contain_text("Label of ask")
    expect(page.locator(".timeline li.chosen")).to_be_in_viewport()
    assert page.url.endswith("#node-ask")


def test_a_click_on_an_entry_chooses_its_node(page: Page) -> None:
    page.locator(".timeline .to-node", has_text="Label of ask").click()
    expect(page.locator("#node-ask")).to_have_class("node done chosen")
    assert "#event-" in page.url


def test_the_choice_in_the_address_is_made_again(page: Page, running: Running) -> None:
    page.goto(f"{running.url}/runs/r1#node-ask")
    page.reload()
    expect(page.locator(f"#node-ask{CHOSEN}")).to_have_count(1)
    expect(page.locator(".timeline li.chosen")).to_have_count(1)


def test_keys_lead_from_node_to_node_and_choose(page: Page) -> None:
    page.locator("#graph").focus()
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    expect(page.locator(f"#node-ask{CHOSEN}")).to_be_focused()
    expect(page.locator(".timeline li.chosen")).to_have_count(1)
    page.keyboard.press("ArrowDown")
    expect(page.locator("#node-ask")).not_to_be_focused()


def width(page: Page) -> float:
    box = page.locator("#drawing").bounding_box()
    assert box
    return box["width"]


def test_buttons_keys_and_the_wheel_zoom(page: Page) -> None:
    page.get_by_role("button", name="100%").click()
    actual = width(page)
    page.get_by_role("button", name="Larger").click()
    assert width(page) > actual
    page.locator("#graph").focus()
    page.keyboard.press("-")
    page.keyboard.press("-")
    assert width(page) < actual
    page.locator("#graph").hover()
    page.keyboard.down("Control")
    page.mouse.wheel(0, -400)
    page.keyboard.up("Control")
    page.wait_for_function(
        "was => document.getElementById('drawing').getBoundingClientRect().width > was", arg=actual
    )
    page.get_by_role("button", name="Fit").click()
    assert page.evaluate("document.getElementById('graph').scrollHeight") <= page.evaluate(
        "document.getElementById('graph').clientHeight + 2"
    )


def test_a_drag_moves_the_drawing_and_chooses_nothing(page: Page) -> None:
    for _ in range(4):
        page.get_by_role("button", name="Larger").click()
    page.locator("#graph").evaluate("box => box.scrollTo(0, 0)")
    box = page.locator("#graph").bounding_box()
    assert box
    page.mouse.move(box["x"] + 300, box["y"] + 300)
    page.mouse.down()
    page.mouse.move(box["x"] + 200, box["y"] + 150, steps=5)
    page.mouse.up()
    assert page.locator("#graph").evaluate("box => box.scrollTop") > 100
    assert "#" not in page.url


def test_the_graph_grows_live_and_keeps_the_choice_and_the_place(
    page: Page, running: Running
) -> None:
    page.get_by_role("button", name="Larger").click()
    page.get_by_role("button", name="Larger").click()
    page.locator("#node-ask").click()
    page.locator("#graph").evaluate("box => box.scrollTo(30, 20)")
    before, place = width(page), page.locator("#graph").evaluate("b => [b.scrollLeft, b.scrollTop]")
    assert running.post(completed("r1", "check", "onPassed", 5)).is_success
    expect(page.locator("#node-check.done")).to_have_count(1, timeout=2000)
    expect(page.locator("#node-book.current")).to_have_count(1)
    expect(page.locator(f"#node-ask{CHOSEN}")).to_have_count(1)
    expect(page.locator(".timeline li.chosen")).to_have_count(1)
    assert page.locator("#graph").evaluate("b => [b.scrollLeft, b.scrollTop]") == place
    assert width(page) == pytest.approx(before, rel=0.1)
    expect(page.locator("#node-ask")).to_be_focused()


def test_on_a_phone_the_list_stands_before_the_drawing(browser: Browser, running: Running) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 800})
    page = context.new_page()
    page.goto(f"{running.url}/runs/r1")
    listed, drawn = page.locator("#as-list").bounding_box(), page.locator("#graph").bounding_box()
    assert listed
    assert drawn
    assert listed["y"] < drawn["y"]
    expect(page.locator("#as-list")).to_contain_text("Label of stop")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    context.close()


def test_without_scripts_anchors_lead_both_ways(browser: Browser, running: Running) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{running.url}/runs/r1")
    page.locator("#node-ask").click()
    assert "#event-" in page.url
    page.locator(".timeline .to-node").first.click()
    assert page.url.endswith("#node-ask")
    expect(page.locator("#as-list > .nested")).to_be_visible()
    context.close()
