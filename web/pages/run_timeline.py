"""A run's timeline: every event in its order, and the silences between them."""

from collections.abc import Iterable, Iterator
from typing import Final
from urllib.parse import parse_qsl

import msgspec

from projections.contacts import Contact
from projections.projection import Entry
from projections.queries.run_graph import RunGraph
from projections.queries.runs import RunDetail
from projections.runs import Status
from projections.steps import Step
from tracker.timing import DAY
from web.badges import badge, plain, sentence
from web.graph_list import anchor
from web.graph_text import spoken
from web.ids import encode_id
from web.times import lasted
from web.viewer import Viewer

TONES: Final = {
    "completed": ("circle-check", "ok"),
    "failed": ("circle-x", "bad"),
    "cancelled": ("ban", "off"),
}
GAP: Final = DAY
"""A silence of more than this, in microseconds, folds."""


class Gap(msgspec.Struct, frozen=True):
    """A silence between two events; `until` is None for one that goes on."""

    lasted: str
    since: int
    until: int | None
    words: str


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """One event of the timeline, or the silence `gap` that goes on at its end."""

    gap: Gap | None = None
    event_id: str = ""
    at: int = 0
    icon: str = ""
    tone: str = ""
    title: str = ""
    note: str | None = None
    anomaly: str | None = None
    anchor: str = ""
    node_anchor: str | None = None
    event_url: str = ""


def told(detail: RunDetail, graph: RunGraph, now: int) -> Iterator[Told]:
    """The entries in order, a long silence before the entry that ended it."""
    labels = {node.id: node.label or node.id for node in graph.nodes}
    steps = {step.event_id: step for step in detail.steps}
    contacts = {contact.event_id: contact for contact in detail.contacts}
    standing = iter([*(step.node_id for step in detail.steps), detail.line.probable_node])
    node, before = next(standing), None
    for entry in detail.row.history:
        step = steps.get(entry.event_id)
        gap = _gap(before, entry.at, labels.get(node or ""))
        reason = detail.row.reason if entry.event_id == detail.row.ended_by else None
        yield _entry(entry, step, contacts.get(entry.event_id), labels, gap, reason)
        before, node = entry.at, next(standing) if step else node
    silence = _gap(before, now, labels.get(node or ""), ended=False)
    if silence and detail.line.status == Status.RUNNING:
        yield Told(gap=silence)


def whole_timeline(viewer: Viewer) -> bool:
    """Whether the address asks for every event, or for one that may be an early one."""
    asked = dict(parse_qsl(viewer.query))
    return asked.get("timeline") == "all" or "event" in asked


def _gap(before: int | None, at: int, node: str | None, *, ended: bool = True) -> Gap | None:
    if before is None or at - before <= GAP:
        return None
    where = f"Probably waiting at “{node}”" if node else "Nothing was reported"
    return Gap(lasted(at - before), before, at if ended else None, where)


def _entry(
    entry: Entry,
    step: Step | None,
    contact: Contact | None,
    labels: dict[str, str],
    gap: Gap | None,
    reason: str | None,
) -> Told:
    icon, tone = _tone(entry.type, entry.status)
    node = step.node_id if step else contact.node_id if contact else entry.note
    return Told(
        gap=gap,
        event_id=entry.event_id,
        at=entry.at,
        icon=icon,
        tone=tone,
        title=labels.get(step.node_id, step.node_id) if step else sentence(entry.type),
        note=_joined(_notes(entry, step, contact, labels, reason)),
        anomaly=entry.anomaly and entry.anomaly.replace(entry.type, sentence(entry.type)),
        anchor=anchor("event", entry.event_id),
        node_anchor=anchor("node", node) if node in labels else None,
        event_url=f"/events/id/{encode_id(entry.event_id)}",
    )


def _notes(
    entry: Entry,
    step: Step | None,
    contact: Contact | None,
    labels: dict[str, str],
    reason: str | None,
) -> Iterator[str | None]:
    if step:
        yield spoken(step.outcome)
        yield f"after {lasted(step.waited)}"
    elif contact:
        yield plain(contact.reason or contact.resolution or "")
        yield contact.node_id and f"at “{labels.get(contact.node_id, contact.node_id)}”"
    else:
        named = entry.note if entry.note in labels else None
        yield named and f"At “{labels[named]}”"
        yield plain(reason or ("" if named else entry.note or ""))


def _tone(event_type: str, status: str) -> tuple[str, str]:
    if event_type.startswith("WORKFLOW_RUN_") and status in TONES:
        return TONES[status]
    if event_type.startswith("WORKFLOW_CONTACT_"):
        shown = badge("contact", event_type.rpartition("_")[2].lower())
        return shown.icon, shown.tone
    return ("circle-check", "ok") if "NODE" in event_type else ("player-play", "go")


def _joined(words: Iterable[str | None]) -> str | None:
    return " · ".join(word for word in words if word) or None
