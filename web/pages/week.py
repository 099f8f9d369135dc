"""A week as a grid of time: where each meeting stands in its day, those at one time side by side.

Places are whole quarters of an hour and lanes, because the page sets them with the classes
of `calendar.css`: the content security policy allows no styles of an element's own.
"""

import datetime as dt
from collections.abc import Iterable, Sequence

import msgspec

from web.pages.meetings import Appointment, Day
from web.times import local_time
from web.viewer import Viewer

QUARTER = 15  # minutes
QUARTERS = 4  # in an hour
SHORTEST = 2  # quarters that a title needs
USUAL_HOURS = (8, 18)
MOST_LANES = 4
WHOLE_DAY = 24 * QUARTERS


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
    """One day of the grid."""

    day: Day
    today: bool
    blocks: list[Block]


class Week(msgspec.Struct, frozen=True):
    """The grid: the hours it shows, and its days."""

    hours: list[int]
    columns: list[Column]


class _Piece(msgspec.Struct):
    start: int
    end: int
    appointment: Appointment
    lane: int = 0


def week_of(days: Sequence[Day], viewer: Viewer) -> Week:
    """The grid of some days, from their first to their last hour, at least the usual ones."""
    placed = [(day, [_piece(one, viewer) for one in day.meetings]) for day in days]
    every = [piece for _, pieces in placed for piece in pieces]
    first = min([USUAL_HOURS[0], *(piece.start // QUARTERS for piece in every)])
    last = max([USUAL_HOURS[1], *(-(-piece.end // QUARTERS) for piece in every)])
    today = local_time(viewer.now, viewer.zone).date()
    return Week(
        hours=list(range(first, last)),
        columns=[
            Column(day, day.date == today, _blocks(pieces, first * QUARTERS))
            for day, pieces in placed
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


def _blocks(pieces: Iterable[_Piece], offset: int) -> list[Block]:
    return [
        block
        for group in _overlapping(sorted(pieces, key=lambda p: (p.start, -p.end)))
        for block in _side_by_side(group, offset)
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


def _side_by_side(group: Sequence[_Piece], offset: int) -> list[Block]:
    ends: list[int] = []
    for piece in group:
        free = next((n for n, end in enumerate(ends) if end <= piece.start), len(ends))
        ends[free:] = [piece.end, *ends[free + 1 :]]
        piece.lane = free
    lanes = min(len(ends), MOST_LANES)
    fits = len(ends) <= MOST_LANES
    shown = [piece for piece in group if fits or piece.lane < MOST_LANES - 1]
    rest = [piece for piece in group if not fits and piece.lane >= MOST_LANES - 1]
    blocks = [Block(p.start - offset, p.end - p.start, p.lane, lanes, p.appointment) for p in shown]
    if rest:
        first, last = min(p.start for p in rest), max(p.end for p in rest)
        blocks.append(Block(first - offset, last - first, lanes - 1, lanes, None, len(rest)))
    return blocks
