"""The filters in an address that no control of their page shows: in words, to clear one by one.

Links from other pages ask for more than a list's form has controls for. Each such filter
stands above the list as a chip, and stays when the form is sent.
"""

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from typing import Final
from urllib.parse import parse_qsl

import msgspec

from projections.queries.filters import WITHOUT, parameter_names
from projections.queries.people import find_person, names
from projections.queries.workflows import known_nodes, workflow_names
from tracker.database import Connection
from tracker.timing import from_iso
from web.badges import plain, sentence
from web.graph_text import spoken
from web.lists import LISTS, List
from web.services import Services
from web.times import local_time
from web.viewer import Viewer

LABELS: Final = {
    "after": "After position",
    "candidate": "Candidate",
    "ended_from": "Ended from",
    "ended_to": "Ended until",
    "from": "From",
    "key": "Contact",
    "next": "Went on to",
    "node": "Probably at",
    "organization_id": "Organization",
    "run_id": "Run",
    "stage": "Got at least to",
    "to": "Until",
    "version": "Version",
    "visited": "Completed",
    "visited_from": "Completed from",
    "workflow_id": "Workflow",
}
STEP: Final = ("outcome", "next", "visited_from")
NEED: Final = {"workflow_id": ("visited", *STEP), "visited": STEP}
"""What can't be asked for without a filter: it goes with it when that one is cleared."""

NO_FILTERS: Final = frozenset({"sort", "limit", "cursor"})


class Applied(msgspec.Struct, frozen=True):
    """One filter: its parameter, what it is called and what for, the address without it."""

    name: str
    value: str
    label: str
    words: str
    clear: str


class _Address(msgspec.Struct, frozen=True):
    """All that is asked for, by whom, and where names are looked up."""

    connection: Connection
    viewer: Viewer
    given: Mapping[str, str]


def applied_filters(services: Services, viewer: Viewer) -> list[Applied]:
    """The filters of a list's page that none of its controls shows; none for other pages."""
    listed = LISTS.get(viewer.path)
    if listed is None:
        return []
    given = parse_qsl(viewer.query)
    hidden = list(_hidden(listed, given))
    if not hidden:
        return []
    with services.views.read() as connection:
        address = _Address(connection, viewer, dict(given))
        return [_applied(address, name, value) for name, value in hidden]


def _hidden(listed: List, given: list[tuple[str, str]]) -> Iterable[tuple[str, str]]:
    """A control shows one value, and none on which another filter in the address hangs."""
    known = set(parameter_names(listed.kind)) - NO_FILTERS
    present = {name for name, _ in given}
    shown = {name for name in listed.controls if present.isdisjoint(NEED.get(name, ()))}
    for name, value in given:
        if name in shown:
            shown.remove(name)
        elif name in known:
            yield name, value


def _applied(address: _Address, name: str, value: str) -> Applied:
    viewer, gone = address.viewer, NEED.get(name)
    clear = viewer.without(name, *gone) if gone else viewer.without(name, value=value)
    say = WORDS.get(name)
    words = "none" if value == WITHOUT else say(address, value) if say else value
    return Applied(name, value, LABELS.get(name, sentence(name)), words, clear)


def _node(address: _Address, node: str) -> str:
    version = address.given.get("version")
    version = "" if version == WITHOUT else version
    workflow = address.given.get("workflow_id", "")
    known = known_nodes(address.connection, workflow, version).get(node)
    return (known.label if known else None) or spoken(node)


def _person(address: _Address, value: str) -> str:
    person = find_person(address.connection, value) or ""
    return names(address.connection, [person]).get(person, value)


def _workflow(address: _Address, value: str) -> str:
    return workflow_names(address.connection, [value]).get(value, value)


def _day(address: _Address, text: str) -> str:
    """A day as it was asked for; a time in the viewer's zone."""
    try:
        day = dt.date.fromisoformat(text)
    except ValueError:
        local = local_time(from_iso(text), address.viewer.zone)
        return f"{local.day} {local:%b %Y, %H:%M}"
    return f"{day.day} {day:%b %Y}"


WORDS: Final[Mapping[str, Callable[[_Address, str], str]]] = {
    "candidate": _person,
    "ended_from": _day,
    "ended_to": _day,
    "from": _day,
    "next": _node,
    "node": _node,
    "outcome": lambda _, value: spoken(value),
    "reason": lambda _, value: plain(value),
    "stage": lambda _, value: sentence(value),
    "status": lambda _, value: sentence(value),
    "to": _day,
    "visited": _node,
    "visited_from": _day,
    "workflow_id": _workflow,
}
