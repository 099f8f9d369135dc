"""Old bodies take less room; nobody who reads the log sees a difference, and nothing is lost."""

import hashlib
import signal
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from tests.sample import NOON, ROOT, append, body, built, digests, opened, reading
from tests.tracker.log.test_erasing import ADAS, ME, STORY, nothing
from tests.tracker.test_transfer import exported
from tracker.compression import MARK
from tracker.database import open_reader, open_writer
from tracker.demo.bulk import bulk
from tracker.errors import NotStored
from tracker.log import Compressed, Outcome, verify
from tracker.log.compressing import MOST_AT_ONCE, MOST_BYTES, step_by_step

EVER = 2**62
PERSONAL = (b"Lovelace", b"hung up", b"home.example")
MANY = 3 * MOST_AT_ONCE + 7


@pytest.fixture
def filled(data: Path) -> Path:
    """Some hundred events of the demo, received a microsecond after each other."""
    append(data, list(bulk(2, MANY, duplicates=0)))
    return data


def compress(data: Path, older_than: int = EVER) -> Compressed:
    with opened(data) as log:
        done = step_by_step(lambda: log.compress(older_than))
        log.truncate()
    return done


def stored(data: Path) -> list[tuple[int, bytes]]:
    """Positions and bodies as they lie in the file."""
    with closing(open_reader(data / "log.db")) as log:
        return log.execute("SELECT position, body FROM events ORDER BY position").fetchall()


def small(data: Path) -> set[int]:
    return {position for position, body in stored(data) if body[:1] == MARK}


def columns(data: Path) -> list[tuple[object, ...]]:
    """All of the log but the bodies."""
    query = """
        SELECT position, event_id, type, family, record_id, organization_id, occurred_at,
            received_at, body_digest, chain, erased_by FROM events ORDER BY position
    """
    with closing(open_reader(data / "log.db")) as log:
        return log.execute(query).fetchall()


def parts_of(content: bytes, length: int = 12) -> list[bytes]:
    return [content[at : at + length] for at in range(len(content) - length)]


def test_every_reader_sees_the_bytes_that_were_received(filled: Path) -> None:
    built(filled)
    out, rest, proof = exported(filled), columns(filled), verify(filled)
    with reading(filled) as log:
        before = log.events(limit=MANY)

    done = compress(filled)

    assert (done.events, done.position) == (MANY, MANY)
    assert done.before == sum(len(event.body) for event in before)
    assert done.before > 4 * done.after
    assert small(filled) == set(range(1, MANY + 1))
    assert columns(filled) == rest
    with reading(filled) as log:
        assert log.events(limit=MANY) == before
        assert log.event_by_id(before[7].event_id) == before[7]
        assert log.event(8).read() == before[7].read()
    assert exported(filled) == out
    assert verify(filled) == proof
    assert proof.ok


def test_the_views_of_a_compressed_log_are_the_same(filled: Path) -> None:
    path = built(filled)
    before = digests(filled)
    compress(filled)
    path.unlink()
    built(filled)
    assert digests(filled) == before


def test_pages_become_free_and_the_file_does_not_grow(filled: Path) -> None:
    def pages(data: Path) -> tuple[int, int]:
        query = "SELECT page_count, freelist_count FROM pragma_page_count, pragma_freelist_count"
        with closing(open_reader(data / "log.db")) as log:
            all_, free = log.execute(query).fetchone()
            return int(all_), int(free)

    before, _ = pages(filled)
    compress(filled)
    after, free = pages(filled)
    assert after <= before
    assert free > before / 3

    with opened(filled) as log:
        assert log.shrink() >= free * 4096
    assert pages(filled)[0] <= after - free
    assert verify(filled).ok


def test_only_what_is_old_enough_is_compressed_and_never_again(filled: Path) -> None:
    assert compress(filled, NOON).events == 0
    assert compress(filled, NOON + 150).events == 150
    first = stored(filled)
    assert small(filled) == set(range(1, 151))
    assert compress(filled, NOON + 150) == Compressed()
    assert stored(filled) == first
    assert compress(filled).events == MANY - 150


def test_a_look_tells_the_same_and_changes_nothing(filled: Path) -> None:
    compress(filled, NOON + 20)
    before = stored(filled)
    with reading(filled) as log:
        expected = log.compressible(NOON + 250)
    assert stored(filled) == before
    assert compress(filled, NOON + 250) == expected


def test_no_more_than_a_few_at_once_so_that_deliveries_go_between(filled: Path) -> None:
    with opened(filled) as log:
        assert log.compress(EVER).events == MOST_AT_ONCE


