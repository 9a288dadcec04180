"""What a run's places and connections were doing, bin by bin: plain data out of the stored series."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flowtime.engine import COLOURS
from runs.arrays import read_array
from runs.clock import to_text
from runs.errors import WindowTooLarge
from runs.layout import ConnectionLayout, Layout, PlaceLayout, colours_of, layout_of, letters_of
from runs.reading import readable

if TYPE_CHECKING:
    import numpy as np

    from flowtime.bundles import RunBundle
    from runs.layout import Entries
    from runs.models import Run

MAX_CELLS = 10_000
"""Bins × places that one window may hold (http-api §3.4)."""

Arrays = dict[str, "np.ndarray"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceState:
    """One place over the run: whole arrays of shape (bins,) by role and by metric, NaN where undefined."""

    layout: PlaceLayout
    observed: Arrays
    derived: Arrays

    def colours(self, bins: int) -> np.ndarray:
        """Its state in each of the run's ``bins``, by colour number of the engine."""
        return colours_of(self.layout, self.derived, bins)


def read_place(
    bundle: RunBundle,
    place: PlaceLayout,
    *,
    roles: Collection[str] | None = None,
    metrics: Collection[str] | None = None,
) -> PlaceState:
    """What a place observed and its derived metrics, all or some of them. Raises BundleMissing or BundleCorrupt."""
    return PlaceState(
        layout=place,
        observed=read_arrays(bundle, _chosen(place.observed, roles)),
        derived=read_arrays(bundle, _chosen(place.derived, metrics)),
    )


def _chosen(entries: Entries, names: Collection[str] | None) -> Entries:
    if names is None:
        return entries
    return {name: entry for name, entry in entries.items() if name in names}


def read_arrays(bundle: RunBundle, entries: Entries) -> Arrays:
    """The arrays of some series under the same names."""
    return {name: read_array(bundle, entry.series_id) for name, entry in entries.items()}


def read_bin(run: Run, index: int) -> dict[str, Any]:
    """The state of every place and connection in one bin of ``run``. Raises RunUnreadable."""
    with readable(run) as bundle:
        layout = layout_of(bundle)
        places = [read_place(bundle, place) for place in layout.places]
        connections = list(_connections(bundle, layout))
    warnings = layout.warnings_in(index, index)
    return {
        "runId": layout.run_id,
        "bin": index,
        "beginsUtc": to_text(layout.begins(index)),
        "endsUtc": to_text(layout.begins(index + 1)),
        "nodes": [
            {
                **_place_facts(place.layout),
                "colour": COLOURS[place.colours(layout.bins)[index]],
                "observed": _values(place.observed, index),
                "derived": _values(place.derived, index),
                "warnings": [w.code for w in warnings if w.node_id == place.layout.id],
            }
            for place in places
        ],
        "edges": [
            {**_connection_facts(connection), "metrics": _values(arrays, index)}
            for connection, arrays in connections
        ],
        "warnings": [_warning_facts(warning) for warning in warnings],
    }


def read_window(run: Run, first: int, last: int) -> dict[str, Any]:
    """The same for the bins ``first`` to ``last`` inclusive, one array a metric.

    Raises RunUnreadable, and WindowTooLarge beyond MAX_CELLS bins × places.
    """
    span = slice(first, last + 1)
    with readable(run) as bundle:
        layout = layout_of(bundle)
        _check_size(layout, last - first + 1)
        places = [read_place(bundle, place) for place in layout.places]
        connections = list(_connections(bundle, layout))
    return {
        "runId": layout.run_id,
        "from": first,
        "to": last,
        "binMinutes": layout.bin_minutes,
        "timestampsUtc": begins_of(layout, first, last),
        "nodes": [
            {
                **_place_facts(place.layout),
                "colours": letters_of(place.colours(layout.bins)[span]),
                "observed": {name: array[span] for name, array in place.observed.items()},
                "derived": {name: array[span] for name, array in place.derived.items()},
            }
            for place in places
        ],
        "edges": [
            {
                **_connection_facts(connection),
                "metrics": {name: array[span] for name, array in arrays.items()},
            }
            for connection, arrays in connections
        ],
        "warnings": [_warning_facts(warning) for warning in layout.warnings_in(first, last)],
    }


def begins_of(layout: Layout, first: int, last: int) -> list[str | None] | None:
    """When each bin begins, as text; None where the model does not say when it begins itself."""
    if layout.start is None:
        return None
    return [to_text(layout.begins(index)) for index in range(first, last + 1)]


def _check_size(layout: Layout, bins: int) -> None:
    cells = bins * len(layout.places)
    if cells > MAX_CELLS:
        fitting = MAX_CELLS // len(layout.places)
        raise WindowTooLarge(
            f"{bins:,} bins of {len(layout.places):,} nodes are {cells:,} states; "
            f"one window holds {MAX_CELLS:,}. Ask for {fitting:,} bins or fewer at once.",
            maxBins=fitting,
        )


def _connections(bundle: RunBundle, layout: Layout) -> Iterator[tuple[ConnectionLayout, Arrays]]:
    for connection in layout.connections:
        yield connection, read_arrays(bundle, connection.series)


def _values(arrays: Arrays, index: int) -> dict[str, Any]:
    # Numbers of numpy are written like our own: NaN and the infinities as null.
    return {name: float(array[index]) for name, array in arrays.items()}


def _place_facts(place: PlaceLayout) -> dict[str, Any]:
    return {"nodeId": place.id, "kind": place.kind, "label": place.label}


def _connection_facts(connection: ConnectionLayout) -> dict[str, Any]:
    return {
        "edgeId": connection.id,
        "from": connection.source,
        "to": connection.target,
        "type": connection.type,
    }


def _warning_facts(warning: Any) -> dict[str, Any]:
    facts: dict[str, Any] = warning.model_dump(mode="json", by_alias=True)
    return facts
