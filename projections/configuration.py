"""A workflow's configuration as text, read as far as it can be understood.

The documented shape: `{"startNodeId": …, "nodes": {id: {"type", "label", "routing"}}}`, where
`routing` maps a routing event to the id of the next node. Nothing here raises.
"""

from typing import Any

import msgspec


class Node(msgspec.Struct, frozen=True):
    """One declared node."""

    id: str
    type: str | None
    label: str | None


class Configuration(msgspec.Struct, frozen=True):
    """What a text declares: nodes and `(node, outcome, target)` routes, in its own order."""

    start_node_id: str | None = None
    nodes: tuple[Node, ...] = ()
    routes: tuple[tuple[str, str, str], ...] = ()
    anomalies: tuple[str, ...] = ()


def read_configuration(text: str) -> Configuration:
    """The configuration in a text; what could not be read is named in its anomalies."""
    try:
        decoded = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return Configuration(anomalies=("configuration_unreadable",))
    declared = decoded.get("nodes") if isinstance(decoded, dict) else None
    if not isinstance(declared, dict):
        return Configuration(anomalies=("configuration_unreadable",))
    usable = {name: node for name, node in declared.items() if name and isinstance(node, dict)}
    routes = tuple(route for name, node in usable.items() for route in _routes(name, node))
    start = _text(decoded.get("startNodeId"))
    targets = {target for _, _, target in routes} | ({start} if start else set())
    unreadable = [f"node_unreadable:{name}" for name in declared if name not in usable]
    missing = [f"node_undeclared:{name}" for name in sorted(targets - usable.keys())]
    return Configuration(
        start,
        tuple(
            Node(name, _text(n.get("type")), _text(n.get("label"))) for name, n in usable.items()
        ),
        routes,
        (*unreadable, *missing),
    )


def _routes(name: str, node: dict[str, Any]) -> list[tuple[str, str, str]]:
    """A route without a target is left out: the run ends there."""
    routing = node.get("routing")
    if not isinstance(routing, dict):
        return []
    targets = ((outcome, _text(target)) for outcome, target in routing.items())
    return [(name, outcome, target) for outcome, target in targets if target]


def _text(value: Any) -> str | None:
    if isinstance(value, str):
        return value or None
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else None
