"""What any implementation of the append promises."""

import hashlib
import json
import resource
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.sample import NOON, bodies, body, directory, incoming, opened, reading
from tracker.database import open_reader, open_writer, transaction
from tracker.errors import Busy, NotFound, NotStored
from tracker.log import Incoming, Log, LogReader, Outcome, Receipt, verify
from tracker.log.writer import MOST_DELIVERIES


@pytest.fixture
def log(data: Path) -> Iterator[Log]:
    with opened(data) as log:
        yield log


@pytest.fixture
def reader(data: Path, log: Log) -> Iterator[LogReader]:  # noqa: ARG001 - it makes the file
    with reading(data) as reader:
        yield reader


def outcomes(receipts: list[Receipt]) -> list[tuple[str, int | None]]:
    return [(receipt.outcome, receipt.position) for receipt in receipts]


def test_positions_are_given_in_order_of_arrival_without_gaps(log: Log, reader: LogReader) -> None:
    first = log.append([incoming(one) for one in bodies(3)])
    second = log.append([incoming(one) for one in bodies(2, start=3)])
    assert outcomes(first + second) == [("accepted", n) for n in (1, 2, 3, 4, 5)]
    assert reader.head() == 5
    assert [event.event_id for event in reader.events()] == ["e0", "e1", "e2", "e3", "e4"]


def test_an_event_says_what_was_received_and_nothing_else(log: Log, reader: LogReader) -> None:
    content = body("e1", "WORKFLOW_RUN_STARTED", record="run-1", organization="org-9", at=5)
    log.append([incoming(content, received_at=77)])
    event = reader.event(1)
    assert (event.event_id, event.type, event.family) == ("e1", "WORKFLOW_RUN_STARTED", "run")
    assert (event.record_id, event.organization_id) == ("run-1", "org-9")
    assert (event.occurred_at, event.received_at) == (NOON + 5 * 60_000_000, 77)
    assert event.body_digest == hashlib.sha256(content).digest()


SPACE = st.text(" \t\r\n", max_size=5).map(str.encode)
NOTE = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


@settings(deadline=None, max_examples=25)
@given(before=SPACE, after=SPACE, note=NOTE, escaped=st.booleans())
def test_the_bytes_received_are_kept_exactly(
    before: bytes, after: bytes, note: str, escaped: bool
) -> None:
    written = json.dumps(note, ensure_ascii=escaped)
    record = rb"t\u0061lk" if escaped else b"talk"
    raw = before + body(record=".", note="-").replace(b'"-"', written.encode()) + after
    raw = raw.replace(b'"."', b'"' + record + b'"')
    with directory() as data, opened(data) as log, reading(data) as reader:
        log.append([incoming(raw)])
        assert reader.event(1).body == raw
        assert reader.event(1).record_id == "talk"


def test_a_type_that_is_not_known_yet_is_stored_as_unknown(log: Log, reader: LogReader) -> None:
    [receipt] = log.append([incoming(body(event="CONVERSATION_OF_TOMORROW"))])
    assert receipt == Receipt(Outcome.ACCEPTED, 1)
    assert reader.event(1).family == "unknown"


def test_a_redelivery_is_a_duplicate_at_the_position_of_the_first(log: Log) -> None:
    same = body("e1", candidateId="c", extra=[1, 2])
    spelled_anew = body("e1", extra=[1, 2], candidateId="c", at=9).replace(b" ", b"  ")
    batch = log.append([incoming(same), incoming(body("e2")), incoming(same)])
    later = log.append([incoming(spelled_anew), incoming(body("e3"))])
    assert outcomes(batch) == [("accepted", 1), ("accepted", 2), ("duplicate", 1)]
    assert outcomes(later) == [("duplicate", 1), ("accepted", 3)]


