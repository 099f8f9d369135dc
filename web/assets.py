"""Static files under names that hold their content's hash, so that browsers may keep them forever.

`/static/app.0f3c….css` is served for `static/app.css`; a changed file has another
name, so nothing is ever stale and nothing is ever asked for twice.
"""

import hashlib
import mimetypes
from functools import cache
from pathlib import Path

import msgspec
from litestar import Response, get
from litestar.exceptions import NotFoundException
from litestar.params import FromPath

FOLDER = Path(__file__).parent / "static"
SERVED = {".css", ".js", ".svg", ".png", ".ico", ".webp"}
FOREVER = "public, max-age=31536000, immutable"


class Asset(msgspec.Struct, frozen=True):
    """One static file: its hashed name, its bytes and what kind of file it is."""

    name: str
    content: bytes
    media_type: str


@cache
def _assets() -> dict[str, Asset]:
    """Every served file by its plain name, read once."""
    files = (path for path in sorted(FOLDER.rglob("*")) if path.suffix in SERVED)
    return {path.relative_to(FOLDER).as_posix(): _read(path) for path in files}


def _read(path: Path) -> Asset:
    content = path.read_bytes()
    digest = hashlib.sha256(content).hexdigest()[:16]
    kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    return Asset(f"{path.stem}.{digest}{path.suffix}", content, kind)


@cache
def _by_hashed_name() -> dict[str, Asset]:
    return {asset.name: asset for asset in _assets().values()}


def asset_url(name: str) -> str:
    """The address of a static file given by its plain name; KeyError when there is none."""
    return f"/static/{_assets()[name].name}"


@get("/static/{name:str}", sync_to_thread=False, include_in_schema=False)
def static_file(name: FromPath[str]) -> Response[bytes]:
    """One static file, to be kept for good."""
    asset = _by_hashed_name().get(name)
    if asset is None:
        raise NotFoundException(f"There is no static file {name!r}")
    headers = {"Cache-Control": FOREVER, "X-Content-Type-Options": "nosniff"}
    return Response(asset.content, media_type=asset.media_type, headers=headers)
