"""Sending: every body arrives signed and byte for byte, and a busy service is waited for."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tracker.errors import InvalidInput
from tracker.sender import read_bodies, send, send_signed
from tracker.signing import verify

SECRET = "whsec_test"
Answer = tuple[int, dict[str, str], bytes]
ACCEPTED: Answer = (200, {}, b'{"status":"accepted","position":1}')


class Service:
    """A small service that answers as it is told and remembers what it got."""

    def __init__(self, answer: Callable[[bytes, int], Answer]) -> None:
        self.bodies: list[bytes] = []
        self.connections: set[Any] = set()
        self.answer = answer
        self.lock = threading.Lock()
        self.url = ""


@contextmanager
def service(answer: Callable[[bytes, int], Answer] = lambda _b, _n: ACCEPTED) -> Iterator[Service]:
    state = Service(answer)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # Headers and body of an answer go out together, without waiting for more to send.
        wbufsize = -1

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            signed = verify(body, self.headers["x-signature"], [("test", SECRET)])
            with state.lock:
                state.bodies.append(body)
                state.connections.add(self.client_address)
                status, headers, text = state.answer(body, len(state.bodies))
            self.send_response(status if signed else 401)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *_args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    state.url = f"http://127.0.0.1:{server.server_port}/webhooks/popp"
    try:
        yield state
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _never(_seconds: float) -> None:
    pytest.fail("there was nothing to wait for")


def test_every_body_arrives_once_over_a_few_kept_connections() -> None:
    bodies = [json.dumps({"n": n}).encode() for n in range(200)]
    seen: list[str] = []
    with service() as running:
        summary = send(running.url, SECRET, bodies, 3, seen.append, _never)
        assert sorted(running.bodies) == sorted(bodies)
        assert len(running.connections) <= 3
    assert summary.outcomes == {"accepted": 200}
    assert summary.sent == 200
    assert seen == ["accepted"] * 200
    assert not summary.stopped


def test_one_connection_keeps_the_order() -> None:
    bodies = [b"%d" % n for n in range(50)]
    with service() as running:
        send(running.url, SECRET, bodies, concurrency=1)
        assert running.bodies == bodies


def test_outcomes_are_counted_as_the_service_names_them() -> None:
    statuses = ["accepted", "duplicate", "conflict", "quarantined"]
    with service(lambda _b, n: (200, {}, json.dumps({"status": statuses[n - 1]}).encode())) as s:
        summary = send(s.url, SECRET, [b"x"] * 4, 1)
    assert summary.outcomes == dict.fromkeys(statuses, 1)


def test_a_wrong_secret_is_said_in_words() -> None:
    with service() as running:
        summary = send(running.url, "another", [b"x"])
    assert summary.outcomes == {"rejected": 1}
    assert "secret" in summary.errors[0]


def test_a_given_signature_is_sent_as_it_is() -> None:
    with service() as running:
        summary = send_signed(running.url, [(b"x", "not a signature")])
    assert summary.outcomes == {"rejected": 1}


def test_a_busy_service_is_asked_again_after_the_time_it_names() -> None:
    waits: list[float] = []
    busy = [(503, {"Retry-After": "7"}, b""), (503, {"Retry-After": "86400"}, b""), (503, {}, b"")]
    with service(lambda _b, n: busy[n - 1] if n <= 3 else ACCEPTED) as running:
        summary = send(running.url, SECRET, [b"x"], 1, sleep=waits.append)
    assert summary.outcomes == {"accepted": 1}
    assert waits[:2] == [7, 30]
    assert 0 < waits[2] < 30


def test_a_service_that_stays_busy_is_reported() -> None:
    with service(lambda _b, _n: (503, {}, b"the disk is full")) as running:
        summary = send(running.url, SECRET, [b"x"], 1, sleep=lambda _s: None)
        assert len(running.bodies) == 5
    assert summary.outcomes == {"status 503": 1}
    assert "disk is full" in summary.errors[0]


def test_other_answers_are_not_repeated() -> None:
    with service(lambda _b, _n: (413, {}, b"too large")) as running:
        summary = send(running.url, SECRET, [b"x"], 1, sleep=_never)
    assert summary.outcomes == {"status 413": 1}


def test_an_answer_that_is_not_the_service_s_is_not_counted_as_accepted() -> None:
    with service(lambda _b, _n: (200, {}, b"<html>")) as running:
        summary = send(running.url, SECRET, [b"x"], 1)
    assert summary.outcomes == {"status 200": 1}
    assert "URL" in summary.errors[0]


def test_sending_stops_when_nobody_answers() -> None:
    with service() as running:
        url = running.url
    waits: list[float] = []
    summary = send(url, SECRET, (b"%d" % n for n in range(1000)), 1, sleep=waits.append)
    assert summary.stopped
    assert summary.outcomes == {"unsent": 1}
    assert summary.sent == 0
    assert waits == sorted(waits)
    assert "can't be reached" in summary.errors[0]


def test_a_source_that_fails_is_not_hidden(tmp_path: Path) -> None:
    with service() as running, pytest.raises(InvalidInput, match="can't be read"):
        send(running.url, SECRET, read_bodies(tmp_path / "missing.ndjson"))


@pytest.mark.parametrize("url", ["", "localhost:8000", "ftp://x/", "http://", "http://x:99999/"])
def test_an_address_that_is_not_http_is_refused(url: str) -> None:
    with pytest.raises(InvalidInput, match="HTTP address"):
        send(url, SECRET, [])


def test_a_json_file_is_one_body_byte_for_byte(tmp_path: Path) -> None:
    content = b' {\n "a": 1 }\r\n\n'
    (tmp_path / "one.json").write_bytes(content)
    assert list(read_bodies(tmp_path / "one.json")) == [content]


def test_lines_are_bodies_without_their_ends(tmp_path: Path) -> None:
    (tmp_path / "many.ndjson").write_bytes(b'{"a":1} \n\n{"b":"\xff"}\r\n  \n{"c":3}')
    assert list(read_bodies(tmp_path / "many.ndjson")) == [b'{"a":1} ', b'{"b":"\xff"}', b'{"c":3}']
