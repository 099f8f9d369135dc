"""What is wrong with a parameter of an address, in words: which one, its value, what it can be."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from pydantic_core import ErrorDetails

from tracker.errors import InvalidInput

LONGEST: Final = 100
"""Characters of a value that are repeated."""

PLACE: Final = frozenset({"sort", "limit", "cursor"})
"""Parameters that choose no rows, so that nobody calls them filters."""


def refused(details: ErrorDetails, known: Sequence[str]) -> InvalidInput:
    """The error for the first thing that pydantic found wrong; `known` are all parameters."""
    name = str(details["loc"][0])
    if details["type"] == "extra_forbidden":
        said = f"There is no filter {name[:LONGEST]}; there are {', '.join(known)}"
    else:
        what = name if name in PLACE else f"filter {name}"
        said = f"The {what} can't be {_shown(details['input'])}; it can be {_allowed(details)}"
    return InvalidInput(said, field=name)


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return f"given {len(value)} times"
    text = str(value)
    return f"“{text}”" if len(text) <= LONGEST else f"“{text[:LONGEST]}…”"


def _allowed(details: ErrorDetails) -> str:
    say = ALLOWED.get(details["type"])
    return say(details.get("ctx", {})) if say else details["msg"]


ALLOWED: Final[Mapping[str, Callable[[Mapping[str, Any]], str]]] = {
    "enum": lambda given: given["expected"].replace("'", ""),
    "literal_error": lambda given: given["expected"].replace("'", ""),
    "bool_parsing": lambda _: "true or false",
    "int_parsing": lambda _: "a whole number",
    "int_parsing_size": lambda _: "a smaller number",
    "greater_than_equal": lambda given: f"{given['ge']} or more",
    "less_than_equal": lambda given: f"{given['le']} or less",
    "string_too_long": lambda given: f"at most {given['max_length']} characters long",
    "too_long": lambda given: f"given at most {given['max_length']} times",
    "value_error": lambda given: str(given["error"]),
}
