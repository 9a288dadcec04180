"""Warnings that need no numbers: what a model leaves out, repeats or cannot mean (engine §19)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import assert_never

from ..expansion.places import Place
from ..expressions.syntax import Array, Binary, Call, Expression, Number, Ref, Unary
from ..model.nodes import BufferNode, ExprNode, Operand, PmfNode, RouterNode, SeriesRef
from ..model.topology import Edge
from ..problems import quoted
from ..results.index import empty_outputs
from ..results.kinds import find_ambiguities
from ..results.records import Warning
from .codes import SEVERITIES
from .context import Context
from .hits import merge, name


def find_static(context: Context) -> tuple[Warning, ...]:
    """Everything that is known before a run, sorted."""
    finders = (
        _roles,
        _retries,
        _dependencies,
        _dead_letters,
        _edges,
        _schedules,
        _expressions,
        _distributions,
        _classes,
        _routers,
        _naming,
    )
    return merge(warning for finder in finders for warning in finder(context))


def warn(
    code: str,
    node: str | None,
    message: str,
    *,
    edges: Iterable[str] = (),
    class_id: str | None = None,
) -> Warning:
    """A warning about the model as such: no bins, no amount."""
    return Warning(
        code=code,
        severity=SEVERITIES[code],
        node=node,
        message=message,
        edges=tuple(edges),
        class_id=class_id,
    )


def _roles(context: Context) -> Iterator[Warning]:
    """Roles whose sibling is there, and in telemetry mode roles that the kind needs."""
    for place in context.places.values():
        node = name(place.id)
        if place.has("parallelism") and not place.has("capacity"):
            text = f"{node} has parallelism but no capacity that it could multiply."
            yield warn("parallelism_without_capacity", place.id, text)
            if place.has_service:
                text = (
                    f"{node} says how many servers it has but not what one can do: bind capacity."
                )
                yield warn("missing_capacity", place.id, text)
        if place.has_service and place.has("servedCount") and not place.has("processingTimeMsSum"):
            text = f"{node} counts completions but no time: bind processingTimeMsSum."
            yield warn("missing_processing_time", place.id, text)
        if place.has_service and place.has("processingTimeMsSum") and not place.has("servedCount"):
            text = f"{node} sums up handling time but no completions: bind servedCount."
            yield warn("missing_served_count", place.id, text)
        missing = _missing_roles(context, place)
        if missing and context.expanded.model.mode == "telemetry":
            text = f"{node} was observed without {' and '.join(missing)}."
            yield warn("missing_role", place.id, text)


def _missing_roles(context: Context, place: Place) -> list[str]:
    """The required roles of engine §7.2 that the author binds to nothing."""
    given = place.node.roles
    has_router = any(r.id == place.id for r in context.expanded.routers.values())
    match place.node.kind:
        case "router" if has_router:
            required: tuple[str, ...] = ()
        case "serviceWithBuffer" | "queue" if "capacity" in given:
            required = ("arrivals",)
        case "dlq" | "sink":
            required = ("arrivals",)
        case _:
            required = ("arrivals", "served")
    return [role for role in required if role not in given]


def _retries(context: Context) -> Iterator[Warning]:
    for place in context.places.values():
        corrections = context.expanded.corrections.get(place.id, ())
        if corrections:
            text = f"The retry kernel of {name(place.id)} is corrected: {'; '.join(corrections)}."
            yield warn("retry_kernel_policy", place.id, text)
        if place.node.max_attempts is None:
            continue
        if not place.has("exhaustedFailures"):
            text = f"{name(place.id)} limits attempts but does not say where exhaustedFailures go."
            yield warn("missing_exhausted_failures", place.id, text)
        if not place.has("retryBudgetRemaining"):
            text = f"{name(place.id)} limits attempts but does not name retryBudgetRemaining."
            yield warn("missing_retry_budget", place.id, text)


def _dependencies(context: Context) -> Iterator[Warning]:
    effort = [edge for edge in context.expanded.model.topology.edges if edge.type == "effort"]
    reached = {edge.target for edge in effort}
    pressed = {edge.target for edge in effort if edge.measure in ("attempts", "load")}
    for place in context.places.values():
        if place.category != "dependency":
            continue
        if place.id not in reached:
            text = f"No effort edge leads to {name(place.id)}, so nobody is seen to depend on it."
            yield warn("dependency_without_effort_edge", place.id, text)
        if place.id not in pressed:
            text = f"No effort edge brings attempts or load to {name(place.id)}."
            yield warn("dependency_without_retry_pressure", place.id, text)


def _dead_letters(context: Context) -> Iterator[Warning]:
    inbound: dict[str, list[str]] = {}
    outbound: dict[str, list[str]] = {}
    for edge in _sorted_edges(context):
        if edge.type != "terminal":
            inbound.setdefault(edge.target, []).append(edge.id)
            outbound.setdefault(edge.source, []).append(edge.id)
    for place in context.places.values():
        if place.category != "dlq":
            continue
        for edges, word in ((inbound, "inbound"), (outbound, "outbound")):
            found = edges.get(place.id)
            if found:
                text = (
                    f"{name(place.id)} is a dead-letter queue: its {word} edges should be terminal."
                )
                yield warn(f"dlq_non_terminal_{word}", place.id, text, edges=found)


def _edges(context: Context) -> Iterator[Warning]:
    edges = {edge.id: edge for edge in context.expanded.model.topology.edges}
    for edge_id, reason in context.edges.unavailable:
        text = f"Edge {quoted(edge_id)} has no series: {reason}."
        yield warn("edge_series_unavailable", edges[edge_id].source, text, edges=(edge_id,))
    for node, closing in context.metrics.paths.closing.items():
        text = f"A cycle of edges closes at {name(node)}: latency is not carried around it."
        yield warn("flow_latency_cycle", node, text, edges=(edge.id for edge in closing))
    for source, found in _throughput(context).items():
        yield from _coverage(context, source, found)


def _coverage(context: Context, source: str, edges: list[Edge]) -> Iterator[Warning]:
    """Classes that a node serves and that none of its edges carries, though other classes are carried."""
    served = context.places[source].roles.get("served")
    carried = {
        class_id
        for edge in edges
        for class_id in context.edges.flows.get(edge.id, {})
        if class_id is not None
    }
    lost = [c for c in context.classes_of(served) if c not in carried] if served else []
    if carried and lost:
        classes = " and ".join(name(class_id) for class_id in lost)
        text = f"The edges of {name(source)} carry nothing of class {classes}, which it serves."
        ids = (edge.id for edge in edges)
        yield warn("edge_class_partial_coverage", source, text, edges=ids)


def _throughput(context: Context) -> dict[str, list[Edge]]:
    found: dict[str, list[Edge]] = {}
    for edge in _sorted_edges(context):
        if edge.type == "throughput":
            found.setdefault(edge.source, []).append(edge)
    return found


def _sorted_edges(context: Context) -> list[Edge]:
    return sorted(context.expanded.model.topology.edges, key=lambda edge: edge.id)


def _schedules(context: Context) -> Iterator[Warning]:
    holders = {place.id: (place.gate, place.has("capacity")) for place in context.places.values()}
    for queue in context.expanded.queues.values():
        if queue.node is None:
            holders[queue.key] = (queue.gate, False)
    for node, (gate, has_capacity) in holders.items():
        dispatch = gate.dispatch if gate else None
        if (
            gate is not None
            and not has_capacity
            and (dispatch is None or dispatch.capacity is None)
        ):
            text = f"The schedule of {name(node)} opens without a limit: it has no capacity."
            yield warn("dispatch_without_capacity", node, text)


def _expressions(context: Context) -> Iterator[Warning]:
    expanded = context.expanded
    seeds = {
        queue.depth: place.node.initial_depth
        for place in context.places.values()
        if (queue := place.queue) is not None
    }
    for node in expanded.model.nodes:
        if not isinstance(node, ExprNode) or node.source or node.id in expanded.overrides:
            continue
        refs = list(_refs(node.tree))
        reads_itself = any(ref.id == node.id and ref.class_id is None for ref in refs)
        if reads_itself and node.initial is None and seeds.get(node.id) is None:
            text = f"{name(node.id)} reads its own past and has no initial value: it starts from 0."
            yield warn("self_shift_without_initial", node.id, text)
        for ref in refs:
            if ref.class_id is not None:
                yield from _absent_class(context, node.id, SeriesRef(ref.id, ref.class_id))


def _refs(tree: Expression) -> Iterator[Ref]:
    """Every reference of an expression."""
    stack = [tree]
    while stack:
        match stack.pop():
            case Ref() as ref:
                yield ref
            case Unary(operand=operand):
                stack.append(operand)
            case Binary(left=left, right=right):
                stack += (right, left)
            case Call(arguments=arguments):
                stack += reversed(arguments)
            case Number() | Array():
                pass
            case other:
                assert_never(other)


def _absent_class(context: Context, node: str, operand: Operand | None) -> Iterator[Warning]:
    if not isinstance(operand, SeriesRef) or operand.class_id is None:
        return
    if not context.classes_of(f"{operand.id}@{operand.class_id}"):
        text = (
            f"{name(node)} reads class {name(operand.class_id)} of {name(operand.id)}, which does not "
            "have it: it reads zeros."
        )
        yield warn("class_not_present", node, text, class_id=operand.class_id)


def _distributions(context: Context) -> Iterator[Warning]:
    for node in context.expanded.model.nodes:
        if isinstance(node, PmfNode) and len(set(node.values)) < len(node.values):
            again = next(v for v in sorted(node.values) if node.values.count(v) > 1)
            text = f"The distribution of {name(node.id)} lists {again:g} more than once."
            yield warn("pmf_duplicate_value", node.id, text)


def _classes(context: Context) -> Iterator[Warning]:
    """Classes that a role or a field of a computation node names and the series does not have."""
    for place in context.places.values():
        node = place.node
        fields = [*node.roles.values(), node.wip_limit]
        if node.dispatch is not None:
            fields.append(node.dispatch.capacity)
        for operand in fields:
            yield from _absent_class(context, node.id, operand)
    for entry in context.expanded.model.nodes:
        if isinstance(entry, BufferNode):
            for operand in (entry.inflow, entry.outflow, entry.loss, entry.wip_limit):
                yield from _absent_class(context, entry.id, operand)
        elif isinstance(entry, RouterNode):
            yield from _absent_class(context, entry.id, entry.input)


def _routers(context: Context) -> Iterator[Warning]:
    for router in context.expanded.routers.values():
        present = context.classes_of(router.input)
        wanted = sorted({class_id for route in router.routes for class_id in route.classes})
        for class_id in wanted:
            if class_id not in present:
                node = router.node or router.id
                text = (
                    f"{name(node)} has a route for class {name(class_id)}, which its input lacks."
                )
                yield warn("router_class_absent", node, text, class_id=class_id)


def _naming(context: Context) -> Iterator[Warning]:
    """Outputs that select nothing, and series that two roles read as different things."""
    empty = empty_outputs(context.expanded, context.index)
    if empty:
        outputs = context.expanded.model.outputs
        patterns = ", ".join(f"outputs[{at}] {quoted(outputs[at].series)}" for at in empty[:10])
        more = f" and {len(empty) - 10} more" if len(empty) > 10 else ""
        yield warn("output_matches_nothing", None, f"Nothing is selected by {patterns}{more}.")
    for found in find_ambiguities(context.expanded):
        text = (
            f"{name(found.series)} is bound to {found.first} and to {found.second}, which are of "
            "different kinds: the first decides."
        )
        yield warn("series_kind_ambiguous", found.series, text)
