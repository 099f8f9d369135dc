"""Root never leaves files behind that the installed service can't open."""

import os
import pwd
from pathlib import Path

import pytest

from tests.running import ROOT
from tests.tracker.cli.running import tracker
from tracker.cli import owner
from tracker.errors import NotReady

WORKFLOW = str(ROOT / "fixtures" / "workflows" / "3K9warehouse_1.json")


@pytest.fixture
def me() -> pwd.struct_passwd:
    return pwd.getpwuid(os.geteuid())


def test_a_directory_of_anybody_else_is_worked_in_as_before(data: Path) -> None:
    owner.refuse_root(data)
    owner.refuse_root(data / "missing")
    pids: list[int] = []
    owner.as_owner(data, lambda: pids.append(os.getpid()))

    assert pids == [os.getpid()]


def test_root_is_told_to_work_as_the_service_in_its_directory(
    data: Path, monkeypatch: pytest.MonkeyPatch, me: pwd.struct_passwd
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(owner, "USER", me.pw_name)
    monkeypatch.setattr(owner.sys, "argv", ["/usr/local/bin/tracker", "secret", "list", "--json"])

    with pytest.raises(NotReady, match=f"runuser -u {me.pw_name} -- tracker secret list --json"):
        owner.refuse_root(data)


@pytest.mark.parametrize(
    "arguments",
    [
        ("restore", "/missing.zip"),
        ("log", "import", "-"),
        ("workflow", "import", WORKFLOW),
        ("secret", "list"),
        ("doctor",),
    ],
    ids=lambda words: " ".join(words[:2]),
)
def test_root_writes_nothing_into_the_directory_of_the_service(
    data: Path, monkeypatch: pytest.MonkeyPatch, me: pwd.struct_passwd, arguments: tuple[str, ...]
) -> None:
    data.mkdir(exist_ok=True)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(owner, "USER", me.pw_name)

    result = tracker(data, *arguments)

    assert result.exit_code == 1
    assert list(data.iterdir()) == []
    assert arguments == ("doctor",) or "would lock the service out" in result.stderr


def test_work_for_the_service_is_done_by_a_process_with_its_rights(
    data: Path, monkeypatch: pytest.MonkeyPatch, me: pwd.struct_passwd
) -> None:
    monkeypatch.setattr(owner, "foreign", lambda _data: me)
    monkeypatch.setattr(os, "setgroups", lambda _groups: None)

    owner.as_owner(data, lambda: (data / "pid").write_text(str(os.getpid())) and None)

    assert int((data / "pid").read_text()) != os.getpid()


def test_work_that_fails_there_is_an_error_here(
    data: Path, monkeypatch: pytest.MonkeyPatch, me: pwd.struct_passwd
) -> None:
    monkeypatch.setattr(owner, "foreign", lambda _data: me)
    monkeypatch.setattr(os, "setgroups", lambda _groups: None)

    def fail() -> None:
        raise NotReady("no room")

    with pytest.raises(NotReady, match="Nothing was changed"):
        owner.as_owner(data, fail)
