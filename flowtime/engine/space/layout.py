"""Where everything of a result lies, settled once: its index, rows, classes, edges and metrics (engine §16, §24)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..edges.layout import EdgeLayout, lay_out
from ..expansion.expanded import Expanded
from ..metrics.layout import MetricLayout, lay_out_metrics
from ..results.index import build_index
from ..results.records import SeriesInfo


@dataclass(frozen=True, slots=True)
class Layout:
    """``rows`` maps a key (bare id or ``id@Class``) to its row of the matrix, ``classes`` a series to its classes."""

    expanded: Expanded
    index: tuple[SeriesInfo, ...]
    rows: Mapping[str, int]
    classes: Mapping[str, tuple[str, ...]]
    edges: EdgeLayout
    metrics: MetricLayout


def settle_layout(expanded: Expanded, classes: Mapping[str, tuple[str, ...]]) -> Layout:
    """The layout of an expanded model of which each series has the given classes."""
    edges = lay_out(expanded, classes)
    metrics = lay_out_metrics(expanded, edges)
    index = build_index(expanded, classes, edges, metrics)
    rows = {info.id: row for row, info in enumerate(index)}
    return Layout(expanded, index, rows, classes, edges, metrics)
