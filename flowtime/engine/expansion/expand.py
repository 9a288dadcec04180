"""From a bound model to its expanded form: every series of engine §10.2, every role rebound to it."""

from __future__ import annotations

from ..kernels.retry import apply_kernel_policy
from ..model.model import Model
from ..model.nodes import RouterNode
from ..model.topology import TopologyNode
from .draft import Draft, attach_roles, start_draft
from .expanded import Expanded, RetryDef, RouterDef
from .holding import (
    build_queues,
    describe_constraints,
    find_members,
    limit_in_place,
    rebind_inflows,
    state_wants,
)
from .naming import name_series, synthesised_names

__all__ = ["expand", "synthesised_names"]


def expand(model: Model, overrides: frozenset[str] = frozenset()) -> Expanded:
    """Add every series of engine §10.2 and rebind the roles; overridden ids lose their definition (§11.5).

    ``overrides`` holds bare ids and ``id@Class``. Total on any model: a reference that nothing defines stays as it is
    written and reads as zeros.
    """
    overridden = frozenset(key for key in overrides if "@" not in key)
    draft = start_draft(model, name_series(model), overridden)
    routers = _add_routers(draft)
    inflows = rebind_inflows(draft)
    driven = _add_served(draft)
    retries = {node.id: retry for node in draft.places if (retry := _describe_retry(draft, node))}
    members = find_members(draft)
    limits = limit_in_place(draft, members, driven)
    queues = build_queues(draft, inflows, members, limits, driven)
    members = state_wants(members, queues, limits)
    constraints = describe_constraints(draft, members)
    kernels = {node.id: apply_kernel_policy(node.retry_kernel) for node in draft.places}
    return Expanded(
        model=model,
        series=attach_roles(draft),
        roles=draft.roles,
        queues=queues,
        limits=limits,
        inflows=inflows,
        routers=routers,
        retries=retries,
        members=members,
        constraints=constraints,
        constants=draft.constants,
        externals=draft.externals,
        kernels={node: taps for node, (taps, _) in kernels.items()},
        corrections={node: notes for node, (_, notes) in kernels.items()},
        overrides=frozenset(overrides),
    )


def _add_routers(draft: Draft) -> dict[str, RouterDef]:
    """Routers, and the roles that a topology router takes from the one of its name (engine §7.2, §12.7)."""
    places = {node.id: node for node in draft.places}
    routers = {}
    for node in draft.model.nodes:
        if not isinstance(node, RouterNode):
            continue
        place = places.get(node.id)
        is_placed = place is not None and place.kind == "router"
        component = node.id if is_placed else None
        routers[node.id] = RouterDef(
            id=node.id,
            input=draft.resolve(node.input, f"__input_{node.id}", component),
            routes=node.routes,
            targets=tuple(dict.fromkeys(route.target for route in node.routes)),
            unrouted=draft.add_named(f"nodes/{node.id}", "unrouted", component) or "",
            node=component,
        )
        if is_placed:
            draft.roles[node.id].setdefault("arrivals", node.id)
    return dict(sorted(routers.items()))


def _add_served(draft: Draft) -> frozenset[str]:
    """Bind the depths and services that the engine computes; returns the nodes that serve by capacity (§12.4.2)."""
    driven = set()
    for node in draft.places:
        roles = draft.roles[node.id]
        depth = draft.add_named(node.id, "queueDepth", node.id)
        if depth is not None:
            roles["queueDepth"] = depth
        served = draft.add_named(node.id, "served", node.id)
        if served is not None:
            roles["served"] = served
            if node.is_queue_like and "capacity" in roles and served not in draft.overridden:
                driven.add(node.id)
            elif node.is_queue_like:
                draft.constants[served] = 0.0
        elif node.kind == "sink" and "served" not in roles and "arrivals" in roles:
            roles["served"] = roles["arrivals"]
    return frozenset(driven)


def _describe_retry(draft: Draft, node: TopologyNode) -> RetryDef | None:
    """The retry series that ``node`` asks for by new ids in its roles (engine §12.10)."""
    new = {
        role: draft.add(key, node.id)
        for role in ("retryEcho", "exhaustedFailures", "retryBudgetRemaining")
        if (key := draft.names.get(node.id, role)) is not None
    }
    if not new:
        return None
    roles = draft.roles[node.id]
    failures = roles.get("failures") or draft.role(node.id, "errors")
    kernel, _ = apply_kernel_policy(node.retry_kernel)
    return RetryDef(
        node=node.id,
        failures=failures,
        attempts=roles.get("attempts") or draft.role(node.id, "arrivals"),
        kernel=kernel,
        budget_attempts=node.max_attempts,
        returning=roles.get("retryEcho"),
        echo=new.get("retryEcho"),
        exhausted=new.get("exhaustedFailures"),
        budget=new.get("retryBudgetRemaining"),
        abandoned=draft.add_named(node.id, "abandoned", node.id),
        pending=draft.add_named(node.id, "pending", node.id),
    )
