"""The shape of an expanded model: every series, and what the engine added to make the places work (engine §10, §11).

A *key* is a bare series id, or ``id@Class`` for the part of one class.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..model.model import Model
from ..model.nodes import Dispatch, Route


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesDef:
    """One series before evaluation. ``component`` is the topology node it was made for, or None.

    ``kind`` and ``unit`` are the author's words, empty where engine §16.2 has to decide.
    """

    id: str
    kind: str
    unit: str
    origin: str
    component: str | None = None
    roles: tuple[str, ...] = ()
    hidden: bool = False
    is_temporary: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """A dispatch schedule with its capacity resolved to a key; ``phase`` is already modulo the period."""

    period: int
    phase: int
    capacity: str | None = None
    dispatch: Dispatch | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueDef:
    """One queue. ``key`` is the topology id, else the computation node's id; ``node`` the topology id or None.

    ``is_authored``: the depth is given (authored, external or overridden), and only checked against the
    recurrence. ``outflow`` is the key the recurrence takes out: the served series after gate and allocation
    (limited in place or capacity-driven), or a computation queue's private gated outflow where it has a gate.
    ``wished`` is the key before any limiting (``__wished_<id>`` when limited in place), None if capacity-driven;
    ``wish`` is then what it would serve before gate and allocation, None where neither stands in its way.
    ``offered`` is what a computation queue's author names as its outflow, before its private gate.
    A key of ``inflow`` or ``outflow`` may be ``__zero``: a role that telemetry mode lets be absent.
    """

    key: str
    node: str | None
    depth: str
    inflow: str
    outflow: str
    wished: str | None = None
    wish: str | None = None
    offered: str | None = None
    loss: str | None = None
    served: str | None = None
    capacity: str | None = None
    parallelism: str | None = None
    is_capacity_driven: bool = False
    is_authored: bool = False
    seed: float = 0.0
    gate: Gate | None = None
    gated: str | None = None
    limit: str | None = None
    overflow: str | None = None
    overflow_target: str | None = None
    allocation: str | None = None
    exhausted: str | None = None
    computation: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitDef:
    """An authored ``served`` limited in place: gate first, then allocation (engine §12.4.3)."""

    node: str
    served: str
    wished: str
    gate: Gate | None = None
    gated: str | None = None
    allocation: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class InflowDef:
    """``S_inflow``: a node's arrivals plus the overflows that point at it, in ascending order of their source."""

    node: str
    inflow: str
    arrivals: str
    overflows: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RouterDef:
    """A router; ``targets`` in order of first mention, each with the indices of its routes."""

    id: str
    input: str
    routes: tuple[Route, ...]
    targets: tuple[str, ...]
    unrouted: str
    node: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryDef:
    """Synthesised retries of one node; an id is None where the author's own series stands in its role.

    ``kernel`` is after the policy of engine §12.10. ``returning`` is the key bound to ``retryEcho``, whoever made it.
    """

    node: str
    failures: str
    attempts: str | None
    kernel: tuple[float, ...]
    budget_attempts: int | None = None
    returning: str | None = None
    echo: str | None = None
    exhausted: str | None = None
    budget: str | None = None
    abandoned: str | None = None
    pending: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberDef:
    """A node that lists constraints. ``wanted`` is the key it would serve without them."""

    node: str
    constraints: tuple[str, ...]
    wanted: str
    arrivals: str
    allocation: str
    limited: str
    served: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ConstraintDef:
    id: str
    capacity: str
    demand_mode: str
    demand: str
    shortfall: str
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Expanded:
    """Everything of engine §10 added and every role rebound.

    ``roles[node][role]`` is the key bound to the role after rebinding (numbers became constants, arrivals may be
    ``S_inflow``, a synthesised depth stands under ``queueDepth``). ``kernels[node]`` and ``corrections[node]``
    exist for every node that has a retry kernel in force (engine §12.10), also where nothing is synthesised.
    """

    model: Model
    series: Mapping[str, SeriesDef]
    roles: Mapping[str, Mapping[str, str]]
    queues: Mapping[str, QueueDef]
    limits: Mapping[str, LimitDef]
    inflows: Mapping[str, InflowDef]
    routers: Mapping[str, RouterDef]
    retries: Mapping[str, RetryDef]
    members: Mapping[str, MemberDef]
    constraints: Mapping[str, ConstraintDef]
    constants: Mapping[str, float]
    externals: Mapping[str, str]
    kernels: Mapping[str, tuple[float, ...]]
    corrections: Mapping[str, tuple[str, ...]]
    overrides: frozenset[str] = frozenset()
