"""A list's CSV holds exactly the rows that its filters list, each once, and no formula."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from bs4 import BeautifulSoup
from hypothesis import given, settings
from hypothesis import strategies as st
from litestar import Litestar
from litestar.testing import TestClient

from tests.projections.queries.stored import body, completed, ended, started
from tests.web.asking import client
from tracker.database import open_writer, transaction
from web import csv_export
from web.lists import LISTS

FORMULA = ("=", "+", "-", "@", "\t", "\r")  # what a spreadsheet would calculate
FORMULAS = ("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1")
COUNT = 130
ENDS = ("COMPLETED", "FAILED", "CANCELLED", "")


def _stories() -> Iterator[bytes]:
    for n in range(COUNT):
        run = f"r{n:03}"
        yield started(run, n, candidateProfileId=f"p{n % 7}", workflowId=f"w{n % 3}")
        if n % 2:
            yield completed(run, "ask", "onComplete", n + 0.5, workflowId=f"w{n % 3}")
        if ENDS[n % 4]:
            yield ended(run, ENDS[n % 4], n + 1, workflowId=f"w{n % 3}", reason=FORMULAS[n % 6])
    for n in range(60):
        outcome = {"campaignConversationStatus": ("PASSED", "FAILED", "CLOSED")[n % 3]}
        kind = ("CONVERSATION_QUEUED", "CONVERSATION_COMPLETED", "CONVERSATION_OPTED_OUT")[n % 3]
        score = {"scorecardTotalValue": n % 5} if n % 4 else {}
        name = f'{FORMULAS[n % 6]}, "q"\nline ü'
        yield body(
            kind,
            n,
            record=f"c{n}",
            candidateId=f"p{n % 7}",
            participantFirstName=name,
            externalCampaignId=f"camp{n % 2}",
            **score,
            **outcome,
        )
    yield body("CANDIDATE_ANALYSIS_COMPLETED", 10, record="p1", externalAnalysisId="job-1")
    yield body("CALENDAR_MEETING_SCHEDULED", 11, record="b1", conversationId="c1")
    yield body("WORKFLOW_CONTACT_RESOLUTION_FAILED", 12, record="k1", reason="=cmd")
    yield body("CONVERSATION_SOMETHING_NEW", 13, record="=x")


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient[Litestar]]:
    with client(tmp_path_factory.mktemp("data"), _stories()) as asking:
        yield asking


def table(asking: TestClient[Litestar], address: str) -> list[dict[str, str]]:
    answer = asking.get(address)
    assert answer.status_code == 200, answer.text
    return list(csv.DictReader(io.StringIO(answer.content.decode(), newline=""), strict=True))


def listed(asking: TestClient[Litestar], address: str) -> list[str]:
    """The ids of the rows on all pages of a list."""
    ids: list[str] = []
    while address:
        page = BeautifulSoup(asking.get(address).text, "html.parser")
        ids += [str(row["id"]).partition("-")[2] for row in page.select(".rows > tbody > tr")]
        following = page.select_one("a[rel=next]")
        address = str(following["href"]) if following else ""
    return ids


def query(filters: dict[str, Any]) -> str:
    return "&".join(f"{name}={value}" for name, value in filters.items() if value)


RUNS = st.fixed_dictionaries(
    {
        "status": st.sampled_from(["", "running", "completed", "failed", "cancelled"]),
        "workflow_id": st.sampled_from(["", "w0", "w2", "nobody"]),
        "candidate": st.sampled_from(["", "p3"]),
        "stuck": st.sampled_from(["", "true", "false"]),
        "visited": st.just(""),
        "from": st.sampled_from(["", "2026-03-02T12:40:00Z", "2026-03-03"]),
        "sort": st.sampled_from(["", "first_at", "-step_count", "ended_at", "-ended_at"]),
    }
)
CONVERSATIONS = st.fixed_dictionaries(
    {
        "status": st.sampled_from(["", "queued", "completed", "opted_out"]),
        "outcome": st.sampled_from(["", "passed", "none"]),
        "campaign": st.sampled_from(["", "camp1"]),
        "sort": st.sampled_from(["", "-score", "score", "status_since"]),
    }
)
EVENTS = st.fixed_dictionaries(
    {
        "type": st.sampled_from(["", "WORKFLOW_RUN_STARTED", "CONVERSATION_SOMETHING_NEW"]),
        "record_id": st.sampled_from(["", "r007"]),
        "sort": st.sampled_from(["", "position"]),
    }
)


class TestTheSameAsTheList:
    @settings(max_examples=25, deadline=None)
    @given(filters=RUNS, chunk=st.sampled_from([1, 7, 50, 500]))
    def test_runs(self, pages: TestClient[Litestar], filters: dict[str, str], chunk: int) -> None:
        self._compare(pages, "/runs", "id", filters, chunk)

    @settings(max_examples=25, deadline=None)
    @given(filters=CONVERSATIONS, chunk=st.sampled_from([1, 7, 50, 500]))
    def test_conversations(
        self, pages: TestClient[Litestar], filters: dict[str, str], chunk: int
    ) -> None:
        self._compare(pages, "/conversations", "id", filters, chunk)

    @settings(max_examples=12, deadline=None)
    @given(filters=EVENTS, chunk=st.sampled_from([7, 50, 500]))
    def test_events(self, pages: TestClient[Litestar], filters: dict[str, str], chunk: int) -> None:
        self._compare(pages, "/events", "position", filters, chunk)

    def _compare(
        self,
        pages: TestClient[Litestar],
        path: str,
        column: str,
        filters: dict[str, str],
        chunk: int,
    ) -> None:
        asked = query(filters)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(csv_export, "LARGEST_LIMIT", chunk)
            rows = [row[column] for row in table(pages, f"{path}.csv?{asked}")]
        assert rows == listed(pages, f"{path}?{asked}")


def test_no_cell_of_any_list_begins_like_a_formula(pages: TestClient[Litestar]) -> None:
    escaped = 0
    for path in LISTS:
        for row in table(pages, f"{path}.csv"):
            assert not [cell for cell in row.values() if cell.startswith(FORMULA)]
            escaped += sum(cell.startswith("'") for cell in row.values())
    assert escaped > 100


def test_what_was_received_stands_in_the_cell_whole(pages: TestClient[Litestar]) -> None:
    names = {row["id"]: row["candidate_name"] for row in table(pages, "/conversations.csv")}
    assert names["c0"] == '\'=1+1, "q"\nline ü'


@pytest.mark.parametrize("path", LISTS)
def test_every_list_is_a_file_with_a_head_a_date_and_no_cache(
    pages: TestClient[Litestar], path: str
) -> None:
    answer = pages.get(f"{path}.csv")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/csv; header=present; charset=utf-8"
    assert answer.headers["cache-control"] == "no-store"
    name = path.strip("/")
    assert answer.headers["content-disposition"] == (
        f'attachment; filename="{name}-2026-03-03.csv"'
    )
    head = answer.content.decode().split("\r\n")[0].split(",")
    assert head == [column for column, _ in LISTS[path].columns]
    assert len(head) == len(set(head))


def test_times_are_in_universal_time(pages: TestClient[Litestar]) -> None:
    row = table(pages, "/runs.csv?sort=first_at")[0]
    assert row["started_at"] == "2026-03-02T12:00:00Z"
    assert row["stuck"] in {"true", "false"}


@pytest.mark.parametrize(
    "address", ["/runs.csv?status=odd", "/runs.csv?nothing=1", "/analyses.csv?sort=rank"]
)
def test_filters_that_cannot_be_used_are_refused_before_a_file_begins(
    pages: TestClient[Litestar], address: str
) -> None:
    assert pages.get(address).status_code == 400


def test_the_place_in_the_list_is_no_filter(pages: TestClient[Litestar]) -> None:
    assert len(table(pages, "/runs.csv?limit=1&cursor=x")) == COUNT


@pytest.mark.parametrize("path", LISTS)
def test_a_list_leads_to_its_file_with_the_same_filters(
    pages: TestClient[Litestar], path: str
) -> None:
    page = BeautifulSoup(pages.get(f"{path}?cursor=").text, "html.parser")
    link = page.select_one(f".csv[download][href^='{path}.csv']")
    assert link is not None
    assert link["href"] == f"{path}.csv" or path == "/calendar", "its days are times in a file"
    assert pages.get(str(link["href"])).status_code == 200


def test_the_link_keeps_filters_and_order(pages: TestClient[Litestar]) -> None:
    page = pages.get("/runs?status=failed&status=running&sort=first_at&from=2026-03-02").text
    link = BeautifulSoup(page, "html.parser").select_one("a[download]")
    assert link is not None
    assert sorted(row["id"] for row in table(pages, str(link["href"]))) == sorted(
        row["id"] for row in table(pages, "/runs.csv") if row["status"] in {"failed", "running"}
    )


def test_memory_holds_one_chunk_at_a_time(pages: TestClient[Litestar]) -> None:
    asked = LISTS["/runs"].kind()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(csv_export, "LARGEST_LIMIT", 10)
        chunks = csv_export.csv_chunks(LISTS["/runs"], pages.app.state.services, asked)
        lines = [chunk.count(b"\r\n") for chunk in chunks]
    assert lines == [11, *[10] * 12]


def test_rows_that_arrive_meanwhile_change_nothing(data: Path) -> None:
    with client(data, _stories()) as asking:
        services = asking.app.state.services
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(csv_export, "LARGEST_LIMIT", 10)
            chunks = csv_export.csv_chunks(LISTS["/runs"], services, LISTS["/runs"].kind())
            first = next(chunks)
            for view in data.glob("views-*.db"):
                _touch(view)
            rest = b"".join(chunks)
    ids = [row["id"] for row in csv.DictReader(io.StringIO((first + rest).decode()))]
    assert len(ids) == len(set(ids)) == COUNT


def _touch(view: Path) -> None:
    """Something happens to every run that has not been written yet."""
    connection = open_writer(view)
    with transaction(connection):
        connection.execute("UPDATE runs SET last_event_at = last_event_at + 1000000000000")
    connection.close()
