"""The life of an installation, told of the single binary (see `tests.binary.program`)."""

import os
import re
import signal
import subprocess
from contextlib import closing
from copy import copy
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.binary.program import BINARY, LARGEST, Program
from tests.browser.conftest import caught_up
from tests.browser.visits import watched
from tests.fixed_clock import NOW, SEED
from tests.running import Running, eventually, tracker
from tests.schemas import FILES, loaded, rows
from tracker.database import open_writer
from tracker.demo.generator import EVENT, Posting, generate
from tracker.migrations import steps_of
from tracker.people import LINK

PAGES = {
    "/": "Today",
    "/runs": "Runs",
    "/workflows": "Workflows",
    "/conversations": "Conversations",
    "/calendar": "Calendar",
    "/candidates": "Candidates",
    "/events": "Events",
    "/system": "System",
}
PASSWORD = "four words apart"
HISTORY = [posting for posting in generate(SEED, NOW, people=30) if posting.kind == EVENT]


def deliver(running: Running, postings: list[Posting]) -> None:
    """Post them, signed; each must be taken."""
    for posting in postings:
        answer = running.post(posting.body)
        assert answer.status_code == 200, answer.text
        assert answer.json()["status"] in {"accepted", "duplicate"}
    eventually(lambda: caught_up(running))


def become_the_first_engineer(page: Page, link: str) -> None:
    """Open the link that the service says at its first start, and choose a password."""
    page.goto(link)
    page.get_by_label("E-mail address").fill("jo@example.org")
    page.get_by_label(re.compile("^Password")).fill(PASSWORD)
    page.get_by_role("button", name="Set the password").click()
    expect(page.get_by_role("heading", name="Today", exact=True)).to_be_visible()


def sign_in_again(page: Page) -> None:
    """Sign out, and in by the password."""
    page.goto("/account")
    page.get_by_role("button", name="Sign out here").click()
    page.get_by_label("E-mail address").fill("jo@example.org")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("heading", name="Today", exact=True)).to_be_visible()


def see_every_page(page: Page) -> None:
    """Pages, and the graph of a run."""
    for path, title in PAGES.items():
        page.goto(path)
        expect(page.get_by_role("heading", level=1)).to_contain_text(title)
    page.goto("/runs")
    page.locator("main a[href^='/runs/']").first.click()
    expect(page.locator("#drawing")).to_be_visible()


def test_from_a_fresh_directory_to_a_service_that_can_be_trusted(
    program: Program, browser: Browser
) -> None:
    # 1. A secret, and the service. It says a link, once; without one nobody comes in.
    secret = program.json("secret", "add", "--label", "popp")["value"]
    with program.serving(env={"TRACKER_OPEN_ACCESS": "false"}) as running:
        running.secret = secret
        assert running.get("/runs").headers["location"].startswith("/sign-in")
        assert running.get("/api/v1/runs").status_code == 401
        eventually(lambda: LINK in running.errors())
        [link] = re.findall(rf"\S+{LINK}\S+", running.errors())
        with watched(browser, running.url) as visits:
            page = visits.context().new_page()
            become_the_first_engineer(page, link)
            assert httpx.get(link).status_code == 404

            # 2. Signed deliveries become pages; what isn't signed doesn't. Programs have a token.
            assert running.post(HISTORY[0].body, signature="0" * 64).status_code == 401
            running.token = program.json("token", "add", "reports", "--role", "viewer")["token"]
            deliver(running, HISTORY)
            assert running.get("/api/v1/runs").json()["items"] != []
            sign_in_again(page)
            see_every_page(page)

        # 3. A rebuild by several processes beside the service gives the same rows.
        before = program.json("digest")
        report = program.json("rebuild", "--require-parity", "--processes", "2")
        assert report["switched"]
        assert {view["differing"] for view in report["views"].values()} == {0}
        eventually(lambda: caught_up(running))
        assert program.json("digest") == before
        assert program.json("log", "verify")["ok"]
        assert program.run("doctor")

        # 4. A backup beside the service, proven; what is restored from it is the same.
        made = program.json("backup", "--prove")
        assert made["proof"]["problem"] is None
        elsewhere = copy(program)
        elsewhere.data = program.data.with_name("restored")
        elsewhere.run("restore", made["path"], "--rebuild")
        assert elsewhere.json("digest") == before
        assert elsewhere.json("log", "verify")["ok"]

        # 5. It stops when it is told to.
        assert running.stop() == 0
        assert "Traceback" not in running.errors()
    assert program.leftovers() == []

    # 6. The source folds the same log into the very same rows.
    checked = tracker("rebuild", "--check", "--require-parity", "--data", str(program.data))
    assert checked.returncode == 0, checked.stderr


