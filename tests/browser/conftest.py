"""What the browser tests share: a service full of history, an empty one, watched pages.

Run one test, or those of one page:

    python -m pytest tests/browser/test_live.py -k "within_two_seconds"
    python -m pytest tests/browser -k calendar

What a test asks for:

- `page`: a page in a fresh context, of the service with the demo's history. It has no
  address yet: `page.goto("/runs")`.
- `visits`: opens further pages, with another zone, theme, width or without JavaScript:
  `visits.open("/calendar", zone="Asia/Kolkata", dark=True, width=390, javascript=False)`.
  Both fail the test when the console says anything, a script fails or a request leaves
  the machine; `visits.allow("status of 404")` takes what a test provokes on purpose.
- `filled`: that service, shared by all tests, to post to: `filled.post(body)`. Its clock
  stands still at `tests.fixed_clock.NOW`; its history is the same on every day.
- `ways_in`: services that ask who is there, with the sessions of people and the pages that
  each sees: `visits.context(url=way.running.url, session=way.session)`.
- `empty_service`: a service of the test's own that has received nothing yet, with the real
  clock: `visits.open("/", url=empty_service.url)`. `nothing` is one to look at only.

Tests share one history: take new ids for what you post, and count differences. To see
what a test sees, `page.screenshot(path=…)`; pictures of all pages make
`python -m tests.screenshots DIRECTORY`.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.entrance import Way, entrances
from tests.browser.visits import Visits, running_browser, watched
from tests.fixed_clock import fill
from tests.running import Running, eventually, service


@pytest.fixture(scope="package")
def browser(chromium: str) -> Iterator[Browser]:
    """A headless Chromium that talks to nobody by itself.

    Ends with this package: Playwright keeps an event loop running, other tests have their own.
    """
    with running_browser(chromium) as launched:
        yield launched


@pytest.fixture(scope="session")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A service with the demo's history, at a fixed time."""
    data = tmp_path_factory.mktemp("filled")
    fill(data)
    with service(data, command=("tests.fixed_clock",)) as running:
        eventually(lambda: caught_up(running))
        yield running


@pytest.fixture(scope="session")
def nothing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A service that has received nothing and never will."""
    with service(tmp_path_factory.mktemp("nothing"), command=("tests.fixed_clock",)) as running:
        yield running


@pytest.fixture(scope="session")
def ways_in(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Way]]:
    """The ways into a service that asks who is there, signed in and not."""
    with entrances(tmp_path_factory.mktemp("entrances")) as ways:
        yield ways


@pytest.fixture
def empty_service(data: Path) -> Iterator[Running]:
    """A service that has received nothing."""
    with service(data) as running:
        yield running


@pytest.fixture
def visits(browser: Browser, filled: Running) -> Iterator[Visits]:
    """Opens pages; fails the test when anything complains."""
    with watched(browser, filled.url) as opened:
        yield opened


@pytest.fixture
def page(visits: Visits) -> Page:
    """A page in a fresh context."""
    return visits.context().new_page()


def caught_up(running: Running) -> bool:
    """Whether the views hold all that was received."""
    answer = running.get("/api/v1/projections").json()
    return all(one["lag_events"] == 0 for one in answer["projections"])
