"""How the filters of a list are read from an address's parameters, and written into one.

An empty parameter is the same as none, so that plain forms work. Times are microseconds
in code and ISO 8601 in an address, where a date alone stands for the whole day in UTC.
"""

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Annotated, Any, ClassVar, TypeVar, get_origin
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from projections.queries.paging import DEFAULT_LIMIT, LARGEST_INTEGER, LARGEST_LIMIT
from projections.queries.refusals import refused
from tracker.errors import InvalidInput
from tracker.timing import DAY, from_iso, to_iso

Kind = TypeVar("Kind", bound="Asked")


def _start(value: Any) -> Any:
    return _moment(value, 0)


def _end(value: Any) -> Any:
    return _moment(value, DAY)


def _moment(value: Any, rest_of_day: int) -> Any:
    if not isinstance(value, str):
        return value
    try:
        moment = from_iso(value)
    except ValueError:
        raise ValueError("a date or time like 2026-03-01 or 2026-03-01T09:30:00Z") from None
    return moment + rest_of_day if _is_date(value) else moment


def _is_date(text: str) -> bool:
    try:
        dt.date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _zone(name: str) -> str:
    try:
        return ZoneInfo(name).key
    except (KeyError, ValueError, OSError):
        said = f"there is no time zone {name[:50]!r}; use a name like Europe/London"
        raise ValueError(said) from None


def _day(text: str) -> str:
    try:
        day = dt.date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text[:50]!r} is no date like 2026-03-01") from None
    if not 1971 <= day.year <= 9000:  # noqa: PLR2004  # with room on both sides
        raise ValueError(f"{text[:50]!r} is too far away")
    return day.isoformat()


Start = Annotated[int | None, BeforeValidator(_start)]
End = Annotated[int | None, BeforeValidator(_end)]
Zone = Annotated[str, AfterValidator(_zone)]
Day = Annotated[str, AfterValidator(_day)]
Position = Annotated[int, Field(ge=0, le=LARGEST_INTEGER)]
Text = Annotated[str, Field(max_length=1000)]
From = Annotated[Start, Field(alias="from", description="At or after this time, or day")]
To = Annotated[End, Field(alias="to", description="Before this time, or to the end of this day")]
Person = Annotated[Text | None, Field(description="Any id of a person")]
Odd = Annotated[bool | None, Field(description="With, or without, anything unexpected")]


class Asked(BaseModel):
    """A group of parameters; made by `parse`, or in code by the names of the fields."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_by_name=True)
    not_kept: ClassVar[frozenset[str]] = frozenset()

    def parameters(self) -> list[tuple[str, str]]:
        """What was asked, as parameters of an address, without the place in the list."""
        return [
            (field.alias or name, text)
            for name, field in type(self).model_fields.items()
            if name in self.model_fields_set - self.not_kept
            for text in _texts(name, getattr(self, name))
        ]


class Filter(Asked):
    """What every list takes."""

    limit: Annotated[int, Field(ge=1, le=LARGEST_LIMIT, description="How many items")] = (
        DEFAULT_LIMIT
    )
    cursor: Annotated[
        str | None, Field(max_length=8000, description="The `next_cursor` of the page before")
    ] = None
    not_kept: ClassVar[frozenset[str]] = frozenset({"limit", "cursor"})


def _texts(name: str, value: Any) -> Iterable[str]:
    if isinstance(value, tuple):
        yield from map(str, value)
    elif isinstance(value, bool):
        yield str(value).lower()
    elif name.endswith(("since", "until")) and value is not None:
        yield to_iso(value)
    elif value is not None:
        yield str(value)


def parse(kind: type[Kind], parameters: Iterable[tuple[str, str]]) -> Kind:
    """The filters in an address's parameters; raises InvalidInput that names the first bad one."""
    given: dict[str, list[str]] = {}
    for name, value in parameters:
        if value != "":
            given.setdefault(name, []).append(value)
    several = _several(kind)
    for name, values in given.items():
        if len(values) > 1 and name not in several:
            raise InvalidInput(f"The filter {name[:100]} is given {len(values)} times", field=name)
    read = {n: values if n in several else values[0] for n, values in given.items()}
    try:
        return kind.model_validate(read, by_alias=True, by_name=False)
    except ValidationError as error:
        raise refused(error.errors(include_url=False)[0], parameter_names(kind)) from None


def _several(kind: type[Asked]) -> set[str]:
    fields = kind.model_fields.items()
    return {f.alias or name for name, f in fields if get_origin(f.annotation) is tuple}


def parameter_names(kind: type[Asked]) -> Sequence[str]:
    """The parameters of a list, as they stand in an address."""
    return [field.alias or name for name, field in kind.model_fields.items()]
