"""Dependencies with lags, components, order, and the cycles that have none (engine §11)."""

from __future__ import annotations

import heapq
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from ..expansion.expanded import Expanded
from ..expansion.series_ids import bare
from ..program.tape import Tape
from .class_flow import follow_classes, part_vertices
from .class_rules import ClassFlow
from .components import Lags, strong_components
from .vertices import Vertex, build_vertices


@dataclass(frozen=True, slots=True)
class Component:
    """Vertices that are evaluated together, in this order within a bin.

    ``vector`` runs over whole arrays; ``scan`` holds queues whose levels are scanned side by side; ``feedback`` runs
    bin by bin.
    """

    kind: Literal["given", "vector", "scan", "feedback"]
    vertices: tuple[str, ...]
    is_parts: bool = False


@dataclass(frozen=True, slots=True)
class Graph:
    """``reads`` has the lags between vertices, ``keys`` those between a vertex and the series it reads."""

    expanded: Expanded
    vertices: Mapping[str, Vertex]
    reads: Lags
    keys: Lags
    components: tuple[Component, ...]
    flow: ClassFlow


def build_graph(
    expanded: Expanded, *, stepped: Collection[str] = (), is_stepwise: bool = False
) -> Graph:
    """Vertices, dependencies and components of an expanded model.

    The queues in ``stepped`` run bin by bin though nothing asks for it. With ``is_stepwise`` everything does that is
    not given: slower, and another way to the same numbers. Cycles without a lag leave their component unordered;
    ``algebraic_cycles`` names them.
    """
    bins = expanded.model.grid.bins
    blueprint = build_vertices(expanded)
    producers = {key: v.id for v in blueprint.vertices.values() for key in v.outputs}
    totals = {v.id: _read(v, _AnyPart(producers), bins) for v in blueprint.vertices.values()}
    reads = {name: _between(keys, producers) for name, keys in totals.items()}
    flow = follow_classes(expanded, blueprint, reads)

    vertices = {**blueprint.vertices, **part_vertices(flow)}
    producers = {key: v.id for v in vertices.values() for key in v.outputs}
    parts = {v.id: _read(v, producers, bins) for v in vertices.values() if v.id not in totals}
    keys = {
        name: {key: lag for key, lag in found.items() if key in producers}
        for name, found in (totals | parts).items()
    }
    reads = {name: _between(found, producers) for name, found in keys.items()}
    flow.fed_back = _fed_back(expanded, reads)
    components = _components(vertices, reads, stepped)
    if is_stepwise:
        components = tuple(_bin_by_bin(component) for component in components)
    return Graph(expanded, vertices, reads, keys, components, flow)


class _AnyPart:
    """The series that exist, and any class part of them: which parts there are is not known yet."""

    def __init__(self, keys: Mapping[str, str]) -> None:
        self._keys = keys

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str) and (key in self._keys or bare(key) in self._keys)


def _read(vertex: Vertex, keys: Mapping[str, str] | _AnyPart, bins: int) -> dict[str, int]:
    """The series that ``vertex`` needs, each with its smallest lag."""
    if vertex.recipe is None:
        return {}
    tape = Tape(keys, bins=bins, is_structural=True)
    found = tape.reads(list(vertex.recipe(tape).values()))
    for key, lag in vertex.stated:
        if key in keys:
            found[key] = min(lag, found.get(key, lag))
    return found


def _between(keys: Mapping[str, int], producers: Mapping[str, str]) -> dict[str, int]:
    """Lags to series as lags to the vertices that produce them; a part not yet produced belongs to ``key@``."""
    found: dict[str, int] = {}
    for key, lag in keys.items():
        source = producers.get(key, f"{bare(key)}@")
        found[source] = min(lag, found.get(source, lag))
    return found


def stepped_queues(graph: Graph) -> frozenset[str]:
    """The queues whose levels are found bin by bin, by their depths."""
    looped = {v for c in graph.components if c.kind == "feedback" for v in c.vertices}
    depths = {queue.depth for queue in graph.expanded.queues.values()}
    return frozenset(
        key for name in looped for key in graph.vertices[name].outputs if key in depths
    )


