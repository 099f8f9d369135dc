"""What every handler of the API does: read its filters, and describe them for OpenAPI."""

from dataclasses import dataclass
from functools import cache
from typing import Any, TypeVar

from litestar import Request
from litestar.openapi.spec import Operation, Parameter, Schema

from projections.queries.parameters import Asked, parse

Kind = TypeVar("Kind", bound=Asked)
Query = Request[Any, Any, Any]
# pydantic marks what may be left out as nullable; a parameter is simply not sent.
NULL = {"type": "null"}


def wanted(kind: type[Kind], request: Query) -> Kind:
    """The filters in the address; raises InvalidInput that names a bad one."""
    return parse(kind, request.query_params.multi_items())


@cache
def asks(kind: type[Asked]) -> type[Operation]:
    """An operation that OpenAPI describes with the parameters of a filter."""
    described = kind.model_json_schema(by_alias=True, mode="validation")
    shared = described.get("$defs", {})
    parameters = [
        Parameter(
            name=name,
            param_in="query",
            description=about.get("description"),
            schema=_schema(about, shared),
        )
        for name, about in described["properties"].items()
    ]

    @dataclass
    class Described(Operation):
        def __post_init__(self) -> None:
            self.parameters = [*(self.parameters or []), *parameters]

    return Described


def _schema(about: dict[str, Any], shared: dict[str, Any]) -> Schema:
    choices = [option for option in about.get("anyOf", [about]) if option != NULL]
    return _one(choices[0], shared)


def _one(option: dict[str, Any], shared: dict[str, Any]) -> Schema:
    if "$ref" in option:
        option = shared[option["$ref"].rpartition("/")[2]]
    inner = option.get("items")
    return Schema(
        type=option.get("type"),
        enum=option.get("enum"),
        minimum=option.get("minimum"),
        maximum=option.get("maximum"),
        max_length=option.get("maxLength"),
        items=_one(inner, shared) if inner else None,
    )
