"""Whatever is done to the log's rows behind its back, the proof names the position."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.sample import append, bodies, body
from tracker.database import Connection, DatabaseError, open_writer
from tracker.errors import NotReady
from tracker.log import Verification, verify

EVENTS = 7
TEXTS = ("event_id", "type", "family", "record_id", "organization_id")
NUMBERS = ("occurred_at", "received_at")
BLOBS = ("body", "body_digest", "chain")

Edit = Callable[[Connection], object]
Edited = Callable[[Edit], Verification]


@pytest.fixture(scope="module")
def whole() -> Iterator[Path]:
    """A data directory with a few events, closed."""
    with TemporaryDirectory() as name:
        append(Path(name), [*bodies(EVENTS - 1), body("ü", "NOT_KNOWN_YET", record="")])
        yield Path(name)


@pytest.fixture(scope="module")
def edited(whole: Path) -> Edited:
    """The proof of a copy, edited by somebody who has the file but not the program."""

    def prove(edit: Edit) -> Verification:
        with TemporaryDirectory() as name:
            shutil.copy(whole / "log.db", Path(name) / "log.db")
            log = open_writer(Path(name) / "log.db")
            try:
                edit(log)
            finally:
                log.close()
            return verify(Path(name))

    return prove


def run(*statements: str) -> Edit:
    return lambda log: [log.execute(statement) for statement in statements]


def test_an_untouched_log_is_proven(whole: Path) -> None:
    told: list[tuple[int, int]] = []
    proof = verify(whole, lambda done, all_: told.append((done, all_)))
    assert (proof.ok, proof.events, proof.first_bad_position) == (True, EVENTS, None)
    assert told[-1] == (EVENTS, EVENTS)


def test_an_empty_log_is_proven(data: Path) -> None:
    append(data, [])
    assert verify(data).ok


def test_without_a_log_the_message_says_what_to_do(data: Path) -> None:
    with pytest.raises(NotReady, match=r"log\.db does not exist"):
        verify(data)


@settings(deadline=None, max_examples=60)
@given(
    column=st.sampled_from([*TEXTS, *NUMBERS, *BLOBS]),
    position=st.integers(1, EVENTS),
    place=st.integers(0, 1_000),
    bit=st.integers(0, 7),
)
def test_one_changed_bit_in_any_column_of_any_row_is_found(
    edited: Edited, column: str, position: int, place: int, bit: int
) -> None:
    def flip(log: Connection) -> None:
        kind = "INTEGER" if column in NUMBERS else "BLOB"
        query = f"SELECT CAST({column} AS {kind}) FROM events WHERE position = ?"
        before = log.execute(query, (position,)).fetchone()[0]
        assume(before != b"")
        kind = "TEXT" if column in TEXTS else kind
        update = f"UPDATE events SET {column} = CAST(? AS {kind}) WHERE position = ?"
        with suppress(DatabaseError):  # the id of another event, which the table refuses
            log.execute(update, (flipped(before, place, bit), position))
        assume(log.total_changes)

    proof = edited(flip)
    assert (proof.ok, proof.first_bad_position, proof.events) == (False, position, position - 1)
    assert proof.reason


def flipped(value: Any, place: int, bit: int) -> Any:
    if isinstance(value, int):
        return value ^ (1 << (place % 62))
    changed = bytearray(value)
    changed[place % len(changed)] ^= 1 << bit
    return bytes(changed)


@pytest.mark.parametrize("position", range(1, EVENTS + 1))
def test_a_removed_row_is_found(edited: Edited, position: int) -> None:
    proof = edited(run(f"DELETE FROM events WHERE position = {position}"))
    assert (proof.ok, proof.first_bad_position) == (False, position)
    assert str(position) in str(proof.reason)


@pytest.mark.parametrize("position", range(1, EVENTS + 1))
def test_a_removed_row_is_found_when_the_later_ones_close_the_gap(
    edited: Edited, position: int
) -> None:
    proof = edited(
        run(
            f"DELETE FROM events WHERE position = {position}",
            f"UPDATE events SET position = -position WHERE position > {position}",
            "UPDATE events SET position = -position - 1 WHERE position < 0",
        )
    )
    assert (proof.ok, proof.first_bad_position) == (False, position)


@settings(deadline=None, max_examples=25)
@given(pair=st.lists(st.integers(1, EVENTS), min_size=2, max_size=2, unique=True))
def test_two_swapped_rows_are_found(edited: Edited, pair: list[int]) -> None:
    one, other = pair
    moves = ((one, -1), (other, one), (-1, other))
    proof = edited(
        run(*(f"UPDATE events SET position = {now} WHERE position = {was}" for was, now in moves))
    )
    assert (proof.ok, proof.first_bad_position) == (False, min(pair))


def test_an_added_row_is_found(edited: Edited) -> None:
    proof = edited(
        run(
            "INSERT INTO events SELECT 8, 'more', type, family, record_id, organization_id,"
            " occurred_at, received_at, body, body_digest, chain, NULL FROM events"
            " WHERE position = 1"
        )
    )
    assert (proof.ok, proof.first_bad_position) == (False, EVENTS + 1)


@pytest.mark.parametrize(
    ("statement", "position"),
    [
        ("UPDATE head SET chain = zeroblob(32)", EVENTS),
        (f"UPDATE head SET position = {EVENTS + 2}", EVENTS + 1),
        (f"UPDATE head SET position = {EVENTS - 2}", EVENTS - 1),
        ("UPDATE head SET position = 0, chain = zeroblob(32)", 1),
        ("DELETE FROM head", 1),
    ],
)
def test_an_edited_head_is_found(edited: Edited, statement: str, position: int) -> None:
    proof = edited(run(statement))
    assert (proof.ok, proof.first_bad_position) == (False, position)


def test_a_changed_value_that_no_column_shows_is_found(edited: Edited) -> None:
    changed = "CAST(replace(CAST(body AS TEXT), '\"p0\"', '\"p9\"') AS BLOB)"
    proof = edited(run(f"UPDATE events SET body = {changed} WHERE position = 3"))
    assert (proof.ok, proof.first_bad_position) == (False, 3)


def test_a_body_that_was_replaced_together_with_its_digest_is_found(edited: Edited) -> None:
    """Somebody who knows the digests but not that each link holds the one before."""
    values = "(SELECT body, body_digest FROM events WHERE position = 5)"
    proof = edited(run(f"UPDATE events SET (body, body_digest) = {values} WHERE position = 4"))
    assert (proof.ok, proof.first_bad_position) == (False, 4)


def test_events_that_were_unknown_when_they_came_are_proven_by_later_software(
    edited: Edited,
) -> None:
    assert edited(run("UPDATE events SET family = 'unknown' WHERE position = 1")).ok
