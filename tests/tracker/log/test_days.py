"""Events of some days are found by reading few others, whenever they arrived."""

from pathlib import Path

import pytest

from tests.counting import Work
from tests.sample import NOON, body, incoming, opened
from tracker.log import LogReader
from tracker.log.days import Days
from tracker.timing import DAY, MINUTE, to_iso

BLOCK = 8
FIRST = 20_000  # the day, since 1970
FOUND = 20  # events of a day
LATE = {3: 4, 50: 0, 51: -FIRST - 2, 77: 2}  # by position, on which day instead: one before 1970


def _at(position: int) -> int:
    return (FIRST + LATE.get(position, position // FOUND)) * DAY + position * MINUTE


def _event(position: int) -> bytes:
    return body(f"e{position}").replace(to_iso(NOON).encode(), to_iso(_at(position)).encode())


@pytest.fixture
def reader(data: Path, monkeypatch: pytest.MonkeyPatch) -> LogReader:
    monkeypatch.setattr("tracker.log.reader.Days", lambda: Days(BLOCK))
    with opened(data) as log:
        asked = LogReader(data)
        for start in range(1, 100, 33):
            log.append([incoming(_event(position)) for position in range(start, start + 33)])
            asked.events(since=0)  # blocks are read as they fill
    return asked


@pytest.mark.parametrize("newest_first", [True, False])
@pytest.mark.parametrize("limit", [1, 7, 1000])
@pytest.mark.parametrize(
    ("first", "last"),
    [(None, 1), (2, None), (0, 0), (2, 3), (4, 4), (9, 9), (-FIRST - 2, -FIRST - 2)],
)
def test_a_time_lists_all_of_it_wherever_it_stands(
    reader: LogReader, first: int | None, last: int | None, limit: int, newest_first: bool
) -> None:
    since = None if first is None else (FIRST + first) * DAY
    until = None if last is None else (FIRST + last + 1) * DAY
    wanted = [
        position
        for position in range(11, 95)
        if (since is None or _at(position) >= since) and (until is None or _at(position) < until)
    ]
    found = reader.events(
        after=10, before=95, since=since, until=until, limit=limit, newest_first=newest_first
    )
    ordered = wanted[::-1] if newest_first else wanted
    assert [event.position for event in found] == ordered[:limit]


def test_a_day_reads_its_own_blocks_and_the_newest(data: Path) -> None:
    work = Work()
    with opened(data) as log:
        log.append([incoming(_event(position)) for position in range(1, 2001)])
    reader = LogReader(data, work.watch)

    def steps() -> int:
        work.reset()
        assert len(reader.events(since=(FIRST + 30) * DAY, until=(FIRST + 31) * DAY)) == FOUND
        return work.steps

    whole = steps()
    reader._days = Days(BLOCK)
    reading = steps()
    assert steps() < whole / 10 < reading
