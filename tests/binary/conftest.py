"""What the tests of the binary share: the program in a fresh directory, and a browser."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.binary.program import Program
from tests.browser.visits import running_browser


@pytest.fixture
def program(tmp_path: Path) -> Program:
    """The product, in a fresh directory."""
    return Program(tmp_path)


@pytest.fixture
def browser(chromium: str) -> Iterator[Browser]:
    """A headless Chromium of the test's own."""
    with running_browser(chromium) as launched:
        yield launched
