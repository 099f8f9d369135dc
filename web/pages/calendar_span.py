"""Which days a view of the calendar shows, what they are called, and which come next."""

import calendar as months
import datetime as dt
from typing import Final

import msgspec

from projections.queries.filters import CalendarFilter
from web.pages.appointments import ONE_DAY
from web.times import day_name, local_time
from web.viewer import Viewer

DAYS: Final = {"agenda": 14, "week": 7, "day": 1}


class Span(msgspec.Struct, frozen=True):
    """What is asked for: a view of the days from `first` to `last` around `date`."""

    view: str
    date: dt.date
    first: dt.date
    last: dt.date

    @property
    def drawn(self) -> tuple[dt.date, dt.date]:
        """The first and the last day that are drawn: a month is drawn in whole weeks."""
        if self.view != "month":
            return self.first, self.last
        return monday(self.first), monday(self.last) + 6 * ONE_DAY

    @property
    def earlier(self) -> str:
        """A date of the span before."""
        if self.view == "month":
            return (self.first - ONE_DAY).replace(day=1).isoformat()
        return (self.first - DAYS[self.view] * ONE_DAY).isoformat()

    @property
    def later(self) -> str:
        """A date of the span after."""
        return (self.last + ONE_DAY).isoformat()

    def words(self, viewer: Viewer) -> str:
        """What the span is called."""
        if self.view == "month":
            return f"{self.first:%B %Y}"
        first = day_name(self.first, viewer)
        return first if self.view == "day" else f"{first} to {day_name(self.last, viewer)}"


def span_of(asked: CalendarFilter, viewer: Viewer) -> Span:
    """The span around the date that is asked for, around today when none is."""
    date = dt.date.fromisoformat(asked.date) if asked.date else today_of(viewer)
    if asked.view == "month":
        first = date.replace(day=1)
        days = months.monthrange(first.year, first.month)[1]
        return Span(asked.view, date, first, first + (days - 1) * ONE_DAY)
    first = monday(date) if asked.view == "week" else date
    return Span(asked.view, date, first, first + (DAYS[asked.view] - 1) * ONE_DAY)


def today_of(viewer: Viewer) -> dt.date:
    """The day it is for the viewer."""
    return local_time(viewer.now, viewer.zone).date()


def monday(day: dt.date) -> dt.date:
    """The first day of a day's week."""
    return day - day.weekday() * ONE_DAY
