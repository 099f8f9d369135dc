"""Pages opened in Chromium, each as a fresh visitor, all watched for what must not happen."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from web.visitors import COOKIE

PATIENCE = 30_000  # ms; far more than anything takes, so that a busy machine fails no test


ARGUMENTS = [
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # Chromium's own sandbox needs kernel rights that containers don't give to root.
    *(["--no-sandbox"] if os.geteuid() == 0 else []),
]


@contextmanager
def running_browser(chromium: str) -> Iterator[Browser]:
    """A headless Chromium."""
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        yield launched
        launched.close()


class Visits:
    """Opens pages of one service and remembers every complaint about them.

    A complaint is a message on the console, an error in a script, or a request that
    leaves the machine. What a test provokes on purpose it allows beforehand.
    """

    def __init__(self, browser: Browser, url: str) -> None:
        self._browser = browser
        self._url = url
        self._allowed: list[str] = []
        self._contexts: list[BrowserContext] = []
        self._said: list[str] = []

    def context(
        self,
        *,
        zone: str = "UTC",
        dark: bool = False,
        width: int = 1280,
        height: int = 900,
        javascript: bool = True,
        url: str = "",
        session: str = "",
    ) -> BrowserContext:
        """A fresh visitor; pages of one context share cookies, locks and channels, as tabs do.

        With the secret of a `session` somebody is signed in.
        """
        context = self._browser.new_context(
            base_url=url or self._url,
            timezone_id=zone,
            locale="en-GB",
            color_scheme="dark" if dark else "light",
            viewport={"width": width, "height": height},
            java_script_enabled=javascript,
            reduced_motion="reduce",
        )
        context.set_default_timeout(PATIENCE)
        if session:
            context.add_cookies([{"name": COOKIE, "value": session, "url": url or self._url}])
        context.on("console", lambda message: self._note(f"console: {message.text}"))
        context.on("weberror", lambda error: self._note(f"script error: {error.error}"))
        context.on("request", lambda request: self._leaving(request.url))
        self._contexts.append(context)
        return context

    def open(
        self,
        path: str = "/",
        *,
        zone: str = "UTC",
        dark: bool = False,
        width: int = 1280,
        height: int = 900,
        javascript: bool = True,
        url: str = "",
    ) -> Page:
        """A page in a context of its own; of another service when its `url` is given."""
        page = self.context(
            zone=zone, dark=dark, width=width, height=height, javascript=javascript, url=url
        ).new_page()
        page.goto(path)
        return page

    def allow(self, words: str) -> None:
        """Take a complaint that matches a regular expression as intended."""
        self._allowed.append(words)

    @property
    def complaints(self) -> list[str]:
        """What was said and not allowed, each once."""
        kept = dict.fromkeys(self._said)
        return [one for one in kept if not any(re.search(a, one) for a in self._allowed)]

    def close(self) -> None:
        """Close all pages."""
        for context in self._contexts:
            context.close()

    def _note(self, complaint: str) -> None:
        self._said.append(complaint[:500])

    def _leaving(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in {"data", "blob"} and parts.hostname != "127.0.0.1":
            self._note(f"asked another host: {url}")


@contextmanager
def watched(browser: Browser, url: str) -> Iterator[Visits]:
    """Visits that fail at the end when there was a complaint."""
    visits = Visits(browser, url)
    try:
        yield visits
    finally:
        visits.close()
    if visits.complaints:
        pytest.fail("\n".join(["What must not happen:", *visits.complaints]), pytrace=False)
