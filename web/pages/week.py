"""A week as a grid of time: where each meeting stands in its day, those at one time side by side.

Hours in which nothing happens are folded, and a day is as wide as its most crowded hour
needs. Places are whole quarters of an hour and lanes, because the page sets them with the
classes of `calendar.css`: the content security policy allows no styles of an element's own.
"""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import msgspec

from web.pages.appointments import Appointment, Day
from web.pages.calendar_span import today_of
from web.times import local_time
from web.viewer import Viewer

QUARTER: Final = 15  # minutes
QUARTERS: Final = 4  # in an hour
SHORTEST: Final = 2  # quarters that a title needs
USUAL_HOURS: Final = range(8, 18)
FOLDED: Final = 2  # rows of a fold, each as high as a quarter
MOST_LANES: Final = 4
WHOLE_DAY: Final = 24 * QUARTERS


class Block(msgspec.Struct, frozen=True):
    """A meeting's place: from `row`, for `span` quarters, in one of `lanes`.

    Without an appointment it stands for `more` meetings that found no lane.
    """

    row: int
    span: int
    lane: int
    lanes: int
    appointment: Appointment | None = None
    more: int = 0


class Column(msgspec.Struct, frozen=True):
    """One day of the grid with all its meetings counted; `width` is its most lanes, 0 if empty."""

    day: Day
    count: int
    today: bool
    width: int
    blocks: list[Block]


class Band(msgspec.Struct, frozen=True):
    """What stands beside the grid: one hour, or several empty ones `to` another, folded."""

    hour: int
    to: int

    @property
    def folded(self) -> bool:
        """Whether it is several hours."""
        return self.to > self.hour + 1

    @property
    def rows(self) -> int:
        """How many rows of the grid it takes."""
        return FOLDED if self.folded else QUARTERS


class Week(msgspec.Struct, frozen=True):
    """The grid: the hours it shows, and its days."""

    bands: list[Band]
    columns: list[Column]


class _Piece(msgspec.Struct):
    start: int
    end: int
    appointment: Appointment
    lane: int = 0


def week_of(days: Sequence[Day], counts: Mapping[dt.date, int], viewer: Viewer) -> Week:
    """The grid of some days, from their first to their last hour, at least the usual ones."""
    placed = [(day, [_piece(one, viewer) for one in day.meetings]) for day in days]
    bands = _bands(piece for _, pieces in placed for piece in pieces)
    rows = _rows(bands)
    today = today_of(viewer)
    return Week(
        bands=bands,
        columns=[
            Column(
                day=day,
                count=counts.get(day.date, 0),
                today=day.date == today,
                width=max((block.lanes for block in blocks), default=0),
                blocks=blocks,
            )
            for day, pieces in placed
            for blocks in [_blocks(pieces, rows)]
        ],
    )


def _piece(one: Appointment, viewer: Viewer) -> _Piece:
    """What the walls' clocks say of a meeting on one day, in quarters of an hour."""
    row, day = one.meeting, one.day
    starts_at = row.starts_at or 0
    ends_at = row.ends_at if row.ends_at is not None else starts_at
    starts, ends = local_time(starts_at, viewer.zone), local_time(ends_at, viewer.zone)
    start = _minutes(starts) if starts.date() == day else 0
    end = _minutes(ends) if ends.date() == day else 24 * 60
    quarter = min(start // QUARTER, WHOLE_DAY - SHORTEST)
    # Where clocks go back, an end may be earlier on the wall than its start.
    return _Piece(quarter, max(-(-end // QUARTER), quarter + SHORTEST), one)


def _minutes(local: dt.datetime) -> int:
    return local.hour * 60 + local.minute


def _bands(pieces: Iterable[_Piece]) -> list[Band]:
    """Every hour with a meeting and the usual ones; two and more empty ones as one band."""
    hours = set(USUAL_HOURS)
    for piece in pieces:
        hours.update(range(piece.start // QUARTERS, -(-piece.end // QUARTERS)))
    bands: list[Band] = []
    for hour in sorted(hours):
        if bands and hour > bands[-1].to:
            bands.append(Band(bands[-1].to, hour))
        bands.append(Band(hour, hour + 1))
    return bands


def _rows(bands: Sequence[Band]) -> dict[int, int]:
    """The first row of each hour of the grid."""
    rows, row = {}, 0
    for band in bands:
        rows[band.hour] = row
        row += band.rows
    return rows


def _blocks(pieces: Iterable[_Piece], rows: Mapping[int, int]) -> list[Block]:
    return [
        block
        for group in _overlapping(sorted(pieces, key=lambda p: (p.start, -p.end)))
        for block in _side_by_side(group, rows)
    ]


def _overlapping(pieces: Sequence[_Piece]) -> list[list[_Piece]]:
    """Pieces in groups that share no time with each other."""
    groups: list[list[_Piece]] = []
    end = -1
    for piece in pieces:
        if piece.start >= end:
            groups.append([])
        groups[-1].append(piece)
        end = max(end, piece.end)
    return groups


def _side_by_side(group: Sequence[_Piece], rows: Mapping[int, int]) -> list[Block]:
    ends: list[int] = []
    for piece in group:
        free = next((n for n, end in enumerate(ends) if end <= piece.start), len(ends))
        ends[free:] = [piece.end, *ends[free + 1 :]]
        piece.lane = free
    lanes = min(len(ends), MOST_LANES)
    fits = len(ends) <= MOST_LANES
    shown = [piece for piece in group if fits or piece.lane < MOST_LANES - 1]
    rest = [piece for piece in group if not fits and piece.lane >= MOST_LANES - 1]
    blocks = [
        Block(_row(p.start, rows), p.end - p.start, p.lane, lanes, p.appointment) for p in shown
    ]
    if rest:
        first, last = min(p.start for p in rest), max(p.end for p in rest)
        blocks.append(Block(_row(first, rows), last - first, lanes - 1, lanes, None, len(rest)))
    return blocks


def _row(quarter: int, rows: Mapping[int, int]) -> int:
    """The row of a quarter; its hour has a meeting, so it is not folded."""
    return rows[quarter // QUARTERS] + quarter % QUARTERS
