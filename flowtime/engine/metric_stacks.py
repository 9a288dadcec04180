"""Stacks of nodes that have a metric in common, resolved to rows before any run (engine §24)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np

from .expanded import Expanded
from .inputs import INFLOW, Inputs
from .metric_layout import MetricLayout
from .stacks import Pick, pick


@dataclass(frozen=True, slots=True)
class Stack:
    """Nodes computed together: where the result goes, and what it reads.

    ``roles`` are rows of the gathered inputs, ``metrics`` rows of the matrix; ``numbers`` holds one constant a node,
    of shape (n, 1).
    """

    out: Pick
    roles: Mapping[str, Pick] = field(default_factory=dict)
    metrics: Mapping[str, Pick] = field(default_factory=dict)
    numbers: np.ndarray = field(default_factory=lambda: np.empty((0, 1)))
    kernel: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Stacker:
    """Builds stacks from the layout; ``rows`` maps (metric, node) to a row of the matrix."""

    layout: MetricLayout
    inputs: Inputs
    rows: Mapping[tuple[str, str], int]

    def nodes(self, metric: str) -> list[str]:
        return list(self.layout.keys[metric])

    def has(self, node: str, metric: str) -> bool:
        return node in self.layout.keys[metric]

    def stack(
        self,
        metric: str,
        nodes: Iterable[str],
        roles: Iterable[str] = (),
        metrics: Iterable[str] = (),
    ) -> tuple[Stack, ...]:
        """One stack of ``nodes``, or none where there are no nodes."""
        found = list(nodes)
        if not found:
            return ()
        return (
            Stack(
                out=pick([self.rows[metric, node] for node in found]),
                roles={role: self.inputs.pick((node, role) for node in found) for role in roles},
                metrics={m: pick([self.rows[m, node] for node in found]) for m in metrics},
            ),
        )

    def by_roles(self, metric: str, roles: tuple[str, ...]) -> tuple[Stack, ...]:
        """All nodes of a metric that only needs roles which each of them has."""
        return self.stack(metric, self.nodes(metric), roles)

    def by_metrics(self, metric: str, metrics: tuple[str, ...]) -> tuple[Stack, ...]:
        return self.stack(metric, self.nodes(metric), (), metrics)

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
            roles = ("served", extra) if extra else ("served",)
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
        return tuple(
            Stack(
                out=pick([self.rows["retryEcho", node] for node in nodes]),
                roles={"failures": self.inputs.pick((node, role) for node in nodes)},
                kernel=kernel,
            )
            for (kernel, role), nodes in groups.items()
        )

    def ages(self) -> tuple[Stack, ...]:
        """Nodes whose queue we compute, with the level before the first bin."""
        nodes = self.nodes("oldestAgeMin")
        if not nodes:
            return ()
        places = self.layout.places
        entries = [
            (node, INFLOW if (node, INFLOW) in self.inputs.positions else "arrivals")
            for node in nodes
        ]
        queues = [places[node].own_queue for node in nodes]
        return (
            Stack(
                out=pick([self.rows["oldestAgeMin", node] for node in nodes]),
                roles={
                    "inflow": self.inputs.pick(entries),
                    "queueDepth": self.inputs.pick((node, "queueDepth") for node in nodes),
                },
                numbers=np.array([[queue.seed if queue else 0.0] for queue in queues]),
            ),
        )

    def kingman(self) -> tuple[Stack, ...]:
        nodes = self.nodes("kingmanWaitMs")
        pairs = [self.layout.variations[node] for node in nodes]
        squares = [[(ca * ca + cs * cs) / 2] for ca, cs in pairs]
        return tuple(
            Stack(stack.out, metrics=stack.metrics, numbers=np.array(squares))
            for stack in self.by_metrics("kingmanWaitMs", ("utilization", "serviceTimeMs"))
        )
