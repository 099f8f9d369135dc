"""How durations and times read: in words, in the viewer's zone, with the exact time at hand."""

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Any, Final
from zoneinfo import ZoneInfo

from jinja2 import pass_context
from jinja2.runtime import Context
from markupsafe import Markup

from tracker.timing import DAY, HOUR, MINUTE, SECOND, to_datetime, to_iso
from web.figures import NOTHING
from web.viewer import Viewer

SPANS: Final = (("d", DAY), ("h", HOUR), ("min", MINUTE), ("s", SECOND))
TWO_UNITS_UP_TO: Final = 10


def lasted(span: int | None) -> str:
    """A duration in microseconds in one or two units: `3 h 12 min`, `4 d`."""
    if span is None:
        return NOTHING
    span = max(0, span)
    for number, (unit, size) in enumerate(SPANS):
        if span >= size:
            whole, rest = divmod(span, size)
            text = f"{whole} {unit}"
            if number + 1 < len(SPANS) and whole < TWO_UNITS_UP_TO:
                smaller, width = SPANS[number + 1]
                text += f" {rest // width} {smaller}" if rest // width else ""
            return text
    return "0 s"


def ago(moment: int, now: int) -> str:
    """How long before or after now, in the largest unit: `3 h ago`, `in 2 d`."""
    distance = abs(now - moment)
    if distance < MINUTE:
        return "just now" if moment <= now else "in a moment"
    unit, size = next((unit, size) for unit, size in SPANS if distance >= size)
    return f"{distance // size} {unit} ago" if moment <= now else f"in {distance // size} {unit}"


def exact(moment: int, zone: ZoneInfo) -> str:
    """A time with its day and zone: `Mon 23 Nov 2026, 10:42:07 Europe/London`."""
    return f"{dated(moment, zone)} {zone.key}"


def dated(moment: int, zone: ZoneInfo) -> str:
    """The same where the page names the zone: `Mon 23 Nov 2026, 10:42:07`."""
    local = local_time(moment, zone)
    return f"{local:%a} {local.day} {local:%b %Y, %H:%M:%S}"


def day_name(day: dt.date, seen: Viewer) -> str:
    """A day as a heading: `Today, Mon 23 Nov`, with the year when it is another one."""
    today = local_time(seen.now, seen.zone).date()
    name = f"{day:%a} {day.day} {day:%b}" + ("" if day.year == today.year else f" {day.year}")
    words = {-1: "Yesterday, ", 0: "Today, ", 1: "Tomorrow, "}
    return words.get((day - today).days, "") + name


def local_time(moment: int, zone: ZoneInfo) -> dt.datetime:
    """A time in microseconds as a clock on the wall of a zone shows it."""
    try:
        return to_datetime(moment).astimezone(zone)
    except OverflowError:
        return to_datetime(moment)


@pass_context
def _ago(context: Context, moment: int | None) -> Markup | str:
    seen: Viewer = context["viewer"]
    if moment is None:
        return NOTHING
    return _time(moment, seen, ago(moment, seen.now), relative=True)


@pass_context
def _waiting(context: Context, moment: int) -> Markup:
    seen: Viewer = context["viewer"]
    return _time(moment, seen, lasted(seen.now - moment))


@pass_context
def _exact(context: Context, moment: int | None) -> Markup | str:
    seen: Viewer = context["viewer"]
    return NOTHING if moment is None else _time(moment, seen, dated(moment, seen.zone))


@pass_context
def _clock(context: Context, moment: int | None) -> Markup | str:
    seen: Viewer = context["viewer"]
    if moment is None:
        return NOTHING
    return _time(moment, seen, local_time(moment, seen.zone).strftime("%H:%M"))


@pass_context
def _moment(context: Context, moment: int | None) -> Markup | str:
    seen: Viewer = context["viewer"]
    if moment is None:
        return NOTHING
    local, today = local_time(moment, seen.zone), local_time(seen.now, seen.zone)
    words = f"{local.day} {local:%b %Y, %H:%M}" if local.year != today.year else ""
    return _time(moment, seen, words or f"{local.day} {local:%b, %H:%M}")


@pass_context
def _day(context: Context, moment: int | None) -> str:
    seen: Viewer = context["viewer"]
    return "No day" if moment is None else day_name(local_time(moment, seen.zone).date(), seen)


def _time(moment: int, seen: Viewer, words: str, *, relative: bool = False) -> Markup:
    mark = Markup(" data-ago") if relative else Markup("")
    full = exact(moment, seen.zone)
    return Markup('<time datetime="{}" title="{}"{}>{}</time>').format(
        to_iso(moment), full, mark, words
    )


TIME_FILTERS: Final[Mapping[str, Callable[..., Any]]] = {
    "ago": _ago,
    "clock": _clock,
    "day": _day,
    "exact": _exact,
    "iso": to_iso,
    "lasted": lasted,
    "moment": _moment,
    "waiting": _waiting,
}
"""What templates write after a `|`; each knows the viewer by the name `viewer`."""
