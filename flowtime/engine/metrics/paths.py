"""The order in which latency adds up along edges, and the edges that would close a cycle (engine §17.4)."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ..model.topology import Edge

CARRYING = frozenset({"throughput", "effort", "dependency"})


@dataclass(frozen=True, slots=True)
class Paths:
    """``order`` lists the nodes, each after all that feed it; ``feeding`` and ``closing`` hold the edges into each.

    Edges in ``closing`` come from a node that is later in the order, and are ignored.
    """

    order: tuple[str, ...]
    feeding: Mapping[str, tuple[Edge, ...]]
    closing: Mapping[str, tuple[Edge, ...]]


def trace_paths(nodes: Iterable[str], edges: Sequence[Edge]) -> Paths:
    """Topological order by ascending id; where only cycles remain, the least fed node goes next."""
    into: dict[str, list[Edge]] = {node: [] for node in nodes}
    out: dict[str, list[str]] = {node: [] for node in into}
    for edge in sorted(edges, key=lambda edge: edge.id):
        if edge.type in CARRYING:
            into[edge.target].append(edge)
            out[edge.source].append(edge.target)

    waiting = {node: len(found) for node, found in into.items()}
    ready = [node for node, count in waiting.items() if count == 0]
    fed: list[str] = []
    rest = sorted(into)
    heapq.heapify(ready)
    order: list[str] = []
    rank: dict[str, int] = {}
    position = 0
    while len(order) < len(into):
        node = _next(ready, fed, rank)
        if node is None:
            while rest[position] in rank:
                position += 1
            node = rest[position]
        rank[node] = len(order)
        order.append(node)
        for target in out[node]:
            waiting[target] -= 1
            if target not in rank:
                heapq.heappush(ready if waiting[target] == 0 else fed, target)

    feeding = {n: tuple(e for e in into[n] if rank[e.source] < rank[n]) for n in order}
    closing = {n: tuple(e for e in into[n] if rank[e.source] >= rank[n]) for n in order}
    return Paths(tuple(order), feeding, {node: found for node, found in closing.items() if found})


def _next(ready: list[str], fed: list[str], rank: Mapping[str, int]) -> str | None:
    """The least node that waits for nothing, else the least that a finished node feeds."""
    for heap in (ready, fed):
        while heap:
            node = heapq.heappop(heap)
            if node not in rank:
                return node
    return None
