"""What every check may rely on: before any run, and in one run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from ..edges.layout import EdgeLayout, lay_out
from ..edges.volumes import classes_in
from ..evaluation.stacks import Pick, pick
from ..evaluation.state import State
from ..expansion.expanded import Expanded
from ..expansion.places import Place
from ..metrics.inputs import Bound, Inputs, RoleRows, find_inputs
from ..metrics.layout import MetricLayout, lay_out_metrics
from ..results.records import SeriesInfo
from .hits import Batch, Hit


@dataclass(frozen=True, slots=True)
class Context:
    """An expanded model with its index, resolved; ``rows`` maps keys to rows of the matrix."""

    expanded: Expanded
    index: tuple[SeriesInfo, ...]
    rows: Mapping[str, int]
    classes: Mapping[str, tuple[str, ...]]
    edges: EdgeLayout
    metrics: MetricLayout
    inputs: Inputs

    @property
    def places(self) -> Mapping[str, Place]:
        return self.metrics.places

    def classes_of(self, key: str) -> tuple[str, ...]:
        """The classes of a series, or the one that a part is of."""
        name, _, class_id = key.partition("@")
        found = self.classes.get(name, ())
        return tuple(c for c in found if not class_id or c == class_id)

    def flows(self, role: str, wanted: Sequence[tuple[str, str]]) -> RoleRows | Pick:
        """Series that are all in the matrix, as (node, key): as one role where all of them are that, else as rows."""
        is_role = all(
            node in self.places and self.places[node].roles.get(role) == key for node, key in wanted
        )
        if is_role and wanted:
            return self.inputs.at(role, [node for node, _ in wanted])
        return pick([self.rows[key] for _, key in wanted])

    def capacities(self, nodes: Sequence[str]) -> RoleRows | Pick:
        """Effective capacities: the role itself where no node says how many servers it has."""
        if any(self.places[node].has("parallelism") for node in nodes):
            return self.derived("effectiveCapacity", nodes)
        return self.inputs.at("capacity", nodes)

    def derived(self, metric: str, nodes: Iterable[str]) -> Pick:
        """Rows of the matrix that hold a metric."""
        keys = self.metrics.keys[metric]
        return pick([self.rows[keys[node]] for node in nodes])


@dataclass(frozen=True, slots=True)
class Run:
    """One evaluation, complete but for its warnings.

    ``has_gaps``: some role, or something that a queue or a retry reads, is not finite in some bin.
    """

    state: State
    bound: Bound
    has_gaps: bool

    def rows(self, rows: Pick) -> np.ndarray:
        """Rows of the matrix."""
        data: np.ndarray = self.state.values[rows]
        return data

    def flows(self, flows: RoleRows | Pick) -> np.ndarray:
        """Series that queues read, with 0 for all that is not finite; not to be written to."""
        data = self.bound.read(flows) if isinstance(flows, RoleRows) else self.rows(flows)
        return np.where(np.isfinite(data), data, 0.0) if self.has_gaps else data

    def finite(self, key: str) -> np.ndarray:
        """A series with NaN for all that is not finite."""
        series = self.state.series(key)
        return np.where(np.isfinite(series), series, np.nan)

    def counted(self, key: str) -> np.ndarray:
        """A series with 0 for all that is not finite."""
        series = self.state.series(key)
        return np.where(np.isfinite(series), series, 0.0)


class Check(Protocol):
    """A group of codes that are looked for together."""

    def find(self, run: Run) -> Iterator[Hit | Batch]: ...


def make_context(expanded: Expanded, index: Sequence[SeriesInfo]) -> Context:
    """Resolve a model for its checks."""
    classes = classes_in(index)
    edges = lay_out(expanded, classes)
    metrics = lay_out_metrics(expanded, edges)
    return Context(
        expanded=expanded,
        index=tuple(index),
        rows={info.id: row for row, info in enumerate(index)},
        classes=classes,
        edges=edges,
        metrics=metrics,
        inputs=find_inputs(metrics.places, index),
    )
