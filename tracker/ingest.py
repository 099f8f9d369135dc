"""From an HTTP body to a durable event: verify, read the envelope, commit, then answer.

Deliveries that arrive together are committed together: one thread owns the log and
takes all that wait into one transaction, so that a commit's fsync is shared.
"""

import asyncio
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from typing import Any, TypeVar

import msgspec

from tracker.envelope import internal_body, read_envelope
from tracker.errors import InvalidEnvelope, NotStored
from tracker.log import Incoming, Log, LogReader, Outcome, Receipt
from tracker.signing import verify
from tracker.timing import MINUTE, now

LARGEST_BATCH = 512
MOST_WAITING = 8_192
MOST_REJECTED = 64  # recorded in a minute, however many come
NOT_SIGNED = "x-signature is not the HMAC-SHA256 of this body by an active secret"

Result = TypeVar("Result")
Secrets = Callable[[], Sequence[tuple[str, str]]]


class Ingest:
    """The append path. Start it once; every method may be called from any thread.

    `secrets` gives the active signing secrets as (label, value); `verified` is told
    which one signed a delivery; `committed` is told the new head after each commit, and
    `noticed` the outcomes in it that were not simply accepted.
    """

    def __init__(
        self,
        log: Log,
        secrets: Secrets,
        verified: Callable[[str, int], None] = lambda _label, _at: None,
        committed: Callable[[int], None] = lambda _head: None,
        noticed: Callable[[frozenset[Outcome]], None] = lambda _outcomes: None,
    ) -> None:
        self._writer = _Writer(log, committed, noticed)
        self._secrets = secrets
        self._verified = verified
        self.outcomes: Counter[str] = Counter()

    def start(self) -> None:
        """Start the writer's thread."""
        self._writer.start()

    def stop(self) -> None:
        """Commit what waits, then end the thread."""
        self._writer.stop()

    @property
    def writable(self) -> bool:
        """Whether the last commit went well, or none was tried yet."""
        return self._writer.problem is None

    @property
    def problem(self) -> str | None:
        """Why the last commit failed."""
        return self._writer.problem

    async def receive(self, body: bytes, signature: str | None, remote: str) -> Receipt:
        """Store one delivery; on return of anything but `rejected` it is durable.

        Raises NotStored when it could not be committed.
        """
        received_at = now()
        label = verify(body, signature, self._secrets())
        if label is None:
            return self.reject(NOT_SIGNED, remote, body)
        self._verified(label, received_at)
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Receipt] = loop.create_future()
        self._writer.append(_incoming(body, received_at, remote, label), answer, loop)
        receipt = await answer
        self.outcomes[receipt.outcome] += 1
        return receipt

    def reject(
        self, reason: str, remote: str, body: bytes = b"", size: int | None = None
    ) -> Receipt:
        """Turn a delivery away: count every one, record a sample.

        A flood must not fill the disk. `size` is that of a body which was not read whole.
        """
        self.outcomes[Outcome.REJECTED] += 1
        self._writer.sample(
            Incoming(body, now(), reason=reason, remote=remote, rejected=True, size=size)
        )
        return Receipt(Outcome.REJECTED, reason=reason)

    def append_internal(self, event_type: str, data: dict[str, Any]) -> Receipt:
        """Append a `TRACKER_…` event and wait until it is durable; raises NotStored."""
        return self.append_bodies([internal_body(event_type, data)])[0]

    def append_bodies(self, bodies: Sequence[bytes], remote: str = "command") -> list[Receipt]:
        """Append bodies whose origin is trusted, without a signature; raises NotStored."""
        received_at = now()
        answers: list[Future[Receipt]] = [Future() for _ in bodies]
        for body, answer in zip(bodies, answers, strict=True):
            self._writer.append(_incoming(body, received_at, remote, "", trusted=True), answer)
        return [answer.result() for answer in answers]

    def retry_quarantined(self, reader: LogReader, quarantine_id: int) -> Receipt:
        """Try to read quarantined bytes again, for example with newer software.

        One that contradicts an event keeps waiting. Raises NotFound for an unknown number,
        InvalidEnvelope when it still is no event.
        """
        held = reader.quarantine(quarantine_id)
        read_envelope(held.body)
        receipt = self.append_bodies([held.body], "retry")[0]
        if receipt.position is not None and receipt.outcome is not Outcome.CONFLICT:
            self.with_log(lambda log: log.settle_quarantined(quarantine_id, "retried"))
        return receipt

    def discard_quarantined(self, quarantine_id: int) -> None:
        """Put a quarantined delivery aside; its bytes stay. Raises NotFound."""
        self.with_log(lambda log: log.settle_quarantined(quarantine_id, "discarded"))

    def with_log(self, job: Callable[[Log], Result]) -> Result:
        """Run a job on the thread that owns the log, and wait for its result."""
        return self._writer.run(job).result()


