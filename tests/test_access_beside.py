"""Commands that let people in work beside a running service, and neither loses what it wrote."""

import json
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx

from tests.running import service, tracker
from tracker.access import Grant, Role
from tracker.control import Control

COMMANDS = 12


def test_commands_and_the_service_write_at_the_same_time_and_lose_nothing(data: Path) -> None:
    downloads, enough = 0, threading.Event()
    with service(data, env={"TRACKER_OPEN_ACCESS": "false"}) as running:
        control = Control(data / "control.db")
        _, value = control.tokens.add("busy", Grant(Role.ENGINEER), actor="test")

        def work() -> None:
            nonlocal downloads
            headers = {"authorization": f"Bearer {value}"}
            with httpx.Client(base_url=running.url, headers=headers) as client:
                while not enough.is_set():
                    assert client.get("/runs.csv").status_code == 200
                    downloads += 1

        busy = threading.Thread(target=work)
        busy.start()
        with ThreadPoolExecutor(3) as pool:
            tokens = list(pool.map(lambda number: added(data, number), range(COMMANDS)))
        enough.set()
        busy.join()
        for token in tokens:
            answer = httpx.get(
                f"{running.url}/api/v1/runs", headers={"authorization": f"Bearer {token}"}
            )
            assert answer.status_code == 200
        assert running.stop() == 0
    names = {one.name for one in control.tokens.all()}
    assert names == {"busy", *(f"token-{number}" for number in range(COMMANDS))}
    assert all(one.used_at for one in control.tokens.all())
    done = Counter(entry.action for entry in control.audit.entries(limit=100_000))
    assert downloads > 0
    assert done["list downloaded"] == downloads
    assert done["api token made"] == COMMANDS + 1


def added(data: Path, number: int) -> str:
    """The value of a token that a command makes."""
    options = ("--role", "viewer", "--json", "--data", str(data))
    made = tracker("token", "add", f"token-{number}", *options)
    assert made.returncode == 0, made.stderr
    value: str = json.loads(made.stdout)["token"]
    return value
