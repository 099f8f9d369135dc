"""A month as a grid of days: the first meetings of each, how many there are, and its own page."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from web.pages.appointments import Appointment, Day
from web.pages.calendar_span import Span, today_of
from web.viewer import Viewer

TITLES: Final = 3  # of a day; one more is shown rather than "1 more"
FETCHED: Final = TITLES + 1


class Cell(msgspec.Struct, frozen=True, kw_only=True):
    """A day of the month; `inside` when it belongs to the month and not to the next one."""

    day: Day
    shown: list[Appointment]
    count: int
    url: str
    inside: bool
    today: bool


def month_of(
    days: Sequence[Day], counts: Mapping[dt.date, int], span: Span, viewer: Viewer
) -> list[list[Cell]]:
    """The days in weeks; `counts` says how many meetings there are on each."""
    today = today_of(viewer)
    cells = [_cell(day, counts.get(day.date, 0), span, today, viewer) for day in days]
    return [cells[n : n + 7] for n in range(0, len(cells), 7)]


def _cell(day: Day, count: int, span: Span, today: dt.date, viewer: Viewer) -> Cell:
    return Cell(
        day=day,
        shown=day.meetings[: TITLES if count > FETCHED else FETCHED],
        count=count,
        url=viewer.link(view="day", date=day.date.isoformat(), page=None),
        inside=span.first <= day.date <= span.last,
        today=day.date == today,
    )
