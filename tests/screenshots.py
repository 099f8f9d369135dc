"""`python -m tests.screenshots OUT` writes a picture of every page, for anyone to look at.

From the demo's history at a fixed time, light and dark, wide and narrow: the same pages
give the same pictures. Names are `<page>-<theme>-<width>.png`. Further arguments choose
pages by name: `python -m tests.screenshots OUT today run`. With `--readme` it makes the
README's pictures instead: `python -m tests.screenshots fixtures/pictures --readme`.
"""

import argparse
import base64
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.sync_api import Page, sync_playwright

from tests.browser.conftest import caught_up
from tests.browser.entrance import REFUSING, entrances
from tests.browser.places import FAILING, LISTS, all_pages
from tests.browser.visits import ARGUMENTS, Visits
from tests.fixed_clock import fill
from tests.running import Running, eventually, service

THEMES = {"light": False, "dark": True}
WIDTHS = (1280, 390)
HEIGHT = 900
TALLEST = 2_600  # pixels of a page that are shown
PEOPLE = 300  # as many as `tracker demo` makes up
SETTLED = "document.fonts.ready"
README = {"today": "light", "run": "dark", "workflow": "light", "calendar": "light"}
# Chromium encodes WebP itself: a fifth of a PNG's size, without another program.
ENCODE = """async png => {
    const image = await createImageBitmap(await (await fetch(png)).blob());
    const canvas = new OffscreenCanvas(image.width, image.height);
    canvas.getContext("2d").drawImage(image, 0, 0);
    const blob = await canvas.convertToBlob({type: "image/webp", quality: 0.85});
    const bytes = new Uint8Array(await blob.arrayBuffer());
    return btoa(Array.from(bytes, one => String.fromCharCode(one)).join(""));
}"""


def main() -> int:
    """Take the pictures; 1 when a page complained or could not be shown."""
    parser = argparse.ArgumentParser(prog="python -m tests.screenshots", description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("pages", nargs="*", help="names of pages; all when none is given")
    parser.add_argument("--readme", action="store_true", help="the README's pictures, as WebP")
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as name:
        data = Path(name) / "data"
        data.mkdir(mode=0o700)
        fill(data, PEOPLE)
        with service(data, command=("tests.fixed_clock",)) as running:
            eventually(lambda: caught_up(running), 120)
            if given.readme:
                return _for_readme(running, given.out)
            chosen = {n: p for n, p in all_pages(running).items() if n in given.pages}
            complaints = _all(running, chosen or all_pages(running), given.out)
        if not given.pages:
            complaints += _empty(Path(name) / "empty", given.out)
            complaints += _closed(Path(name) / "closed", given.out)
    sys.stderr.writelines(f"{line}\n" for line in complaints)
    return 1 if complaints else 0


def _all(running: Running, pages: Mapping[str, str], out: Path, session: str = "") -> list[str]:
    """Pictures of some pages of a service, in every theme and width."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=ARGUMENTS
        )
        visits = Visits(browser, running.url)
        visits.allow(f"{FAILING}|{REFUSING}")
        for theme, dark in THEMES.items():
            for width in WIDTHS:
                page = visits.context(
                    dark=dark, width=width, height=HEIGHT, zone="Europe/Berlin", session=session
                ).new_page()
                page.goto("/")
                for name, path in pages.items():
                    _take(page, path, out / f"{name}-{theme}-{width}.png")
                page.close()
        visits.close()
        browser.close()
    return visits.complaints


def _empty(data: Path, out: Path) -> list[str]:
    """Pictures of the lists of a service that has received nothing."""
    data.mkdir(mode=0o700)
    with service(data, command=("tests.fixed_clock",)) as running:
        return _all(running, {f"empty-{name}": path for name, path in LISTS.items()}, out)


def _closed(data: Path, out: Path) -> list[str]:
    """Pictures of what only a service with sign-in has."""
    data.mkdir(mode=0o700)
    with entrances(data) as ways:
        return [
            complaint
            for way in ways
            for complaint in _all(way.running, way.pages, out, way.session)
        ]


def _for_readme(running: Running, out: Path) -> int:
    """The README's pictures: what a window shows, small enough for a repository."""
    pages = all_pages(running)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=ARGUMENTS
        )
        visits = Visits(browser, running.url)
        plain = browser.new_page()
        for name, theme in README.items():
            page = visits.open(pages[name], dark=THEMES[theme], zone="Europe/Berlin")
            page.locator("#live[data-state=live]").wait_for()
            png = base64.b64encode(page.screenshot()).decode()
            webp = base64.b64decode(plain.evaluate(ENCODE, f"data:image/png;base64,{png}"))
            (out / f"{name}.webp").write_bytes(webp)
        visits.close()
        browser.close()
    return 0


def _take(page: Page, path: str, picture: Path) -> None:
    page.goto(path)
    page.evaluate(SETTLED)
    if page.locator("#live").count():  # nobody follows a page without having signed in
        page.locator("#live[data-state=live]").wait_for()
    tall = page.evaluate("document.documentElement.scrollHeight")
    size = page.viewport_size or {"width": 0, "height": 0}
    clip = {"x": 0, "y": 0, "width": size["width"], "height": min(max(tall, HEIGHT), TALLEST)}
    page.screenshot(path=picture, full_page=True, clip=clip)


if __name__ == "__main__":
    sys.exit(main())
