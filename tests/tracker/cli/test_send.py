"""Bodies are signed and posted as they stand in their files."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.tracker.cli.running import answer, tracker
from tracker.envelope import read_envelope
from tracker.events import TEST_RECEIVED
from tracker.signing import verify


class Endpoint(BaseHTTPRequestHandler):
    """Accepts what `secret` signs, and remembers the bodies."""

    bodies: list[bytes]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        signed = verify(body, self.headers["x-signature"], [("test", "secret")])
        self.bodies.append(body)
        self.send_response(200 if signed and self.path == "/webhooks/popp" else 401)
        self.end_headers()
        self.wfile.write(b'{"status":"accepted","position":1}')

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the parent's name
        """Say nothing."""


@pytest.fixture
def endpoint() -> Iterator[tuple[str, list[bytes]]]:
    bodies: list[bytes] = []
    handler = type("Here", (Endpoint,), {"bodies": bodies})
    with HTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", bodies
        server.shutdown()
        thread.join()


def test_send_signs_and_posts_files_folders_and_lines_in_order(
    data: Path, tmp_path: Path, endpoint: tuple[str, list[bytes]]
) -> None:
    url, bodies = endpoint
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "b.ndjson").write_bytes(b"[1]\n\n[2]\n")
    (folder / "a.json").write_bytes(b'{\n"x": 1}\n')
    (folder / "note.txt").write_bytes(b"not sent")

    done = answer(data, "send", str(folder), "-", "--url", url, "--secret", "secret", stdin=b"[3]")

    assert bodies == [b'{\n"x": 1}\n', b"[1]", b"[2]", b"[3]"]
    assert (done["sent"], done["outcomes"]) == (4, {"accepted": 4})


def test_send_takes_the_secret_of_the_data_directory(
    data: Path, endpoint: tuple[str, list[bytes]]
) -> None:
    tracker(data, "secret", "add", "--label", "popp", "--value", "secret")

    result = tracker(data, "send", "-", "--url", endpoint[0], stdin=b"{}")

    assert result.exit_code == 0


def test_send_ends_with_1_when_something_is_refused(
    data: Path, endpoint: tuple[str, list[bytes]]
) -> None:
    result = tracker(data, "send", "-", "--url", endpoint[0], "--secret", "other", stdin=b"{}\n[]")

    assert result.exit_code == 1
    assert "rejected" in result.stdout
    assert "doesn't know this signing secret" in result.stderr


def test_send_without_any_secret_says_how_to_give_one(data: Path) -> None:
    result = tracker(data, "send", "-", stdin=b"{}")

    assert result.exit_code == 1
    assert "--secret" in result.stderr


def test_a_test_delivery_names_the_address_that_it_was_posted_to(
    data: Path, endpoint: tuple[str, list[bytes]]
) -> None:
    url, bodies = endpoint

    done = answer(data, "send", "--test", "--url", url, "--secret", "secret")

    [sent] = bodies
    assert done["outcomes"] == {"accepted": 1}
    assert read_envelope(sent).type == TEST_RECEIVED
    assert json.loads(sent)["data"]["via"] == f"{url}/webhooks/popp"


@pytest.mark.parametrize("arguments", [[], ["--test", "fixtures/events"]])
def test_either_files_or_a_test_are_sent(data: Path, arguments: list[str]) -> None:
    refused = tracker(data, "send", *arguments)

    assert refused.exit_code == 2
    assert "--test" in refused.stderr
