"""Figures of each place over a range of bins: totals, promises kept, load, longest queue, time to get there."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from flowtime.engine import Sla, measure_sla
from runs.clock import to_text
from runs.layout import Layout, layout_of
from runs.reading import readable
from runs.state import PlaceState, read_place

if TYPE_CHECKING:
    from runs.layout import PlaceLayout
    from runs.models import Run

DERIVED = ("utilization", "throughputRatio", "oldestAgeMin", "flowLatencyMs")
"""The derived metrics that figures are made of; no other is read."""
QUANTILES = {"p50": 0.5, "p90": 0.9, "p95": 0.95, "p99": 0.99}


def read_figures(run: Run, first: int, last: int) -> dict[str, Any]:
    """The figures of every place of ``run`` over the bins ``first`` to ``last`` inclusive. Raises RunUnreadable."""
    with readable(run) as bundle:
        layout = layout_of(bundle)
        nodes = [
            _figures(read_place(bundle, place, metrics=DERIVED), layout, first, last)
            for place in layout.places
        ]
    return {
        "runId": layout.run_id,
        "from": first,
        "to": last,
        "beginsUtc": to_text(layout.begins(first)),
        "endsUtc": to_text(layout.begins(last + 1)),
        "nodes": nodes,
    }


def _figures(place: PlaceState, layout: Layout, first: int, last: int) -> dict[str, Any]:
    span = slice(first, last + 1)
    undefined = np.empty(0)
    return {
        "nodeId": place.layout.id,
        "kind": place.layout.kind,
        "label": place.layout.label,
        "totals": {
            role: _total(values[span])
            for role, values in place.observed.items()
            if place.layout.observed[role].kind == "flow"
        },
        "sla": {name: _share(sla) for name, sla in _promises(place, layout.bins, span).items()},
        "utilization": _spread(place.derived.get("utilization", undefined)[span]),
        "peakQueue": _peak(place.observed.get("queueDepth", undefined)[span], layout, first),
        "flowLatencyMs": _spread(place.derived.get("flowLatencyMs", undefined)[span]),
    }


def _promises(place: PlaceState, bins: int, span: slice) -> dict[str, Sla]:
    """The promises that apply to a place over a range (engine §17.6), out of the series of the whole run."""
    return measure_sla(
        place.observed,
        place.derived,
        promised=place.layout.promised,
        opened=_opened(place.layout, bins),
        span=span,
    )


def _opened(place: PlaceLayout, bins: int) -> np.ndarray | None:
    if not place.period:
        return None
    return (np.arange(bins) - place.phase) % place.period == 0


def _share(sla: Sla) -> dict[str, Any]:
    return {"share": sla.share, "definedBins": int(np.count_nonzero(~np.isnan(sla.values)))}


def _defined(values: np.ndarray) -> np.ndarray:
    return values[np.isfinite(values)]


def _total(values: np.ndarray) -> float | None:
    defined = _defined(values)
    return math.fsum(defined.tolist()) if defined.size else None


def _spread(values: np.ndarray) -> dict[str, Any] | None:
    """Mean, percentiles and maximum of the defined bins; None where there is none."""
    defined = _defined(values)
    if not defined.size:
        return None
    points = np.quantile(defined, list(QUANTILES.values())).tolist()
    return {
        "mean": float(defined.mean()),
        **dict(zip(QUANTILES, points, strict=True)),
        "max": float(defined.max()),
        "definedBins": int(defined.size),
    }


def _peak(depths: np.ndarray, layout: Layout, first: int) -> dict[str, Any] | None:
    """The deepest queue and the first bin that has it."""
    finite = np.isfinite(depths)
    if not finite.any():
        return None
    at = int(np.where(finite, depths, -np.inf).argmax())
    return {
        "value": float(depths[at]),
        "bin": first + at,
        "beginsUtc": to_text(layout.begins(first + at)),
    }
