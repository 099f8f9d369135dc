"""Workflows of every shape, and runs through them: deliveries for tests of drawings."""

import json
import random
from collections.abc import Iterator

from tests.projections.queries.stored import body, completed, ended, started

Shape = dict[str, dict[str, str]]

WORDS = ("Ask", "for", "the", "candidate's", "availability", "and", "confirm", "the site visit")


def shape(count: int, seed: int = 7) -> Shape:
    """A workflow of some size: mostly forward, with loops, self-loops, doubles and ends."""
    chance = random.Random(seed)  # noqa: S311  # the same graph each time, not a secret
    nodes: Shape = {f"step_{n:03}": {} for n in range(count)}
    names = list(nodes)
    for n, name in enumerate(names[:-1]):
        nodes[name]["onComplete"] = names[n + 1] if n % 7 else names[min(count - 1, n + 3)]
        if n % 3 == 0:
            nodes[name]["onNoResponse"] = names[min(count - 1, n + chance.randrange(1, 9))]
        if n % 11 == 5:
            nodes[name]["onReschedule"] = names[max(0, n - chance.randrange(1, 6))]
        if n % 13 == 4:
            nodes[name]["onRetry"] = name
        if n % 9 == 2:
            nodes[name]["onNotInterested"] = names[n + 1]
    return nodes


def imported_shape(nodes: Shape, workflow: str, version: str) -> bytes:
    """The configuration of a shape, with labels from short to long."""
    chance = random.Random(len(nodes))  # noqa: S311
    configuration = {
        "startNodeId": next(iter(nodes)),
        "nodes": {
            name: {"type": "task", "label": _label(chance, n), "routing": routes}
            for n, (name, routes) in enumerate(nodes.items())
        },
    }
    return body(
        "TRACKER_WORKFLOW_IMPORTED",
        record=workflow,
        workflowId=workflow,
        workflowVersionId=version,
        configuration=json.dumps(configuration),
    )


def _label(chance: random.Random, number: int) -> str:
    start = chance.randrange(4)
    return f"{number} " + " ".join(WORDS[start : start + chance.randrange(1, 8)])


def walked(
    nodes: Shape, workflow: str, version: str, runs: int, *, seed: int = 3, days: int = 1
) -> Iterator[bytes]:
    """Runs through a shape: some end, some stand still, some leave the declared ways."""
    chance = random.Random(seed)  # noqa: S311
    names = {"workflowId": workflow, "workflowVersionId": version}
    for number in range(runs):
        run, node, at = f"{workflow}-{version}-{number}", next(iter(nodes)), number % days * 1440.0
        yield started(run, at, candidateProfileId=f"p{number}", **names)
        for _ in range(chance.randrange(1, 2 * len(nodes))):
            outcome, node_after = chance.choice([*nodes[node].items()] or [("onEnd", "")])
            if chance.random() < 0.03:
                outcome, node_after = "onSurprise", chance.choice([*nodes])
            at += chance.choice((0.1, 2.0, 45.0, 900.0))
            yield completed(run, node, outcome, at, **names)
            node = node_after
            if not node:
                yield ended(run, "COMPLETED", at + 1, **names)
                break
