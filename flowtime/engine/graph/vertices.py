"""One vertex for each thing that is computed: where its numbers come from (engine §11, §12)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np

from ..expansion.expanded import Expanded, Gate, QueueDef, RetryDef, RouterDef
from ..expansion.naming import name_series
from ..kernels import constraint, dispatch, queue, retry, router, sink
from ..kernels.profiles import profile_weights
from ..kernels.sampling import expected_value
from ..model.nodes import ComputationNode, ConstNode, ExprNode, PmfNode, SeriesRef
from ..program.tape import Operand, Tape
from .formulas import Formula, hoist

Recipe = Callable[[Tape], Mapping[str, Operand]]
"""Records the formulas of a vertex and returns the operand of each series it defines."""


Record = Callable[[Tape], Operand]
"""Records the formula of one series."""


@dataclass(frozen=True, slots=True)
class Given:
    """Numbers that need no other series: one number, an array, a source text, a pmf node to sample, an override.

    ``weights`` multiply the samples of a profiled pmf node.
    """

    number: float | None = None
    array: np.ndarray | None = None
    source: str | None = None
    sampled: PmfNode | None = None
    weights: np.ndarray | None = None
    is_overridden: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Vertex:
    """``outputs`` are computed together by ``recipe``, or stand there from the beginning as ``given``.

    ``scan`` is the queue whose level this is, where whole arrays may be scanned (engine §12.4.1). ``stated`` are the
    series that an expression reads, also where its recipe has no need of them.
    """

    id: str
    outputs: tuple[str, ...]
    recipe: Recipe | None = None
    given: Given | None = None
    scan: QueueDef | None = None
    stated: tuple[tuple[str, int], ...] = ()
    is_parts: bool = False


@dataclass(frozen=True, slots=True)
class Blueprint:
    """The vertices of all totals by id, and the formulas of the expressions with their temporaries."""

    vertices: Mapping[str, Vertex]
    formulas: Mapping[str, Formula]


def build_vertices(expanded: Expanded) -> Blueprint:
    """The vertices of every total; an overridden series stands there from the beginning (engine §11.5)."""
    overridden = {key for key in expanded.overrides if "@" not in key}
    limited = {limit.served: limit.wished for limit in expanded.limits.values()}
    formulas = _formulas(expanded)
    found: dict[str, Vertex] = {}

    def define(key: str, record: Record, scan: QueueDef | None = None) -> None:
        found[key] = Vertex(id=key, outputs=(key,), recipe=_single(key, record), scan=scan)

    for key, given in _givens(expanded):
        found[key] = Vertex(id=key, outputs=(key,), given=given)
    for key, formula in formulas.items():
        recipe = _single(key, formula.record)
        found[key] = Vertex(id=key, outputs=(key,), recipe=recipe, stated=formula.stated_reads())
    for key, record in _engine_made(expanded):
        define(key, record)
    for entry in expanded.queues.values():
        if not entry.is_authored:
            define(entry.depth, partial(_level, entry), entry if entry.limit is None else None)

    for served, wished in limited.items():
        if served in found:
            found[wished] = _move(found.pop(served), served, wished)
    for key, record in _limits(expanded):
        define(key, record)
    for definition in expanded.routers.values():
        vertex = _route(definition, limited, overridden)
        found = {key: other for key, other in found.items() if key not in vertex.outputs}
        found[vertex.id] = vertex
    for key in overridden & expanded.series.keys():
        found[key] = Vertex(id=key, outputs=(key,), given=Given(is_overridden=True))
    return Blueprint(dict(sorted(found.items())), formulas)


def _formulas(expanded: Expanded) -> dict[str, Formula]:
    """Every expression that is evaluated, with the composite arguments it delays as formulas of their own."""
    seeds: dict[str, float] = {}
    for place in sorted(expanded.model.topology.nodes, key=lambda node: node.id):
        depth = place.roles.get("queueDepth")
        if isinstance(depth, SeriesRef) and place.initial_depth is not None:
            seeds.setdefault(depth.id, place.initial_depth)
    found: dict[str, Formula] = {}
    for node in expanded.model.nodes:
        if not isinstance(node, ExprNode) or node.source or node.id in expanded.overrides:
            continue
        initial = node.initial if node.initial is not None else seeds.get(node.id)
        formula, taken = hoist(Formula(node.id, node.id, node.tree, initial or 0.0))
        found.update({part.key: part for part in (formula, *taken)})
    return found


def _givens(expanded: Expanded) -> Iterator[tuple[str, Given]]:
    for node in expanded.model.nodes:
        given = _given(node, expanded)
        if given is not None:
            yield node.id, given
    for key, number in expanded.constants.items():
        yield key, Given(number=number)
    for key, text in expanded.externals.items():
        yield key, Given(source=text)


def _given(node: ComputationNode, expanded: Expanded) -> Given | None:
    grid, rng = expanded.model.grid, expanded.model.rng
    if isinstance(node, ConstNode) and not node.source:
        if isinstance(node.values, np.ndarray):
            return Given(array=node.values)
        return Given(number=float(node.values or 0.0))
    if isinstance(node, PmfNode) and not node.source:
        weights = None if node.profile is None else profile_weights(node.profile, grid)
        if rng.mode == "sample":
            return Given(sampled=node, weights=weights)
        mean = expected_value(node.values, node.probabilities)
        return Given(number=mean) if weights is None else Given(array=mean * weights)
    return None


def _engine_made(expanded: Expanded) -> Iterator[tuple[str, Record]]:
    """The series of engine §10.2 that one formula each computes."""
    for entry in expanded.queues.values():
        if entry.overflow:
            yield entry.overflow, partial(_overflow, entry)
        if entry.is_capacity_driven:
            yield from _driven(entry)
        elif entry.gated and not _gates_served(entry, expanded):
            yield entry.gated, partial(_gate_privately, entry)
    for joined in expanded.inflows.values():
        yield joined.inflow, partial(_sum, (joined.arrivals, *joined.overflows))
    for member in expanded.members.values():
        yield member.limited, partial(constraint.record_limited, member=member)
        allocate = partial(constraint.record_allocation, member=member)
        yield member.allocation, partial(allocate, constraints=expanded.constraints)
    for shared in expanded.constraints.values():
        asked = [constraint.asked_of(expanded.members[name], shared) for name in shared.members]
        yield shared.demand, partial(constraint.record_demand, asked=asked)
        yield shared.shortfall, partial(constraint.record_shortfall, constraint=shared)
    for definition in expanded.retries.values():
        yield from _retry(definition, expanded.model.grid.bins)
    yield from _ends(expanded)


def _ends(expanded: Expanded) -> Iterator[tuple[str, Record]]:
    """What a sink and a topology router serve, where their author does not say it (engine §7.2, §12.9)."""
    names = name_series(expanded.model)
    for place in expanded.model.topology.nodes:
        served, roles = names.get(place.id, "served"), expanded.roles[place.id]
        if served is None or "arrivals" not in roles:
            continue
        if place.kind == "sink":
            yield served, partial(sink.record_served, roles["arrivals"], roles["errors"])
        elif place.kind == "router":
            unrouted = expanded.routers[place.id].unrouted
            yield served, partial(_difference, roles["arrivals"], unrouted)


def _gates_served(entry: QueueDef, expanded: Expanded) -> bool:
    """Whether the gate of this queue already limits its authored service in place."""
    limit = expanded.limits.get(entry.node or "")
    return limit is not None and limit.gated == entry.gated


def _driven(entry: QueueDef) -> Iterator[tuple[str, Record]]:
    """A capacity-driven service: its wish, what the gate lets through, what the allocation leaves (§12.4.2)."""
    served = entry.served or ""
    if entry.wish is None:
        yield served, partial(queue.record_wish, queue=entry)
        return
    yield entry.wish, partial(queue.record_wish, queue=entry)
    offered = entry.wish
    if entry.gate is not None and entry.gated is not None and entry.gated != entry.outflow:
        yield entry.gated, partial(_gate, entry.gate, entry.wish)
        offered = entry.gated
    yield served, partial(_allot, offered, entry.allocation)


def _limits(expanded: Expanded) -> Iterator[tuple[str, Record]]:
    """Authored services cut where they are defined: gate first, then allocation (engine §12.4.3)."""
    for limit in expanded.limits.values():
        offered = limit.wished
        if limit.gate is not None and limit.gated is not None:
            yield limit.gated, partial(_gate, limit.gate, limit.wished)
            offered = limit.gated
        yield limit.served, partial(_allot, offered, limit.allocation)


def _retry(definition: RetryDef, bins: int) -> Iterator[tuple[str, Record]]:
    """Echo, exhausted, budget and what surrounds them, as far as the author leaves them to the engine (§12.10)."""
    records = {
        definition.echo: retry.record_echo,
        definition.exhausted: retry.record_exhausted,
        definition.budget: retry.record_budget,
        definition.abandoned: retry.record_abandoned,
        definition.pending: retry.record_pending,
    }
    for key, record in records.items():
        if key is not None:
            yield key, partial(record, retry=definition)
    if retry.has_budget(definition):
        for attempt in range(1, retry.attempts_within(definition, bins) + 1):
            key = retry.failed_key(definition, attempt)
            yield key, partial(retry.record_failed, retry=definition, attempt=attempt)


def _route(definition: RouterDef, limited: Mapping[str, str], overridden: set[str]) -> Vertex:
    """A router with all it defines; a target that is limited in place comes out as its wish."""
    natural = (definition.id, *definition.targets, definition.unrouted)
    named = {key: limited.get(key, key) for key in natural if key not in overridden}

    def record(t: Tape) -> Mapping[str, Operand]:
        flows = router.record_routes(t, definition)
        return {name: flows[key] for key, name in named.items()}

    has_own_name = named.get(definition.id) == definition.id
    vertex_id = definition.id if has_own_name else f"__router_{definition.id}"
    return Vertex(id=vertex_id, outputs=tuple(named.values()), recipe=record)


def _single(key: str, record: Record) -> Recipe:
    return lambda t: {key: record(t)}


def _move(vertex: Vertex, key: str, name: str) -> Vertex:
    """The same numbers under another key."""
    recipe = vertex.recipe
    if recipe is None:
        return Vertex(id=name, outputs=(name,), given=vertex.given)
    moved: Recipe = lambda t: {name: recipe(t)[key]}  # noqa: E731
    return Vertex(id=name, outputs=(name,), recipe=moved, stated=vertex.stated)


def _level(entry: QueueDef, t: Tape) -> Operand:
    return queue.record_amounts(t, entry).level


def _overflow(entry: QueueDef, t: Tape) -> Operand:
    return queue.record_amounts(t, entry).overflow


def _gate(gate: Gate, offered: str, t: Tape) -> Operand:
    return dispatch.let_through(t, gate, t.load(offered))


def _gate_privately(entry: QueueDef, t: Tape) -> Operand:
    """What a computation queue lets through; a mere copy where the service itself is final (engine §11.5)."""
    offered = t.load(entry.offered or entry.outflow)
    if entry.gate is None or entry.outflow != entry.gated:
        return offered
    return dispatch.let_through(t, entry.gate, offered)


def _sum(keys: tuple[str, ...], t: Tape) -> Operand:
    return t.total([t.load(key) for key in keys])


def _allot(offered: str, allocation: str | None, t: Tape) -> Operand:
    amount = t.load(offered)
    return amount if allocation is None else t.minimum(amount, t.load(allocation))


def _difference(whole: str, part: str, t: Tape) -> Operand:
    return t.subtract(t.load(whole), t.load(part))
