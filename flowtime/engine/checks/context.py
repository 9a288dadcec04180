"""What every check may rely on: before any run, and in one run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from ..edges.layout import EdgeLayout
from ..expansion.expanded import Expanded
from ..expansion.places import Place
from ..metrics.inputs import Bound, Inputs, RoleRows, find_inputs
from ..metrics.layout import MetricLayout
from ..results.records import SeriesInfo
from ..space.layout import Layout
from ..space.stacks import Pick, pick
from ..space.state import State
from .hits import Batch, Hit


@dataclass(frozen=True, slots=True)
class Context:
    """A laid-out model, resolved; ``metrics`` and ``inputs`` are of some of its nodes where a strip is looked at."""

    whole: Layout
    metrics: MetricLayout
    inputs: Inputs

    @property
    def expanded(self) -> Expanded:
        return self.whole.expanded

    @property
    def index(self) -> tuple[SeriesInfo, ...]:
        return self.whole.index

    @property
    def rows(self) -> Mapping[str, int]:
        return self.whole.rows

    @property
    def edges(self) -> EdgeLayout:
        return self.whole.edges

    @property
    def places(self) -> Mapping[str, Place]:
        return self.metrics.places

    def classes_of(self, key: str) -> tuple[str, ...]:
        """The classes of a series, or the one that a part is of."""
        name, _, class_id = key.partition("@")
        found = self.whole.classes.get(name, ())
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
    """One evaluation, complete but for its warnings, with the roles of the nodes that are looked at.

    ``has_gaps``: some role, or something that a queue or a retry reads, is not finite in some bin.
    """

    state: State
    bound: Bound
    has_gaps: bool

    def rows(self, rows: Pick) -> np.ndarray:
        """Rows of the matrix."""
        data: np.ndarray = self.state.values[rows]
        return data

    def read(self, rows: RoleRows | Pick) -> np.ndarray:
        """A role at some nodes, or rows of the matrix; not to be written to."""
        return self.bound.read(rows) if isinstance(rows, RoleRows) else self.rows(rows)

    def flows(self, flows: RoleRows | Pick) -> np.ndarray:
        """Series that queues read, with 0 for all that is not finite; not to be written to."""
        data = self.read(flows)
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


def make_context(whole: Layout, nodes: Iterable[str]) -> Context:
    """The context of checks that look at ``nodes``."""
    metrics = whole.metrics.among(nodes)
    return Context(whole, metrics, find_inputs(metrics.places, whole.rows))
