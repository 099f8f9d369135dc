"""What is kept of one person leaves as a page without scripts and as JSON with the exact bytes."""

import json
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

from tests.projections.queries.stored import body
from tests.sample import append
from tests.web.asking import client

HOSTILE = "<script>alert(1)</script>"
ADA = [
    body("CONVERSATION_QUEUED", 1, record="talk", candidateId="ada", participantFirstName=HOSTILE),
    body("CALENDAR_MEETING_SCHEDULED", 2, record="b", conversationId="talk", odd={"x": [1, "y"]}),
    body("CONVERSATION_QUEUED", 3, record="other", candidateId="bob", participantFirstName="Bob"),
]


def asked(data: Path, form: str) -> str:
    with client(data, ADA) as asking:
        answer = asking.get(f"/person-file/ada?as={form}")
    assert answer.status_code == 200
    assert "attachment" in answer.headers["content-disposition"]
    assert answer.headers["cache-control"] == "no-store"
    return answer.text


def test_the_json_holds_the_exact_bytes_and_what_each_view_makes_of_them(data: Path) -> None:
    told = json.loads(asked(data, "json"))
    assert [event["body"].encode() for event in told["events"]] == ADA[:2]
    assert told["identities"] == ["candidate:ada", "through:talk"]
    assert told["views"]["conversations"][0]["candidate_name"] == HOSTILE
    assert "bob" not in json.dumps(told).lower()


def test_what_is_held_back_and_speaks_of_the_person_is_told_too(data: Path) -> None:
    append(data, [b'{"broken": "talk"}', b'{"broken": "other"}'])
    held = json.loads(asked(data, "json"))["quarantine"]
    assert [one["body"] for one in held] == ['{"broken": "talk"}']


def test_the_page_runs_nothing_and_needs_nothing(data: Path) -> None:
    page = BeautifulSoup(asked(data, "html"), "html.parser")
    assert not page.select("script, link, img, iframe, form")
    assert HOSTILE in page.text
    assert "odd / x / 2" in page.text
    assert "Bob" not in page.text


@pytest.mark.parametrize(
    ("address", "status"),
    [("/person-file/nobody", 404), ("/person-file/ada?as=exe", 400)],
)
def test_what_is_not_there_is_said(data: Path, address: str, status: int) -> None:
    with client(data, ADA) as asking:
        assert asking.get(address).status_code == status
