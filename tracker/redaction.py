"""What an event's bytes become when its person is erased.

The envelope stays, and of the payload only what `tracker.payloads.KEPT` lists, so that counts
and machines come out as before. The same event always becomes the same bytes, and what is
redacted already stays as it is.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from typing import Any, Final
from zoneinfo import ZoneInfo

import msgspec

from tracker.analysis_link import analysis_in
from tracker.envelope import Envelope, read_envelope
from tracker.events import event_type
from tracker.payloads import KEPT, CandidateAnalysis, Kept, Part
from tracker.reading import read_payload
from tracker.timing import to_iso

WORD: Final = re.compile(r"[A-Za-z0-9_.:-]{1,64}")


def redacted(body: bytes) -> bytes:
    """The body of an event without what is personal; raises InvalidEnvelope for other bytes."""
    envelope = read_envelope(body, trusted=True)
    payload = read_payload(event_type(envelope.type).payload, body).payload
    data = {"recordId": envelope.record_id, "organizationId": envelope.organization_id}
    message = {
        "event": envelope.type,
        "eventId": envelope.event_id,
        "eventTimestamp": to_iso(envelope.occurred_at),
        "erased": True,
        "data": {name: value for name, value in data.items() if value}
        | _kept(_with_analysis(payload, envelope)),
    }
    return msgspec.json.encode(message)


def _with_analysis(payload: Part, envelope: Envelope) -> Part:
    """An analysis that only the link names is kept as an id: the link itself goes."""
    if not isinstance(payload, CandidateAnalysis) or payload.analysis_id:
        return payload
    named = analysis_in(payload.analysis_candidate_url or "", envelope.record_id)
    return msgspec.structs.replace(payload, analysis_id=named)


def _kept(part: Part) -> dict[str, Any]:
    rules = _rules(type(part))
    kept = {}
    for field in msgspec.structs.fields(part):
        value, rule = getattr(part, field.name), rules.get(field.name)
        if value is not None and rule is not None and _fits(value, rule):
            kept[field.encode_name] = _part(value) if rule is Kept.PART else value
    return kept


@cache
def _rules(kind: type[Part]) -> Mapping[str, Kept]:
    """A struct's own rules and those of the structs that it extends."""
    return {name: rule for base in kind.__mro__ for name, rule in KEPT.get(base, {}).items()}


def _part(value: Any) -> Any:
    return [_kept(one) for one in value] if isinstance(value, tuple) else _kept(value)


def _fits(value: Any, rule: Kept) -> bool:
    match rule:
        case Kept.WORD:
            return WORD.fullmatch(value) is not None
        case Kept.TIME:
            return _is_time(value)
        case Kept.ZONE:
            return _is_zone(value)
        case _:
            return True


def _is_time(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return False
    return True
