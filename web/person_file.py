"""What is kept of one person as files: a page that opens and prints anywhere, and JSON."""

import json
from typing import Any, Final

import msgspec

from projections.person_export import ExportedEvent, PersonExport
from tracker.events import event_type
from web.badges import sentence
from web.rendering import render
from web.viewer import Viewer

FORMATS: Final = {"html": "text/html; charset=utf-8", "json": "application/json"}


class Told(msgspec.Struct, frozen=True):
    """One event in words, with every value that it carried."""

    says: str
    at: str
    received_at: str
    type: str
    position: int
    values: list[tuple[str, str]]


class Shown(msgspec.Struct, frozen=True):
    """What a view holds: each row as names and values."""

    name: str
    rows: list[list[tuple[str, str]]]


class PersonFile(msgspec.Struct, frozen=True, kw_only=True):
    """The page's content."""

    title: str
    export: PersonExport
    events: list[Told]
    views: list[Shown]


def person_file(export: PersonExport, now: int, form: str) -> bytes:
    """The bytes of a file in one of `FORMATS`."""
    if form == "json":
        return msgspec.json.format(msgspec.json.encode(export), indent=2)
    context = PersonFile(
        title=f"What is kept of {export.name or export.person.partition(':')[2]}",
        export=export,
        events=[_told(event) for event in export.events],
        views=[
            Shown(sentence(name), [_pairs(row) for row in rows])
            for name, rows in export.views.items()
        ],
    )
    return render("candidates/file.html", context, Viewer(now=now)).encode()


def _told(event: ExportedEvent) -> Told:
    data = json.loads(event.body).get("data")
    return Told(
        says=event_type(event.type).says,
        at=event.occurred_at,
        received_at=event.received_at,
        type=event.type,
        position=event.position,
        values=_pairs(data if isinstance(data, dict) else {"data": data}),
    )


def _pairs(row: dict[str, Any], inside: str = "") -> list[tuple[str, str]]:
    """Names and values; what has an inside is told by its parts, an empty value is left out."""
    pairs: list[tuple[str, str]] = []
    for name, value in row.items():
        path, opened = f"{inside}{name}", _opened(value)
        if isinstance(opened, dict):
            pairs += _pairs(opened, f"{path} / ")
        elif isinstance(opened, list):
            pairs += _pairs({str(n): one for n, one in enumerate(opened, 1)}, f"{path} / ")
        elif opened not in {None, ""}:
            pairs.append((path, str(opened)))
    return pairs


def _opened(value: Any) -> Any:
    """A column of a view may hold JSON."""
    if isinstance(value, str) and value[:1] in {"[", "{"}:
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value
