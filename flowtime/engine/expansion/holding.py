"""Queues, limits and shared capacity of an expanded model: who holds, gates and cuts what (engine §12.4-§12.8)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from ..model.nodes import BufferNode, Operand
from ..model.topology import TopologyNode
from .draft import Draft
from .expanded import ConstraintDef, InflowDef, LimitDef, MemberDef, QueueDef
from .naming import bound_buffer, can_be_limited


def find_members(draft: Draft) -> dict[str, MemberDef]:
    """Every node that a constraint can limit, with its allocation series (engine §12.8)."""
    known = {constraint.id for constraint in draft.model.topology.constraints}
    members = {}
    for node in draft.places:
        listed = tuple(sorted(known.intersection(node.constraints)))
        if not listed or not can_be_limited(node) or "served" not in draft.roles[node.id]:
            continue
        served = draft.role(node.id, "served")
        members[node.id] = MemberDef(
            node=node.id,
            constraints=listed,
            wanted=served,
            arrivals=draft.role(node.id, "arrivals"),
            allocation=draft.add_named(node.id, "allocation", node.id) or "",
            limited=draft.add_named(node.id, "limited", node.id) or "",
            served=served,
        )
    return members


def limit_in_place(
    draft: Draft, members: Mapping[str, MemberDef], driven: frozenset[str]
) -> dict[str, LimitDef]:
    """Authored services that a schedule or a constraint cuts where they are defined (engine §12.4.3).

    An overridden series is final, and one that an earlier node already limits is left to that node.
    """
    limits: dict[str, LimitDef] = {}
    taken: set[str] = set()
    for node in draft.places:
        served = draft.roles[node.id].get("served")
        dispatch = node.dispatch if node.is_queue_like else None
        if served is None or node.id in driven or not (dispatch or node.id in members):
            continue
        if served in draft.overridden or served in taken or "@" in served:
            continue
        taken.add(served)
        limits[node.id] = LimitDef(
            node=node.id,
            served=served,
            wished=draft.add(f"__wished_{served}", node.id),
            gate=draft.gate(dispatch, node.id) if dispatch else None,
            gated=_gated_name(draft, node, served) if dispatch else None,
            allocation=members[node.id].allocation if node.id in members else None,
        )
    return limits


def _gated_name(draft: Draft, node: TopologyNode, served: str) -> str:
    """The published gated outflow of the node's queue, or a temporary where that queue gates another series."""
    buffer = bound_buffer(node, draft.buffers)
    if buffer is None:
        return draft.add_named(node.id, "gated", node.id) or ""
    if draft.resolve(buffer.outflow, f"__outflow_{buffer.id}", None) == served:
        return draft.add_named(f"nodes/{buffer.id}", "gated", node.id) or ""
    return draft.add(f"__gated_{served}", node.id)


def rebind_inflows(draft: Draft) -> dict[str, InflowDef]:
    """Join the overflows that point at a place to its arrivals, under ``S_inflow`` (engine §12.6)."""
    sources: dict[str, list[tuple[str, str]]] = {}
    for node, buffer in _holders(draft):
        key = node.id if node else buffer.id if buffer else ""
        name = draft.names.get(f"nodes/{buffer.id}" if buffer else key, "overflow")
        _, target = wip_of(node, buffer)
        if target is not None and name is not None:
            sources.setdefault(target, []).append((key, name))

    inflows = {}
    for node in draft.places:
        inflow = draft.names.get(node.id, "inflow")
        if inflow is None or node.id not in sources:
            continue
        inflows[node.id] = InflowDef(
            node=node.id,
            inflow=draft.add(inflow, node.id),
            arrivals=draft.role(node.id, "arrivals"),
            overflows=tuple(name for _, name in sorted(sources[node.id])),
        )
        roles = draft.roles[node.id]
        # A sink serves what arrives: where its served is its arrivals, both take in the overflow.
        if node.kind == "sink" and "served" in roles and roles["served"] == roles.get("arrivals"):
            roles["served"] = inflow
        roles["arrivals"] = inflow
    return inflows


