"""The service as it runs: a process that is posted to, killed, stopped, and worked beside."""

import json
import os
import stat
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic

import httpx
import pytest

from tests.running import (
    SECRET,
    Running,
    environment,
    eventually,
    free_port,
    service,
    tracker,
)
from tests.sample import append, bodies, body, digests, reading
from tracker.log import verify

PAGES = ("/", "/runs", "/system", "/api/v1/projections", "/readyz")


class Posting:
    """Threads that post different events until told to stop; every answer is kept."""

    def __init__(self, running: Running, threads: int = 4) -> None:
        self._running = running
        self._stopping = threading.Event()
        self._threads = [
            threading.Thread(target=self._post, args=(number, threads)) for number in range(threads)
        ]
        self.acknowledged: dict[str, int] = {}
        self.answers: Counter[int] = Counter()

    def _post(self, number: int, step: int) -> None:
        try:
            while not self._stopping.is_set():
                [content] = bodies(1, start=number)
                answer = self._running.post(content)
                self.answers[answer.status_code] += 1
                if answer.status_code == 200:
                    self.acknowledged[f"e{number}"] = answer.json()["position"]
                number += step
        except httpx.TransportError:
            return  # the process was ended

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._stopping.set()
        for thread in self._threads:
            thread.join()


@contextmanager
def posting(running: Running) -> Iterator[Posting]:
    """Events that arrive meanwhile; there are some before and after the block's work."""
    posted = Posting(running)
    posted.start()
    try:
        eventually(lambda: len(posted.acknowledged) > 30)
        yield posted
    finally:
        posted.stop()


def caught_up(running: Running) -> bool:
    """Whether every view stands where the log does."""
    status = running.get("/api/v1/projections").json()
    positions = {projection["position"] for projection in status["projections"]}
    return positions == {status["log_head"]}


def proven(data: Path, acknowledged: dict[str, int]) -> None:
    """Every acknowledged event once and where it was said to be; the views are a rebuild's."""
    assert verify(data).ok
    with reading(data) as log:
        stored = Counter(event.event_id for event in log.events(limit=1_000_000))
        assert all(stored[event_id] == 1 for event_id in acknowledged)
        assert set(stored.values()) <= {1}
        for event_id, position in acknowledged.items():
            assert log.event(position).event_id == event_id
    check = tracker("rebuild", "--check", "--json", "--data", str(data))
    report = json.loads(check.stdout)
    assert check.returncode == 0
    assert {view["differing"] for view in report["views"].values()} == {0}
    assert report["position"] == sum(stored.values())


def test_what_was_acknowledged_survives_sigkill_and_the_views_catch_up(data: Path) -> None:
    acknowledged: dict[str, int] = {}
    for _ in range(2):
        with service(data) as running, posting(running) as posted:
            running.kill()
            posted.stop()
            acknowledged |= posted.acknowledged
            assert set(posted.answers) == {200}
    with service(data) as running:
        assert running.post(body("afterwards")).json()["status"] == "accepted"
        eventually(lambda: caught_up(running))
        assert running.get("/readyz").json()["broken"] == 0
        proven(data, acknowledged)
        assert running.stop() == 0
    assert digests(data)


def test_sigterm_stops_within_seconds_and_loses_nothing(data: Path) -> None:
    with service(data) as running:
        stream = httpx.stream("GET", f"{running.url}/live", timeout=10)
        with stream as live, posting(running) as posted:
            assert live.headers["content-type"] == "text/event-stream"
            started = monotonic()
            assert running.stop() == 0
            assert monotonic() - started < 10
            posted.stop()
        assert set(posted.answers) <= {200, 503}
        assert "Traceback" not in running.errors()
    assert not (data / "tracker.sock").exists()
    with service(data) as running:
        eventually(lambda: caught_up(running))
        proven(data, posted.acknowledged)


def test_an_event_is_announced_to_an_open_page(data: Path) -> None:
    with service(data) as running:
        with httpx.stream("GET", f"{running.url}/live", timeout=30) as live:
            lines = live.iter_lines()
            assert next(lines).startswith("retry:")
            running.post(body(record="t-live"))
            assert any("conversations:t-live" in line for line in lines)
        eventually(lambda: running.get("/metrics").text.count("tracker_live_browsers 0.0") == 1)


def test_a_second_service_in_the_same_directory_is_refused(data: Path) -> None:
    with service(data) as running:
        second = tracker(
            "serve", "--port", str(free_port()), "--data", str(data), TRACKER_SIGNING_SECRETS="x"
        )
        assert second.returncode == 1
        assert str(data) in second.stderr
        assert "Another process is writing the log" in second.stderr
        assert "Traceback" not in second.stderr
        assert running.post(body()).status_code == 200


