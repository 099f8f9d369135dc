"""The append path: an answer means durable, and nobody waits for what need not be waited for."""

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

import pytest

from tests.sample import bodies, body, opened, reading
from tracker import ingest as ingest_module
from tracker.errors import InvalidEnvelope, NotFound, NotStored
from tracker.ingest import LARGEST_BATCH, MOST_REJECTED, Ingest
from tracker.log import Incoming, Log, LogReader, Outcome, Receipt
from tracker.signing import sign
from tracker.timing import MINUTE

SECRET = "one"
Result = TypeVar("Result")


class SlowLog:
    """A log whose commits can be held up, fail, and are counted."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self.open = threading.Event()
        self.open.set()
        self.begun = threading.Semaphore(0)
        self.batches: list[int] = []
        self.failure: Exception | None = None

    def append(self, deliveries: Sequence[Incoming]) -> list[Receipt]:
        self.batches.append(len(deliveries))
        self.begun.release()
        self.open.wait()
        if self.failure is not None:
            raise self.failure
        return self._log.append(deliveries)

    def settle_quarantined(self, number: int, status: str) -> None:
        self._log.settle_quarantined(number, status)


@pytest.fixture
def log(data: Path) -> Iterator[SlowLog]:
    with opened(data) as log:
        yield SlowLog(log)


@pytest.fixture
def told() -> list[int]:
    """The heads that the ingest said were committed."""
    return []


@pytest.fixture
def ingest(log: SlowLog, told: list[int]) -> Iterator[Ingest]:
    ingest = Ingest(
        log,  # type: ignore[arg-type]
        secrets=lambda: [("live", SECRET)],
        committed=told.append,
    )
    ingest.start()
    yield ingest
    log.open.set()
    ingest.stop()


@pytest.fixture
def reader(data: Path, log: SlowLog) -> Iterator[LogReader]:  # noqa: ARG001 - it makes the file
    with reading(data) as reader:
        yield reader


def run(coroutine: Coroutine[Any, Any, Result]) -> Result:
    """Run a coroutine; one that is never answered fails."""
    return asyncio.run(asyncio.wait_for(coroutine, 30))


async def receive(ingest: Ingest, content: bytes, signature: str | None = "right") -> Receipt:
    signature = sign(SECRET, content) if signature == "right" else signature
    return await ingest.receive(content, signature, "10.0.0.1")


async def begun(log: SlowLog) -> None:
    """Wait until the writer has taken a batch."""
    await asyncio.to_thread(log.begun.acquire)


def test_an_answer_means_that_the_event_is_in_the_file(ingest: Ingest, reader: LogReader) -> None:
    async def deliver() -> None:
        for n, content in enumerate(bodies(5), 1):
            receipt = await receive(ingest, content)
            assert receipt == Receipt(Outcome.ACCEPTED, n)
            assert reader.event(n).body == content

    run(deliver())


def test_nothing_is_answered_before_the_commit(
    ingest: Ingest, log: SlowLog, reader: LogReader
) -> None:
    async def deliver() -> None:
        log.open.clear()
        waiting = asyncio.create_task(receive(ingest, body()))
        await begun(log)
        assert not (await asyncio.wait({waiting}, timeout=0.05))[0]
        assert reader.head() == 0
        log.open.set()
        assert (await waiting).position == 1

    run(deliver())


def test_what_arrives_together_is_committed_together(ingest: Ingest, log: SlowLog) -> None:
    async def deliver() -> list[Receipt]:
        log.open.clear()
        first = asyncio.create_task(receive(ingest, body("first")))
        await begun(log)
        others = [asyncio.create_task(receive(ingest, one)) for one in bodies(LARGEST_BATCH + 3)]
        await asyncio.sleep(0)
        log.open.set()
        return await asyncio.gather(first, *others)

    receipts = run(deliver())
    assert log.batches == [1, LARGEST_BATCH, 3]
    assert [receipt.position for receipt in receipts] == list(range(1, LARGEST_BATCH + 5))


def test_every_outcome_is_told_and_counted(ingest: Ingest, reader: LogReader) -> None:
    async def deliver() -> list[str]:
        return [
            (await receive(ingest, body("e1"))).outcome,
            (await receive(ingest, body("e1"))).outcome,
            (await receive(ingest, body("e1", x=1))).outcome,
            (await receive(ingest, b"{")).outcome,
            (await receive(ingest, b"{", signature="wrong")).outcome,
            (await receive(ingest, body("e2"), signature=None)).outcome,
        ]

    wanted = ["accepted", "duplicate", "conflict", "quarantined", "rejected", "rejected"]
    assert run(deliver()) == wanted
    assert ingest.outcomes == {name: wanted.count(name) for name in wanted}
    assert {row.key_label for row in reader.deliveries(outcome="duplicate")} == {"live"}


def test_a_client_that_goes_away_loses_nothing_and_harms_nobody(
    ingest: Ingest, log: SlowLog, reader: LogReader
) -> None:
    async def deliver() -> None:
        log.open.clear()
        gone = asyncio.create_task(receive(ingest, body("gone")))
        stays = asyncio.create_task(receive(ingest, body("stays")))
        await begun(log)
        gone.cancel()
        await asyncio.wait({gone})
        log.open.set()
        assert (await stays).outcome is Outcome.ACCEPTED

    run(deliver())
    assert reader.event_by_id("gone").body == body("gone")


def test_a_loop_that_has_ended_does_not_stop_the_writer(
    ingest: Ingest, log: SlowLog, reader: LogReader
) -> None:
    async def leave() -> None:
        asyncio.create_task(receive(ingest, body("left")))  # noqa: RUF006 - it is left behind
        await begun(log)

    log.open.clear()
    run(leave())
    log.open.set()
    ingest.append_bodies([body("next")])
    assert [event.event_id for event in reader.events()] == ["left", "next"]


def test_a_commit_that_fails_is_told_to_all_who_wait_and_the_next_one_works(
    ingest: Ingest, log: SlowLog, told: list[int]
) -> None:
    async def deliver(failure: Exception) -> list[object]:
        log.failure = failure
        results = await asyncio.gather(
            *(receive(ingest, one) for one in bodies(3)), return_exceptions=True
        )
        log.failure = None
        return list(results)

    for failure in (NotStored("the disk is full"), ValueError("something unforeseen")):
        results = run(deliver(failure))
        assert [type(result) for result in results] == [NotStored] * 3
        assert not ingest.writable
        assert str(failure) in str(ingest.problem)
    assert max(told) == 0
    assert ingest.append_bodies([body()])[0].position == 1
    assert ingest.writable
    assert told[-1] == 1


def test_when_too_much_waits_it_says_so_at_once(
    ingest: Ingest, log: SlowLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ingest_module, "MOST_WAITING", 2)

    async def deliver() -> None:
        log.open.clear()
        waiting = [asyncio.create_task(receive(ingest, body("e0")))]
        await begun(log)
        waiting += [asyncio.create_task(receive(ingest, one)) for one in bodies(2, start=1)]
        await asyncio.sleep(0)
        with pytest.raises(NotStored, match="again"):
            await receive(ingest, body("one too many"))
        log.open.set()
        assert [receipt.position for receipt in await asyncio.gather(*waiting)] == [1, 2, 3]

    run(deliver())


def test_a_flood_of_rejected_deliveries_is_sampled_and_never_waits(
    ingest: Ingest, log: SlowLog, reader: LogReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [100 * MINUTE]
    monkeypatch.setattr(ingest_module, "now", lambda: clock[0])

    async def flood() -> None:
        for _ in range(3 * MOST_REJECTED):
            assert (await receive(ingest, b"?", "wrong")).outcome is Outcome.REJECTED

    log.open.clear()  # while nothing can be stored at all, a rejection is answered
    run(flood())
    log.open.set()
    run(flood())
    ingest.append_bodies([body("meanwhile")])
    clock[0] += MINUTE
    run(receive(ingest, b"?", "wrong"))
    ingest.append_bodies([body()])
    assert ingest.outcomes["rejected"] == 6 * MOST_REJECTED + 1
    assert len(reader.deliveries(outcome="rejected", limit=1000)) == MOST_REJECTED + 1
    assert reader.quarantined() == []


def test_stopping_commits_what_waits_and_then_refuses(
    ingest: Ingest, log: SlowLog, reader: LogReader
) -> None:
    async def deliver() -> None:
        log.open.clear()
        first = asyncio.create_task(receive(ingest, body("e1")))
        await begun(log)
        second = asyncio.create_task(receive(ingest, body("e2")))
        await asyncio.sleep(0)
        stopping = threading.Thread(target=ingest.stop)
        stopping.start()
        log.open.set()
        assert [(await task).position for task in (first, second)] == [1, 2]
        await asyncio.to_thread(stopping.join)
        with pytest.raises(NotStored):
            await receive(ingest, body("e3"))

    run(deliver())
    assert reader.head() == 2
    for refused in (lambda: ingest.append_bodies([body("e4")]), lambda: ingest.with_log(id)):
        with pytest.raises(NotStored):
            refused()


def test_one_of_our_own_events_is_appended_with_a_new_id_and_the_time(
    ingest: Ingest, reader: LogReader
) -> None:
    for position in (1, 2):
        receipt = ingest.append_internal("TRACKER_ACKNOWLEDGED", {"recordId": "r", "item": "e"})
        assert receipt.position == position
    first, second = (reader.event(position) for position in (1, 2))
    assert first.event_id != second.event_id
    assert (first.type, first.family) == ("TRACKER_ACKNOWLEDGED", "tracker")
    assert abs(first.occurred_at - first.received_at) < MINUTE
    assert first.read().data.item == "e"


def test_the_provider_can_not_send_our_own_events(ingest: Ingest, reader: LogReader) -> None:
    receipt = run(receive(ingest, body(event="TRACKER_PERSON_ERASED")))
    assert receipt.outcome is Outcome.QUARANTINED
    assert reader.head() == 0


def test_quarantined_bytes_are_tried_again_with_newer_software(
    ingest: Ingest, reader: LogReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw = body()

    def refuse(_body: bytes, **_: bool) -> None:
        raise InvalidEnvelope("not understood yet")

    with monkeypatch.context() as older:
        older.setattr(ingest_module, "read_envelope", refuse)
        run(receive(ingest, raw))
        with pytest.raises(InvalidEnvelope, match="not understood yet"):
            ingest.retry_quarantined(reader, 1)
        assert reader.quarantine(1).status == "waiting"
    assert ingest.retry_quarantined(reader, 1) == Receipt(Outcome.ACCEPTED, 1)
    assert reader.event(1).body == reader.quarantine(1).body == raw
    assert reader.quarantine(1).status == "retried"


def test_discarding_keeps_the_bytes(ingest: Ingest, reader: LogReader) -> None:
    run(receive(ingest, b"{"))
    ingest.discard_quarantined(1)
    assert (reader.quarantine(1).status, reader.quarantine(1).body) == ("discarded", b"{")
    attempts: list[Callable[[], object]] = [
        lambda: ingest.discard_quarantined(9),
        lambda: ingest.retry_quarantined(reader, 9),
    ]
    for attempt in attempts:
        with pytest.raises(NotFound, match="9"):
            attempt()