def _holders(draft: Draft) -> list[tuple[TopologyNode | None, BufferNode | None]]:
    """Every place with the buffer it binds first, then the buffers that no place binds."""
    pairs: list[tuple[TopologyNode | None, BufferNode | None]] = []
    free = dict(draft.buffers)
    for node in draft.places:
        buffer = bound_buffer(node, free)
        if buffer is not None:
            del free[buffer.id]
        pairs.append((node, buffer))
    return pairs + [(None, free[name]) for name in sorted(free)]


def build_queues(
    draft: Draft,
    inflows: Mapping[str, InflowDef],
    members: Mapping[str, MemberDef],
    limits: Mapping[str, LimitDef],
    driven: frozenset[str],
) -> dict[str, QueueDef]:
    """Every queue: of the places that hold work back, and of buffers that no place binds."""
    queues: dict[str, QueueDef] = {}
    for node, buffer in _holders(draft):
        if node is None:
            if buffer is not None:
                queues.setdefault(buffer.id, _buffered(draft, None, buffer, None, None))
            continue
        if "queueDepth" not in draft.roles[node.id]:
            continue
        if buffer is not None:
            queue = _buffered(draft, node, buffer, inflows.get(node.id), limits.get(node.id))
        else:
            queue = _held(draft, node, limits.get(node.id))
        if node.id in members:
            queue = replace(queue, allocation=members[node.id].allocation)
        queues[node.id] = _driven(draft, queue) if node.id in driven else queue
    return dict(sorted(queues.items()))


def _held(draft: Draft, node: TopologyNode, limit: LimitDef | None) -> QueueDef:
    """The queue of a place: arrivals in, served out, errors lost. Its depth may be the author's own."""
    roles = draft.roles[node.id]
    depth = roles["queueDepth"]
    is_ours = draft.names.get(node.id, "queueDepth") == depth
    served = draft.role(node.id, "served")
    dispatch = node.dispatch if node.is_queue_like else None
    queue = QueueDef(
        key=node.id,
        node=node.id,
        depth=depth,
        inflow=draft.role(node.id, "arrivals"),
        outflow=served,
        wished=limit.wished if limit else served,
        loss=roles.get("errors"),
        served=roles.get("served"),
        capacity=roles.get("capacity"),
        parallelism=roles.get("parallelism"),
        is_authored=not is_ours or depth in draft.overridden,
        seed=node.initial_depth or 0.0,
        gate=draft.gate(dispatch, node.id) if dispatch else None,
        gated=draft.add_named(node.id, "gated", node.id) if dispatch else None,
        exhausted=roles.get("exhaustedFailures"),
    )
    return _capped(draft, queue, node, None) if is_ours else queue


def _buffered(
    draft: Draft,
    node: TopologyNode | None,
    buffer: BufferNode,
    joined: InflowDef | None,
    limit: LimitDef | None,
) -> QueueDef:
    """The queue of a computation node, with what the place that binds it adds (engine §8.5)."""
    component = node.id if node else None
    roles = draft.roles[node.id] if node else {}
    outflow = draft.resolve(buffer.outflow, f"__outflow_{buffer.id}", component)
    wished = offered = outflow
    gate = gated = None
    placed = node.dispatch if node and node.is_queue_like else None
    dispatch = placed or buffer.dispatch
    if dispatch is not None:
        gate = draft.gate(dispatch, component if placed and component else buffer.id)
        gated = draft.add_named(f"nodes/{buffer.id}", "gated", component)
    if limit is not None and limit.served == outflow:
        wished = limit.wished
    if gated is not None and not (placed and roles.get("served") == outflow):
        outflow = gated
    # Overflow joins the buffer where it takes in what arrives at its place (engine §12.6).
    inflow = draft.resolve(buffer.inflow, f"__inflow_{buffer.id}", component)
    if joined is not None and joined.arrivals == inflow:
        inflow = joined.inflow
    loss = None
    if buffer.loss is not None:
        loss = draft.resolve(buffer.loss, f"__loss_{buffer.id}", component)
    seed = node.initial_depth if node and node.initial_depth is not None else buffer.initial
    queue = QueueDef(
        key=component or buffer.id,
        node=component,
        depth=buffer.id,
        inflow=inflow,
        outflow=outflow,
        wished=wished,
        offered=offered,
        loss=loss,
        served=roles.get("served"),
        capacity=roles.get("capacity"),
        parallelism=roles.get("parallelism"),
        is_authored=buffer.id in draft.overridden,
        seed=seed or 0.0,
        gate=gate,
        gated=gated,
        exhausted=roles.get("exhaustedFailures"),
        computation=buffer.id,
    )
    return _capped(draft, queue, node, buffer)