def test_large_bodies_are_compressed_one_by_one(data: Path) -> None:
    append(data, [body(f"e{n}", at=n, text="x" * MOST_BYTES) for n in range(3)])
    with opened(data) as log:
        assert [log.compress(EVER).events for _ in range(4)] == [1, 1, 1, 0]
    assert small(data) == {1, 2, 3}
    assert verify(data).ok


def test_duplicates_and_contradictions_are_still_known(data: Path) -> None:
    append(data, [body(f"e{n}", at=n) for n in range(3)])
    compress(data)
    again, other = body("e1", at=1), body("e1", at=1, more="new")
    assert [receipt.outcome for receipt in append(data, [again, other])] == [
        Outcome.DUPLICATE,
        Outcome.CONFLICT,
    ]


def test_events_of_our_own_and_what_would_grow_stay_as_they_are(data: Path) -> None:
    noise = "".join(hashlib.sha256(bytes([n])).hexdigest() for n in range(99))
    odd = body("e2", note=noise).replace(b'"event"', b'  \n "event"')
    append(data, [body("t1", "TRACKER_ACKNOWLEDGED", actor="ann"), odd])
    compress(data)
    assert small(data) == {2}
    with reading(data) as log:
        assert log.event(2).body == odd


def test_an_erasure_leaves_neither_plain_nor_compressed_bytes(data: Path) -> None:
    """Ada's events lie among many others, so that SQLite moves them from page to page."""
    others = list(bulk(4, MANY, duplicates=0))
    append(data, [*others[:150], *STORY, *others[150:]])
    adas = {position + 150 for position in ADAS}
    compress(data)
    assert adas <= small(data)
    before = (data / "log.db").read_bytes()
    assert not [word for word in PERSONAL if word in before], "plain bytes stay behind"
    parts = [part for at, old in stored(data) if at in adas for part in parts_of(old)]
    hers = [part for part in parts if before.count(part) == 1]
    assert len(hers) > 200

    with opened(data) as log:
        assert log.erase(ME, nothing).events == len(ADAS)
        assert log.truncate()

    after = b"".join(path.read_bytes() for path in data.glob("log.db*"))
    assert not [part for part in hers if part in after]
    assert not [word for word in PERSONAL if word in after]
    assert verify(data).ok
    assert compress(data).events == 1, "the erasure itself"


def test_who_was_erased_before_stays_erased(data: Path) -> None:
    append(data, STORY)
    with opened(data) as log:
        log.erase(ME, nothing)
    compress(data)
    assert small(data) == {5}
    assert verify(data).ok


def test_a_body_that_was_changed_is_found(filled: Path) -> None:
    compress(filled)
    small = stored(filled)[8][1]
    for odd in (small + b"x", small[:-1], small[:1] + b"\xff" + small[2:], MARK):
        with closing(open_writer(filled / "log.db")) as log:
            log.execute("UPDATE events SET body = ? WHERE position = 9", (odd,))
        proof = verify(filled)
        assert (proof.ok, proof.first_bad_position) == (False, 9)


def test_what_fails_half_way_is_not_done_at_all(filled: Path) -> None:
    before = stored(filled)
    with opened(filled) as log:
        log._connection.execute(
            "CREATE TEMP TRIGGER full BEFORE UPDATE ON compressed"
            " BEGIN SELECT RAISE(ABORT, 'disk full'); END"
        )
        with pytest.raises(NotStored, match="disk full"):
            log.compress(EVER)
    assert stored(filled) == before


DYING = """
import os, signal, sys
from pathlib import Path
from tracker.log import Log

log, breath = Log(Path(sys.argv[1])), int(sys.argv[2])

def breathe():
    global breath
    breath -= 1
    if breath < 0:
        os.kill(os.getpid(), signal.SIGKILL)

log._connection.set_progress_handler(breathe, 200)
while log.compress(2**62).events:
    pass
log.close()
"""


def test_a_kill_at_any_moment_loses_nothing_and_the_next_goes_on(filled: Path) -> None:
    """The process dies after ever more work of SQLite, until it comes through alive."""
    out, died, came_to = exported(filled), True, []
    breath = 20
    while died:
        ended = subprocess.run(
            [sys.executable, "-c", DYING, str(filled), str(breath)], cwd=ROOT, check=False
        )
        died = ended.returncode == -signal.SIGKILL
        assert died or ended.returncode == 0
        assert exported(filled) == out
        assert verify(filled).ok
        came_to.append(len(small(filled)))
        breath *= 2
    assert came_to == sorted(came_to)
    assert came_to[-1] == MANY
    assert set(came_to) - {0, MANY}, "it never died on the way"
