"""Deliveries of a small cast, and data directories that hold them."""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from projections import generation
from projections.follower import Follower
from projections.rebuild import rebuild
from projections.status import digest_report, scanned_digests, stored_digests
from tracker.envelope import read_envelope
from tracker.errors import InvalidEnvelope
from tracker.log import Incoming, Log, LogReader, Receipt
from tracker.timing import MINUTE, from_iso, to_iso

ROOT = Path(__file__).parents[1]
MALFORMED = sorted((ROOT / "fixtures/malformed").glob("*.body"))
NOON = from_iso("2026-03-02T12:00:00Z")
LIVES = (
    "CONVERSATION_QUEUED",
    "WORKFLOW_RUN_STARTED",
    "CALENDAR_MEETING_SCHEDULED",
    "WORKFLOW_NODE_COMPLETED",
    "CONVERSATION_STARTED",
    "CANDIDATE_ANALYSIS_COMPLETED",
    "CONVERSATION_NEEDS_REVIEW",
    "WORKFLOW_RUN_FAILED",
)


def body(
    event_id: str = "e1",
    event: str = "CONVERSATION_STARTED",
    *,
    at: int = 0,
    record: str = "talk-1",
    organization: str = "org-1",
    **data: Any,
) -> bytes:
    """The bytes of one delivery, `at` minutes after noon."""
    message = {
        "event": event,
        "eventId": event_id,
        "eventTimestamp": to_iso(NOON + at * MINUTE),
        "data": {"recordId": record, "organizationId": organization, **data},
    }
    return json.dumps(message).encode()


def bodies(count: int, start: int = 0) -> list[bytes]:
    """Different events of several families, a few to each of several people."""
    return [
        body(
            f"e{n}",
            LIVES[n % len(LIVES)],
            at=n,
            record=f"r{n // 16}",
            candidateId=f"p{n // 16}",
            candidateProfileId=f"p{n // 16}",
            workflowId="w1",
            workflowVersionId="v1",
            nodeId=f"n{n % 3}",
            outcome="onComplete",
        )
        for n in range(start, start + count)
    ]


def incoming(content: bytes, received_at: int = NOON, **more: Any) -> Incoming:
    """A signed delivery on its way into the log: an event, or bytes that are none."""
    try:
        return Incoming(content, received_at, read_envelope(content, trusted=True), **more)
    except InvalidEnvelope as error:
        return Incoming(content, received_at, None, str(error), **more)


@contextmanager
def opened(data: Path) -> Iterator[Log]:
    """The log of a data directory, open for appending."""
    log = Log(data)
    try:
        yield log
    finally:
        log.close()


@contextmanager
def reading(data: Path) -> Iterator[LogReader]:
    """The log of a data directory, open for reading."""
    reader = LogReader(data)
    try:
        yield reader
    finally:
        reader.close()


@contextmanager
def directory() -> Iterator[Path]:
    """A data directory with an empty log, for tests that make one for each example."""
    with TemporaryDirectory() as name:
        append(Path(name), [])
        yield Path(name)


def append(data: Path, contents: Sequence[bytes]) -> list[Receipt]:
    """Append bodies, all received one after the other."""
    with opened(data) as log:
        return log.append([incoming(one, NOON + n) for n, one in enumerate(contents)])


def built(data: Path) -> Path:
    """The served generation of a data directory, built when there is none yet."""
    if generation.served(data) is None:
        rebuild(data)
    served = generation.served(data)
    assert served is not None
    return served


@contextmanager
def following(data: Path) -> Iterator[Follower]:
    """A follower of the served generation."""
    follower = Follower(data, built(data))
    try:
        yield follower
    finally:
        follower.close()


def follow(data: Path, batch: int = 500, between: Callable[[], None] = lambda: None) -> None:
    """Fold all events of the log into the served generation."""
    with following(data) as follower:
        while follower.step(limit=batch).events:
            between()
        assert dict(stored_digests(follower.views)) == scanned_digests(follower.views)


def digests(data: Path) -> dict[str, str]:
    """The digests of the served generation, which must have caught up with the log."""
    report = digest_report(data)
    assert report.position == report.log_head
    return report.views
