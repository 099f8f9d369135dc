"""From the bytes of a signed delivery to the facts that the log keeps beside them.

The documented envelope is `{event, eventId, eventTimestamp, data: {recordId,
organizationId, …}}`. JSON is read more strictly here than a decoder would:
whatever two readers could understand differently is not an event.
"""

import json
import uuid
from typing import Any, NoReturn

import msgspec

from tracker.errors import InvalidEnvelope
from tracker.events import INTERNAL_PREFIX, TEST_RECEIVED
from tracker.timing import from_iso, now, to_iso

LONGEST_ID = 512
LONGEST_TYPE = 128
DEEPEST = 64
LARGEST_INTEGER = 2**63 - 1


class Envelope(msgspec.Struct, frozen=True):
    """What the log's columns hold about an event; times in microseconds UTC."""

    event_id: str
    type: str
    record_id: str
    organization_id: str
    occurred_at: int


def read_envelope(body: bytes, *, trusted: bool = False) -> Envelope:
    """Read and check a body. Only from a trusted origin it may be one of our own events.

    A test delivery is one that anybody who can sign may send.

    Raises InvalidEnvelope with a reason that names the part which is wrong.
    """
    message = _strict_json(body)
    if not isinstance(message, dict):
        raise InvalidEnvelope(f"the body is {_kind(message)}, expected an object")
    type_name = _text(message, "event", LONGEST_TYPE)
    if type_name.startswith(INTERNAL_PREFIX) and type_name != TEST_RECEIVED and not trusted:
        raise InvalidEnvelope(f"event {type_name!r}: names in {INTERNAL_PREFIX}… are our own")
    event_id = _text(message, "eventId", LONGEST_ID)
    emitted_at = _moment(_text(message, "eventTimestamp", LONGEST_TYPE), "eventTimestamp")
    data = message.get("data")
    if not isinstance(data, dict):
        raise InvalidEnvelope(
            f"data is {_kind(data)}, expected an object" if "data" in message else "data is missing"
        )
    return Envelope(
        event_id=event_id,
        type=type_name,
        record_id=_optional_text(data, "recordId"),
        organization_id=_optional_text(data, "organizationId"),
        occurred_at=_occurred_at(data, emitted_at),
    )


def internal_body(
    event_type: str, data: dict[str, Any], event_id: str | None = None, at: int | None = None
) -> bytes:
    """The envelope of an event of our own; with a new id and the current time if none is given."""
    return msgspec.json.encode(
        {
            "event": event_type,
            "eventId": event_id or f"tracker-{uuid.uuid4().hex}",
            "eventTimestamp": to_iso(now() if at is None else at),
            "data": data,
        }
    )


def same_fact(body: bytes, other: bytes) -> bool:
    """Whether two bodies of one event id say the same: equal type and equal data.

    White space, the order of keys and the envelope's own timestamp may differ
    between redeliveries; 1 and 1.0, or true and 1, are different data.
    """
    return _fact(body) == _fact(other)


def _fact(body: bytes) -> str:
    message = json.loads(body)
    return json.dumps([message["event"], message["data"]], sort_keys=True)


def _strict_json(body: bytes) -> Any:
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InvalidEnvelope(f"byte {error.start} is not UTF-8") from None
    if text.count("[") + text.count("{") > DEEPEST and _depth(text) > DEEPEST:
        raise InvalidEnvelope(f"nested deeper than {DEEPEST} levels")
    if "\\u" in text and _lone_surrogate(text):
        raise InvalidEnvelope("a text holds half of a surrogate pair")
    try:
        return _DECODER.decode(text)
    except json.JSONDecodeError as error:
        raise InvalidEnvelope(f"not JSON: {error.msg} at character {error.pos}") from None
    except RecursionError:
        raise InvalidEnvelope(f"nested deeper than {DEEPEST} levels") from None


def _depth(text: str) -> int:
    """The deepest nesting, by brackets outside texts; exact for valid JSON."""
    depth = deepest = 0
    inside = escaped = False
    for character in text:
        if inside:
            inside = escaped or character != '"'
            escaped = character == "\\" and not escaped
        elif character == '"':
            inside = True
        elif character in "[{":
            depth += 1
            deepest = max(deepest, depth)
            if deepest > DEEPEST:
                break
        elif character in "]}":
            depth -= 1
    return deepest


def _lone_surrogate(text: str) -> bool:
    try:
        json.dumps(_DECODER.decode(text), ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return True
    except (ValueError, RecursionError):
        return False
    return False


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise InvalidEnvelope(f"the key {twice[:LONGEST_TYPE]!a} stands twice in one object")
    return members


def _integer(digits: str) -> int:
    if len(digits) <= len(str(LARGEST_INTEGER)) + 1:
        value = int(digits)
        if -LARGEST_INTEGER <= value <= LARGEST_INTEGER:
            return value
    raise InvalidEnvelope(f"the integer {digits[:24]}… does not fit 64 bits")


def _float(digits: str) -> float:
    value = float(digits)
    if value in {float("inf"), float("-inf")}:
        raise InvalidEnvelope(f"the number {digits[:24]} is out of range")
    return value


def _no_constant(name: str) -> NoReturn:
    raise InvalidEnvelope(f"{name} is not JSON")


_DECODER = json.JSONDecoder(
    object_pairs_hook=_object, parse_int=_integer, parse_float=_float, parse_constant=_no_constant
)


def _text(message: dict[str, Any], name: str, longest: int) -> str:
    value = message.get(name)
    if value is None:
        raise InvalidEnvelope(f"{name} is missing")
    if not isinstance(value, str):
        raise InvalidEnvelope(f"{name} is {_kind(value)}, expected text")
    if not value.strip() or len(value) > longest or "\0" in value:
        raise InvalidEnvelope(f"{name} {value[:64]!a} is blank, too long or holds a NUL")
    return value


def _optional_text(data: dict[str, Any], name: str) -> str:
    absent = data.get(name) is None or data[name] == ""
    return "" if absent else _text(data, name, LONGEST_ID)


def _moment(text: str, name: str) -> int:
    try:
        return from_iso(text)
    except ValueError:
        raise InvalidEnvelope(f"{name} {text[:64]!a} is not an ISO 8601 time") from None


def _occurred_at(data: dict[str, Any], emitted_at: int) -> int:
    """`data.timestamp` says when a workflow event was emitted, the envelope when it was sent."""
    emitted = data.get("timestamp")
    if not isinstance(emitted, str):
        return emitted_at
    try:
        return from_iso(emitted)
    except ValueError:
        return emitted_at


def _kind(value: Any) -> str:
    kinds = {dict: "an object", list: "a list", str: "text", bool: "a truth value"}
    return "null" if value is None else kinds.get(type(value), "a number")
