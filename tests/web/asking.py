"""The real application over a stored log, asked in process."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, cast

from bs4 import BeautifulSoup, Tag
from litestar import Litestar
from litestar.testing import TestClient

from projections.queries.views import Views
from tests.projections.queries.stored import NOON, store
from tracker.control import Control
from tracker.database import Connection
from tracker.log import LogReader
from tracker.settings import load_settings
from tracker.timing import DAY
from web.app import create_app
from web.live import Hub
from web.services import Services

NOW = NOON + DAY
OURS = "http://127.0.0.1:8000"  # without a sign-in it answers at no other name


def client(data: Path, bodies: Iterable[bytes], now: int = NOW) -> TestClient[Litestar]:
    """A client of the application over some deliveries; the parts that write are left out."""
    store(data, bodies).close()
    return client_of(data, now)


def client_of(
    data: Path, now: int, watch: Callable[[Connection], None] = lambda _connection: None
) -> TestClient[Litestar]:
    """The same over a log and views that are there; `watch` is given every connection to them."""
    absent = cast("Any", None)
    services = Services(
        settings=load_settings(data, open_access=True),
        log=LogReader(data, watch),
        views=Views(data, watch),
        ingest=absent,
        engine=absent,
        hub=Hub(),
        control=Control(data / "control.db"),
        scheduler=absent,
        rebuild=absent,
        eraser=absent,
        now=lambda: now,
    )
    return TestClient(create_app(services), OURS, raise_server_exceptions=False)


def soup(asking: TestClient[Litestar], address: str, status: int = 200) -> BeautifulSoup:
    answer = asking.get(address)
    assert answer.status_code == status, answer.text
    return BeautifulSoup(answer.text, "html.parser")


def text(found: Tag | None) -> str:
    assert found is not None
    return " ".join(found.get_text(" ").split())
