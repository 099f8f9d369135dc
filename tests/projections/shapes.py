"""Events that nobody would send on purpose: any type, any time, any value in any field."""

import json
from functools import cache
from typing import Any

from hypothesis import strategies as st

from projections.catalogue import PROJECTIONS
from projections.projection import ACKNOWLEDGEMENTS
from tracker import payloads, reading
from tracker.events import Event, event_type, read_event
from tracker.timing import from_iso

IDS = st.sampled_from(["a", "b", "a/b", "request:e1", "", "é\n", "%2F"])
TELLING = st.sampled_from(
    [
        "COMPLETED_SCREENING_PASSED",
        "closed ",
        "2026-03-02T12:00:00",
        "2026-03-02T12:00:00+02:00",
        "0001-01-01T00:00:00",
        "9999-12-31T23:59:59-12:00",
        "2026-13-45",
        "2026-W09",
        "Europe/Berlin",
        "Asia/Tokyo",
        "America",
        "../etc/passwd",
        "localtime",
        "NaN",
        "-inf",
        "https://app.example/analysis/a/candidates/b?analysisId=a",
        "http://[broken",
        '{"startNodeId": "a", "nodes": {"a": {"routing": {"onComplete": "b"}}, "": 1}}',
        '{"nodes": {"a": {"type": 7, "label": [], "routing": {"x": null, "y": {}}}}}',
        '{"nodes": []}',
        "{",
    ]
)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(allow_nan=False, allow_infinity=False),
    IDS,
    TELLING,
    st.text(max_size=5),
)
ANYTHING = st.one_of(
    SCALARS,
    SCALARS,
    st.lists(SCALARS, max_size=2),
    st.dictionaries(st.sampled_from(["id", "name", "message"]), SCALARS, max_size=2),
)
MOMENTS = st.one_of(
    st.integers(0, 3),
    st.sampled_from([from_iso("0001-01-01"), -1, from_iso("9999-12-31"), from_iso("2026-03-02")]),
)


@st.composite
def part(draw: st.DrawFn, kind: type[payloads.Part]) -> dict[str, Any]:
    """An object with some of a payload's fields, in any spelling, some with fitting values."""
    values = {}
    for field in draw(st.lists(st.sampled_from(reading._fields(kind)), max_size=6)):
        name = draw(st.sampled_from([name for name in field.names if "." not in name]))
        values[name] = draw(_nested(field) if field.part else ANYTHING)
    return values


def _nested(field: Any) -> st.SearchStrategy[Any]:
    inner = part(field.part)
    return SCALARS | (st.lists(inner | SCALARS, max_size=2) if field.many else inner)


@st.composite
def events(draw: st.DrawFn, name: str) -> list[Event]:
    """Any events that a projection hears, acknowledgements included; their ids are unique."""
    return draw(_events(name))


@cache
def _events(name: str) -> st.SearchStrategy[list[Event]]:
    projection = next(one for one in PROJECTIONS if one.name == name)
    kinds = [_event(name, kind) for kind in sorted(projection.hears | ACKNOWLEDGEMENTS)]
    return st.lists(st.one_of(kinds), max_size=8, unique_by=lambda event: event.event_id)


def _event(projection: str, name: str) -> st.SearchStrategy[Event]:
    data = part(event_type(name).payload)
    if name in ACKNOWLEDGEMENTS:
        named = {"projection": st.just(projection), "entity": IDS, "item": EVENT_IDS}
        data = st.fixed_dictionaries(named)
    return st.builds(_read, EVENT_IDS, st.just(name), IDS, IDS, MOMENTS, data)


EVENT_IDS = st.sampled_from([f"e{n}" for n in range(12)])


def _read(
    event_id: str, name: str, record: str, organization: str, at: int, data: dict[str, Any]
) -> Event:
    body = json.dumps({"event": name, "data": data}).encode()
    return read_event(event_id, name, record, organization, at, body)
