"""Stored results read again without a plan: which of their series is which metric of which place (engine §16, §17)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ..expansion.naming import bound_buffer, snake
from ..expansion.series_ids import bare, edge_token
from ..metrics.layout import METRICS
from ..model.model import Model
from ..model.nodes import BufferNode
from ..model.topology import TopologyNode

_SUFFIX = re.compile(r"_\d+$")


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredNode:
    """A topology node: its derived metrics by name as bare ids, its promise in minutes, its schedule.

    ``promised`` is None where nothing is promised, ``period`` 0 where there is no schedule.
    """

    id: str
    promised: float | None
    period: int
    phase: int
    derived: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Located:
    """Where the series of a stored result belong; ``edges`` has the series of each edge by metric, as bare ids.

    Both follow the order of the model.
    """

    nodes: tuple[StoredNode, ...]
    edges: Mapping[str, Mapping[str, str]]


def locate_series(model: Model, stored: Iterable[tuple[str, str | None, str | None]]) -> Located:
    """Find the derived and edge series among ``stored``: bare id, origin and component of each, as in its index."""
    derived: dict[str, dict[str, str]] = {}
    carried: dict[str, dict[str, str]] = {}
    for key, origin, component in stored:
        if origin == "derived" and component:
            # Where the name was taken, a number follows it (engine §10.2).
            derived.setdefault(component, {})[_SUFFIX.sub("", key)] = key
        elif origin == "edge" and bare(key) == key:
            token, _, metric = _SUFFIX.sub("", key).removeprefix("edge_").rpartition("_")
            carried.setdefault(token, {})[metric] = key
    buffers = {node.id: node for node in model.nodes if isinstance(node, BufferNode)}
    return Located(
        tuple(_node(node, derived.get(node.id, {}), buffers) for node in model.topology.nodes),
        {edge.id: carried.get(edge_token(edge.id), {}) for edge in model.topology.edges},
    )


def _node(
    node: TopologyNode, derived: Mapping[str, str], buffers: Mapping[str, BufferNode]
) -> StoredNode:
    buffer = bound_buffer(node, buffers)
    dispatch = node.dispatch or (buffer.dispatch if buffer else None)
    period = dispatch.period_bins if dispatch else 0
    names = {metric: f"{snake(node.id)}_{snake(metric)}" for metric in METRICS}
    return StoredNode(
        id=node.id,
        promised=node.promised,
        period=period,
        phase=dispatch.phase_offset % period if dispatch else 0,
        derived={metric: derived[name] for metric, name in names.items() if name in derived},
    )