def test_killed_at_any_moment_it_leaves_no_process_and_no_file_behind(program: Program) -> None:
    with program.serving() as running:
        deliver(running, HISTORY[:20])
        family = {running.process.pid, *children(running.process.pid)}
        assert len(family) > 1  # the engine's process
        running.kill()
        eventually(lambda: not any(alive(pid) for pid in family))
    assert program.leftovers() == []
    with program.serving() as running:
        deliver(running, HISTORY[:40])
        assert running.stop() == 0
    assert program.json("log", "verify")["events"] == 40


def children(pid: int) -> list[int]:
    """The processes that a process started."""
    return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def alive(pid: int) -> bool:
    """Whether a process is there and not only waiting to be noticed as ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_the_data_of_the_first_version_there_ever_was_comes_forward(program: Program) -> None:
    program.data.mkdir(mode=0o700)
    for file, steps in FILES.items():
        kept = open_writer(program.data / f"{file}.db")
        with closing(loaded(file, steps_of(steps)[0].name)) as first, closing(kept):
            first.backup(kept)
    with closing(loaded("log", steps_of(FILES["log"])[0].name)) as first:
        kept_events = len(rows(first)["events"])
    program.run("upgrade-check")
    with program.serving() as running:
        deliver(running, HISTORY[:20])
        assert running.stop() == 0
    after = program.json("log", "verify")
    assert after["ok"]
    assert after["events"] == kept_events + 20


def may_mount() -> bool:
    """Whether this user may have a /tmp of his own."""
    tried = subprocess.run(["unshare", "-m", "true"], capture_output=True, check=False)
    return os.geteuid() == 0 and tried.returncode == 0


def test_it_needs_no_tmp(program: Program, tmp_path_factory: pytest.TempPathFactory) -> None:
    """With an empty /tmp that may run nothing; without that right, with none that exists."""
    program.env["TMPDIR"] = str(tmp_path_factory.mktemp("none") / "missing")
    before: tuple[str, ...] = ()
    if may_mount() and BINARY:
        program.env["TMPDIR"] = "/tmp"  # noqa: S108 - an empty one of this process alone
        # What the test made lies in /tmp itself: it is kept in sight under its own name.
        kept = str(program.home.parent)
        script = (
            'mount --bind "$0" /mnt && mount -t tmpfs -o noexec,mode=1777 none /tmp '
            '&& mkdir -p "$0" && mount --move /mnt "$0" && cd / && exec "$@"'
        )
        before = ("unshare", "-m", "sh", "-c", script, kept)
    with program.serving(*before) as running:
        deliver(running, HISTORY[:20])
        assert running.get("/runs").status_code == 200
        if before:
            seen = Path(f"/proc/{running.process.pid}/root/tmp")
            assert [path.name for path in seen.iterdir()] == [Path(kept).parts[2]]
        assert running.stop() == 0
    program.run("rebuild", "--require-parity", "--processes", "2", before=before)
    assert program.leftovers() == []


def test_the_demo_starts_its_service_as_a_process_of_the_same_program(program: Program) -> None:
    arguments = ("demo", "--people", "5", "--no-trickle")
    with program.serving(command=arguments) as running:
        eventually(lambda: running.get("/api/v1/runs").json()["items"] != [])
        [served] = children(running.process.pid)
        started = Path(f"/proc/{served}/cmdline").read_text().split("\0")
        assert "serve" in started
        running.process.send_signal(signal.SIGINT)
        assert running.process.wait() == 0
        eventually(lambda: not alive(served))
    assert program.leftovers() == []


def test_it_runs_wherever_there_is_the_glibc_of_debian_12(program: Program) -> None:
    """Ubuntu 24.04 has a later one, 2.39; what the file states is what is asked for inside."""
    stated = re.search(r"needs glibc 2\.(\d+) or later", program.run("--version"))
    if not BINARY:
        assert stated is None
        return
    inside = [path for path in program.home.rglob("*") if path.is_file()]
    programs = [content for path in inside if (content := path.read_bytes())[:4] == b"\x7fELF"]
    assert len(programs) > 10
    asked = {int(minor) for one in programs for minor in re.findall(rb"\0GLIBC_2\.(\d+)", one)}
    assert stated is not None
    assert max(asked) == int(stated[1]) <= 36


def test_it_states_its_parts_and_their_licences_and_stays_small(program: Program) -> None:
    said = dict(line.rsplit(" ", 1) for line in program.run("--version").splitlines()[1:4])
    assert tuple(map(int, said["SQLite"].split("."))) >= (3, 53)
    licences = program.run("--licenses")
    assert "Permission is hereby granted" in licences
    if BINARY:
        assert "Linked into granian" in licences
        assert "The text of the licence Apache-2.0" in licences
        assert "licence not stated" not in licences
    assert Path(program.words[0]).stat().st_size <= LARGEST
