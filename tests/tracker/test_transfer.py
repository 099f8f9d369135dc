"""Out as NDJSON and in again: byte for byte, with the same chain, and never twice."""

import io
import json
from pathlib import Path

import pytest
from hypothesis import given, settings

from tests.sample import append, bodies, body, directory, opened, reading
from tests.traffic import streams
from tracker import transfer
from tracker.errors import InvalidInput
from tracker.log import verify
from tracker.transfer import Imported, export_log, import_log


def exported(data: Path, after: int = 0) -> bytes:
    file = io.BytesIO()
    with reading(data) as reader:
        export_log(reader, file, after=after)
    return file.getvalue()


def imported(data: Path, content: bytes) -> Imported:
    with opened(data) as log:
        return import_log(content.splitlines(keepends=True), log.append)


def chain(data: Path) -> str:
    proof = verify(data)
    assert proof.ok
    return proof.head_chain


@settings(deadline=None, max_examples=15)
@given(events=streams())
def test_a_log_goes_out_and_in_again_byte_for_byte_with_the_same_chain(
    events: list[bytes],
) -> None:
    with directory() as one, directory() as other:
        append(one, [b"\xef\xbb\xbf" if not events else b"{", *events, events[0]])
        out = exported(one)
        assert imported(other, out) == Imported(len(events), {"accepted": len(events)})
        assert exported(other) == out
        assert chain(other) == chain(one)
        with reading(other) as reader:
            assert [event.body for event in reader.events()] == events


def test_any_spelling_of_json_survives_the_way(data: Path) -> None:
    odd = [
        b" \r\n" + body("a", note='\u2028 \u0085 😀 \\ "').replace(b": ", b"\t:\n"),
        body("b", note="ü").replace(b"\\u00fc", "ü".encode()),
        body("c").replace(b"talk", b"t\\u0061lk") + b"\n\n",
    ]
    append(data, odd)
    with directory() as other:
        imported(other, exported(data))
        with reading(other) as reader:
            assert [event.body for event in reader.events()] == odd


def test_importing_twice_adds_nothing(data: Path) -> None:
    append(data, bodies(5))
    before = chain(data)
    assert imported(data, exported(data)) == Imported(5, {"duplicate": 5})
    assert chain(data) == before


def test_an_import_adds_what_is_missing_and_shows_what_contradicts(data: Path) -> None:
    append(data, bodies(2))
    with directory() as other:
        append(other, [*bodies(1), body("e1", other="content"), *bodies(2, start=2)])
        outcomes = imported(data, exported(other)).outcomes
    assert outcomes == {"duplicate": 1, "conflict": 1, "accepted": 2}
    with reading(data) as reader:
        assert reader.head() == 4
        assert json.loads(reader.quarantined()[0].body)["data"]["other"] == "content"


def test_more_than_fits_at_once_goes_through_and_progress_is_told(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transfer, "LINES_AT_ONCE", 2)
    append(data, bodies(5))
    told: list[tuple[int, int]] = []
    file = io.BytesIO()
    with reading(data) as reader:
        written = export_log(reader, file, progress=lambda done, total: told.append((done, total)))
    assert written == 5
    assert told == [(2, 5), (4, 5), (5, 5)]
    with directory() as other:
        assert imported(other, file.getvalue()).lines == 5
        assert chain(other) == chain(data)


def test_bodies_are_handed_over_in_pieces_of_a_bounded_size(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transfer, "BYTES_AT_ONCE", 1000)
    append(data, [body(f"e{n}", filler="x" * 300) for n in range(9)])
    sizes: list[int] = []
    with directory() as other, opened(other) as log:

        def note(batch: list[transfer.Incoming]) -> list[transfer.Receipt]:
            sizes.append(sum(len(delivery.body) for delivery in batch))
            return log.append(batch)

        import_log(exported(data).splitlines(), note)
        assert len(sizes) > 1
        assert max(sizes) < 1000 + 1000


def test_an_export_can_go_on_after_a_position(data: Path) -> None:
    append(data, bodies(4))
    lines = [json.loads(line) for line in exported(data, after=2).splitlines()]
    assert [line["position"] for line in lines] == [3, 4]
    assert set(lines[0]) == {"position", "received_at", "body"}
    assert lines[0]["received_at"].endswith("Z")


@pytest.mark.parametrize(
    "damage",
    [
        b"{",
        b"[]",
        b"{}",
        b'{"position":3,"received_at":"2026-01-01T00:00:00Z","body":"{}"}',
        b'{"position":3,"received_at":"yesterday","body":BODY}',
        b'{"position":3,"received_at":"9999-12-31T23:59:59-12:00","body":BODY}',
        b'{"position":3,"received_at":"2026-01-01T00:00:00Z","body":"\\ud800"}',
        b'{"position":3,"received_at":"2026-01-01T00:00:00Z","body":7}',
        b"\xff\xfe",
    ],
)
def test_a_damaged_line_is_named_and_what_stands_before_it_is_kept(
    data: Path, damage: bytes
) -> None:
    with directory() as other:
        append(other, bodies(4))
        good = exported(other).splitlines(keepends=True)
    damage = damage.replace(b"BODY", json.dumps(body("x").decode()).encode())
    with opened(data) as log, pytest.raises(InvalidInput, match="Line 4 "):
        import_log([*good[:2], b"\n", damage, *good[2:]], log.append)
    assert imported(data, b"".join(good)) == Imported(4, {"duplicate": 2, "accepted": 2})
