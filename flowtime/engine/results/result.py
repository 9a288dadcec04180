"""What one evaluation gave: series, metrics, colours, promises, ledgers, warnings and hashes (engine §23.3)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from ..checks.noticed import Noticed
from ..expansion.expanded import Expanded
from ..expansion.places import Place
from ..hashing import array_digest, result_hash, scenario_hash
from ..kernels.dispatch import opened
from ..metrics.colours import COLOURED_BY, colour_bins
from ..metrics.layout import METRICS
from ..metrics.sla import SLA_METRICS, SLA_ROLES, Sla, measure_sla
from ..model.grid import Grid
from ..model.model import Model
from ..problems import nearest, quoted
from ..space.state import State
from .coverage import class_coverage
from .graph_view import draw_graph
from .index import count_points
from .ledger import find_queue, read_ledger
from .records import SeriesInfo, Warning

if TYPE_CHECKING:
    from ..evaluation.plan import Plan


class Result:
    """One run of a plan; immutable, every array read-only, in the units of the index.

    What takes time and not everybody needs (counts, sentences of warnings, digests) is worked out when first asked for.
    """

    __slots__ = ("_facts", "_noticed", "_overrides", "_replicate", "_sources", "_state", "plan")

    def __init__(
        self,
        *,
        plan: Plan,
        state: State,
        warnings: Noticed,
        sources: Mapping[str, Any],
        overrides: Mapping[str, Any],
        replicate: int,
    ) -> None:
        state.values.flags.writeable = False
        self.plan = plan
        self._state = state
        self._noticed = warnings
        self._sources = sources
        self._overrides = overrides
        self._replicate = replicate
        self._facts: dict[str, Any] = {}

    def __repr__(self) -> str:
        grid = self.grid
        bins = f"{grid.bins} x {grid.bin_size} {grid.bin_unit}"
        return f"<Result of {self.model.template_id}: {len(self.plan.index)} series, {bins}>"

    @property
    def model(self) -> Model:
        return self.plan.model

    @property
    def grid(self) -> Grid:
        return self.plan.model.grid

    @property
    def values(self) -> np.ndarray:
        """Every series, shape (n, bins), row by row as ``index`` lists them."""
        return self._state.values

    @property
    def index(self) -> tuple[SeriesInfo, ...]:
        """What each row is, selected or not, sorted by series id (engine §16.3)."""
        found = self._facts.get("index")
        if found is None:
            found = self._facts["index"] = count_points(self.plan.index, self.values)
        return found

    def series(self, id: str) -> np.ndarray:
        """A series by bare id, ``id@Class`` or full series id; KeyError with a suggestion."""
        row = self.plan.rows.get(id)
        if row is None:
            row = self._rows_by_full_id().get(id)
        if row is None:
            raise _unknown("series", id, self.plan.rows)
        view: np.ndarray = self.values[row]
        return view

    def role(self, node: str, role: str) -> np.ndarray:
        """The series bound to a role, after rebinding and limiting; KeyError where none is."""
        roles = self._place(node).roles
        if role not in roles:
            raise _unknown(f"role of {quoted(node)}", role, roles)
        return self._read(roles[role])

    def parts(self, id: str) -> dict[str, np.ndarray]:
        """The series of each class, empty if there are no classes."""
        self.series(id)
        name = self.plan.index[self._row(id)].id
        return {class_id: self.values[row] for class_id, row in self._parts().get(name, ())}

    def edge(self, edge_id: str) -> dict[str, np.ndarray]:
        """The series of an edge by metric, for all classes together."""
        metrics = self.plan.edges.metrics
        if edge_id not in metrics:
            raise _unknown("edge", edge_id, metrics)
        return {metric: self.series(key) for metric, key in metrics[edge_id].items()}

    def derived(self, node: str, metric: str) -> np.ndarray:
        """A derived metric; NaN where it is undefined, throughout where the node cannot have it."""
        if metric not in METRICS:
            raise _unknown("metric", metric, METRICS)
        place = self._place(node)
        key = self.plan.metrics.layout.key(place, metric)
        if key is not None:
            return self._read(key)
        nothing = np.full(self.grid.bins, np.nan)
        nothing.flags.writeable = False
        return nothing

    def derived_stack(self, metric: str) -> tuple[tuple[str, ...], np.ndarray]:
        """The ids of the nodes that have a metric, in ascending order, and its values of shape (n, bins)."""
        if metric not in METRICS:
            raise _unknown("metric", metric, METRICS)
        layout = self.plan.metrics.layout
        found = {node: layout.key(place, metric) for node, place in sorted(layout.places.items())}
        rows = {node: self._read(key) for node, key in found.items() if key is not None}
        stack = np.array(list(rows.values())).reshape(len(rows), self.grid.bins)
        stack.flags.writeable = False
        return tuple(rows), stack

    def colours(self, node: str) -> np.ndarray:
        """The colour of each bin as an index of ``COLOURS`` (engine §17.5)."""
        place = self._place(node)
        derived = self._metrics_of(node, COLOURED_BY)
        colours = colour_bins(
            place.node.kind, derived, promised=place.node.promised, bins=self.grid.bins
        )
        colours.flags.writeable = False
        return colours

    def is_paused(self, node: str) -> np.ndarray:
        """Bins in which the queue latency status is ``paused_gate_closed`` (engine §17.5)."""
        place = self._place(node)
        paused = np.zeros(self.grid.bins, dtype=bool)
        if place.gate is not None and "queueDepth" in place.roles and "served" in place.roles:
            waits = (self.role(node, "queueDepth") > 0.0) & (self.role(node, "served") <= 0.0)
            paused = waits & ~opened(place.gate, self.grid.bins)
        paused.flags.writeable = False
        return paused

    def sla(self, node: str, start: int = 0, stop: int | None = None) -> dict[str, Sla]:
        """The promises of a node over the bins ``[start, stop)``, those that apply to it (engine §17.6)."""
        place = self._place(node)
        roles = [role for role in SLA_ROLES if role in place.roles]
        return measure_sla(
            {role: self.role(node, role) for role in roles},
            self._metrics_of(node, SLA_METRICS),
            promised=place.node.promised,
            opened=opened(place.gate, self.grid.bins) if place.gate is not None else None,
            span=slice(start, stop),
        )

    def ledger(self, node: str) -> Mapping[str, np.ndarray]:
        """Inflow, out, loss, overflow, exhausted, stock and unmet of a queue (engine §18.3).

        ``node`` is a topology node with a queue, or a computation queue; KeyError for any other.
        """
        queue = find_queue(self._expanded, node)
        if queue is None:
            known = {
                q for entry in self._expanded.queues.values() for q in (entry.key, entry.depth)
            }
            raise _unknown("queue", node, known)
        # Worked out when asked for, and no louder than the run itself (engine §9.2).
        with np.errstate(all="ignore"):
            columns = dict(read_ledger(self._expanded, self._state, queue))
        for name, column in columns.items():
            columns[name] = column.view()
            columns[name].flags.writeable = False
        return MappingProxyType(columns)

    @property
    def warnings(self) -> tuple[Warning, ...]:
        """Everything worth a word, sorted by severity, node and code (engine §19)."""
        found = self._facts.get("warnings")
        if found is None:
            found = self._facts["warnings"] = self._noticed.warnings()
        return found

    @property
    def has_errors(self) -> bool:
        """Whether a warning is of severity error."""
        return any(warning.severity == "error" for warning in self.warnings)

    @property
    def class_coverage(self) -> Literal["full", "partial", "missing"]:
        return class_coverage(self._expanded, self.plan.classes)

    @property
    def scenario_hash(self) -> str:
        """Equal scenario hash, equal numbers (engine §22.2)."""
        found = self._facts.get("scenario_hash")
        if found is None:
            found = self._facts["scenario_hash"] = scenario_hash(
                self.model,
                replicate=self._replicate,
                sources=self._sources,
                overrides=self._overrides,
            )
        return str(found)

    @property
    def result_hash(self) -> str:
        """Equality of outcomes: over the digests of all selected series (engine §22.2)."""
        found = self._facts.get("result_hash")
        if found is None:
            found = self._facts["result_hash"] = result_hash(self.digests())
        return str(found)

    def digests(self) -> dict[str, str]:
        """The array digest of every selected series by full series id."""
        return {
            info.series_id: array_digest(self.values[row])
            for row, info in enumerate(self.plan.index)
            if info.selected
        }

    def hashes(self) -> dict[str, str]:
        """The hashes of engine §22.2 that belong to a result, by their written names."""
        return {
            "templateHash": self.model.template_hash,
            "parametersHash": self.model.parameters_hash,
            "modelHash": self.model.model_hash,
            "scenarioHash": self.scenario_hash,
            "resultHash": self.result_hash,
        }

    def graph(self) -> dict[str, Any]:
        """Nodes, edges, roles and kinds as plain data for drawing."""
        return draw_graph(self._expanded, self.plan.metrics.layout.places, self.plan.edges)

    @property
    def _expanded(self) -> Expanded:
        return self.plan.expanded

    def _place(self, node: str) -> Place:
        places = self.plan.metrics.layout.places
        if node not in places:
            raise _unknown("topology node", node, places)
        return places[node]

    def _metrics_of(self, node: str, metrics: Iterable[str]) -> dict[str, np.ndarray]:
        """Those of ``metrics`` that the node has."""
        keys = self.plan.metrics.layout.keys
        return {m: self._read(keys[m][node]) for m in metrics if node in keys[m]}

    def _read(self, key: str) -> np.ndarray:
        """A series by key; zeros where a role names a class that the series does not have."""
        view = self._state.series(key).view()
        view.flags.writeable = False
        return view

    def _row(self, id: str) -> int:
        row = self.plan.rows.get(id)
        return row if row is not None else self._rows_by_full_id()[id]

    def _rows_by_full_id(self) -> dict[str, int]:
        found = self._facts.get("rows")
        if found is None:
            rows = {info.series_id: row for row, info in enumerate(self.plan.index)}
            found = self._facts["rows"] = rows
        return found

    def _parts(self) -> dict[str, list[tuple[str, int]]]:
        found = self._facts.get("parts")
        if found is None:
            found = {}
            for row, info in enumerate(self.plan.index):
                if info.class_id != "DEFAULT":
                    found.setdefault(info.id.rpartition("@")[0], []).append((info.class_id, row))
            self._facts["parts"] = found
        return found


def _unknown(what: str, word: str, known: Mapping[str, Any] | set[str]) -> KeyError:
    near = nearest(word, known)
    advice = f"; did you mean {quoted(near)}?" if near else ""
    return KeyError(f"unknown {what} {quoted(word)}{advice}")
