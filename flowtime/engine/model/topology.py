"""Places, edges and shared capacity of a bound model (engine §7, §12.8, §14.1)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from .nodes import Dispatch, Operand

QUEUE_KINDS = frozenset({"serviceWithBuffer", "queue", "dlq"})


"""Topology kinds that hold work back: *queue-like* in the specification."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TopologyNode:
    """A named place whose roles point at series.

    ``kind`` is the written spelling, and ``sink`` where ``nodeRole`` says so. ``roles`` maps role names as
    written in engine §7.3 (``arrivals``, ``processingTimeMsSum`` ...) to operands; ``queueDepth: self`` is absent.
    ``initial_depth`` is None where no ``initialCondition`` is given.
    """

    id: str
    kind: str
    roles: Mapping[str, Operand]
    node_role: str | None = None
    label: str | None = None
    group: str | None = None
    retry_kernel: tuple[float, ...] | None = None
    max_attempts: int | None = None
    sla_min: float | None = None
    exhausted_policy: str | None = None
    backoff_strategy: str | None = None
    aliases: Mapping[str, str] = field(default_factory=dict)
    initial_depth: float | None = None
    dispatch: Dispatch | None = None
    wip_limit: Operand | None = None
    wip_overflow: str | None = None
    constraints: tuple[str, ...] = ()
    ui: Mapping[str, Any] = field(default_factory=dict)
    metadata: Mapping[str, Any] = field(default_factory=dict)

    @property
    def promised(self) -> float | None:
        """The promised time in the node, minutes; None where nothing is promised."""
        return self.sla_min if self.sla_min is not None and self.sla_min > 0 else None

    @property
    def is_queue_like(self) -> bool:
        return self.kind in QUEUE_KINDS


@dataclass(frozen=True, slots=True, kw_only=True)
class Constraint:
    """Capacity shared by the nodes that list this id (engine §12.8)."""

    id: str
    capacity: Operand
    arrivals: Operand | None = None
    errors: Operand | None = None
    latency_minutes: Operand | None = None
    demand: Literal["wanted", "arrivals"] = "wanted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """A connection that reports, and never drives a node's value (engine §14)."""

    id: str
    source: str
    target: str
    source_port: str | None = None
    target_port: str | None = None
    type: str = "throughput"
    measure: str = "served"
    weight: float = 1.0
    multiplier: float | None = None
    lag: int = 0


@dataclass(frozen=True, slots=True)
class Topology:
    nodes: tuple[TopologyNode, ...] = ()
    edges: tuple[Edge, ...] = ()
    constraints: tuple[Constraint, ...] = ()
