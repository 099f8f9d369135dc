"""What holds for every page, in both themes, wide and narrow, with data, without, and in error."""

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, Response

from tests.browser.entrance import REFUSING, Way
from tests.browser.places import FAILING, LISTS, all_pages
from tests.browser.visits import Visits
from tests.running import Running

VENDOR = Path(__file__).parent / "vendor"
AXE = (VENDOR / "axe.min.js").read_text()
CHECKED = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
LARGEST = 100_000  # bytes of HTML before compression


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
class TestEveryPage:
    def test_is_accessible_small_and_never_wider_than_the_window(
        self, visits: Visits, filled: Running, dark: bool, width: int
    ) -> None:
        visits.allow(FAILING)
        page = visits.context(dark=dark, width=width, zone="Europe/Berlin").new_page()
        page.goto("/")  # where the browser's zone is told, which loads the page again

        found = findings(page, all_pages(filled))
        assert not found, "\n".join(found)

    def test_that_has_nothing_to_show_is_so_too(
        self, visits: Visits, nothing: Running, dark: bool, width: int
    ) -> None:
        page = visits.context(dark=dark, width=width, url=nothing.url).new_page()

        found = findings(page, LISTS)
        assert not found, "\n".join(found)

    def test_of_who_may_come_in_is_so_too(
        self, visits: Visits, ways_in: list[Way], dark: bool, width: int
    ) -> None:
        visits.allow(REFUSING)
        for way in ways_in:
            page = visits.context(
                dark=dark, width=width, url=way.running.url, session=way.session
            ).new_page()
            found = findings(page, way.pages)
            assert not found, "\n".join(found)


def findings(page: Page, places: Mapping[str, str]) -> list[str]:
    """Everything that is wrong with some pages, one line each."""
    found = []
    for name, path in places.items():
        response = page.goto(path)
        assert response is not None
        found += [f"{name}: {problem}" for problem in problems(page, response)]
    return found


def problems(page: Page, response: Response) -> list[str]:
    """What is wrong with the page that is open."""
    found = violations(page)
    size = len(response.body())
    if size >= LARGEST:
        found.append(f"{size} bytes of HTML")
    wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    if wide > 0:
        found.append(f"scrolls sideways by {wide} px")
    return found


def violations(page: Page) -> list[str]:
    """What axe-core finds: the rule, and the first elements that break it."""
    page.evaluate(AXE)
    options = {"runOnly": CHECKED, "resultTypes": ["violations"]}
    result = page.evaluate("options => axe.run(document, options)", options)
    return [_words(one) for one in result["violations"]]


def _words(violation: dict[str, Any]) -> str:
    where = [" ".join(map(str, node["target"])) for node in violation["nodes"]]
    first = violation["nodes"][0]["failureSummary"].splitlines()[-1].strip()
    return f"{violation['id']} at {', '.join(where[:3])} ({len(where)} in all): {first}"


def test_axe_is_the_file_that_its_readme_names() -> None:
    [row] = [line for line in (VENDOR / "README.md").read_text().splitlines() if "axe.min" in line]
    version = re.search(r"axe v([\d.]+)", AXE)
    assert version is not None

    assert hashlib.sha256(AXE.encode()).hexdigest() in row
    assert f"| {version[1]} |" in row
