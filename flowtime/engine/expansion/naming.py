"""Names of the series that the engine adds, decided before anything else is resolved (engine §10)."""

from __future__ import annotations

import string
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ..model.model import Model
from ..model.nodes import BufferNode, ExternalRef, RouterNode, SeriesRef
from ..model.topology import TopologyNode

_PLAIN = frozenset(string.ascii_letters + string.digits)

Purpose = tuple[str, str]
"""Whose series it is and what for: a topology, computation or constraint id, and a word such as ``served``.

A numeric or external role has the purpose ``role:<name>``. Computation nodes are prefixed ``nodes/`` and constraints
``constraints/``, because each kind of id is a namespace of its own.
"""


@dataclass(frozen=True, slots=True)
class Names:
    """``ids`` finds the id of a purpose; ``nodes`` the place each synthesised id was made for."""

    ids: Mapping[Purpose, str]
    nodes: Mapping[str, str]

    def get(self, owner: str, purpose: str) -> str | None:
        return self.ids.get((owner, purpose))


def snake(text: str) -> str:
    """``text`` in lower case with underscores, every capital a new word (engine §10.1)."""
    out: list[str] = []
    for character in text:
        if character.isspace():
            continue
        if character not in _PLAIN:
            out.append("_")
            continue
        if character.isupper() and out and out[-1] != "_":
            out.append("_")
        out.append(character.lower())
    return "".join(out).strip("_")


def authored_ids(model: Model) -> frozenset[str]:
    """Every series id that the document itself defines: computation nodes and router targets."""
    ids = {node.id for node in model.nodes}
    for node in model.nodes:
        if isinstance(node, RouterNode):
            ids.update(route.target for route in node.routes)
    return frozenset(ids)


def name_series(model: Model) -> Names:
    """Give every series of engine §10.2 its id; never raises, whatever the references of the model say.

    Written ids come first and keep their text, engine-made ones take a suffix where they would clash, in ascending
    order of the place they belong to.
    """
    authored = authored_ids(model)
    wants = list(_automatic(model, authored))
    wanted = {name for _, _, name in wants}

    ids: dict[Purpose, str] = {}
    nodes: dict[str, str] = {}
    claims = [claim for node in model.topology.nodes for claim in _claims(node)]
    for node_id, purpose, name in sorted(claims):
        if name not in authored and name not in wanted and name not in nodes:
            ids[node_id, purpose] = name
            nodes[name] = node_id
            if purpose == "retryEcho":
                wants.append((node_id, "abandoned", f"{snake(node_id)}_abandoned"))
                wants.append((node_id, "pending", f"{snake(node_id)}_retry_pending"))

    taken = {name.lower() for name in (*authored, *nodes)}
    for owner, purpose, name in sorted(wants, key=_by_place):
        free = free_name(name, taken)
        ids[owner, purpose] = free
        nodes[free] = owner.rpartition("/")[2]
    return Names(ids, nodes)


def free_name(name: str, taken: set[str]) -> str:
    """``name``, or the first of ``name_1``, ``name_2`` ... that nobody has, in whatever letter case; now taken.

    ``taken`` holds names in lower case: two ids of one namespace never differ by case alone (engine §1.6).
    """
    free, number = name, 0
    while free.lower() in taken:
        number += 1
        free = f"{name}_{number}"
    taken.add(free.lower())
    return free


def synthesised_names(model: Model) -> Mapping[str, str]:
    """The ids of engine §10.2 that expressions and roles may name, each with the place it was made for."""
    return name_series(model).nodes


def can_be_limited(node: TopologyNode) -> bool:
    """Whether a constraint has something to limit at ``node``: an authored or a capacity-driven service."""
    if node.kind in ("router", "sink"):
        return False
    return "served" in node.roles or _needs_served(node, is_computed_router=False)


def _by_place(want: tuple[str, str, str]) -> tuple[str, str, str]:
    owner, purpose, _ = want
    return owner.rpartition("/")[2], owner, purpose