def _driven(draft: Draft, queue: QueueDef) -> QueueDef:
    """``queue`` serving what it can (engine §12.4.2); its wish is a series of its own where something cuts it."""
    is_cut = queue.gate is not None or queue.allocation is not None
    return replace(
        queue,
        is_capacity_driven=True,
        wished=None,
        wish=draft.add(f"__wished_{queue.served}", queue.node) if is_cut else None,
    )


def _capped(
    draft: Draft, queue: QueueDef, node: TopologyNode | None, buffer: BufferNode | None
) -> QueueDef:
    """``queue`` with its WIP limit and the series of what overflows (engine §12.6)."""
    limit, target = wip_of(node, buffer)
    if limit is None:
        return queue
    owner = f"nodes/{buffer.id}" if buffer else queue.key
    return replace(
        queue,
        limit=draft.resolve(limit, f"__limit_{queue.depth}", queue.node),
        overflow=draft.add_named(owner, "overflow", queue.node),
        overflow_target=target if target in draft.roles else None,
    )


def wip_of(
    node: TopologyNode | None, buffer: BufferNode | None
) -> tuple[Operand | None, str | None]:
    """Limit and overflow target of a queue, the place's word before the buffer's."""
    if node is not None and node.is_queue_like and node.wip_limit is not None:
        return node.wip_limit, node.wip_overflow
    if buffer is not None and buffer.wip_limit is not None:
        return buffer.wip_limit, buffer.wip_overflow
    return None, None


def describe_constraints(
    draft: Draft, members: Mapping[str, MemberDef]
) -> dict[str, ConstraintDef]:
    """Shared capacities with their members; a number or an external array becomes a series of the engine."""
    found = {}
    for constraint in sorted(draft.model.topology.constraints, key=lambda entry: entry.id):
        owner = f"constraints/{constraint.id}"
        found[constraint.id] = ConstraintDef(
            id=constraint.id,
            capacity=draft.resolve(constraint.capacity, f"__capacity_{constraint.id}", None),
            demand_mode=constraint.demand,
            demand=draft.add_named(owner, "demand", None) or "",
            shortfall=draft.add_named(owner, "shortfall", None) or "",
            members=tuple(m.node for m in members.values() if constraint.id in m.constraints),
        )
    return found


def state_wants(
    members: Mapping[str, MemberDef],
    queues: Mapping[str, QueueDef],
    limits: Mapping[str, LimitDef],
) -> dict[str, MemberDef]:
    """Each member with the key of what it would serve without its constraints, after its gate (engine §12.8)."""
    found = {}
    for node, member in members.items():
        wanted = member.served
        queue, limit = queues.get(node), limits.get(node)
        if limit is not None:
            wanted = limit.gated or limit.wished
        elif queue is not None and queue.is_capacity_driven:
            wanted = queue.gated or queue.wish or wanted
        found[node] = replace(member, wanted=wanted)
    return found
