"""Static files have their hash in their names, are kept for good and never lead elsewhere."""

import hashlib
import re
from pathlib import Path

import pytest
from litestar.testing import create_test_client

from web.assets import FOLDER, asset_url, static_file
from web.badges import BADGES

STATIC = sorted(path for path in FOLDER.rglob("*") if path.suffix in {".css", ".js", ".svg"})


def test_the_name_holds_the_hash_of_the_content() -> None:
    digest = hashlib.sha256((FOLDER / "app.css").read_bytes()).hexdigest()
    assert asset_url("app.css") == f"/static/app.{digest[:16]}.css"


def test_a_file_is_served_to_be_kept_for_good() -> None:
    with create_test_client([static_file]) as client:
        answer = client.get(asset_url("vendor/htmx.min.js"))
    assert answer.status_code == 200
    assert answer.content == (FOLDER / "vendor/htmx.min.js").read_bytes()
    assert "immutable" in answer.headers["cache-control"]
    assert "javascript" in answer.headers["content-type"]


def test_an_unknown_name_is_not_found() -> None:
    with create_test_client([static_file]) as client:
        assert client.get("/static/app.css").status_code == 404


def test_vendor_files_are_the_ones_that_were_recorded() -> None:
    recorded = (FOLDER / "vendor/README.md").read_text()
    files = [path for path in (FOLDER / "vendor").iterdir() if path.suffix in {".css", ".js"}]
    assert files
    for path in files:
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        assert f"| {digest} |" in next(row for row in recorded.splitlines() if path.name in row)


@pytest.mark.parametrize("path", STATIC, ids=lambda path: path.name)
def test_no_static_file_loads_from_another_host(path: Path) -> None:
    text = path.read_text()
    assert "sourceMappingURL" not in text
    assert not re.search(r"""(url\(["']?|@import\s+["']|src=["'])(https?:)?//""", text)


def test_every_icon_that_is_used_is_in_the_sprite() -> None:
    sprite = set(re.findall(r'<symbol id="([^"]+)"', (FOLDER / "icons.svg").read_text()))
    web = FOLDER.parent
    used: set[str] = set()
    for template in (web / "templates").rglob("*.html"):
        used |= set(re.findall(r"icon\('([a-z0-9-]+)'", template.read_text()))
    used |= {badge.icon for states in BADGES.values() for badge in states.values()}
    assert used <= sprite