def _claims(node: TopologyNode) -> Iterator[tuple[str, str, str]]:
    """The new ids that the roles of ``node`` may introduce, whether or not they turn out to be new."""
    roles = ["retryEcho"]
    if node.is_queue_like:
        roles.append("queueDepth")
        if "capacity" in node.roles:
            roles.append("served")
    if node.max_attempts is not None:
        roles += ["exhaustedFailures", "retryBudgetRemaining"]
    for role in roles:
        value = node.roles.get(role)
        if isinstance(value, SeriesRef) and value.class_id is None:
            yield node.id, role, value.id


def _automatic(model: Model, authored: frozenset[str]) -> Iterator[tuple[str, str, str]]:
    """Owner, purpose and wished name of every series whose id the engine chooses."""
    buffers = {node.id: node for node in model.nodes if isinstance(node, BufferNode)}
    routers = {node.id for node in model.nodes if isinstance(node, RouterNode)}
    constraints = {constraint.id for constraint in model.topology.constraints}
    overflowed = {node.wip_overflow for node in model.topology.nodes if node.wip_limit is not None}
    overflowed |= {node.wip_overflow for node in buffers.values() if node.wip_limit is not None}
    bound: set[str] = set()

    for node in sorted(model.topology.nodes, key=lambda place: place.id):
        prefix = snake(node.id)
        for role, value in node.roles.items():
            if isinstance(value, ExternalRef | float | int):
                yield node.id, f"role:{role}", f"{prefix}_{snake(role)}"
        if _needs_served(node, node.id in routers):
            yield node.id, "served", f"{prefix}_served"
        if node.is_queue_like and "queueDepth" not in node.roles:
            yield node.id, "queueDepth", f"{prefix}_queue"
        if node.id in overflowed and node.id != "loss":
            yield node.id, "inflow", f"{prefix}_inflow"
        if can_be_limited(node) and not constraints.isdisjoint(node.constraints):
            yield node.id, "allocation", f"{prefix}_allocation"
            yield node.id, "limited", f"{prefix}_limited"
        buffer = bound_buffer(node, buffers)
        if buffer is None or buffer.id in bound:
            yield from _holding(node.id, prefix, node, None)
        else:
            bound.add(buffer.id)
            yield from _holding(f"nodes/{buffer.id}", buffer.id, node, buffer)
    for buffer in buffers.values():
        if buffer.id not in bound:
            yield from _holding(f"nodes/{buffer.id}", buffer.id, None, buffer)
    for router in routers:
        yield f"nodes/{router}", "unrouted", f"{router}_unrouted"
    for name in constraints:
        yield f"constraints/{name}", "demand", f"{snake(name)}_demand"
        yield f"constraints/{name}", "shortfall", f"{snake(name)}_shortfall"


def bound_buffer(node: TopologyNode, buffers: Mapping[str, BufferNode]) -> BufferNode | None:
    """The computation queue that ``node`` binds as its depth, if any."""
    depth = node.roles.get("queueDepth")
    if isinstance(depth, SeriesRef) and depth.class_id is None:
        return buffers.get(depth.id)
    return None


def _needs_served(node: TopologyNode, is_computed_router: bool) -> bool:
    if "served" in node.roles:
        return False
    if node.kind == "sink":
        return "errors" in node.roles
    if node.kind == "router":
        return is_computed_router
    return node.is_queue_like and ("capacity" in node.roles or node.kind == "dlq")


def _holding(
    owner: str, prefix: str, node: TopologyNode | None, buffer: BufferNode | None
) -> Iterator[tuple[str, str, str]]:
    """Gated outflow and overflow of a queue, under the id of its computation node where it has one."""
    is_gated = node is not None and node.is_queue_like and node.dispatch is not None
    if is_gated or (buffer is not None and buffer.dispatch is not None):
        yield owner, "gated", f"{prefix}_gated_outflow"
    is_limited = node is not None and node.is_queue_like and node.wip_limit is not None
    if is_limited or (buffer is not None and buffer.wip_limit is not None):
        yield owner, "overflow", f"{prefix}_overflow"
