"""Payloads in which every field holds something, made from their types."""

from collections.abc import Callable
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

import msgspec


def filled(kind: Any, text: Callable[[str], str], path: str = "") -> Any:
    """A value of a payload's type; `text` gives that of each text by its path, such as `a.b`."""
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        hints = get_type_hints(kind)
        names = zip(kind.__struct_fields__, kind.__struct_encode_fields__, strict=True)
        return {
            name: filled(hints[field], text, f"{path}.{name}".lstrip(".")) for field, name in names
        }
    if get_origin(kind) in {UnionType, Union}:
        return filled(get_args(kind)[0], text, path)
    if get_origin(kind) is tuple:
        return [filled(get_args(kind)[0], text, path)]
    if kind is str:
        return text(path)
    return {bool: True, int: 1, float: 7.5}[kind]
