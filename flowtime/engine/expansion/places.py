"""What a topology node is to metrics and checks: its category, roles, queue and timetable (engine §17.1)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from ..model.topology import TopologyNode
from .expanded import Expanded, Gate, QueueDef

Category = Literal["service", "queue", "dlq", "router", "dependency", "sink"]


@dataclass(frozen=True, slots=True)
class Place:
    """One topology node with everything that is settled before a run.

    ``queue`` is its queue, computed or only checked; ``gate`` its schedule, whoever declares it. ``roles`` maps
    role names to keys after rebinding; what the engine puts in the place of a missing role is left out.
    """

    node: TopologyNode
    roles: Mapping[str, str]
    queue: QueueDef | None
    gate: Gate | None

    @property
    def id(self) -> str:
        return self.node.id

    @property
    def category(self) -> Category:
        match self.node.kind:
            case "service" | "serviceWithBuffer":
                return "service"
            case "queue" | "dlq" | "router" | "dependency" | "sink" as kind:
                return kind
        raise ValueError(f"{self.node.kind} is no kind of a topology node")

    @property
    def has_queue(self) -> bool:
        return self.node.is_queue_like or "queueDepth" in self.roles

    @property
    def has_service(self) -> bool:
        return self.category == "service"

    @property
    def throughput(self) -> str:
        """The role that says what goes through the node: a sink completes what arrives."""
        return "arrivals" if self.category == "sink" else "served"

    @property
    def own_queue(self) -> QueueDef | None:
        """The queue whose depth the engine computes for this node."""
        return self.queue if self.queue is not None and not self.queue.is_authored else None

    def has(self, *roles: str) -> bool:
        return all(role in self.roles for role in roles)

    def first_of(self, *roles: str) -> str | None:
        """The key of the first of ``roles`` that is bound."""
        return next((self.roles[role] for role in roles if role in self.roles), None)


def places_of(expanded: Expanded) -> dict[str, Place]:
    """Every topology node by ascending id, so that no result depends on the order of declaration."""
    nodes = sorted(expanded.model.topology.nodes, key=lambda node: node.id)
    return {
        node.id: Place(
            node,
            bound_roles(expanded, node.id),
            expanded.queues.get(node.id),
            _gate(node, expanded.queues.get(node.id)),
        )
        for node in nodes
    }


def bound_roles(expanded: Expanded, node: str) -> dict[str, str]:
    """The keys of a node's roles, without what the engine puts in the place of a missing one."""
    roles = expanded.roles.get(node, {})
    return {role: key for role, key in roles.items() if not key.startswith("__")}


def _gate(node: TopologyNode, queue: QueueDef | None) -> Gate | None:
    if queue is not None and queue.gate is not None:
        return queue.gate
    if node.dispatch is None:
        return None
    period = node.dispatch.period_bins
    return Gate(period=period, phase=node.dispatch.phase_offset % period, dispatch=node.dispatch)
