"""The views are a function of the set of events, however and whenever these arrive."""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from projections import generation
from projections.follower import Follower
from projections.rebuild import rebuild
from projections.status import digest_report, scanned_digests, stored_digests
from tests.traffic import streams
from tracker.envelope import read_envelope
from tracker.log import Incoming, Log


@contextmanager
def directory() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)


def append(data: Path, bodies: Sequence[bytes]) -> None:
    log = Log(data)
    log.append([Incoming(body, at, read_envelope(body)) for at, body in enumerate(bodies)])
    log.close()


def follow(data: Path, batch: int = 500) -> None:
    follower = Follower(data, generation.served(data) or empty(data))
    while follower.step(limit=batch).events:
        pass
    assert dict(stored_digests(follower.views)) == scanned_digests(follower.views)
    follower.close()


def empty(data: Path) -> Path:
    rebuild(data)
    served = generation.served(data)
    assert served is not None
    return served


def digests(data: Path) -> dict[str, str]:
    report = digest_report(data)
    assert report.position == report.log_head
    return report.views


def in_batches(data: Path, deliveries: Sequence[bytes], sizes: Sequence[int]) -> None:
    """Append and fold in turn, so that every batch meets views that already stand."""
    append(data, [])
    rest = list(deliveries)
    for size in [*sizes, len(rest)]:
        append(data, rest[:size])
        del rest[:size]
        follow(data, batch=3)


@settings(deadline=None, max_examples=60)
@given(data=st.data(), events=streams())
def test_any_order_with_duplicates_in_any_batches_gives_the_digests_of_the_sorted_delivery(
    data: st.DataObject, events: list[bytes]
) -> None:
    again = data.draw(st.lists(st.sampled_from(events), max_size=5))
    shuffled = data.draw(st.permutations([*events, *again]))
    sizes = data.draw(st.lists(st.integers(1, 6), max_size=4))
    with directory() as one, directory() as other:
        append(one, sorted(events))
        rebuild(one)
        in_batches(other, shuffled, sizes)
        assert digests(other) == digests(one)


@settings(deadline=None, max_examples=40)
@given(events=streams(), sizes=st.lists(st.integers(1, 6), max_size=4))
def test_folding_as_events_arrive_equals_a_rebuild_row_for_row(
    events: list[bytes], sizes: list[int]
) -> None:
    with directory() as data:
        in_batches(data, events, sizes)
        report = rebuild(data, check=True)
        assert {name: d.differing for name, d in report.views.items() if d.differing} == {}
        assert report.compared_with is not None
        assert report.position == len(events)


@settings(deadline=None, max_examples=20)
@given(events=streams())
def test_views_that_were_deleted_come_back_the_same(events: list[bytes]) -> None:
    with directory() as data:
        in_batches(data, events, [2, 3])
        before = digests(data)
        for path in generation.generations(data):
            generation.remove(path)
        (data / generation.POINTER).unlink()
        rebuild(data)
        assert digests(data) == before
