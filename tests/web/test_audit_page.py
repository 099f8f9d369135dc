"""The audit trail as a page, with what pages themselves note."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from tests.projections.queries.stored import body
from tests.web.asking import client, soup, text
from tracker.control import Control
from web.services import Services

ADA = [body("CONVERSATION_QUEUED", 1, record="talk", candidateId="ada", participantFirstName="Ada")]


@pytest.fixture
def asking(data: Path) -> Iterator[TestClient[Litestar]]:
    with client(data, ADA) as found:
        yield found


def control(asking: TestClient[Litestar]) -> Control:
    services: Services = asking.app.state.services
    services.control.audit.flush()
    return services.control


def noted(asking: TestClient[Litestar]) -> list[tuple[str, str]]:
    return [(e.action, e.detail) for e in control(asking).audit.entries(newest_first=False)]


@pytest.mark.parametrize(
    ("address", "line"),
    [
        ("/candidates/ada", ("person seen", "candidate:ada")),
        ("/parts/candidates/talk", ("person seen", "candidate:ada")),
        ("/api/v1/candidates/ada", ("person seen", "candidate:ada")),
        ("/person-file/ada?as=json", ("person exported", "candidate:ada")),
        ("/runs.csv?candidate=ada", ("list downloaded", "/runs")),
    ],
)
def test_what_shows_a_person_or_takes_data_out_is_noted(
    asking: TestClient[Litestar], address: str, line: tuple[str, str]
) -> None:
    assert asking.get(address).status_code == 200
    assert noted(asking) == [line]


def test_a_page_that_refreshes_itself_is_one_look(asking: TestClient[Litestar]) -> None:
    for _ in range(3):
        asking.get("/candidates/ada")
        asking.get("/parts/candidates/ada")
    assert noted(asking) == [("person seen", "candidate:ada")]


def test_lines_are_listed_newest_first_and_filtered(asking: TestClient[Litestar]) -> None:
    trail = control(asking).audit
    trail.note("eve", "person erased", "candidate:x")
    trail.note("bob", "secret added", "popp", "192.0.2.7")
    rows = [text(row) for row in soup(asking, "/audit").select("tbody tr")]
    assert rows[0].startswith("Secret added popp bob 192.0.2.7")
    assert len(rows) == 2
    for filters in ("actor=eve", "action=person+erased", "target=candidate:x"):
        (row,) = soup(asking, f"/audit?{filters}").select("tbody tr")
        assert row.select_one('a[href="/candidates/candidate%3Ax"]')
    assert "No " in soup(asking, "/audit?actor=nobody").text


def test_who_may_sign_in_is_no_candidate(asking: TestClient[Litestar]) -> None:
    control(asking).audit.note("eve", "person added", "jo@example.org, viewer")
    (row,) = soup(asking, "/audit").select("tbody tr")
    assert not row.select('a[href^="/candidates"]')


def test_a_long_trail_is_read_page_by_page(asking: TestClient[Litestar]) -> None:
    trail = control(asking).audit
    for number in range(60):
        trail.note("eve", "person erased", f"candidate:{number}")
    first = soup(asking, "/audit")
    assert len(first.select("tbody tr")) == 50
    following = first.select_one('a[rel="next"]')
    assert following is not None
    assert len(soup(asking, str(following["href"])).select("tbody tr")) == 10


def test_an_empty_trail_says_so(asking: TestClient[Litestar]) -> None:
    assert "Nothing was noted yet" in soup(asking, "/audit").text