def test_a_taken_port_is_refused(data: Path, tmp_path: Path) -> None:
    with service(data) as running:
        port = running.url.rpartition(":")[2]
        second = tracker(
            "serve", "--port", port, "--data", str(tmp_path / "other"), TRACKER_SIGNING_SECRETS="x"
        )
        assert second.returncode == 1
        assert port in second.stderr
        assert "--port" in second.stderr
        assert "Traceback" not in second.stderr
        assert "Serving" not in second.stdout + second.stderr


def test_without_a_secret_it_does_not_start_and_says_what_to_type(data: Path) -> None:
    refused = tracker("serve", "--port", str(free_port()), "--data", str(data))
    assert refused.returncode == 1
    assert "tracker secret add --label popp --value" in refused.stderr
    assert not (data / "log.db").exists()


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1"])  # noqa: S104 - to be refused
def test_with_open_access_it_does_not_listen_where_others_can_reach_it(
    data: Path, host: str
) -> None:
    refused = tracker(
        *("serve", "--host", host, "--data", str(data)),
        TRACKER_SIGNING_SECRETS="x",
        TRACKER_OPEN_ACCESS="true",
    )
    assert refused.returncode == 1
    assert "open_access" in refused.stderr
    assert host in refused.stderr
    assert not (data / "log.db").exists()


def test_a_secret_that_is_added_while_it_runs_counts(data: Path) -> None:
    with service(data) as running:
        added = tracker("secret", "add", "--label", "new", "--value", "n", "--data", str(data))
        assert added.returncode == 0
        running.secret = "n"
        eventually(lambda: running.post(body()).status_code == 200)
        running.secret = SECRET
        assert running.post(body()).json()["status"] == "duplicate"


def test_a_rebuild_beside_the_service_refuses_no_event_and_pages_keep_answering(
    data: Path,
) -> None:
    with service(data) as running:
        for content in bodies(200, start=1000):
            running.post(content)
        with posting(running) as posted:
            done: list[str] = []
            arguments = ("rebuild", "--require-parity", "--json", "--data", str(data))
            rebuilding = threading.Thread(
                target=lambda: done.append(tracker(*arguments, "--processes", "2").stdout)
            )
            rebuilding.start()
            asked = 0
            while rebuilding.is_alive():
                for path in PAGES:
                    answer = running.get(path)
                    assert answer.status_code == 200, (path, answer.text)
                    asked += 1
            rebuilding.join()
            report = json.loads(done[0])
            assert report["switched"]
            assert asked >= len(PAGES)
            before = len(posted.acknowledged)
            eventually(lambda: len(posted.acknowledged) > before)
        assert set(posted.answers) == {200}
        eventually(lambda: running.get("/api/v1/projections").json()["generation"] == 2)
        eventually(lambda: caught_up(running))
        proven(data, posted.acknowledged)


def test_commands_work_beside_the_service(data: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    append(other, bodies(20))
    exported = tmp_path / "log.ndjson"
    out = tracker("log", "export", str(exported), "--data", str(other))
    assert out.returncode == 0, out.stderr
    with service(data) as running:
        imported = tracker("log", "import", str(exported), "--data", str(data), "--json")
        assert imported.returncode == 0, imported.stderr
        eventually(lambda: caught_up(running))
        assert running.get("/api/v1/projections").json()["log_head"] == 20
        verified = json.loads(tracker("log", "verify", "--json", "--data", str(data)).stdout)
        assert (verified["ok"], verified["events"]) == (True, 20)
        told = json.loads(tracker("digest", "--json", "--data", str(data)).stdout)
        assert told["log_head"] == 20


def test_a_service_that_is_stopped_during_a_rebuild_of_its_own_stops_at_once(data: Path) -> None:
    for n in range(25):
        append(data, bodies(1000, start=1000 * n))  # more than is built before it answers
    with service(data) as running:
        eventually(lambda: any(data.glob("views-*.db")))
        started = monotonic()
        assert running.stop() == 0
        assert monotonic() - started < 10
    assert not any(data.glob("views-*.db")) or (data / "views.current").exists()


def test_port_0_is_any_free_port_and_the_one_that_is_told(data: Path) -> None:
    started = subprocess.Popen(
        [sys.executable, "-m", "tracker", "serve", "--data", str(data), "--port", "0"],
        env=environment(TRACKER_SIGNING_SECRETS=SECRET),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    with started:
        assert started.stderr is not None
        said = next(line for line in started.stderr if line.startswith("Serving on "))
        url = said.removeprefix("Serving on ").strip()
        eventually(lambda: answers(url))
        started.terminate()
    assert started.returncode == 0


def answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/healthz").status_code == 200
    except httpx.TransportError:
        return False


def test_every_file_is_its_owners_alone(data: Path) -> None:
    before = os.umask(0o022)
    try:
        with service(data) as running:
            assert running.post(body()).is_success
            modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in data.rglob("*")}
    finally:
        os.umask(before)
    assert {"log.db", "control.db"} <= modes.keys()
    assert {name: oct(mode) for name, mode in modes.items() if mode & 0o077} == {}
