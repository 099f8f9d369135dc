"""`tracker user` and `tracker token`."""

from pathlib import Path

from tests.tracker.cli.running import answer, tracker
from tracker.control import Control
from tracker.timing import now
from tracker.tokens import Kind


def test_somebody_is_added_with_a_link_listed_changed_and_removed(data: Path) -> None:
    added = answer(data, "user", "add", "Jo@example.org", "--role", "engineer")
    assert added["link"].startswith("http://127.0.0.1:8000/link/")
    answer(data, "user", "add", "mo@example.org", "--role", "manager", "--organization", "o1")
    answer(data, "user", "role", "mo@example.org", "--role", "viewer")
    assert [
        (one["email"], one["role"], one["organizations"]) for one in answer(data, "user", "list")
    ] == [
        ("jo@example.org", "engineer", None),
        ("mo@example.org", "viewer", None),
    ]
    assert tracker(data, "user", "remove", "mo@example.org").exit_code == 0
    assert "jo@example.org" in tracker(data, "user", "list").stdout


def test_the_link_works_and_leads_to_the_public_address(data: Path) -> None:
    (data / "tracker.toml").write_text('public_url = "https://run.example.org"\n')
    answer(data, "user", "add", "jo@example.org", "--role", "engineer")
    link = answer(data, "user", "reset", "jo@example.org")["link"]
    assert link.startswith("https://run.example.org/link/")
    secret = link.rpartition("/")[2]
    assert Control(data / "control.db").people.link(secret, now()) is not None


def test_the_only_engineer_stays(data: Path) -> None:
    answer(data, "user", "add", "jo@example.org", "--role", "engineer")
    removed = tracker(data, "user", "remove", "jo@example.org")
    assert removed.exit_code == 2
    assert "add another engineer first" in removed.stderr


def test_a_token_is_printed_once_and_counts_until_revoked(data: Path) -> None:
    made = answer(data, "token", "add", "reports", "--role", "viewer", "--organization", "o1")
    control = Control(data / "control.db")
    found = control.tokens.find(made["token"], Kind.API, now())
    assert found is not None
    assert found.grant.organizations == ("o1",)
    assert made["token"] not in tracker(data, "token", "list", "--json").stdout
    assert tracker(data, "token", "revoke", "reports").exit_code == 0
    assert control.tokens.find(made["token"], Kind.API, now()) is None
    assert tracker(data, "token", "revoke", "reports").exit_code == 1
