"""Stacks of nodes that have a metric in common, resolved to rows before any run (engine §24)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np

from ..expansion.expanded import Expanded
from ..space.stacks import Pick, pick
from .inputs import INFLOW, Inputs, RoleRows
from .layout import MetricLayout


@dataclass(frozen=True, slots=True)
class Stack:
    """Nodes computed together: which rows of a metric they are, and what they read.

    ``out`` are the ``count`` rows within the metric, of ``size`` nodes in all; ``roles`` are gathered inputs by what they are to the
    formula, ``metrics`` rows within other metrics; ``numbers`` holds one constant a node, of shape (n, 1).
    """

    metric: str
    out: Pick
    count: int
    size: int
    roles: Mapping[str, RoleRows] = field(default_factory=dict)
    metrics: Mapping[str, Pick] = field(default_factory=dict)
    numbers: np.ndarray = field(default_factory=lambda: np.empty((0, 1)))
    kernel: tuple[float, ...] = ()
    is_whole: bool = True


@dataclass(frozen=True, slots=True)
class Stacker:
    """Builds the stacks of each metric from the layout."""

    layout: MetricLayout
    inputs: Inputs

    def nodes(self, metric: str) -> list[str]:
        return list(self.layout.keys[metric])

    def has(self, node: str, metric: str) -> bool:
        return node in self.layout.keys[metric]

    def pick(self, metric: str, nodes: Iterable[str]) -> Pick:
        """The rows of ``nodes`` within a metric."""
        ranks = {node: rank for rank, node in enumerate(self.layout.keys[metric])}
        return pick([ranks[node] for node in nodes])

    def stack(
        self,
        metric: str,
        nodes: list[str] | None = None,
        roles: Mapping[str, str] | Iterable[str] = (),
        metrics: Iterable[str] = (),
        *,
        numbers: list[float] | None = None,
        kernel: tuple[float, ...] = (),
    ) -> tuple[Stack, ...]:
        """One stack of ``nodes`` (all that have the metric), or none where there are no nodes."""
        chosen = self.nodes(metric) if nodes is None else nodes
        if not chosen:
            return ()
        named = dict(roles) if isinstance(roles, Mapping) else {role: role for role in roles}
        return (
            Stack(
                metric=metric,
                out=self.pick(metric, chosen),
                count=len(chosen),
                size=len(self.layout.keys[metric]),
                roles={name: self.inputs.at(role, chosen) for name, role in named.items()},
                metrics={other: self.pick(other, chosen) for other in metrics},
                numbers=np.array(numbers or [], dtype=np.float64).reshape(-1, 1),
                kernel=kernel,
                is_whole=len(chosen) == len(self.layout.keys[metric]),
            ),
        )

    def capacities(self) -> tuple[tuple[Stack, ...], tuple[Stack, ...]]:
        """Nodes with one server, and nodes that say how many they have."""
        nodes, places = self.nodes("effectiveCapacity"), self.layout.places
        alone = [node for node in nodes if not places[node].has("parallelism")]
        many = [node for node in nodes if places[node].has("parallelism")]
        return (
            self.stack("effectiveCapacity", alone, ("capacity",)),
            self.stack("effectiveCapacity", many, ("capacity", "parallelism")),
        )

    def cycles(self) -> tuple[tuple[Stack, ...], tuple[Stack, ...]]:
        """Nodes whose cycle time is one of its two parts, and nodes that have both."""
        nodes = self.nodes("cycleTimeMs")
        queue = [node for node in nodes if not self.has(node, "serviceTimeMs")]
        service = [node for node in nodes if not self.has(node, "queueTimeMs")]
        both = [n for n in nodes if self.has(n, "serviceTimeMs") and self.has(n, "queueTimeMs")]
        single = self.stack("cycleTimeMs", queue, (), ("queueTimeMs",))
        single += self.stack("cycleTimeMs", service, (), ("serviceTimeMs",))
        return single, self.stack("cycleTimeMs", both, (), ("queueTimeMs", "serviceTimeMs"))

    def attempts(self) -> tuple[Stack, ...]:
        """Nodes whose tries are what they serve and what they fail, by where failures come from."""
        groups: dict[str | None, list[str]] = {}
        for node in self.nodes("attempts"):
            place = self.layout.places[node]
            extra = next((role for role in ("failures", "errors") if place.has(role)), None)
            groups.setdefault(extra, []).append(node)
        found: tuple[Stack, ...] = ()
        for extra, nodes in groups.items():
            roles = {"served": "served"} | ({"failed": extra} if extra else {})
            found += self.stack("attempts", nodes, roles)
        return found

    def taxes(self) -> tuple[Stack, ...]:
        """Nodes by where their tries come from: a role, or the metric."""
        nodes = self.nodes("retryTax")
        bound = [node for node in nodes if not self.has(node, "attempts")]
        derived = [node for node in nodes if self.has(node, "attempts")]
        found = self.stack("retryTax", bound, ("served", "attempts"))
        return found + self.stack("retryTax", derived, ("served",), ("attempts",))

    def echoes(self, expanded: Expanded) -> tuple[Stack, ...]:
        """Nodes by retry kernel and by what fails."""
        groups: dict[tuple[tuple[float, ...], str], list[str]] = {}
        for node in self.nodes("retryEcho"):
            role = "failures" if self.layout.places[node].has("failures") else "errors"
            groups.setdefault((expanded.kernels[node], role), []).append(node)
        found: tuple[Stack, ...] = ()
        for (kernel, role), nodes in groups.items():
            found += self.stack("retryEcho", nodes, {"failures": role}, kernel=kernel)
        return found

    def ages(self) -> tuple[Stack, ...]:
        """Nodes whose queue we compute, by what enters it, with the level before the first bin."""
        groups: dict[str, list[str]] = {}
        for node in self.nodes("oldestAgeMin"):
            entry = INFLOW if (node, INFLOW) in self.inputs.positions else "arrivals"
            groups.setdefault(entry, []).append(node)
        found: tuple[Stack, ...] = ()
        for entry, nodes in groups.items():
            queues = [self.layout.places[node].own_queue for node in nodes]
            seeds = [queue.seed if queue else 0.0 for queue in queues]
            roles = {"inflow": entry, "depth": "queueDepth"}
            found += self.stack("oldestAgeMin", nodes, roles, numbers=seeds)
        return found

    def kingman(self) -> tuple[Stack, ...]:
        pairs = [self.layout.variations[node] for node in self.nodes("kingmanWaitMs")]
        halves = [(ca * ca + cs * cs) / 2 for ca, cs in pairs]
        return self.stack(
            "kingmanWaitMs", None, (), ("utilization", "serviceTimeMs"), numbers=halves
        )
