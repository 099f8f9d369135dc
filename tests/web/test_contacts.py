"""Contacts by result, with the reasons of failures and skips grouped and counted."""

from pathlib import Path

from bs4 import BeautifulSoup

from tests.projections.queries.stored import body, started
from tests.web.asking import client

GIVEN = [
    body("WORKFLOW_CONTACT_RESOLVED", record="run", contactKey="c1"),
    body("WORKFLOW_CONTACT_RESOLUTION_FAILED", record="c2", reason="NO_EMAIL"),
    body("WORKFLOW_CONTACT_RESOLUTION_FAILED", record="c3", reason="NO_EMAIL"),
    body("WORKFLOW_CONTACT_RESOLUTION_FAILED", record="c4", reason="x" * 5000),
    body("WORKFLOW_CONTACT_RESOLUTION_FAILED", record="c5"),
    body("WORKFLOW_CONTACT_RESOLUTION_SKIPPED", record="run", reason="Is running & well"),
]


def lines(page: BeautifulSoup, selector: str) -> list[str]:
    """The text of each element."""
    return [" ".join(one.get_text(" ").split()) for one in page.select(selector)]


def test_reasons_are_grouped_by_result_the_most_frequent_first(data: Path) -> None:
    with client(data, GIVEN) as asking:
        page = BeautifulSoup(asking.get("/contacts").text, "html.parser")
        reasons = page.select(".reasons a")
        listed = [BeautifulSoup(asking.get(str(a["href"])).text, "html.parser") for a in reasons]
    assert lines(page, ".tabs li") == ["6 all", "1 resolved", "4 failed", "1 skipped"]
    assert lines(page, ".reasons li") == ["2 No email Failed", "1 Is running & well Skipped"]
    assert [len(one.select("tbody tr")) for one in listed] == [2, 1]
    assert lines(listed[0], '.reasons [aria-current="true"]') == ["2 No email"]


def test_a_contact_leads_to_its_person_and_says_no_id_twice(data: Path) -> None:
    given = body(
        "WORKFLOW_CONTACT_RESOLVED", record="run", contactName="Ada", candidateProfileId="ada"
    )
    with client(data, [given]) as asking:
        row = BeautifulSoup(asking.get("/contacts").text, "html.parser").select("tbody tr")[0]
    assert [str(link["href"]) for link in row.select("a")] == [
        "/candidates/candidate%3Aada",
        "/runs/run",
    ]
    assert row.text.count("run") == 1


def test_nothing_received_and_nothing_of_this_kind_differ(data: Path, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    for address in ("/contacts", "/conversations", "/analyses"):
        with client(empty, []) as asking:
            assert "nothing has been received" in asking.get(address).text
    with client(empty, []) as asking:
        assert "nothing has been received" in asking.get("/runs").text
        assert "Nothing was delivered yet" in asking.get("/deliveries").text
    other = body("CONVERSATION_STARTED", record="talk")
    with client(tmp_path, [other]) as asking:
        assert "Events of other kinds were received" in asking.get("/runs").text
        assert "Every delivery so far was simply accepted" in asking.get("/deliveries").text
    with client(data, [started("run")]) as asking:
        for address in ("/contacts", "/conversations", "/analyses"):
            said = asking.get(address).text
            assert "Events of other kinds were received" in said
            assert "nothing has been received" not in said
            word = "analysis=x" if address == "/analyses" else "candidate=x"
            assert "Clear the filters" in asking.get(f"{address}?{word}").text
