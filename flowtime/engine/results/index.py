"""The series index: every row of a result with its names, kind, roles and selection (engine §16)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from ..edges.layout import EdgeLayout
from ..expansion.expanded import Expanded
from ..expansion.series_ids import bare, full_id, part_key
from ..metrics.layout import METRICS, MetricLayout
from .kinds import decide_kinds
from .records import SeriesInfo
from .selection import Candidate, select


@dataclass(frozen=True, slots=True)
class _Entry:
    key: str
    total: str
    kind: str
    unit: str
    component: str | None
    class_id: str
    origin: str
    hidden: bool = False
    roles: tuple[str, ...] = ()


def build_index(
    expanded: Expanded,
    classes: Mapping[str, tuple[str, ...]],
    edges: EdgeLayout,
    metrics: MetricLayout,
) -> tuple[SeriesInfo, ...]:
    """Every series in ascending order of its full id; ``classes`` lists the classes that a series can have.

    ``finite_points`` is 0 until values are known (``count_points``).
    """
    entries = [*_entries(expanded, classes), *_edge_entries(edges), *_derived_entries(metrics)]
    selected = selected_keys(expanded, entries)
    infos = [_info(entry, expanded.model.grid.bins, selected) for entry in entries]
    return tuple(sorted(infos, key=lambda info: info.series_id))


def count_points(index: tuple[SeriesInfo, ...], values: np.ndarray) -> tuple[SeriesInfo, ...]:
    """The index with the number of finite values of each row."""
    counts = np.isfinite(values).sum(axis=1).tolist()
    return tuple(
        replace(info, finite_points=count) for info, count in zip(index, counts, strict=True)
    )


def empty_outputs(expanded: Expanded, index: tuple[SeriesInfo, ...]) -> list[int]:
    """The positions of the outputs that select nothing (engine §8.8)."""
    candidates = [
        Candidate(info.id, info.origin == "derived", info.class_id != "DEFAULT") for info in index
    ]
    return select(expanded.model.outputs, candidates)[1]


def selected_keys(expanded: Expanded, entries: list[_Entry]) -> set[str]:
    """The keys that are selected: by an output, by a role, as an edge's, or as a part of one of these."""
    candidates = [
        Candidate(entry.key, entry.origin == "derived", entry.class_id != "DEFAULT")
        for entry in entries
    ]
    chosen, _ = select(expanded.model.outputs, candidates)
    chosen |= {entry.key for entry in entries if entry.roles or entry.origin == "edge"}
    return {entry.key for entry in entries if entry.key in chosen or entry.total in chosen}


def _entries(expanded: Expanded, classes: Mapping[str, tuple[str, ...]]) -> Iterator[_Entry]:
    kinds = decide_kinds(expanded)
    roles = _roles(expanded)
    for series_id, series in expanded.series.items():
        if series.is_temporary:
            continue
        for class_id in (None, *classes.get(series_id, ())):
            key = part_key(series_id, class_id) if class_id else series_id
            yield _Entry(
                key,
                series_id,
                *kinds[series_id],
                component=series.component,
                class_id=class_id or "DEFAULT",
                origin=series.origin,
                hidden=series.hidden,
                roles=roles.get(series_id, ()),
            )


def _edge_entries(edges: EdgeLayout) -> Iterator[_Entry]:
    for row in edges.rows:
        class_id = row.class_id or "DEFAULT"
        yield _Entry(row.key, bare(row.key), row.kind, row.unit, None, class_id, "edge")


def _derived_entries(metrics: MetricLayout) -> Iterator[_Entry]:
    for derived in metrics.rows:
        kind, unit = METRICS[derived.metric]
        yield _Entry(derived.key, derived.key, kind, unit, derived.node, "DEFAULT", "derived")


def _roles(expanded: Expanded) -> dict[str, tuple[str, ...]]:
    """``node.role`` for each series that a role is bound to, in ascending order."""
    found: dict[str, list[str]] = {}
    for node, roles in expanded.roles.items():
        for role, key in roles.items():
            found.setdefault(bare(key), []).append(f"{node}.{role}")
    return {series_id: tuple(sorted(uses)) for series_id, uses in found.items()}


def _info(entry: _Entry, bins: int, selected: set[str]) -> SeriesInfo:
    return SeriesInfo(
        id=entry.key,
        series_id=full_id(entry.total, entry.class_id),
        kind=entry.kind,
        unit=entry.unit,
        component=entry.component,
        roles=entry.roles,
        class_id=entry.class_id,
        origin=entry.origin,
        hidden=entry.hidden,
        selected=entry.key in selected,
        points=bins,
        finite_points=0,
    )
