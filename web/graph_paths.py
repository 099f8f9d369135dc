"""The lines of a drawing: which of them lead back, and how one bends."""

from collections.abc import Sequence
from typing import Final

Point = tuple[int, int]
RADIUS: Final = 6


def backward(nodes: Sequence[str], ways: Sequence[tuple[str, str]]) -> frozenset[int]:
    """The numbers of the ways (source, target) that lead back to a node on the way to their source.

    Walked from the nodes that nothing leads to, then from the first node on, so that a
    picture begins at the top with the node that was given first, whatever leads back to it.
    """
    leaving: dict[str, list[int]] = {node: [] for node in nodes}
    for number, (source, target) in enumerate(ways):
        if source != target:
            leaving[source].append(number)
    back, seen = set(), set[str]()
    entered = {target for source, target in ways if source != target}
    for root in sorted(leaving, key=entered.__contains__):
        path, walks = {root}, [(root, iter(leaving[root] if root not in seen else ()))]
        seen.add(root)
        while walks:
            node, rest = walks[-1]
            number = next(rest, -1)
            if number < 0:
                walks.pop()
                path.discard(node)
                continue
            target = ways[number][1]
            if target in path:
                back.add(number)
            elif target not in seen:
                seen.add(target)
                path.add(target)
                walks.append((target, iter(leaving[target])))
    return frozenset(back)


def spans(nodes: Sequence[str], ways: Sequence[tuple[str, str]], back: frozenset[int]) -> list[int]:
    """How many layers each way crosses in a drawing from top to bottom."""
    forward: dict[str, list[str]] = {node: [] for node in nodes}
    entering = dict.fromkeys(nodes, 0)
    for number, (source, target) in enumerate(ways):
        if source != target:
            start, end = (target, source) if number in back else (source, target)
            forward[start].append(end)
            entering[end] += 1
    layer = dict.fromkeys(nodes, 0)
    free = [node for node in nodes if not entering[node]]
    while free:
        node = free.pop()
        for target in forward[node]:
            layer[target] = max(layer[target], layer[node] + 1)
            entering[target] -= 1
            if not entering[target]:
                free.append(target)
    return [abs(layer[target] - layer[source]) for source, target in ways]


def rounded(points: Sequence[Point]) -> str:
    """SVG path data along the points in whole pixels, with the corners rounded off.

    Written from each point to the next, which takes half of what whole coordinates would.
    """
    bends = _bends(points)
    at = bends[0]
    data = f"M{at[0]} {at[1]}"
    for before, corner, after in zip(bends, bends[1:], bends[2:], strict=False):
        start, end = _towards(corner, before), _towards(corner, after)
        bend = f"q{corner[0] - start[0]} {corner[1] - start[1]} "
        data += _line(at, start) + bend + f"{end[0] - start[0]} {end[1] - start[1]}"
        at = end
    return data + f"L{bends[-1][0]} {bends[-1][1]}"


def _line(start: Point, end: Point) -> str:
    dx, dy = end[0] - start[0], end[1] - start[1]
    if not dy:
        return f"h{dx}" if dx else ""
    return f"l{dx} {dy}" if dx else f"v{dy}"


def _bends(points: Sequence[Point]) -> list[Point]:
    """The points without those that repeat the one before or lie straight between two others."""
    kept: list[Point] = []
    for point in points:
        if kept and point == kept[-1]:
            continue
        if len(kept) > 1 and _straight(kept[-2], kept[-1], point):
            kept.pop()
        kept.append(point)
    return kept


def _straight(before: Point, middle: Point, after: Point) -> bool:
    return before[0] == middle[0] == after[0] or before[1] == middle[1] == after[1]


def _towards(corner: Point, other: Point) -> Point:
    dx, dy = other[0] - corner[0], other[1] - corner[1]
    share = min(RADIUS / ((dx * dx + dy * dy) ** 0.5 or 1.0), 0.5)
    return round(corner[0] + dx * share), round(corner[1] + dy * share)
