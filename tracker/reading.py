"""Reads payloads from the exact bytes of an event: quickly where it can, tolerantly always."""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from types import UnionType
from typing import Annotated, Any, Final, Union, get_args, get_origin, get_type_hints

import msgspec

from tracker.payloads import Part, Payload

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
    fast = _fast(kind)
    respelled = fast.respell(body)
    if respelled is not None:
        try:
            return Reading(fast.decoder.decode(respelled).data)
        except msgspec.ValidationError:
            pass
    unreadable: list[str] = []
    data = msgspec.json.decode(body).get("data")
    payload = _read_struct(kind, data if isinstance(data, dict) else {}, "", unreadable)
    return Reading(payload, tuple(unreadable))


class _Fast(msgspec.Struct, frozen=True):
    """A typed decoder, which knows preferred names only, and what it would miss.

    That is an alternative name, an escape that could hide one, and an empty text, which
    here means the same as an absent one. `preferred` are the names that can be put in
    place of an alternative before decoding.
    """

    decoder: Any
    missed: Any
    preferred: dict[bytes, bytes]

    def respell(self, body: bytes) -> bytes | None:
        """The body with preferred names only, None when that takes a closer look."""
        for name in self.missed(body):
            preferred = self.preferred.get(name)
            if preferred is None or preferred in body:
                return None
            body = re.sub(b'"%b"(?=\\s*:)' % name, preferred, body)
        return body


@cache
def _fast(kind: type[Payload]) -> _Fast:
    body = msgspec.defstruct(f"{kind.__name__}Body", [("data", kind)])
    alternatives = list(_alternatives(kind))
    stepped_into = {name.split(".")[0] for name, _ in alternatives if "." in name}
    spelled = "|".join(sorted(re.escape(name.split(".")[0]) for name, _ in alternatives))
    missed = rf'"({spelled})"\s*:|:\s*""|\\u00' if spelled else r'(:\s*""|\\u00)'
    preferred = {
        name.encode(): f'"{preferred}"'.encode()
        for name, preferred in alternatives
        if preferred and name not in stepped_into and "." not in name
    }
    return _Fast(msgspec.json.Decoder(body), re.compile(missed.encode()).findall, preferred)


def _alternatives(kind: type[Part], *, top: bool = True) -> Iterator[tuple[str, str]]:
    """Every alternative name with the preferred one, which is empty inside of parts."""
    for field in _fields(kind):
        yield from ((name, field.names[0] if top else "") for name in field.names[1:])
        if field.part is not None:
            yield from _alternatives(field.part, top=False)


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
            if not isinstance(value, int) or abs(value) <= LARGEST_INTEGER:
                return value
    odd.append(path)
    return None
