"""Where the numbers of a run's places and connections lie in its bundle: which series is which metric."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np

from flowtime.engine import colour_bins, load_model, locate_series
from runs.clock import from_text
from runs.expressed import Expressed, expressed_roles

if TYPE_CHECKING:
    from flowtime.bundles import RunBundle, RunWarning, SeriesEntry
    from flowtime.engine import StoredNode

LETTERS = ".gyrd"
"""By colour number of the engine: gray, green, yellow, red, dlq."""
# Of a model of 1,000 series a layout is about a megabyte.
MAX_LAYOUTS = 32

Entries = Mapping[str, "SeriesEntry"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceLayout:
    """One place. ``observed`` finds a series by role, ``derived`` by metric, ``parts`` by role and class.

    ``promised`` is its service level in minutes where it promises one; ``period`` and ``phase`` are its
    schedule, period 0 where it has none; ``aliases`` are the author's words for roles; ``expressed`` are the
    template's expressions for its roles.
    """

    id: str
    kind: str
    label: str
    promised: float | None
    period: int
    phase: int
    aliases: Mapping[str, str]
    observed: Entries
    derived: Entries
    parts: Mapping[str, Entries]
    expressed: tuple[Expressed, ...] = ()

    @property
    def columns(self) -> Entries:
        """Everything that is known of the place bin by bin, by role and by metric."""
        return {**self.observed, **self.derived}


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
    parts = _parts(by_key)
    expressed = expressed_roles(model, roles, by_key, record.provenance.get("bindings") or {})
    located = locate_series(
        model, ((key, entry.origin, entry.node_id) for key, entry in by_key.items())
    )
    return Layout(
        run_id=record.run_id,
        bins=record.grid.bins,
        bin_minutes=record.grid.duration_minutes // record.grid.bins,
        start=from_text(record.window.start_utc),
        places=tuple(
            _place(node, found, roles.get(node.id, {}), by_key, parts, expressed[node.id])
            for node, found in zip(model.topology.nodes, located.nodes, strict=True)
        ),
        connections=tuple(
            ConnectionLayout(
                id=edge.id,
                source=edge.source,
                target=edge.target,
                type=edge.type,
                series={metric: by_key[key] for metric, key in located.edges[edge.id].items()},
            )
            for edge in model.topology.edges
        ),
        warnings=record.warnings,
    )


def _parts(by_key: Entries) -> Mapping[str, Entries]:
    """Class parts by the key of their total, then by class."""
    parts: dict[str, dict[str, SeriesEntry]] = {}
    for key, entry in by_key.items():
        total, at, class_id = key.rpartition("@")
        if at:
            parts.setdefault(total, {})[class_id] = entry
    return parts


def _place(
    node: Any,
    found: StoredNode,
    roles: Mapping[str, str],
    by_key: Entries,
    parts: Mapping[str, Entries],
    expressed: tuple[Expressed, ...],
) -> PlaceLayout:
    return PlaceLayout(
        id=node.id,
        kind=node.kind,
        label=node.label or node.id,
        promised=found.promised,
        period=found.period,
        phase=found.phase,
        aliases=dict(node.aliases),
        observed={role: by_key[key] for role, key in sorted(roles.items()) if key in by_key},
        derived={metric: by_key[key] for metric, key in found.derived.items()},
        parts={role: parts[key] for role, key in sorted(roles.items()) if key in parts},
        expressed=expressed,
    )


def colours_of(place: PlaceLayout, derived: Mapping[str, Any], bins: int) -> np.ndarray:
    """The state of a place in each bin (engine §17.5), out of its derived metrics; gray where one is missing."""
    return colour_bins(place.kind, derived, promised=place.promised, bins=bins)


def letters_of(colours: np.ndarray) -> str:
    """One letter a bin."""
    return np.frombuffer(LETTERS.encode(), dtype=np.uint8)[colours].tobytes().decode()
