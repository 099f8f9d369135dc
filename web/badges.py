"""How each state looks: the word, the icon and the tone, the same on every page.

A tone is a meaning, never a colour alone: `app.css` gives it a colour that is
legible in both themes, and every badge carries its word and its icon.
"""

import re
from typing import Final

import msgspec

OK, WAIT, GO, BAD, OFF = "ok", "wait", "go", "bad", "off"


class Badge(msgspec.Struct, frozen=True):
    """A state's word, icon and tone."""

    text: str
    icon: str
    tone: str


_B = Badge

# fmt: off
BADGES: Final[dict[str, dict[str, Badge]]] = {
    "run": {
        "running":   _B("Running", "player-play", GO),
        "completed": _B("Completed", "circle-check", OK),
        "failed":    _B("Failed", "circle-x", BAD),
        "cancelled": _B("Cancelled", "ban", OFF),
        "stuck":     _B("Stuck", "hourglass", WAIT),
    },
    "conversation": {
        "queued":             _B("Queued", "clock", OFF),
        "started":            _B("Started", "message-2", GO),
        "completed":          _B("Completed", "circle-check", OK),
        "needs_review":       _B("Needs review", "eye", WAIT),
        "opted_out":          _B("Opted out", "hand-stop", OFF),
        "max_nudges_reached": _B("No answer", "message-off", OFF),
        "start_failed":       _B("Did not start", "circle-x", BAD),
    },
    "outcome": {
        "passed": _B("Passed", "check", OK),
        "failed": _B("Not passed", "x", BAD),
        "closed": _B("Closed", "circle-minus", OFF),
    },
    "meeting": {
        "scheduled":           _B("Scheduled", "calendar-check", GO),
        "cancelled":           _B("Cancelled", "calendar-x", OFF),
        "unavailable":         _B("No slot found", "calendar-off", WAIT),
        "more_time_requested": _B("More options asked for", "calendar-repeat", WAIT),
    },
    "contact": {
        "resolved": _B("Resolved", "user-check", OK),
        "failed":   _B("Failed", "user-x", BAD),
        "skipped":  _B("Skipped", "player-skip-forward", OFF),
    },
    "delivery": {
        "accepted":    _B("Accepted", "check", OK),
        "duplicate":   _B("Duplicate", "copy", OFF),
        "conflict":    _B("Conflict", "copy-x", WAIT),
        "quarantined": _B("Quarantined", "shield-exclamation", WAIT),
        "rejected":    _B("Rejected", "lock-x", BAD),
    },
    "quarantine": {
        "waiting":   _B("Waiting", "shield-exclamation", WAIT),
        "retried":   _B("Taken in", "check", OK),
        "discarded": _B("Discarded", "trash", OFF),
    },
    "answer": {
        "passed": _B("Passed", "check", OK),
        "failed": _B("Not passed", "x", BAD),
    },
    "mandatory": {
        "met":     _B("All mandatory met", "check", OK),
        "unmet":   _B("Not all mandatory met", "x", BAD),
        "unknown": _B("Mandatory unknown", "help-circle", OFF),
    },
    "requirement": {
        "met":     _B("Met", "check", OK),
        "unmet":   _B("Not met", "x", BAD),
        "unknown": _B("Not known", "help-circle", OFF),
    },
    "projection": {
        "current": _B("Current", "circle-check", OK),
        "behind":  _B("Catching up", "refresh", WAIT),
        "broken":  _B("Broken", "alert-triangle", BAD),
    },
    "fold": {
        "current": _B("Folded", "check", OK),
        "behind":  _B("Not folded yet", "refresh", WAIT),
        "broken":  _B("Broken", "alert-triangle", BAD),
    },
    "job": {
        "current": _B("Went well", "check", OK),
        "broken":  _B("Failed", "alert-triangle", BAD),
    },
    "family": {
        "conversation": _B("Conversation", "messages", OFF),
        "analysis":     _B("Analysis", "list-check", OFF),
        "meeting":      _B("Meeting", "calendar-event", OFF),
        "run":          _B("Run", "route", OFF),
        "contact":      _B("Contact", "address-book", OFF),
        "workflow":     _B("Workflow", "sitemap", OFF),
        "tracker":      _B("Tracker", "user", OFF),
        "unknown":      _B("Not understood yet", "help-circle", WAIT),
    },
    "attention": {
        "needs_review":        _B("Needs review", "eye", WAIT),
        "start_failed":        _B("Did not start", "circle-x", BAD),
        "max_nudges_reached":  _B("No answer", "message-off", WAIT),
        "availability_not_found": _B("No slot found", "calendar-off", WAIT),
        "more_time_requested": _B("More options", "calendar-repeat", WAIT),
        "resolution_failed":   _B("Contact failed", "user-x", BAD),
        "run_failed":          _B("Run failed", "circle-x", BAD),
        "notes_ready":         _B("Notes ready", "notes", OK),
    },
}
# fmt: on


def badge(kind: str, state: str | None) -> Badge:
    """The badge of a state; a state that has none is shown as it is written."""
    found = BADGES.get(kind, {}).get(state or "")
    return found or Badge(sentence(state or "unknown"), "help-circle", OFF)


def sentence(code: str) -> str:
    """A code such as `NEEDS_REVIEW` or `node_missing` in sentence case: Needs review."""
    words = code.replace("_", " ").strip()
    return words[:1].upper() + words[1:].lower()


def capital(text: str | None) -> str:
    """A text with a capital letter first, nothing for none."""
    return text[:1].upper() + text[1:] if text else ""


CODE: Final = re.compile(r"[A-Z0-9_]+")


def plain(text: str) -> str:
    """A text for reading: a code in capitals in sentence case, any other text as it is."""
    return sentence(text) if CODE.fullmatch(text) else text


ANOMALIES: Final = {
    "start_missing": "The run's start was not received",
    "node_missing": "A completed node came without its id",
}


def anomaly_words(code: str) -> str:
    """An anomaly's code in words for the page."""
    kind, _, detail = code.partition(":")
    if kind == "unexpected":
        return f"{sentence(detail)} was not expected at this point"
    if kind == "unreadable":
        return f"The value of {detail} could not be read"
    return ANOMALIES.get(code, sentence(code))
