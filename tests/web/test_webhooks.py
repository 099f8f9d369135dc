"""The one endpoint that the provider calls: what is signed is stored, whatever it holds."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.running import eventually
from tests.sample import MALFORMED, ROOT, body, opened, reading
from tests.web.asgi import Answer, ask, scope
from tracker.ingest import Ingest
from tracker.log import LogReader
from tracker.settings import load_settings
from tracker.signing import encodings, sign
from tracker.timing import now
from web.app import create_app
from web.bodies import SMALL, Room, in_time
from web.live import Hub
from web.services import Services

SECRET = "whsec"
LIMIT = 4096
VECTORS = json.loads((ROOT / "fixtures/signatures.json").read_text())


class Endpoint:
    """The application, the log behind it, and the secrets it knows at the moment."""

    def __init__(self, data: Path, stack: ExitStack, **settings: Any) -> None:
        self.secrets = [("live", SECRET)]
        self.ingest = Ingest(stack.enter_context(opened(data)), secrets=lambda: self.secrets)
        self.ingest.start()
        stack.callback(self.ingest.stop)
        self.log: LogReader = stack.enter_context(reading(data))
        absent = cast("Any", None)
        self.app = create_app(
            Services(
                settings=load_settings(data, max_body_bytes=LIMIT, open_access=True, **settings),
                log=self.log,
                views=absent,
                ingest=self.ingest,
                engine=absent,
                hub=Hub(),
                control=absent,
                scheduler=absent,
                rebuild=absent,
                eraser=absent,
                now=now,
            )
        )

    def post(
        self,
        *chunks: bytes,
        signature: bytes | str | None = "right",
        cut_off: bool = False,
        **headers: str,
    ) -> Answer:
        """Deliver a body in chunks, signed unless said otherwise."""
        sent = [(name.replace("_", "-"), value.encode()) for name, value in headers.items()]
        if signature == "right":
            signature = sign(self.secrets[0][1], b"".join(chunks))
        if signature is not None:
            raw = signature if isinstance(signature, bytes) else signature.encode()
            sent.append(("x-signature", raw))
        return ask(self.app, "POST", "/webhooks/popp", headers=sent, chunks=chunks, cut_off=cut_off)


@pytest.fixture(scope="module")
def endpoint() -> Iterator[Endpoint]:
    with TemporaryDirectory() as name, ExitStack() as stack:
        yield Endpoint(Path(name), stack)


@pytest.fixture
def fresh(data: Path) -> Iterator[Endpoint]:
    with ExitStack() as stack:
        yield Endpoint(data, stack)


def test_a_signed_event_is_accepted_and_a_second_one_is_a_duplicate(fresh: Endpoint) -> None:
    first, again, other = fresh.post(body()), fresh.post(body()), fresh.post(body(x=1))
    assert [answer.status for answer in (first, again, other)] == [200, 200, 200]
    assert first.json() == {"status": "accepted", "position": 1}
    assert again.json() == {"status": "duplicate", "position": 1}
    assert other.json() == {"status": "conflict", "position": 1}
    assert first.headers["content-type"].startswith("application/json")
    assert fresh.log.event(1).body == body()
    assert fresh.log.deliveries()[0].remote == "192.0.2.7"


@pytest.mark.parametrize("path", MALFORMED, ids=lambda path: path.stem)
def test_a_signed_body_that_is_no_event_is_kept_byte_for_byte_and_answered_200(
    endpoint: Endpoint, path: Path
) -> None:
    raw = path.read_bytes()
    head = endpoint.log.head()
    answer = endpoint.post(raw)
    if len(raw) > LIMIT:
        assert answer.status == 413
        answer = Endpoint.post(endpoint, raw[:LIMIT])
        raw = raw[:LIMIT]
    assert (answer.status, answer.json()) == (200, {"status": "quarantined"})
    assert raw in [held.body for held in endpoint.log.quarantined()]
    assert endpoint.log.head() == head


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_a_signature_is_judged_as_its_vector_says(fresh: Endpoint, vector: dict[str, Any]) -> None:
    fresh.secrets = [("live", vector["secret"])]
    answer = fresh.post(vector["body"].encode(), signature=vector["header"])
    assert answer.status == (200 if vector["accepted"] else 401)


def test_any_active_secret_will_do_in_any_encoding(fresh: Endpoint) -> None:
    fresh.secrets = [("new", "n"), ("old", "o")]
    for number, written in enumerate([*encodings("n", body()), *encodings("o", body())]):
        assert fresh.post(body(), signature=written).status == 200, number
    fresh.secrets = [("new", "n")]
    assert fresh.post(body(), signature=sign("o", body())).status == 401


@pytest.mark.parametrize("signature", [None, "", "sha256=", "0" * 64, "ü" * 30, "x" * 5000])
def test_what_is_not_signed_is_refused_and_only_noted(
    fresh: Endpoint, signature: str | None
) -> None:
    answer = fresh.post(body(), signature=signature)
    assert answer.status == 401
    assert answer.json()["status"] == "rejected"
    assert "x-signature" in answer.json()["detail"]
    assert SECRET not in answer.body.decode()
    fresh.ingest.append_bodies([body("other")])  # the note is written with what comes next
    assert [row.outcome for row in fresh.log.deliveries()] == ["rejected"]
    assert fresh.log.quarantined() == []
    assert fresh.log.head() == 1


@pytest.mark.parametrize(
    ("trusted", "noted"), [("", "192.0.2.7"), ("192.0.2.7", "203.0.113.9")], ids=["peer", "proxy"]
)
def test_the_sender_is_believed_of_a_trusted_proxy_alone(
    data: Path, trusted: str, noted: str
) -> None:
    with ExitStack() as stack:
        endpoint = Endpoint(data, stack, trusted_proxies=trusted)
        endpoint.post(b"{", x_forwarded_for="198.51.100.1, 203.0.113.9")
        assert [row.remote for row in endpoint.log.deliveries()] == [noted]


def test_the_signature_covers_every_byte(fresh: Endpoint) -> None:
    good = sign(SECRET, body())
    for tampered in (body() + b" ", b" " + body(), body().replace(b"talk-1", b"talk-2"), b""):
        assert fresh.post(tampered, signature=good).status == 401
    assert fresh.log.head() == 0


def test_a_body_up_to_the_limit_is_taken_and_one_byte_more_is_not(fresh: Endpoint) -> None:
    largest = body(filler="").replace(b'"filler": ""', b'"filler": "%s"')
    largest = largest.replace(b"%s", b"x" * (LIMIT - len(largest) + 2))
    assert len(largest) == LIMIT
    assert fresh.post(largest, content_length=str(LIMIT)).status == 200
    answer = fresh.post(largest + b" ")
    assert answer.status == 413
    assert str(LIMIT) in answer.json()["detail"]
    assert fresh.log.head() == 1


def test_what_is_refused_unread_is_recorded_with_its_reason_and_size(fresh: Endpoint) -> None:
    fresh.post(b"x" * (LIMIT + 1), content_length=str(LIMIT + 1))
    eventually(lambda: len(fresh.log.deliveries()) == 1)
    (delivery,) = fresh.log.deliveries()
    assert (delivery.outcome, delivery.size) == ("rejected", LIMIT + 1)
    assert "larger" in str(delivery.reason)


@pytest.mark.parametrize("declared", [None, "10", "0", "-1", "many", "4294967296000"])
def test_a_length_that_lies_changes_nothing(fresh: Endpoint, declared: str | None) -> None:
    headers = {} if declared is None else {"content_length": declared}
    flood = [b"x" * 1000] * 6
    assert fresh.post(*flood, **headers).status == 413
    expected = 413 if declared == "4294967296000" else 200
    assert fresh.post(body(), **headers).status == expected


def test_a_declared_size_that_is_too_large_is_refused_before_anything_is_read(
    fresh: Endpoint,
) -> None:
    unread = iter([b"never"])
    headers = [("content-length", b"999999999"), ("x-signature", b"?")]
    answer = ask(fresh.app, "POST", "/webhooks/popp", headers=headers, chunks=unread)
    assert answer.status == 413


def test_a_large_body_waits_for_room_at_the_sender(fresh: Endpoint) -> None:
    services: Services = fresh.app.state.services
    more = services.settings.model_copy(update={"max_body_bytes": 10 * SMALL})
    fresh.app.state.services = replace(services, settings=more, room=Room(3 * SMALL))
    answer = fresh.post(body("large", filler="x" * 3 * SMALL))
    assert (answer.status, answer.headers["retry-after"]) == (503, "5")
    assert "too many large bodies" in answer.json()["detail"]
    assert fresh.post(body("small")).status == 200


def test_who_falls_silent_in_a_body_is_cut_off(
    fresh: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("web.app.in_time", partial(in_time, seconds=0.05))
    sent: list[Any] = []

    async def silence() -> Any:
        await asyncio.Event().wait()

    async def send(message: Any) -> None:
        sent.append(message)

    async def serve() -> None:
        asked = scope(fresh.app, "POST", "/webhooks/popp", [])
        await asyncio.wait_for(fresh.app(asked, silence, send), 20)

    asyncio.run(serve())
    assert sent[0]["status"] == 400


def test_chunks_make_one_body(fresh: Endpoint) -> None:
    raw = body()
    assert fresh.post(*(raw[n : n + 7] for n in range(0, len(raw), 7))).status == 200
    assert fresh.log.event(1).body == raw


def test_a_sender_that_goes_away_in_the_middle_leaves_nothing(fresh: Endpoint) -> None:
    answer = fresh.post(body(), cut_off=True)
    assert answer.status == 400  # which nobody hears
    assert fresh.log.head() == 0
    assert fresh.log.quarantined() == []


@pytest.mark.parametrize("coding", ["gzip", "br", "deflate, gzip", "x-unknown"])
def test_an_encoded_body_is_refused_because_it_is_not_what_was_signed(
    fresh: Endpoint, coding: str
) -> None:
    answer = fresh.post(body(), content_encoding=coding)
    assert answer.status == 415
    assert "Content-Encoding" in answer.json()["detail"]
    assert fresh.post(body(), content_encoding="Identity").status == 200


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "nonsense"])
def test_the_content_type_does_not_matter(fresh: Endpoint, kind: str) -> None:
    assert fresh.post(body(), content_type=kind).json()["status"] == "accepted"


@pytest.mark.parametrize("failure", [OSError("disk"), ValueError("unforeseen")])
def test_what_could_not_be_stored_is_answered_503_so_that_it_is_sent_again(
    fresh: Endpoint, failure: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_deliveries: object) -> None:
        raise failure

    with monkeypatch.context() as patched:
        patched.setattr(fresh.ingest._writer._log, "append", fail)
        answer = fresh.post(body())
    assert answer.status == 503
    assert int(answer.headers["retry-after"]) > 0
    assert str(failure) not in answer.body.decode()
    assert fresh.post(body()).json() == {"status": "accepted", "position": 1}


def test_what_nobody_foresaw_is_logged_without_the_body_and_sent_again(
    fresh: Endpoint, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_given: object) -> None:
        raise RuntimeError("unforeseen")

    with monkeypatch.context() as patched:
        patched.setattr("tracker.ingest.verify", fail)
        answer = fresh.post(body(name="Ada"))
    assert (answer.status, answer.headers["retry-after"]) == (503, "5")
    assert "unforeseen" not in answer.body.decode()
    assert "RuntimeError: unforeseen" in caplog.text
    assert "Ada" not in caplog.text


def test_only_post_is_answered(fresh: Endpoint) -> None:
    assert ask(fresh.app, "GET", "/webhooks/popp").status == 405


@settings(deadline=None, max_examples=60)
@given(raw=st.binary(max_size=300), signature=st.none() | st.binary(max_size=80))
def test_no_bytes_whatsoever_are_answered_5xx(
    endpoint: Endpoint, raw: bytes, signature: bytes | None
) -> None:
    assert endpoint.post(raw, signature=signature).status == 401
    answer = endpoint.post(raw)
    assert (answer.status, answer.json()["status"]) == (200, "quarantined")
    assert endpoint.log.quarantined(limit=1000)[0].body is not None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=6,
)


@settings(deadline=None, max_examples=60)
@given(
    message=st.fixed_dictionaries(
        {},
        optional=dict.fromkeys(("event", "eventId", "eventTimestamp", "data", "more"), JSON),
    ),
    valid=st.booleans(),
)
def test_no_json_whatsoever_is_answered_5xx(
    endpoint: Endpoint, message: dict[str, Any], valid: bool
) -> None:
    whole = json.loads(body()) if valid else {}
    raw = json.dumps({**whole, **message}).encode()
    assert endpoint.post(raw).status == (200 if len(raw) <= LIMIT else 413)
