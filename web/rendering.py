"""Templates: the environment, who looks (zone, theme, now), and the filters that need either.

Escaping is always on. Undefined names raise, so that a template can't show less
than it means to.
"""

import datetime as dt
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlencode
from zoneinfo import ZoneInfo

import msgspec
from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from litestar import MediaType, Request, Response
from markupsafe import Markup

from tracker.timing import DAY, HOUR, MINUTE, SECOND, to_datetime, to_iso
from web.assets import asset_url
from web.badges import anomaly_words, badge, capital, plain, sentence
from web.ids import encode_id
from web.security import nonce_of

UTC = ZoneInfo("UTC")
SPANS = (("d", DAY), ("h", HOUR), ("min", MINUTE), ("s", SECOND))
TWO_UNITS_UP_TO = 10
KILO = 1000
NOTHING = "\u2013"  # a dash where there is no value
ICONS = asset_url("icons.svg")


class Viewer(msgspec.Struct, frozen=True):
    """Who looks at a page: when, in which zone, in which theme, at which address.

    `mark` is the state of the views that the page shows at least (`web.live`), `nonce` what
    the page's own scripts and htmx attributes are known by (`web.security`).
    """

    now: int
    zone: ZoneInfo = UTC
    theme: str = "system"
    path: str = "/"
    query: str = ""
    mark: str = ""
    nonce: str = ""

    @property
    def zone_name(self) -> str:
        """The IANA name of the viewer's zone."""
        return self.zone.key

    @property
    def cursor(self) -> str | None:
        """The cursor in the address, None on the first page of a list."""
        return dict(parse_qsl(self.query)).get("cursor")

    @property
    def sort(self) -> str | None:
        """The order in the address, None for a list's own."""
        return dict(parse_qsl(self.query)).get("sort")

    @property
    def filtered(self) -> bool:
        """Whether the address holds more than paging and order."""
        names = {name for name, _ in parse_qsl(self.query)}
        return not names <= {"cursor", "limit", "sort", "done"}

    def link(self, **changes: Any) -> str:
        """The same address with other parameters; None takes one away. Paging starts again."""
        added = [(k, str(v)) for k, v in changes.items() if v not in {None, ""}]
        return self._at([*self._without(changes), *added])

    def without(self, *names: str, value: str | None = None) -> str:
        """The same address without some parameters; with `value`, only where they are that."""
        return self._at(self._without(names, value))

    def _without(self, names: Iterable[str], value: str | None = None) -> list[tuple[str, str]]:
        left = {"cursor", "done"}
        given = [(k, v) for k, v in parse_qsl(self.query) if k not in left]
        return [(k, v) for k, v in given if k not in names or value not in {None, v}]

    def _at(self, parameters: list[tuple[str, str]]) -> str:
        return self.path + ("?" + urlencode(parameters) if parameters else "")


def viewer(request: Request[Any, Any, Any], now: int) -> Viewer:
    """The viewer of a request, from what the browser told about itself in two cookies."""
    theme = request.cookies.get("theme", "system")
    return Viewer(
        now=now,
        zone=_zone(unquote(request.cookies.get("zone", ""))),
        theme=theme if theme in {"light", "dark"} else "system",
        path=raw_path(request).removeprefix("/parts") or "/",
        query=_query(request.scope["query_string"].decode("latin-1")),
        mark=request.state.get("mark", ""),
        nonce=nonce_of(request.scope),
    )


def _query(text: str) -> str:
    """What the viewer asked for, without the rows that a fragment has on the page already."""
    return "&".join(part for part in text.split("&") if not part.startswith("seen="))


def raw_path(request: Request[Any, Any, Any]) -> str:
    """The path as it was asked for, still percent-encoded: ids may hold a slash."""
    return request.scope["raw_path"].decode("latin-1").partition("?")[0]


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # an unknown name, an odd one, a folder's name
        return UTC


def render(template: str, context: msgspec.Struct, seen_by: Viewer, **frame: Any) -> str:
    """The HTML of one template with a context struct's fields, and the frame's, as its names."""
    names = {field: getattr(context, field) for field in context.__struct_fields__}
    return ENVIRONMENT.get_template(template).render(**names, **frame, viewer=seen_by)


def html(content: str, status: int = 200) -> Response[Any]:
    """An answer with HTML that no cache keeps."""
    kept = {"Cache-Control": "no-store"}
    return Response(content, status_code=status, media_type=MediaType.HTML, headers=kept)


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
    try:
        local = to_datetime(moment).astimezone(zone)
    except OverflowError:
        return to_iso(moment)
    return f"{local:%a} {local.day} {local:%b %Y, %H:%M:%S} {zone.key}"


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
    return NOTHING if moment is None else _time(moment, seen, exact(moment, seen.zone))


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


def _time(moment: int, seen: Viewer, words: str, *, relative: bool = False) -> Markup:
    mark = Markup(" data-ago") if relative else Markup("")
    full = exact(moment, seen.zone)
    return Markup('<time datetime="{}" title="{}"{}>{}</time>').format(
        to_iso(moment), full, mark, words
    )


def icon(name: str, label: str = "") -> Markup:
    """An icon of the sprite; without a label it is decoration beside a word."""
    if not label:
        return Markup('<svg class="i" aria-hidden="true"><use href="{}#{}"/></svg>').format(
            ICONS, name
        )
    return Markup('<svg class="i" role="img" aria-label="{}"><use href="{}#{}"/></svg>').format(
        label, ICONS, name
    )


def badge_html(state: str | None, kind: str) -> Markup:
    """A state as text, icon and tone."""
    shown = badge(kind, state)
    return Markup('<span class="state {}">{}{}</span>').format(
        shown.tone, icon(shown.icon), shown.text
    )


def web(address: str | None) -> str:
    """An address that was received, as long as it leads to the web; else nothing.

    What arrives in a payload is never trusted to be a link: `javascript:` is one, too.
    """
    return address if address and address.lower().startswith(("https://", "http://")) else ""


def pretty(body: bytes) -> str:
    """JSON bytes indented for reading; other bytes as they are, odd ones replaced."""
    text = body.decode("utf-8", "replace")
    try:
        return json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        return text


def thousands(number: float | None) -> str:
    """A number with thin spaces between the thousands; a fraction keeps one digit."""
    if number is None:
        return NOTHING
    text = f"{number:,.1f}".removesuffix(".0")
    return text.replace(",", "\u202f")


def size_words(size: int) -> str:
    """A number of bytes in the largest fitting unit: `3.9 MB`."""
    amount, unit = float(size), "bytes"
    for larger in ("kB", "MB", "GB", "TB"):
        if amount < KILO:
            break
        amount, unit = amount / KILO, larger
    return f"{thousands(round(amount, 1))} {unit}"


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.filters |= {
        "ago": _ago,
        "exact": _exact,
        "waiting": _waiting,
        "look": lambda state, kind: badge(kind, state),
        "clock": _clock,
        "moment": _moment,
        "day": _day,
        "lasted": lasted,
        "badge": badge_html,
        "segment": encode_id,
        "pretty": pretty,
        "web": web,
        "number": thousands,
        "bytes": size_words,
        "sentence": sentence,
        "plain": plain,
        "capital": capital,
        "anomaly": anomaly_words,
        "iso": to_iso,
    }
    environment.globals |= {"asset": asset_url, "icon": icon}
    return environment


ENVIRONMENT = _environment()