def _incoming(
    body: bytes, received_at: int, remote: str, label: str, *, trusted: bool = False
) -> Incoming:
    try:
        envelope, reason = read_envelope(body, trusted=trusted), None
    except InvalidEnvelope as error:
        envelope, reason = None, str(error)
    return Incoming(body, received_at, envelope, reason, remote, label)


class _Waiting(msgspec.Struct, frozen=True):
    """A delivery, and whoever waits for its receipt: a coroutine of `loop`, else a thread."""

    delivery: Incoming
    answer: "asyncio.Future[Receipt] | Future[Receipt]"
    loop: asyncio.AbstractEventLoop | None


class _Writer:
    """The thread that owns the log."""

    def __init__(
        self,
        log: Log,
        committed: Callable[[int], None],
        noticed: Callable[[frozenset[Outcome]], None],
    ) -> None:
        self._log = log
        self._committed = committed
        self._noticed = noticed
        self._wake = threading.Condition()
        self._waiting: list[_Waiting] = []
        self._rejected: list[Incoming] = []
        self._sampled_minute, self._sampled = 0, 0
        self._jobs: list[tuple[Callable[[Log], Any], Future[Any]]] = []
        self._stopping = False
        self.problem: str | None = None
        self._thread = threading.Thread(target=self._loop, name="log-writer", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        with self._wake:
            self._stopping = True
            self._wake.notify()
        self._thread.join()

    def append(
        self,
        delivery: Incoming,
        answer: "asyncio.Future[Receipt] | Future[Receipt]",
        loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        with self._wake:
            if self._stopping or len(self._waiting) >= MOST_WAITING:
                raise NotStored("the log is busy or stopping; send it again in a few seconds")
            self._waiting.append(_Waiting(delivery, answer, loop))
            self._wake.notify()

    def sample(self, delivery: Incoming) -> None:
        minute = delivery.received_at // MINUTE
        with self._wake:
            if minute != self._sampled_minute:
                self._sampled_minute, self._sampled = minute, 0
            if max(self._sampled, len(self._rejected)) < MOST_REJECTED:
                self._sampled += 1
                self._rejected.append(delivery)
                self._wake.notify()

    def run(self, job: Callable[[Log], Result]) -> "Future[Result]":
        future: Future[Result] = Future()
        with self._wake:
            if self._stopping:
                raise NotStored("the log is stopping")
            self._jobs.append((job, future))
            self._wake.notify()
        return future

    def _loop(self) -> None:
        while True:
            with self._wake:
                while not (self._waiting or self._rejected or self._jobs or self._stopping):
                    self._wake.wait()
                batch, self._waiting = self._waiting[:LARGEST_BATCH], self._waiting[LARGEST_BATCH:]
                rejected, self._rejected = self._rejected, []
                jobs, self._jobs = self._jobs, []
            if not (batch or rejected or jobs):
                return
            if batch or rejected:
                self._commit(batch, rejected)
            for job, future in jobs:
                _settle(future, job, self._log)

    def _commit(self, batch: list[_Waiting], rejected: list[Incoming]) -> None:
        results: Sequence[Receipt | Exception]
        try:
            results = self._log.append([w.delivery for w in batch] + rejected)
            self.problem = None
        except Exception as error:  # noqa: BLE001 - whoever waits must hear of it
            unexpected = NotStored(f"log.db could not be written: {error!r}")
            problem = error if isinstance(error, NotStored) else unexpected
            results = [problem] * len(batch)
            self.problem = str(problem)
        answered = list(zip(batch, results, strict=False))
        for loop in {waiting.loop for waiting in batch}:
            of_loop = [(w.answer, result) for w, result in answered if w.loop is loop]
            if loop is None:
                _answer(of_loop)
            else:
                # One wake-up for all: waking the loop costs a system call.
                with suppress(RuntimeError):  # the loop has ended, nobody waits any more
                    loop.call_soon_threadsafe(_answer, of_loop)
        receipts = [result for result in results if isinstance(result, Receipt)]
        self._committed(max((receipt.position or 0 for receipt in receipts), default=0))
        others = frozenset(receipt.outcome for receipt in receipts) - {Outcome.ACCEPTED}
        if others:
            self._noticed(others)


def _answer(answers: Sequence[tuple[Any, Receipt | Exception]]) -> None:
    for future, result in answers:
        if future.done():  # given up by a client that has gone; its event is stored all the same
            continue
        if isinstance(result, Receipt):
            future.set_result(result)
        else:
            future.set_exception(result)


def _settle(future: Future[Result], job: Callable[[Log], Result], log: Log) -> None:
    try:
        future.set_result(job(log))
    except Exception as error:  # noqa: BLE001 - handed to whoever waits for the result
        future.set_exception(error)
