"""Reads payloads from the exact bytes of an event: quickly where it can, tolerantly always."""

import math
from collections.abc import Mapping
from functools import cache
from types import UnionType
from typing import Annotated, Any, Final, Union, get_args, get_origin, get_type_hints

import msgspec

from tracker.payloads import Part, Payload, Text

LARGEST_INTEGER: Final = 2**63 - 1


class Reading(msgspec.Struct, frozen=True):
    """A payload as understood, and the paths whose values were of another kind."""

    payload: Payload
    unreadable: tuple[str, ...] = ()


def read_payload(kind: type[Payload], body: bytes) -> Reading:
    """Read the `data` object of an envelope's bytes as one kind of payload.

    Raises msgspec.DecodeError when the body is not JSON; odd values inside
    `data` never raise.
    """
    payload = _fast(kind).read(body)
    if payload is not None:
        return Reading(payload)
    unreadable: list[str] = []
    data = msgspec.json.decode(body).get("data")
    payload = _read_struct(kind, data if isinstance(data, dict) else {}, "", unreadable)
    return Reading(payload, tuple(unreadable))


class _Fast(msgspec.Struct, frozen=True):
    """Typed decoders: one for preferred names, one for alternative names only.

    `spelled` decodes the alternatives as fields of their own, `nothing` is what it gives
    where there are none; `attributes` tells which field each of them stands for.
    """

    preferred: Any
    spelled: Any
    nothing: Any
    attributes: tuple[tuple[str, str], ...]

    def read(self, body: bytes) -> Payload | None:
        """The payload, None when it takes a closer look."""
        try:
            payload: Payload = self.preferred.decode(body).data
            others = self.spelled.decode(body).data
        except msgspec.ValidationError:
            return None
        return payload if others == self.nothing else self._merge(payload, others)

    def _merge(self, payload: Payload, others: Any) -> Payload | None:
        found: dict[str, Any] = {}
        for name, attribute in self.attributes:
            value = getattr(others, name)
            if value is None:
                continue
            if not attribute:
                return None
            if attribute not in found and getattr(payload, attribute) is None:
                found[attribute] = value
        return msgspec.structs.replace(payload, **found)


@cache
def _fast(kind: type[Payload]) -> _Fast:
    alternatives = _alternatives(kind)
    fields = [
        (f"n{number}", wanted | None if attribute else Any, msgspec.field(name=name, default=None))
        for number, (name, attribute, wanted) in enumerate(alternatives)
    ]
    spelled = msgspec.defstruct(f"{kind.__name__}Spelled", fields)
    return _Fast(
        preferred=_decoder(kind),
        spelled=_decoder(spelled),
        nothing=spelled(),
        attributes=tuple((f"n{n}", attribute) for n, (_, attribute, _) in enumerate(alternatives)),
    )


def _decoder(kind: Any) -> Any:
    return msgspec.json.Decoder(msgspec.defstruct("Body", [("data", kind)]))


def _alternatives(kind: type[Part]) -> list[tuple[str, str, Any]]:
    """Alternative names with the attribute they stand for and its type.

    Both are missing for an object that a dotted name steps into, which only the tolerant
    reading does.
    """
    fields = [field for field in _fields(kind) if field.part is None and not field.many]
    dotted = {name.split(".")[0] for field in fields for name in field.names if "." in name}
    flat = [
        (name, field.attribute, Text if field.wanted is str else field.wanted)
        for field in fields
        for name in field.names[1:]
        if "." not in name and name not in dotted
    ]
    return [*flat, *((name, "", None) for name in sorted(dotted))]


class _Field(msgspec.Struct, frozen=True):
    attribute: str
    names: tuple[str, ...]
    wanted: Any
    part: type[Part] | None
    many: bool


@cache
def _fields(kind: Any) -> tuple[_Field, ...]:
    hints = get_type_hints(kind, include_extras=True)
    return tuple(
        _field(field.name, field.encode_name, hints[field.name])
        for field in msgspec.structs.fields(kind)
    )


def _field(attribute: str, name: str, hint: Any) -> _Field:
    others: tuple[str, ...] = ()
    if get_origin(hint) is Annotated:
        hint, *metas = get_args(hint)
        others = tuple(n for meta in metas for n in (meta.extra or {}).get("also", ()))
    if get_origin(hint) in {UnionType, Union}:
        hint = next(option for option in get_args(hint) if option is not type(None))
    if get_origin(hint) is Annotated:
        hint = get_args(hint)[0]
    many = get_origin(hint) is tuple
    inner = get_args(hint)[0] if many else hint
    part = inner if isinstance(inner, type) and issubclass(inner, Part) else None
    return _Field(attribute, (name, *others), inner, part, many)


def _read_struct(kind: type[Part], data: Mapping[str, Any], path: str, odd: list[str]) -> Any:
    values = {}
    for field in _fields(kind):
        name, raw = _first_present(data, field.names)
        if raw is not None:
            values[field.attribute] = _read_value(field, raw, path + name, odd)
    return kind(**values)


def _first_present(data: Mapping[str, Any], names: tuple[str, ...]) -> tuple[str, Any]:
    for name in names:
        value: Any = data
        for step in name.split("."):
            value = value.get(step) if isinstance(value, dict) else None
        # An object is only ever reached through its fields ("error" beside "error.message").
        if value is not None and value != "" and not (isinstance(value, dict) and name != names[0]):
            return name, value
    return names[0], None


def _read_value(field: _Field, raw: Any, path: str, odd: list[str]) -> Any:
    if not field.many:
        return _read_one(field, raw, path, odd)
    if not isinstance(raw, list):
        odd.append(path)
        return None
    read = (_read_one(field, item, f"{path}[{n}]", odd) for n, item in enumerate(raw))
    return tuple(item for item in read if item is not None)


def _read_one(field: _Field, raw: Any, path: str, odd: list[str]) -> Any:
    if field.part is not None:
        if isinstance(raw, dict):
            return _read_struct(field.part, raw, f"{path}.", odd)
    elif field.wanted is str and isinstance(raw, int) and not isinstance(raw, bool):
        return str(raw)
    else:
        try:
            value = msgspec.convert(raw, field.wanted, strict=False)
        except msgspec.ValidationError:
            pass
        else:
            if _can_be_kept(value):
                return value
    odd.append(path)
    return None


def _can_be_kept(value: Any) -> bool:
    """Tables hold integers of 64 bits, and neither NaN nor infinity, which a text may spell."""
    if isinstance(value, float):
        return math.isfinite(value)
    return not isinstance(value, int) or abs(value) <= LARGEST_INTEGER