@pytest.mark.parametrize(
    "other",
    [
        body("e1", "CONVERSATION_QUEUED"),
        body("e1", score=2),
        body("e1", score=1.0),
        body("e1", score=True),
        body("e1", score="1"),
        body("e1"),
    ],
)
@pytest.mark.parametrize("together", [True, False])
def test_other_content_under_a_known_id_is_a_conflict_and_both_are_kept(
    log: Log, reader: LogReader, other: bytes, together: bool
) -> None:
    first = body("e1", score=1)
    if together:
        receipts = log.append([incoming(first), incoming(other)])
    else:
        receipts = log.append([incoming(first)]) + log.append([incoming(other)])
    assert outcomes(receipts) == [("accepted", 1), ("conflict", 1)]
    assert reader.head() == 1
    assert reader.event(1).body == first
    [kept] = reader.quarantined()
    assert (kept.body, kept.position, kept.status) == (other, 1, "waiting")
    assert "e1" in kept.reason


def test_what_is_no_event_is_quarantined_with_its_exact_bytes(log: Log, reader: LogReader) -> None:
    raw = b"\xff\x00 no json {"
    [receipt] = log.append([incoming(raw, received_at=5)])
    assert receipt.outcome is Outcome.QUARANTINED
    assert receipt.position is None
    assert reader.head() == 0
    [kept] = reader.quarantined()
    assert (kept.body, kept.received_at, kept.reason) == (raw, 5, receipt.reason)
    assert reader.quarantine(kept.id) == kept


def test_the_same_bytes_are_quarantined_once_and_counted(log: Log, reader: LogReader) -> None:
    log.append([incoming(b"{"), incoming(b"{")])
    log.append([incoming(b"{"), incoming(b"[")])
    assert [(q.body, q.deliveries) for q in reader.quarantined()] == [(b"[", 1), (b"{", 3)]
    assert len(reader.deliveries(outcome="quarantined")) == 4


def test_every_delivery_that_was_not_simply_accepted_has_a_row(log: Log, reader: LogReader) -> None:
    rejected = Incoming(b"?", 4, reason="not signed", remote="10.0.0.9", rejected=True)
    log.append(
        [
            incoming(body("e1")),
            incoming(body("e1"), received_at=1, remote="10.0.0.1", key_label="live"),
            incoming(body("e1", x=1), received_at=2),
            incoming(b"{", received_at=3),
            rejected,
        ]
    )
    rows = reader.deliveries()
    assert [row.outcome for row in rows] == ["rejected", "quarantined", "conflict", "duplicate"]
    assert [row.received_at for row in rows] == [4, 3, 2, 1]
    assert [(row.event_id, row.position) for row in rows] == [
        (None, None), (None, None), ("e1", 1), ("e1", 1),
    ]  # fmt: skip
    duplicate = rows[-1]
    assert (duplicate.remote, duplicate.key_label) == ("10.0.0.1", "live")
    assert duplicate.size == len(body("e1"))
    assert duplicate.digest == hashlib.sha256(body("e1")).hexdigest()
    assert all(row.reason for row in rows[:-1])
    assert reader.stats().outcomes == {
        "accepted": 1, "duplicate": 1, "conflict": 1, "quarantined": 1, "rejected": 1,
    }  # fmt: skip


def test_the_bytes_of_a_rejected_delivery_are_not_kept(log: Log, reader: LogReader) -> None:
    log.append([Incoming(b"from a stranger", 0, reason="not signed", rejected=True)])
    assert reader.quarantined() == []
    assert reader.stats().events == 0


def test_only_one_process_writes_a_log(data: Path, log: Log) -> None:
    with pytest.raises(Busy, match="writing the log"):
        Log(data)
    log.close()
    Log(data).close()


@pytest.mark.usefixtures("log")
def test_readers_can_not_write(data: Path) -> None:
    connection = open_reader(data / "log.db")
    with pytest.raises(Exception, match="readonly"):
        connection.execute("DELETE FROM events")
    connection.close()


def test_each_commit_waits_for_the_disk(log: Log) -> None:
    assert log._connection.execute("PRAGMA synchronous").fetchone()[0] == 2
    assert log._connection.execute("PRAGMA journal_mode").fetchone()[0] == "wal"


