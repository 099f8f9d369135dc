"""A workflow's configuration as an engineer hands it over: checked, with words to act on.

Folds read configurations tolerantly (`projections.configuration`); here a person is
still there to correct one.
"""

from typing import Any, Final

import msgspec
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from tracker.errors import InvalidInput

DEEPEST_QUOTING: Final = 3
LARGEST: Final = 1024 * 1024


class Node(BaseModel):
    """A node: `routing` leads from a routing event to the id of the next node."""

    model_config = ConfigDict(extra="allow")

    type: str | None = None
    label: str | None = None
    routing: dict[str, str | None] | None = None


class Configuration(BaseModel):
    """A directed graph of nodes."""

    model_config = ConfigDict(extra="allow")

    startNodeId: str | None = None  # noqa: N815 - the provider's spelling
    nodes: dict[str, Node] = Field(min_length=1)


class Import(BaseModel):
    """Which configuration is imported for which workflow (version)."""

    workflow_id: str = Field(min_length=1, max_length=512)
    version_id: str = Field("", max_length=512)
    organization_id: str = Field("", max_length=512)
    name: str | None = Field(None, max_length=512)
    configuration: str
    warnings: tuple[str, ...] = ()

    def event_data(self, actor: str) -> dict[str, Any]:
        """The payload of the event that remembers the import."""
        data = {
            "recordId": self.workflow_id,
            "organizationId": self.organization_id,
            "workflowId": self.workflow_id,
            "workflowVersionId": self.version_id or None,
            "name": self.name,
            "configuration": self.configuration,
            "actor": actor,
        }
        return {field: value for field, value in data.items() if value is not None}


def read_import(content: bytes, **given: str | None) -> Import:
    """A file's configuration together with what was given beside it, which goes first.

    The file holds the configuration as an object or as a JSON string, or an object
    with it in the field `configuration` and `workflowId`, `workflowVersionId`,
    `organizationId`, `name` beside. Raises InvalidInput.
    """
    if len(content) > LARGEST:
        raise InvalidInput(f"The file has {len(content):,} bytes; at most {LARGEST:,} are imported")
    found = _decoded(content)
    around = found if "configuration" in found else {}
    graph = _decoded(around["configuration"]) if around else found
    fields: dict[str, Any] = {
        "workflow_id": around.get("workflowId") or "",
        "version_id": around.get("workflowVersionId") or "",
        "organization_id": around.get("organizationId") or "",
        "name": around.get("name"),
        **{field: value for field, value in given.items() if value is not None},
    }
    if not fields["workflow_id"]:
        raise InvalidInput("Whose configuration is it? Give the workflow's id", "workflow_id")
    try:
        checked = Configuration.model_validate(graph)
        text = msgspec.json.encode(graph).decode()
        fields |= {"configuration": text, "warnings": tuple(_warnings(checked))}
        return Import.model_validate(fields)
    except ValidationError as error:
        raise _invalid(error) from None


def _decoded(value: Any) -> dict[str, Any]:
    """An object, also one that is quoted as a string once or twice."""
    for _ in range(DEEPEST_QUOTING):
        if isinstance(value, dict):
            return value
        if not isinstance(value, bytes | str):
            break
        try:
            value = msgspec.json.decode(value)
        except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
            raise InvalidInput(f"The configuration is not JSON: {error}") from None
    raise InvalidInput("The configuration is not an object with `startNodeId` and `nodes`")


def _warnings(graph: Configuration) -> list[str]:
    """What will draw, but not as its author meant it."""
    warnings = []
    if graph.startNodeId is None:
        warnings.append("no startNodeId: the graph has no beginning")
    elif graph.startNodeId not in graph.nodes:
        warnings.append(f"startNodeId names {graph.startNodeId!r}, which is not among the nodes")
    for name, node in graph.nodes.items():
        for outcome, target in (node.routing or {}).items():
            if target and target not in graph.nodes:
                warnings.append(f"{name}.{outcome} leads to {target!r}, which is not a node")
    return warnings


def _invalid(error: ValidationError) -> InvalidInput:
    first = error.errors(include_url=False)[0]
    path = ".".join(str(part) for part in first["loc"])
    return InvalidInput(f"The configuration can't be imported: {path}: {first['msg']}", path)
