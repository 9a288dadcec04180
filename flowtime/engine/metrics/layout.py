"""Which derived metrics each node has, and what their series are called (engine §17.2)."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from ..edges.layout import EdgeLayout
from ..expansion.expanded import Expanded
from ..expansion.naming import free_name, snake
from ..expansion.places import Place, places_of
from ..model.nodes import PmfNode
from ..model.topology import Edge
from .paths import Paths, trace_paths

_FLOW = ("flow", "entities/bin")
_RATIO = ("ratio", "ratio")
_MS = ("time", "ms")
_MINUTES = ("time", "min")

METRICS: Mapping[str, tuple[str, str]] = {
    "effectiveCapacity": _FLOW,
    "utilization": _RATIO,
    "queueTimeMs": _MS,
    "latencyMinutes": _MINUTES,
    "serviceTimeMs": _MS,
    "cycleTimeMs": _MS,
    "flowEfficiency": _RATIO,
    "throughputRatio": _RATIO,
    "attempts": _FLOW,
    "retryTax": _RATIO,
    "retryEcho": _FLOW,
    "oldestAgeMin": _MINUTES,
    "kingmanWaitMs": _MS,
    "flowLatencyMs": _MS,
    "constraintShortfall": _FLOW,
    "constraintStatus": _RATIO,
}
"""Kind and unit of every derived metric."""


@dataclass(frozen=True, slots=True)
class DerivedRow:
    key: str
    node: str
    metric: str


@dataclass(frozen=True, slots=True)
class MetricLayout:
    """``keys[metric][node]`` is the derived series of that metric; ``feeding`` the edges that bring latency.

    Nodes are in the order in which their derived series are sorted.
    """

    places: Mapping[str, Place]
    keys: Mapping[str, Mapping[str, str]]
    paths: Paths
    feeding: Mapping[str, tuple[Edge, ...]]
    variations: Mapping[str, tuple[float, float]]

    def key(self, place: Place, metric: str) -> str | None:
        """The series of a metric at a place: derived, or the role where tries and retries are bound."""
        found = self.keys[metric].get(place.id)
        if found is None and metric in ("attempts", "retryEcho") and place.has_service:
            return place.roles.get(metric)
        return found

    def among(self, nodes: Iterable[str]) -> MetricLayout:
        """The same for some of the nodes, in the given order, which is that of all."""
        chosen = {node: self.places[node] for node in nodes}
        keys = {
            m: {n: k for n, k in found.items() if n in chosen} for m, found in self.keys.items()
        }
        return replace(self, places=chosen, keys=keys)

    @property
    def rows(self) -> tuple[DerivedRow, ...]:
        return tuple(
            DerivedRow(key, node, metric)
            for metric, found in self.keys.items()
            for node, key in found.items()
        )


def lay_out_metrics(expanded: Expanded, edges: EdgeLayout) -> MetricLayout:
    """Every derived series that can have a defined value; ids avoid those of series and edges (engine §10.2)."""
    places = places_of(expanded)
    variations = _variations(places, expanded)
    paths = trace_paths(places, expanded.model.topology.edges)
    found = {node: _own_metrics(place, expanded, variations) for node, place in places.items()}
    feeding: dict[str, tuple[Edge, ...]] = {}
    for node in paths.order:
        fed = (e for e in paths.feeding[node] if "flowLatencyMs" in found[e.source])
        feeding[node] = tuple(e for e in fed if _carrier(e, edges) is not None)
        has_flow = places[node].has(places[node].throughput)
        if has_flow and (feeding[node] or "cycleTimeMs" in found[node]):
            found[node].add("flowLatencyMs")
    taken = {key.lower() for key in (*expanded.series, *(row.key for row in edges.rows))}
    prefixes = {node: f"{snake(node)}_" for node in places}
    suffixes = {metric: snake(metric) for metric in METRICS}
    keys = {
        (metric, node): free_name(prefixes[node] + suffixes[metric], taken)
        for node in places
        for metric in METRICS
        if metric in found[node]
    }
    # In the order of their series, rows of a stack lie at equal distances (engine §24).
    stacked = sorted(places, key=lambda node: (prefixes[node], node))
    return MetricLayout(
        places={node: places[node] for node in stacked},
        keys={m: {n: keys[m, n] for n in stacked if (m, n) in keys} for m in METRICS},
        paths=paths,
        feeding=feeding,
        variations=variations,
    )


def carrier(edge: Edge, edges: EdgeLayout) -> str:
    """The key of the flow that an edge brings to its target (engine §17.4)."""
    key = _carrier(edge, edges)
    if key is None:
        raise KeyError(edge.id)
    return key


def _carrier(edge: Edge, edges: EdgeLayout) -> str | None:
    found = edges.arrivals if edge.lag else edges.flows
    return found.get(edge.id, {}).get(None)


def _own_metrics(
    place: Place, expanded: Expanded, variations: Mapping[str, tuple[float, float]]
) -> set[str]:
    """The metrics of a node that need no other node."""
    has_failures = place.first_of("failures", "errors") is not None
    own = place.own_queue
    conditions = {
        "effectiveCapacity": place.has("capacity"),
        "utilization": place.has("capacity", "served"),
        "queueTimeMs": place.has_queue and place.has("queueDepth", "served"),
        "serviceTimeMs": place.has_service and place.has("processingTimeMsSum", "servedCount"),
        "throughputRatio": place.has("served", "arrivals"),
        "attempts": place.has_service and place.has("served") and not place.has("attempts"),
        "retryTax": place.has_service and place.has("served"),
        "retryEcho": place.has_service and has_failures and not place.has("retryEcho"),
        "oldestAgeMin": place.node.is_queue_like and own is not None,
        "constraintShortfall": place.id in expanded.members,
        "constraintStatus": place.id in expanded.members,
    }
    found = {metric for metric, holds in conditions.items() if holds}
    if "queueTimeMs" in found:
        found |= {"latencyMinutes", "cycleTimeMs"}
    if "serviceTimeMs" in found:
        found |= {"cycleTimeMs", "flowEfficiency"}
    if place.id in variations and {"utilization", "serviceTimeMs"} <= found:
        found.add("kingmanWaitMs")
    return found


def _variations(places: Mapping[str, Place], expanded: Expanded) -> dict[str, tuple[float, float]]:
    """The cv of arrivals and of processing time, where both are bound directly to a distribution."""
    known = {
        node.id: _coefficient(node)
        for node in expanded.model.nodes
        if isinstance(node, PmfNode) and not node.source and node.id not in expanded.overrides
    }
    known = {key: cv for key, cv in known.items() if math.isfinite(cv)}
    found = {}
    for node, place in places.items():
        pair = [place.roles.get(role) for role in ("arrivals", "processingTimeMsSum")]
        if all(key in known for key in pair):
            found[node] = (known[str(pair[0])], known[str(pair[1])])
    return found


def _coefficient(node: PmfNode) -> float:
    """Standard deviation over mean of a distribution, 0 where the mean is 0 (engine §12.2)."""
    pairs = list(zip(node.values, node.probabilities, strict=True))
    total = sum(probability for _, probability in pairs)
    mean = sum(value * probability for value, probability in pairs) / total
    # A product overflows to infinity where ** would raise.
    variance = sum(p * ((value - mean) * (value - mean)) for value, p in pairs) / total
    return math.sqrt(variance) / abs(mean) if mean else 0.0