@contextmanager
def full_disk(file: Path) -> Iterator[None]:
    """No file of this process can grow, as if the disk were full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (file.stat().st_size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, ignored)


def test_what_could_not_be_stored_left_nothing_and_the_next_append_works(
    data: Path, log: Log, reader: LogReader
) -> None:
    log.append([incoming(body("e1"))])
    large = [incoming(body(f"large{n}", filler="x" * 9_000)) for n in range(30)]
    for _ in range(2):
        with full_disk(data / "log.db-wal"), pytest.raises(NotStored, match=r"log\.db"):
            log.append([incoming(b"{"), *large])
        assert reader.head() == 1
        assert reader.quarantined() == reader.deliveries() == []
    receipts = log.append([incoming(body("e1")), incoming(body("e2"))])
    assert outcomes(receipts) == [("duplicate", 1), ("accepted", 2)]


def test_a_commit_that_fails_ends_its_transaction(tmp_path: Path) -> None:
    connection = open_writer(tmp_path / "some.db")
    connection.execute("CREATE TABLE parents (id INTEGER PRIMARY KEY)")
    connection.execute(
        "CREATE TABLE children (id INTEGER REFERENCES parents DEFERRABLE INITIALLY DEFERRED)"
    )
    for _ in range(2):
        with pytest.raises(Exception, match="FOREIGN KEY"), transaction(connection):
            connection.execute("INSERT INTO children VALUES (7)")
    with transaction(connection):
        connection.execute("INSERT INTO parents VALUES (7)")
        connection.execute("INSERT INTO children VALUES (7)")
    connection.close()


def test_settling_keeps_the_bytes_and_refuses_unknown_numbers(log: Log, reader: LogReader) -> None:
    log.append([incoming(b"{")])
    log.settle_quarantined(1, "discarded")
    assert (reader.quarantine(1).status, reader.quarantine(1).body) == ("discarded", b"{")
    assert reader.stats().quarantine_waiting == 0
    with pytest.raises(NotFound, match="99"):
        log.settle_quarantined(99, "discarded")
    with pytest.raises(NotFound, match="99"):
        reader.quarantine(99)


def test_old_deliveries_are_forgotten_and_events_never(log: Log, reader: LogReader) -> None:
    log.append([incoming(body("e1"), received_at=1)])
    log.append([incoming(body("e1"), received_at=at) for at in (2, 3, 4)])
    assert log.prune_deliveries(before=4) == 2
    assert [row.received_at for row in reader.deliveries()] == [4]
    assert reader.head() == 1
    assert MOST_DELIVERIES >= 10_000


def test_events_are_found_by_every_filter(log: Log, reader: LogReader) -> None:
    log.append([incoming(one) for one in bodies(40)])

    def found(**filters: object) -> list[int]:
        return [event.position for event in reader.events(**filters)]  # type: ignore[arg-type]

    assert found(after=37) == [38, 39, 40]
    assert found(before=3) == [1, 2]
    assert found(before=3, newest_first=True, limit=1) == [2]
    assert found(types=["WORKFLOW_RUN_STARTED"], limit=2) == [2, 10]
    assert found(record_id="r2") == list(range(33, 41))
    assert found(record_id="r2", organizations=["elsewhere"]) == []
    assert found(since=NOON + 38 * 60_000_000) == [39, 40]
    assert found(until=NOON + 2 * 60_000_000) == [1, 2]
    with pytest.raises(NotFound, match="41"):
        reader.event(41)
    with pytest.raises(NotFound, match="nothing"):
        reader.event_by_id("nothing")


def test_a_log_goes_on_where_it_was_closed(data: Path) -> None:
    for n in range(3):
        with opened(data) as log:
            receipts = log.append([incoming(body("e0")), incoming(body(f"e{n}"))])
            assert receipts[1].position == n + 1


def test_a_log_whose_checkpoints_are_left_to_others_only_grows_its_write_ahead_log(
    data: Path,
) -> None:
    sizes = {}
    for checkpoints in (True, False):
        directory = data / str(checkpoints)
        directory.mkdir()
        log = Log(directory, checkpoints=checkpoints)
        log.append([])
        for start in range(0, 12_000, 1_000):
            log.append([incoming(one) for one in bodies(1_000, start=start)])
        sizes[checkpoints] = (directory / "log.db").stat().st_size
        log.close()
        assert verify(directory).events == 12_000
    assert sizes[True] > 1_000_000
    assert sizes[False] < 100_000
