"""Where the numbers of a run's places and connections lie in its bundle: which series is which metric."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np

from flowtime.engine import COLOURS, load_model
from flowtime.engine.expansion.naming import bound_buffer, snake
from flowtime.engine.expansion.series_ids import bare, edge_token
from flowtime.engine.metrics.colours import colour_by_load, colour_by_wait
from flowtime.engine.metrics.layout import METRICS
from flowtime.engine.model.model import Model
from flowtime.engine.model.nodes import BufferNode
from flowtime.engine.model.topology import TopologyNode
from runs.clock import from_text

if TYPE_CHECKING:
    from flowtime.bundles import RunBundle, RunWarning, SeriesEntry

LETTERS = ".gyrd"
"""By colour number of the engine: gray, green, yellow, red, dlq."""
COLOURED_BY = ("utilization", "latencyMinutes")
"""The derived metrics that decide a colour."""
# Of a model of 1,000 series a layout is about a megabyte.
MAX_LAYOUTS = 32

Entries = Mapping[str, "SeriesEntry"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceLayout:
    """One place. ``observed`` finds a series by role, ``derived`` by metric, ``parts`` by role and class.

    ``promised`` is its service level in minutes where it promises one; ``period`` and ``phase`` are its
    schedule, period 0 where it has none.
    """

    id: str
    kind: str
    label: str
    promised: float | None
    period: int
    phase: int
    observed: Entries
    derived: Entries
    parts: Mapping[str, Entries]


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionLayout:
    """One connection, and its series by metric."""

    id: str
    source: str
    target: str
    type: str
    series: Entries


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """A run's places and connections in the order of the model, and its clock."""

    run_id: str
    bins: int
    bin_minutes: int
    start: datetime | None
    places: tuple[PlaceLayout, ...]
    connections: tuple[ConnectionLayout, ...]
    warnings: tuple[RunWarning, ...]

    def begins(self, index: int) -> datetime | None:
        """When a bin begins; None where the model does not say when it begins itself."""
        return (
            None if self.start is None else self.start + timedelta(minutes=index * self.bin_minutes)
        )

    def warnings_in(self, first: int, last: int) -> list[RunWarning]:
        """The warnings of any bin from ``first`` to ``last``; one that names no bins is about all of them."""
        return [
            warning
            for warning in self.warnings
            if not warning.bins or any(a <= last and b >= first for a, b in warning.bins)
        ]


_known: OrderedDict[str, Layout] = OrderedDict()
_lock = Lock()


def layout_of(bundle: RunBundle) -> Layout:
    """The layout of an open bundle; made once for each content. Raises BundleMissing or BundleCorrupt."""
    key = bundle.manifest_hash
    with _lock:
        found = _known.get(key)
        if found is not None:
            _known.move_to_end(key)
            return found
    found = _make(bundle)
    with _lock:
        _known[key] = found
        while len(_known) > MAX_LAYOUTS:
            _known.popitem(last=False)
    return found


def forget_layouts() -> None:
    """Make every layout anew when it is asked for next."""
    with _lock:
        _known.clear()


def _make(bundle: RunBundle) -> Layout:
    record, model = bundle.record, load_model(bundle.model_document)
    by_key = {entry.id: entry for entry in bundle.index if entry.id}
    roles = record.provenance.get("roles", {})
    groups = _grouped(by_key)
    buffers = {node.id: node for node in model.nodes if isinstance(node, BufferNode)}
    return Layout(
        run_id=record.run_id,
        bins=record.grid.bins,
        bin_minutes=record.grid.duration_minutes // record.grid.bins,
        start=from_text(record.window.start_utc),
        places=tuple(
            _place(node, roles.get(node.id, {}), by_key, groups, buffers)
            for node in model.topology.nodes
        ),
        connections=_connections(model, by_key),
        warnings=record.warnings,
    )


def _place(
    node: TopologyNode,
    roles: Mapping[str, str],
    by_key: Entries,
    groups: _Groups,
    buffers: Mapping[str, BufferNode],
) -> PlaceLayout:
    buffer = bound_buffer(node, buffers)
    dispatch = node.dispatch or (buffer.dispatch if buffer else None)
    period = dispatch.period_bins if dispatch else 0
    derived = groups.derived.get(node.id, {})
    names = {metric: f"{snake(node.id)}_{snake(metric)}" for metric in METRICS}
    return PlaceLayout(
        id=node.id,
        kind=node.kind,
        label=node.label or node.id,
        promised=node.sla_min if node.sla_min is not None and node.sla_min > 0 else None,
        period=period,
        phase=dispatch.phase_offset % period if dispatch else 0,
        observed={role: by_key[key] for role, key in sorted(roles.items()) if key in by_key},
        derived={metric: derived[name] for metric, name in names.items() if name in derived},
        parts={
            role: groups.parts[key] for role, key in sorted(roles.items()) if key in groups.parts
        },
    )


@dataclass(frozen=True, slots=True)
class _Groups:
    """The index in groups: class parts by the key of their total, derived series by place and by name."""

    parts: Mapping[str, Entries]
    derived: Mapping[str, Entries]


def _grouped(by_key: Entries) -> _Groups:
    parts: dict[str, dict[str, SeriesEntry]] = {}
    derived: dict[str, dict[str, SeriesEntry]] = {}
    for key, entry in by_key.items():
        total, at, class_id = key.rpartition("@")
        if at:
            parts.setdefault(total, {})[class_id] = entry
        elif entry.origin == "derived" and entry.node_id:
            # Where the name was taken, a number follows it (engine §10.2).
            derived.setdefault(entry.node_id, {})[re.sub(r"_\d+$", "", key)] = entry
    return _Groups(parts, derived)


def _connections(model: Model, by_key: Entries) -> tuple[ConnectionLayout, ...]:
    found: dict[str, dict[str, SeriesEntry]] = {}
    for key, entry in by_key.items():
        if entry.origin == "edge" and bare(key) == key:
            token, _, metric = key.removeprefix("edge_").rpartition("_")
            found.setdefault(token, {})[metric] = entry
    return tuple(
        ConnectionLayout(
            id=edge.id,
            source=edge.source,
            target=edge.target,
            type=edge.type,
            series=found.get(edge_token(edge.id), {}),
        )
        for edge in model.topology.edges
    )


def colours_of(place: PlaceLayout, derived: Mapping[str, Any], bins: int) -> np.ndarray:
    """The state of a place in each bin (engine §17.5), out of its derived metrics; gray where one is missing."""
    if place.kind == "dlq":
        return np.full(bins, COLOURS.index("dlq"), dtype=np.int8)
    load, wait = COLOURED_BY
    values = derived.get(wait if place.kind == "queue" else load)
    if values is None:
        values = np.full(bins, np.nan)
    if place.kind == "queue":
        return colour_by_wait(values, place.promised)
    return colour_by_load(values)


def letters_of(colours: np.ndarray) -> str:
    """One letter a bin."""
    return np.frombuffer(LETTERS.encode(), dtype=np.uint8)[colours].tobytes().decode()
