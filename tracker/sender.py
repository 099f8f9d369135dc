"""Signs bodies and posts them to a running service, several at a time.

Connections are kept open, each by one thread. What the service couldn't store
(503) or a broken connection interrupted is posted again; the service knows an
event by its id, so posting twice is safe.
"""

import http.client
import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Final
from urllib.parse import SplitResult, urlsplit

import msgspec

from tracker.errors import InvalidInput
from tracker.signing import sign

SIGNATURE_HEADER: Final = "x-signature"
LINE_FILES: Final = frozenset({".ndjson", ".jsonl"})

_ATTEMPTS: Final = 5
_TIMEOUT: Final = 30.0
_LONGEST_WAIT: Final = 30.0
_MOST_ERRORS: Final = 20
_SERVICE_UNAVAILABLE: Final = 503


class Summary(msgspec.Struct):
    """What became of the bodies: how many by outcome, and the first errors in words.

    Outcomes are those that the service answers (`accepted`, `duplicate`,
    `conflict`, `quarantined`), `rejected` (401), `status N` for any other answer and
    `unsent` where there was none. `stopped` says that the service couldn't be
    reached, so that the rest was not tried.
    """

    outcomes: Counter[str] = msgspec.field(default_factory=Counter)
    errors: list[str] = msgspec.field(default_factory=list)
    stopped: bool = False

    @property
    def sent(self) -> int:
        """How many bodies were answered."""
        return self.outcomes.total() - self.outcomes["unsent"]


def send(
    url: str,
    secret: str,
    bodies: Iterable[bytes],
    concurrency: int = 4,
    progress: Callable[[str], None] = lambda _outcome: None,
    sleep: Callable[[float], None] = time.sleep,
) -> Summary:
    """Sign and post bodies. `progress` is called with the outcome of each, by one thread at a time.

    With a concurrency of 1 they arrive in order. Raises InvalidInput when the URL is not HTTP.
    """
    signed = ((body, sign(secret, body)) for body in bodies)
    return send_signed(url, signed, concurrency, progress, sleep)


def send_signed(
    url: str,
    deliveries: Iterable[tuple[bytes, str]],
    concurrency: int = 4,
    progress: Callable[[str], None] = lambda _outcome: None,
    sleep: Callable[[float], None] = time.sleep,
) -> Summary:
    """Post pairs of a body and the signature it shall carry, as `send` does."""
    sending = _Sending(_endpoint(url), deliveries, progress, sleep)
    threads = [threading.Thread(target=sending.work) for _ in range(max(1, concurrency))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if sending.failure is not None:
        raise sending.failure
    return sending.summary


def read_bodies(path: Path) -> Iterator[bytes]:
    """The bodies in a file, byte by byte as they stand there.

    A file whose name ends in `.ndjson` or `.jsonl` holds one body a line, without
    its line end; blank lines are left out. Any other file is one body, whole.
    Raises InvalidInput when the file can't be read.
    """
    try:
        if path.suffix.lower() not in LINE_FILES:
            yield path.read_bytes()
            return
        with path.open("rb") as lines:
            for line in lines:
                body = line.removesuffix(b"\n").removesuffix(b"\r")
                if body.strip():
                    yield body
    except OSError as error:
        raise InvalidInput(f"{path} can't be read: {error.strerror}") from error


def _endpoint(url: str) -> SplitResult:
    try:
        endpoint = urlsplit(url)
        valid = endpoint.scheme in {"http", "https"} and bool(endpoint.hostname)
        _ = endpoint.port  # raises ValueError when it is not a number in range
    except ValueError:
        valid = False
    if not valid:
        raise InvalidInput(
            f"{url!r} is not an HTTP address; it should look like "
            "http://127.0.0.1:8000/webhooks/popp",
            field="url",
        )
    return endpoint


class _Sending:
    """What the threads share: the bodies still to send, and the summary."""

    def __init__(
        self,
        endpoint: SplitResult,
        deliveries: Iterable[tuple[bytes, str]],
        progress: Callable[[str], None],
        sleep: Callable[[float], None],
    ) -> None:
        self.summary = Summary()
        self.failure: Exception | None = None
        self._endpoint = endpoint
        self._deliveries = iter(deliveries)
        self._progress = progress
        self._sleep = sleep
        self._reading = threading.Lock()
        self._counting = threading.Lock()

    def work(self) -> None:
        """Post bodies over one connection until there are no more."""
        connection = self._connection()
        try:
            while (delivery := self._next()) is not None:
                self._count(*self._post(connection, *delivery))
        except Exception as error:  # noqa: BLE001 - raised again by the thread that waits
            self.failure, self.summary.stopped = error, True
        finally:
            connection.close()

    def _connection(self) -> http.client.HTTPConnection:
        secure = self._endpoint.scheme == "https"
        kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
        host = self._endpoint.hostname or ""
        return kind(host, self._endpoint.port, timeout=_TIMEOUT)

    def _next(self) -> tuple[bytes, str] | None:
        with self._reading:
            return None if self.summary.stopped else next(self._deliveries, None)

    def _post(
        self, connection: http.client.HTTPConnection, body: bytes, signature: str
    ) -> tuple[str, str | None]:
        """The outcome of one body, and an error in words if it wasn't taken."""
        outcome, error = "unsent", None
        for attempt in range(_ATTEMPTS):
            try:
                response, text = self._exchange(connection, body, signature)
            except (OSError, http.client.HTTPException) as problem:
                connection.close()
                outcome, error = "unsent", f"{self._endpoint.netloc} can't be reached: {problem}"
                wait = _pause(attempt)
            else:
                outcome, error = _outcome(response.status, text)
                if response.status != _SERVICE_UNAVAILABLE:
                    return outcome, error
                wait = _retry_after(response.getheader("Retry-After"), attempt)
            if attempt < _ATTEMPTS - 1:
                self._sleep(wait)
        return outcome, error

    def _exchange(
        self, connection: http.client.HTTPConnection, body: bytes, signature: str
    ) -> tuple[http.client.HTTPResponse, bytes]:
        target = self._endpoint.path or "/"
        if self._endpoint.query:
            target += f"?{self._endpoint.query}"
        headers = {"Content-Type": "application/json", SIGNATURE_HEADER: signature}
        connection.request("POST", target, body, headers)
        response = connection.getresponse()
        return response, response.read()

    def _count(self, outcome: str, error: str | None) -> None:
        with self._counting:
            self.summary.outcomes[outcome] += 1
            self.summary.stopped |= outcome == "unsent"
            if error and len(self.summary.errors) < _MOST_ERRORS:
                self.summary.errors.append(error)
            self._progress(outcome)


def _outcome(status: int, text: bytes) -> tuple[str, str | None]:
    if status == http.client.OK:
        try:
            return str(json.loads(text)["status"]), None
        except (ValueError, KeyError, TypeError):
            return "status 200", "the answer is not one of this service; is the URL right?"
    if status == http.client.UNAUTHORIZED:
        return "rejected", "401: the service doesn't know this signing secret"
    return f"status {status}", f"{status}: {text[:200].decode('utf-8', 'replace')}"


def _retry_after(header: str | None, attempt: int) -> float:
    """Seconds to wait: what the service asks for, within a limit, else longer every time."""
    if header is not None and header.strip().isdecimal():
        return min(float(header), _LONGEST_WAIT)
    return _pause(attempt)


def _pause(attempt: int) -> float:
    return float(min(0.2 * 2**attempt, _LONGEST_WAIT))