def _fed_back(expanded: Expanded, reads: Lags) -> frozenset[str]:
    """The queues whose inflow depends on them at any lag (engine §13.3)."""
    found = set()
    for queue in expanded.queues.values():
        start = f"{bare(queue.inflow)}@"
        if queue.seed and start in reads:
            reached = _reach(start, reads)
            if queue.depth in reached or f"{queue.depth}@" in reached:
                found.add(queue.key)
    return frozenset(found)


def _reach(start: str, reads: Lags) -> set[str]:
    seen = {start}
    stack = [start]
    while stack:
        for source in reads.get(stack.pop(), ()):
            if source not in seen:
                seen.add(source)
                stack.append(source)
    return seen


def _components(
    vertices: Mapping[str, Vertex], reads: Lags, stepped: Collection[str]
) -> tuple[Component, ...]:
    """Strongly connected components in an order in which each finds what it reads; ties by ascending id.

    Scans wait until nothing else is ready, so that queues which do not depend on each other run side by side, and
    parts wait for totals.
    """
    groups = strong_components(vertices, reads)
    group_of = {vertex: k for k, group in enumerate(groups) for vertex in group}
    waits = [
        {group_of[s] for v in group for s in reads.get(v, ())} - {k}
        for k, group in enumerate(groups)
    ]
    readers: list[list[int]] = [[] for _ in groups]
    for k, sources in enumerate(waits):
        for source in sources:
            readers[source].append(k)
    missing = [len(sources) for sources in waits]
    kinds = [_kind(group, vertices, reads, stepped) for group in groups]
    ranks = [_rank(kind, group, vertices) for kind, group in zip(kinds, groups, strict=True)]
    ready = [(ranks[k], min(groups[k]), k) for k in range(len(groups)) if not missing[k]]
    heapq.heapify(ready)

    ordered: list[Component] = []
    while ready:
        taken = [heapq.heappop(ready)]
        while kinds[taken[0][2]] == "scan" and ready and ready[0][0] == taken[0][0]:
            taken.append(heapq.heappop(ready))
        names = [name for _, _, k in taken for name in groups[k]]
        kind = kinds[taken[0][2]]
        order = _in_bin(names, reads) if kind == "feedback" else sorted(names)
        ordered.append(Component(kind, tuple(order), vertices[names[0]].is_parts))
        for _, _, k in taken:
            for reader in readers[k]:
                missing[reader] -= 1
                if not missing[reader]:
                    heapq.heappush(ready, (ranks[reader], min(groups[reader]), reader))
    return tuple(ordered)


def _bin_by_bin(component: Component) -> Component:
    return component if component.kind == "given" else replace(component, kind="feedback")


def _kind(
    group: list[str], vertices: Mapping[str, Vertex], reads: Lags, stepped: Collection[str]
) -> Literal["given", "vector", "scan", "feedback"]:
    first = vertices[group[0]]
    if first.given is not None:
        return "given"
    if len(group) > 1:
        return "feedback"
    if first.scan is not None and first.scan.depth not in stepped:
        return "scan"
    return "feedback" if first.id in reads[first.id] else "vector"


def _rank(kind: str, group: list[str], vertices: Mapping[str, Vertex]) -> int:
    """What goes first among all that is ready: totals, then scans of totals, then parts."""
    if all(vertices[name].is_parts for name in group):
        return 2
    return 1 if kind == "scan" else 0


def _in_bin(names: Iterable[str], reads: Lags) -> list[str]:
    """Topological order over dependencies without a lag; what lies on a cycle stays out."""
    inside = set(names)
    waits = {v: {s for s, lag in reads[v].items() if lag == 0 and s in inside} for v in inside}
    readers: dict[str, list[str]] = {v: [] for v in inside}
    for vertex, sources in waits.items():
        for source in sources:
            readers[source].append(vertex)
    missing = {vertex: len(sources) for vertex, sources in waits.items()}
    ready = [vertex for vertex, count in missing.items() if not count]
    heapq.heapify(ready)
    order = []
    while ready:
        vertex = heapq.heappop(ready)
        order.append(vertex)
        for reader in readers[vertex]:
            missing[reader] -= 1
            if not missing[reader]:
                heapq.heappush(ready, reader)
    return order
