"""Moving: runs now and today against the seven days before, in the viewer's days."""

from typing import Final

import msgspec

from projections.queries import moving as queries
from tracker.database import Connection
from tracker.timing import to_iso
from web.days import WEEK, day_starts
from web.sparkline import Sparkline, sparkline
from web.times import local_time
from web.viewer import Viewer

TONES: Final = {"failed": "bad", "stuck": "wait"}


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """A number that opens the list it counts, with what was before."""

    name: str
    count: int
    url: str
    note: str
    tone: str
    line: Sparkline


class Moving(msgspec.Struct, frozen=True):
    """The figures, and which day is today."""

    figures: list[Figure]
    day: str


def moving_of(connection: Connection, viewer: Viewer) -> Moving:
    """The four numbers of runs, each with its trend."""
    days = day_starts(viewer.now, viewer.zone)
    moving = queries.moving(connection, viewer.now, days)
    today = f"ended_from={to_iso(days[-2])}&ended_to={to_iso(days[-1])}"
    levels = {"running": moving.running, "stuck": moving.stuck}
    urls = {"running": "/runs?status=running", "stuck": "/runs?stuck=true"}
    figures = [_level(name, numbers, urls[name]) for name, numbers in levels.items()]
    figures += [
        _flow(status, moving.ended[status], f"/runs?status={status}&{today}")
        for status in ("completed", "failed")
    ]
    here = local_time(viewer.now, viewer.zone)
    return Moving(figures, f"{here:%A} {here.day} {here:%B} in {viewer.zone_name}")


def _level(name: str, numbers: list[int], url: str) -> Figure:
    before, now = numbers[0], numbers[-1]
    words = {
        "running": ("running now", f"{before} a week ago"),
        "stuck": ("stuck now", f"{before} of them for a week"),
    }[name]
    trend = {
        "running": "Runs that ran at the end of each of the last days, and now",
        "stuck": "Of the runs stuck now, so many were stuck at the end of each of the last days",
    }[name]
    return Figure(
        name=words[0],
        count=now,
        url=url,
        note=words[1],
        tone=TONES.get(name, "") if now else "",
        line=sparkline(numbers, trend),
    )


def _flow(status: str, numbers: list[int], url: str) -> Figure:
    usual = f"{sum(numbers[:-1]) / WEEK:.1f}".removesuffix(".0")
    return Figure(
        name=f"{status} today",
        count=numbers[-1],
        url=url,
        note=f"usually {usual} a day",
        tone=TONES.get(status, "") if numbers[-1] else "",
        line=sparkline(numbers, f"Runs that {status} on each of the last days, and today"),
    )
