"""Latency along paths: what a unit has spent in a node and in all that fed it (engine §17.4)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ..edges.layout import EdgeLayout
from ..space.stacks import Pick, pick
from .layout import MetricLayout, carrier


@dataclass(frozen=True, slots=True)
class Level:
    """Nodes whose feeders are all finished. Edges are sorted by target; ``starts`` is where each target's begin.

    ``lacking`` are the nodes without a cycle time of their own; their row in ``own`` means nothing. ``never`` are rows
    of nodes that serve a class which nothing has.
    """

    outs: Pick
    own: Pick
    lacking: np.ndarray
    throughput: Pick
    flows: Pick
    feeders: Pick
    delays: np.ndarray
    starts: np.ndarray
    never: Pick
    has_sinks: bool


def prepare_levels(
    layout: MetricLayout,
    edges: EdgeLayout,
    *,
    rows: Mapping[str, int],
    bin_ms: float,
) -> tuple[Level, ...]:
    """The nodes that have a flow latency, in groups that can be computed together."""
    keys = layout.keys["flowLatencyMs"]
    depth: dict[str, int] = {}
    for node in layout.paths.order:
        if node in keys:
            depth[node] = max((depth[e.source] + 1 for e in layout.feeding[node]), default=0)
    levels: dict[int, list[str]] = {}
    for node in keys:
        levels.setdefault(depth[node], []).append(node)
    return tuple(_level(levels[at], layout, edges, rows, bin_ms) for at in sorted(levels))


def _level(
    nodes: list[str],
    layout: MetricLayout,
    edges: EdgeLayout,
    rows: Mapping[str, int],
    bin_ms: float,
) -> Level:
    keys, cycles = layout.keys["flowLatencyMs"], layout.keys["cycleTimeMs"]
    own = [rows[cycles[node]] if node in cycles else 0 for node in nodes]
    lacking = [position for position, node in enumerate(nodes) if node not in cycles]
    feeding = [edge for node in nodes for edge in layout.feeding[node]]
    counts = [len(layout.feeding[node]) for node in nodes]
    through = [layout.places[node].roles[layout.places[node].throughput] for node in nodes]
    return Level(
        outs=pick([rows[keys[node]] for node in nodes]),
        # Rows that are overwritten must be a copy, never a view of the matrix.
        own=np.array(own, dtype=np.intp) if lacking else pick(own),
        lacking=np.array(lacking, dtype=np.intp),
        throughput=pick([rows.get(key, 0) for key in through]),
        flows=pick([rows[carrier(edge, edges)] for edge in feeding]),
        feeders=pick([rows[keys[edge.source]] for edge in feeding]),
        delays=np.array([[edge.lag * bin_ms] for edge in feeding]).reshape(len(feeding), 1),
        starts=np.cumsum([0, *counts])[:-1],
        never=pick(
            [rows[keys[n]] for n, key in zip(nodes, through, strict=True) if key not in rows]
        ),
        has_sinks=any(layout.places[node].category == "sink" for node in nodes),
    )


def fill_latency(level: Level, values: np.ndarray, *, is_serving: bool) -> None:
    """Own cycle time plus the mean of the feeders' latencies weighted by flow; NaN where nothing is served.

    ``is_serving``: every node serves something in every bin.
    """
    latency = values[level.own]
    if level.delays.size:
        if level.lacking.size:
            latency[level.lacking] = np.nan
        latency = _add(_from_feeders(level, values), latency)
    if is_serving and not level.has_sinks:
        values[level.outs] = latency
        return
    through = values[level.throughput]
    values[level.outs] = np.where((through > 0.0) & (through < np.inf), latency, np.nan)
    values[level.never] = np.nan


def _from_feeders(level: Level, values: np.ndarray) -> np.ndarray:
    flows, latencies = values[level.flows], values[level.feeders] + level.delays
    counts = np.isfinite(flows) & (flows > 0.0) & np.isfinite(latencies)
    weights = np.where(counts, flows, 0.0)
    sums = np.add.reduceat(weights * np.where(counts, latencies, 0.0), level.starts, axis=0)
    total = np.add.reduceat(weights, level.starts, axis=0)
    up: np.ndarray = np.where(total > 0.0, sums / total, np.nan)
    return up


def _add(up: np.ndarray, own: np.ndarray) -> np.ndarray:
    """The sum, an undefined one counted 0, undefined where both are."""
    both: np.ndarray = np.where(np.isnan(up), own, np.where(np.isnan(own), up, up + own))
    return both
