"""An erasure overwrites what is personal, the chain still proves, and nothing hides behind it."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.sample import append, body, incoming, opened, reading
from tracker.database import Connection, DatabaseError, open_writer
from tracker.errors import NotStored
from tracker.events import Event
from tracker.log import Erasing, Erasure, Log, Outcome, Receipt, verify
from tracker.log.rows import link
from tracker.redaction import redacted

ADA = {"candidateId": "cand-ada", "participantFirstName": "Ada", "participantLastName": "Lovelace"}
GUEST = {"name": "Ada Lovelace", "email": "ada@home.example"}
STORY = [
    body("e1", at=1, record="talk-ada", **ADA),
    body("e2", "WORKFLOW_RUN_STARTED", at=2, record="run-ada", candidateProfileId="cand-ada"),
    body("e3", "WORKFLOW_RUN_FAILED", at=3, record="run-ada", reason="Ada hung up"),
    body(
        "e4",
        "CALENDAR_MEETING_SCHEDULED",
        at=4,
        record="booking-ada",
        conversationId="talk-ada",
        meetingDetails={"title": "Ada and Bob", "participants": [GUEST]},
    ),
    body("e5", at=5, record="talk-bob", candidateId="cand-bob", participantFirstName="Bob"),
    body("e6", "CONVERSATION_OF_TOMORROW", at=6, record="x", somebody={"id": "cand-ada"}),
]
ADAS = {1, 2, 3, 4, 6}
ME = Erasure(names=("candidate:cand-ada",), actor="eve", reason="asked for it")


def nothing(_event: Event) -> list[str]:
    return []


@pytest.fixture
def told(data: Path) -> Path:
    append(data, STORY)
    return data


def erase(data: Path, wanted: Erasure = ME) -> Erasing:
    with opened(data) as log:
        return log.erase(wanted, nothing)


def bodies(data: Path) -> dict[int, bytes]:
    with reading(data) as log:
        return {event.position: event.body for event in log.events(limit=1000)}


def quarantine(data: Path) -> list[tuple[bytes, str, str]]:
    with reading(data) as log:
        return [(held.body, held.reason, held.status) for held in log.quarantined()]


def test_all_of_a_person_and_nothing_of_others_is_overwritten(told: Path) -> None:
    did = erase(told)
    assert (did.position, did.events) == (7, len(ADAS))
    kept = bodies(told)
    assert {n for n in range(1, 7) if kept[n] != STORY[n - 1]} == ADAS
    assert not any(word in b"".join(kept.values()) for word in (b"Ada", b"hung", b"home.example"))
    assert kept[5] == STORY[4]
    assert verify(told).ok


def test_the_erasure_names_ids_alone(told: Path) -> None:
    erase(told)
    data = json.loads(bodies(told)[7])["data"]
    assert data["identities"] == ["candidate:cand-ada", "through:talk-ada"]
    assert data["records"] == ["meeting:booking-ada", "run:run-ada"]
    assert [one["eventId"] for one in data["bodies"]] == ["e1", "e2", "e3", "e4", "e6"]
    assert (data["actor"], data["reason"]) == ("eve", "asked for it")


def test_erasing_twice_adds_nothing(told: Path) -> None:
    erase(told)
    assert erase(told).position is None
    assert len(bodies(told)) == 7


def test_looking_changes_nothing(told: Path) -> None:
    with reading(told) as log:
        found = log.find_person(ME, nothing)
    assert found.events.keys() == ADAS
    assert bodies(told) == dict(enumerate(STORY, 1))


def test_a_crowd_of_events_is_erased_in_several_steps(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tracker.log.erasing.MOST_AT_ONCE", 4)
    append(data, [body(f"e{n}", at=n, record="talk-ada", **ADA) for n in range(10)])
    steps = []
    while (did := erase(data)).position is not None:
        steps.append(did.events)
    assert steps == [4, 4, 2]
    assert verify(data).ok


def test_what_fails_half_way_is_not_done_at_all(
    told: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = bodies(told)

    def full(*_: object) -> int:
        raise DatabaseError("disk is full")

    with opened(told) as log, monkeypatch.context() as patch:
        patch.setattr("tracker.log.erasing.overwrite", full)
        with pytest.raises(NotStored):
            log.erase(ME, nothing)
        patch.undo()
        assert bodies(told) == before
        assert log.append([incoming(body("e9", record="talk-ada", **ADA))])[0].position == 7
    assert bodies(told)[7] == body("e9", record="talk-ada", **ADA)
    assert verify(told).ok


LATE = [
    body("l1", at=10, record="talk-ada", participantFirstName="Ada"),
    body("l2", at=11, record="talk-new", **ADA),
    body("l3", "WORKFLOW_RUN_CANCELLED", at=12, record="run-ada", reason="Ada moved"),
    body("l4", "CALENDAR_MEETING_CANCELLED", at=13, record="booking-ada", reason="Ada is ill"),
    body("l5", "CALENDAR_MEETING_UPDATED", at=14, record="b2", conversationId="talk-ada", x="Ada"),
    body("l6", "CONVERSATION_AFTER_THAT", at=15, record="y", deep=[{"who": "cand-ada"}], z="Ada"),
]


@pytest.mark.parametrize("late", LATE, ids=[json.loads(one)["eventId"] for one in LATE])
def test_what_comes_afterwards_is_stored_without_what_is_personal(told: Path, late: bytes) -> None:
    erase(told)
    (receipt,) = append(told, [late])
    assert receipt == Receipt(Outcome.ACCEPTED, 8)
    assert bodies(told)[8] == redacted(late)
    assert verify(told).ok
    assert append(told, [late]) == [Receipt(Outcome.DUPLICATE, 8)]


def test_a_name_that_a_late_event_tells_is_erased_as_well_also_after_a_restart(told: Path) -> None:
    erase(told)
    with opened(told) as log:
        log.append([incoming(body("l2", record="talk-new", **ADA))])
    (receipt,) = append(told, [body("l7", record="talk-new", participantFirstName="Ada")])
    assert b"Ada" not in bodies(told)[receipt.position or 0]


def test_it_is_so_from_the_next_event_on(told: Path) -> None:
    erase(told)
    late = [
        body("l2", record="talk-new", **ADA),
        body("l7", record="talk-new", participantFirstName="Ada"),
    ]
    with opened(told) as log:
        positions = [log.append([incoming(one)])[0].position or 0 for one in late]
    assert not [at for at in positions if b"Ada" in bodies(told)[at]]


def test_what_comes_about_others_is_stored_as_it_came(told: Path) -> None:
    erase(told)
    late = body("l8", record="talk-bob", candidateId="cand-bob", participantFirstName="Bob")
    append(told, [late])
    assert bodies(told)[8] == late


def test_an_event_that_comes_again_is_a_duplicate_and_another_under_its_id_is_kept_redacted(
    told: Path,
) -> None:
    erase(told)
    again, other = append(told, [STORY[0], body("e1", at=1, record="talk-ada", x=1, **ADA)])
    assert (again.outcome, other.outcome) == (Outcome.DUPLICATE, Outcome.DUPLICATE)
    passed = body("e1", record="talk-ada", conversationStatus="CLOSED", **ADA)
    (conflict,) = append(told, [passed])
    assert conflict.outcome is Outcome.CONFLICT
    assert quarantine(told)[0][0] == redacted(passed)


def test_bytes_that_are_no_event_but_name_the_person_are_not_kept(told: Path) -> None:
    erase(told)
    append(told, [b'{"event": 7, "who": "cand-ada", "name": "Ada"}', b'{"event": 8}'])
    assert [held[0] for held in quarantine(told)] == [b'{"event": 8}', b""]


def test_the_quarantine_forgets_the_person(told: Path) -> None:
    append(
        told,
        [
            b'{"broken": "cand-ada"}',
            b'{"broken": "ADA", "more": "LOVELACE"}',
            b'{"mail": "Ada@Home.example"}',
            b'{"event": "X", "eventId": "q", "eventTimestamp": "Ada Lovelace"}',
            b'{"other": "Bob"}',
            body("e1", record="talk-ada", conversationStatus="CLOSED", **ADA),
        ],
    )
    assert erase(told).quarantined == 5
    left = quarantine(told)
    assert left[1] == (b'{"other": "Bob"}', left[1][1], "waiting")
    assert all(b"ada" not in held.lower().replace(b"-ada", b"") for held, _, _ in left)
    assert {reason for _, reason, _ in left} - {left[1][1]} == {"the person was erased"}
    with reading(told) as log:
        assert not any("Ada" in str(delivery.reason) for delivery in log.deliveries())


def lift(log: Log, data: Path) -> None:
    with reading(data) as reader:
        erasure = reader.event(7)
    log.append([incoming(body("up", "TRACKER_ERASURE_LIFTED", record=erasure.event_id))])


def test_after_an_erasure_is_lifted_what_comes_is_kept_and_what_went_stays_gone(
    told: Path,
) -> None:
    erase(told)
    with opened(told) as log:
        lift(log, told)
        log.append([incoming(LATE[0])])
    append(told, [LATE[1]])
    kept = bodies(told)
    assert (kept[9], kept[10]) == (LATE[0], LATE[1])
    assert kept[1] == redacted(STORY[0])
    assert verify(told).ok


def test_the_rows_of_another_log_are_overwritten_when_the_erasure_is_imported(
    told: Path, tmp_path: Path
) -> None:
    erase(told)
    other = tmp_path / "other"
    other.mkdir()
    append(other, [*STORY, bodies(told)[7]])
    assert bodies(other) == bodies(told)
    assert verify(other).ok


def test_an_erased_log_is_imported_as_it_is(told: Path, tmp_path: Path) -> None:
    erase(told)
    other = tmp_path / "other"
    other.mkdir()
    append(other, [*bodies(told).values(), LATE[0]])
    assert bodies(other)[8] == redacted(LATE[0])
    assert verify(other).ok


Edit = Callable[[Connection], object]


def forged(data: Path, edit: Edit) -> Any:
    erase(data)
    log = open_writer(data / "log.db")
    try:
        edit(log)
    finally:
        log.close()
    return verify(data)


def set_body(position: int, content: bytes, erased_by: int | None) -> Edit:
    update = "UPDATE events SET body = ?, erased_by = ? WHERE position = ?"
    return lambda log: log.execute(update, (content, erased_by, position))


PASSED = redacted(body("e1", at=1, record="talk-ada", conversationStatus="PASSED", **ADA))


@pytest.mark.parametrize(
    ("position", "edit"),
    [
        # An event of somebody else, hidden behind an erasure that does not speak of it.
        (5, set_body(5, redacted(STORY[4]), 7)),
        # An erased event whose outcome is rewritten in a form that redaction would give.
        (1, set_body(1, PASSED, 7)),
        # An erased event that gets a text again.
        (1, set_body(1, STORY[0].replace(b"Ada", b"Eve"), 7)),
        # An event marked as erased by something that is no erasure, or not there.
        (5, set_body(5, redacted(STORY[4]), 5)),
        (5, set_body(5, redacted(STORY[4]), 99)),
        (5, set_body(5, STORY[4], 7)),
        # The mark taken away.
        (1, set_body(1, redacted(STORY[0]), None)),
        # The erasure itself, which is an event like any other.
        (7, lambda log: log.execute("UPDATE events SET erased_by = 7 WHERE position = 7")),
        (7, lambda log: log.execute("DELETE FROM events WHERE position = 7")),
    ],
)
def test_no_change_hides_behind_an_erasure(told: Path, position: int, edit: Edit) -> None:
    proof = forged(told, edit)
    # Without its erasure every event that it overwrote is unproven; the first is named.
    assert proof.first_bad_position in {position, 1 if position == 7 else position}


def test_an_erasure_that_is_made_to_cover_more_breaks_the_chain_itself(told: Path) -> None:
    changed = redacted(STORY[4])
    more = {"eventId": "e5", "digest": hashlib.sha256(changed).hexdigest()}

    def forge(log: Connection) -> None:
        told_body = log.execute("SELECT body FROM events WHERE position = 7").fetchone()[0]
        message = json.loads(told_body)
        message["data"]["bodies"].append(more)
        set_body(5, changed, 7)(log)
        set_body(7, json.dumps(message).encode(), None)(log)

    proof = forged(told, forge)
    assert proof.first_bad_position == 7


def test_what_was_never_overwritten_is_what_was_received(told: Path) -> None:
    erase(told)
    with reading(told) as log:
        chain = bytes(32)
        for event, sent in zip(log.events(limit=6), STORY, strict=True):
            digest = hashlib.sha256(sent).digest()
            assert event.body_digest == digest
            chain = link(chain, event.event_id, digest, event.received_at)
            assert event.chain == chain
