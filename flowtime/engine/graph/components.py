"""Strongly connected components of anything that reads something (engine §11.1)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

Lags = Mapping[str, Mapping[str, int]]
"""Of each vertex, what it reads, with the smallest lag."""


def strong_components(names: Iterable[str], reads: Lags) -> list[list[str]]:
    """Tarjan's algorithm without recursion: no document can exhaust the stack (engine §3)."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    on_stack: set[str] = set()
    stack: list[str] = []
    groups: list[list[str]] = []
    known = set(names)
    for root in sorted(known):
        if root in index:
            continue
        work: list[tuple[str, Iterator[str]]] = []
        _enter(root, index, low, stack, on_stack)
        work.append((root, iter(sorted(reads.get(root, ())))))
        while work:
            vertex, sources = work[-1]
            for source in sources:
                if source not in known:
                    continue
                if source not in index:
                    _enter(source, index, low, stack, on_stack)
                    work.append((source, iter(sorted(reads.get(source, ())))))
                    break
                if source in on_stack:
                    low[vertex] = min(low[vertex], index[source])
            else:
                work.pop()
                if work:
                    above = work[-1][0]
                    low[above] = min(low[above], low[vertex])
                if low[vertex] == index[vertex]:
                    groups.append(_leave(vertex, stack, on_stack))
    return groups


def _enter(
    vertex: str, index: dict[str, int], low: dict[str, int], stack: list[str], on_stack: set[str]
) -> None:
    index[vertex] = low[vertex] = len(index)
    stack.append(vertex)
    on_stack.add(vertex)


def _leave(vertex: str, stack: list[str], on_stack: set[str]) -> list[str]:
    group = []
    while True:
        member = stack.pop()
        on_stack.discard(member)
        group.append(member)
        if member == vertex:
            return sorted(group)
