"""Cycles that have no lag: what they are called, where they are defined, where they could be opened (engine §11.1)."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import pairwise

from ..errors import Problem
from ..expansion.expand import expand
from ..expansion.expanded import Expanded
from ..expansion.naming import name_series
from ..expansion.series_ids import bare
from ..model.model import Model
from ..model.nodes import ExprNode, RouterNode
from .components import Lags, strong_components
from .dependencies import Graph, build_graph

_SHOWN = 12
"""Series that a message names of one cycle; longer ones are cut in the middle."""


def graph_problems(model: Model) -> list[Problem]:
    """Every ``overflow_cycle`` and ``algebraic_cycle`` of a model, in document order of their paths.

    What an overflow cycle closes is not reported again as an algebraic one.
    """
    expanded = _without_repetition(expand(model))
    rings = list(_overflow_rings(expanded))
    problems = [_overflow_problem(model, expanded, ring) for ring in rings]
    explained = {expanded.queues[key].depth for ring in rings for key in ring}
    problems += algebraic_cycles(build_graph(expanded), explained)
    return sorted(problems, key=lambda problem: _position(problem.path))


def _without_repetition(expanded: Expanded) -> Expanded:
    """Attempt budgets of at most three: every further attempt depends on others like the one before it."""
    retries = {
        node: replace(retry, budget_attempts=min(retry.budget_attempts, 3))
        if retry.budget_attempts
        else retry
        for node, retry in expanded.retries.items()
    }
    return replace(expanded, retries=retries)


def algebraic_cycles(graph: Graph, explained: Iterable[str] = ()) -> list[Problem]:
    """One problem for each component whose same-bin dependencies contain a cycle.

    Class parts belong to their series: what holds them is not reported again where it holds those.
    """
    problems = []
    skipped = set(explained)
    for group in strong_components(graph.vertices, graph.reads):
        is_alone = len(group) == 1 and group[0] not in graph.reads[group[0]]
        if is_alone or not skipped.isdisjoint(map(bare, group)):
            continue
        within = _same_bin(graph, group)
        on_cycles = [
            key
            for ring in strong_components(within, within)
            for key in ring
            if len(ring) > 1 or key in within[key]
        ]
        if on_cycles:
            start = min(on_cycles, key=lambda key: (key.startswith("__"), _public(key), key))
            problems.append(_algebraic_problem(graph.expanded, _shortest(start, within)))
            skipped.update(map(bare, group))
    return problems


def _same_bin(graph: Graph, group: list[str]) -> dict[str, dict[str, int]]:
    """Of each series that the group defines, those of the group that it needs within a bin."""
    inside = {key for name in group for key in graph.vertices[name].outputs}
    found = {}
    for name in group:
        needs = {k: 0 for k, lag in graph.keys[name].items() if lag == 0 and k in inside}
        found.update(dict.fromkeys(graph.vertices[name].outputs, needs))
    return found


def _shortest(start: str, reads: Lags) -> list[str]:
    """A shortest way from ``start`` back to it, the least of its kind."""
    came: dict[str, str] = {}
    queue = deque([start])
    while queue:
        key = queue.popleft()
        for source in sorted(reads[key]):
            if source == start:
                way = [start]
                while key != start:
                    way.append(key)
                    key = came[key]
                return [start, *reversed(way[1:]), start]
            if source not in came:
                came[source] = key
                queue.append(source)
    return [start, start]


def _algebraic_problem(expanded: Expanded, way: list[str]) -> Problem:
    model = expanded.model
    names: list[str] = []
    for key in way:
        if not names or names[-1] != _public(key):
            names.append(_public(key))
    if len(names) == 1:
        names *= 2
    paths = [path_of(expanded, name) for name in names[:-1]]
    shown = names if len(names) <= _SHOWN else [*names[: _SHOWN - 2], "...", names[-1]]
    where = ", ".join(paths if len(paths) <= _SHOWN else [*paths[: _SHOWN - 1], "..."])
    formulas = {node.id for node in model.nodes if isinstance(node, ExprNode)}
    opening = next((pair for pair in pairwise(names) if pair[0] in formulas), None)
    suggestion = None
    if opening is not None:
        suggestion = f"SHIFT({opening[1]}, 1) in the expression of {opening[0]}"
    return Problem(
        code="algebraic_cycle",
        message=f"series need each other in the same bin: {' -> '.join(shown)} (defined at {where})"
        + (f"; {suggestion} would open the loop" if suggestion else ""),
        path=paths[0],
        suggestion=suggestion,
    )


def _public(key: str) -> str:
    """The series that a message may name: temporaries go by the id they were made for."""
    name = bare(key)
    for prefix in ("__wished_", "__gated_", "__router_"):
        name = name.removeprefix(prefix)
    return name


def path_of(expanded: Expanded, key: str) -> str:
    """Where in the document the series ``key`` comes from: its node, its router, or its place."""
    model = expanded.model
    for position, node in enumerate(model.nodes):
        targets = [r.target for r in node.routes] if isinstance(node, RouterNode) else []
        if key in targets:
            return f"nodes[{position}]"
    for position, node in enumerate(model.nodes):
        if key == node.id:
            return f"nodes[{position}]"
    owner = name_series(model).nodes.get(key, "")
    for section, ids in (
        ("topology.nodes", [place.id for place in model.topology.nodes]),
        ("nodes", [node.id for node in model.nodes]),
        ("topology.constraints", [entry.id for entry in model.topology.constraints]),
    ):
        if owner in ids:
            return f"{section}[{ids.index(owner)}]"
    return ""


def _overflow_rings(expanded: Expanded) -> Iterator[list[str]]:
    """The cycles among overflow targets, each from its least node id."""
    targets = {
        key: queue.overflow_target
        for key, queue in expanded.queues.items()
        if queue.node is not None and queue.overflow_target is not None
    }
    done: set[str] = set()
    for start in sorted(targets):
        way: list[str] = []
        here: str | None = start
        while here is not None and here in targets and here not in done:
            done.add(here)
            way.append(here)
            here = targets[here]
        if here in way:
            ring = way[way.index(here) :]
            least = ring.index(min(ring))
            yield ring[least:] + ring[:least]


def _overflow_problem(model: Model, expanded: Expanded, ring: list[str]) -> Problem:
    places = [place.id for place in model.topology.nodes]
    position = places.index(ring[0])
    path = f"topology.nodes[{position}].wipOverflow"
    if model.topology.nodes[position].wip_limit is None:
        path = f"{path_of(expanded, expanded.queues[ring[0]].depth)}.wipOverflow"
    names = [*ring, ring[0]]
    shown = names if len(names) <= _SHOWN else [*names[: _SHOWN - 2], "...", names[-1]]
    return Problem(
        code="overflow_cycle",
        message=f"overflow runs in a circle: {' -> '.join(shown)}; let one of them overflow to loss",
        path=path,
    )


def _position(path: str) -> tuple[bool, str, int]:
    section, _, rest = path.partition("[")
    return section != "nodes", section, int(rest.partition("]")[0] or 0)
