"""Derived metrics, each computed once for all nodes that have it (engine §17.2, §24)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..edges.layout import lay_out
from ..edges.volumes import classes_in
from ..evaluation.stacks import Pick, pick
from ..evaluation.state import State
from ..expansion.expanded import Expanded
from ..results.records import SeriesInfo
from .ages import settle_ages
from .inputs import LONG, Bound, Inputs, find_inputs
from .latency import Level, fill_latency, prepare_levels
from .layout import MetricLayout, lay_out_metrics
from .stacked import Stack, Stacker
from .tightness import Squeeze, fill_shortfall, find_squeezes

MINUTE_MS = 60_000.0


@dataclass(frozen=True, slots=True)
class PreparedMetrics:
    """The stacks of every metric, in the order in which they are computed; ``rows`` are rows of the matrix."""

    layout: MetricLayout
    inputs: Inputs
    rows: Mapping[str, Pick]
    capacity: tuple[Stack, ...]
    servers: tuple[Stack, ...]
    utilization: tuple[Stack, ...]
    queue_time: tuple[Stack, ...]
    latency: tuple[Stack, ...]
    service_time: tuple[Stack, ...]
    one_part: tuple[Stack, ...]
    two_parts: tuple[Stack, ...]
    efficiency: tuple[Stack, ...]
    throughput: tuple[Stack, ...]
    attempts: tuple[Stack, ...]
    tax: tuple[Stack, ...]
    echo: tuple[Stack, ...]
    ages: tuple[Stack, ...]
    kingman: tuple[Stack, ...]
    squeezes: tuple[Squeeze, ...]
    limited: tuple[tuple[int, str], ...]
    levels: tuple[Level, ...]


def prepare_metrics(expanded: Expanded, index: Sequence[SeriesInfo]) -> PreparedMetrics:
    """Resolve everything that does not change from run to run."""
    edges = lay_out(expanded, classes_in(index))
    layout = lay_out_metrics(expanded, edges)
    found = {info.id: row for row, info in enumerate(index)}
    inputs = find_inputs(layout.places, index)
    stacks = Stacker(layout, inputs)
    capacity, servers = stacks.capacities()
    one_part, two_parts = stacks.cycles()
    keys = layout.keys
    return PreparedMetrics(
        layout=layout,
        inputs=inputs,
        rows={m: pick([found[key] for key in nodes.values()]) for m, nodes in keys.items()},
        capacity=capacity,
        servers=servers,
        utilization=stacks.stack("utilization", None, ("served",), ("effectiveCapacity",)),
        queue_time=stacks.stack("queueTimeMs", None, ("queueDepth", "served")),
        latency=stacks.stack("latencyMinutes", None, (), ("queueTimeMs",)),
        service_time=stacks.stack("serviceTimeMs", None, ("processingTimeMsSum", "servedCount")),
        one_part=one_part,
        two_parts=two_parts,
        efficiency=stacks.stack("flowEfficiency", None, (), ("serviceTimeMs", "cycleTimeMs")),
        throughput=stacks.stack("throughputRatio", None, ("served", "arrivals")),
        attempts=stacks.attempts(),
        tax=stacks.taxes(),
        echo=stacks.echoes(expanded),
        ages=stacks.ages(),
        kingman=stacks.kingman(),
        squeezes=find_squeezes(
            expanded, {node: found[key] for node, key in keys["constraintShortfall"].items()}
        ),
        limited=tuple(
            (found[key], expanded.members[node].limited)
            for node, key in keys["constraintStatus"].items()
        ),
        levels=prepare_levels(layout, edges, rows=found, bin_ms=float(expanded.model.grid.bin_ms)),
    )


class _Work:
    """The gathered roles of a run, and the metrics found so far as stacks of all nodes that have them.

    In a long window results are computed where they belong; in a short one dense scratch is faster, and copied.
    """

    __slots__ = ("bound", "found", "placed", "prepared", "values")

    def __init__(self, prepared: PreparedMetrics, values: np.ndarray, bound: Bound) -> None:
        self.prepared = prepared
        self.values = values
        self.bound = bound
        self.found: dict[str, np.ndarray] = {}
        self.placed: set[str] = set()

    def read(self, stack: Stack, metric: str) -> np.ndarray:
        """The rows of another metric that belong to the nodes of ``stack``."""
        data: np.ndarray = self.found[metric][stack.metrics[metric]]
        return data

    def role(self, stack: Stack, role: str) -> np.ndarray:
        return self.bound.read(stack.roles[role])

    def target(self, stack: Stack) -> np.ndarray:
        """An array to compute the nodes of ``stack`` into, before ``put``."""
        rows, bins = self.prepared.rows[stack.metric], self.values.shape[1]
        if stack.is_whole and bins >= LONG and isinstance(rows, slice):
            self.placed.add(stack.metric)
            return self.values[rows]
        return np.empty((stack.count, bins))

    def put(self, stack: Stack, data: np.ndarray) -> None:
        """Keep what was computed for the nodes of ``stack``."""
        if stack.is_whole:
            self.found[stack.metric] = data
            return
        if stack.metric not in self.found:
            self.found[stack.metric] = np.empty((stack.size, data.shape[1]))
        self.found[stack.metric][stack.out] = data

    def store(self) -> None:
        """Copy to the matrix what is not there yet."""
        for metric, data in self.found.items():
            if metric not in self.placed:
                self.values[self.prepared.rows[metric]] = data


def compute_metrics(plan: Any, state: State) -> None:
    """Fill the rows of every derived metric; all other rows of ``state.values`` are complete before."""
    prepared: PreparedMetrics = plan.prepared["metrics"]
    bound = state.bound = prepared.inputs.gather(state.values)
    work = _Work(prepared, state.values, bound)
    overflows: list[int] = []

    def note(_kind: str, flag: int) -> None:
        overflows.append(flag)

    with np.errstate(all="ignore", over="call", call=note):
        _find_capacity(prepared, work)
        _find_times(prepared, work, state.bin_minutes * MINUTE_MS)
        _find_ratios(prepared, work)
        _find_retries(prepared, work)
        _find_waiting(prepared, work, state.bin_minutes)
        work.store()
        for squeeze in prepared.squeezes:
            fill_shortfall(squeeze, state)
        for row, key in prepared.limited:
            state.values[row] = state.series(key)
        for level in prepared.levels:
            fill_latency(level, state.values, bound)
    if overflows:
        for rows in prepared.rows.values():
            data = state.values[rows]
            state.values[rows] = np.where(np.isfinite(data), data, np.nan)


def _find_capacity(prepared: PreparedMetrics, work: _Work) -> None:
    for stack in prepared.capacity:
        work.put(stack, work.role(stack, "capacity"))
    for stack in prepared.servers:
        servers = work.role(stack, "parallelism")
        servers = np.where(servers > 0.0, servers, 1.0)
        work.put(stack, work.role(stack, "capacity") * servers)
    for stack in prepared.utilization:
        capacity = work.read(stack, "effectiveCapacity")
        if prepared.servers or not work.bound.lows["capacity"] > 0.0:
            capacity = np.where(capacity > 0.0, capacity, np.nan)
        load = np.divide(work.role(stack, "served"), capacity, out=work.target(stack))
        work.put(stack, load)


def _find_times(prepared: PreparedMetrics, work: _Work, bin_ms: float) -> None:
    for stack in prepared.queue_time:
        served = work.bound.positive(stack.roles["served"])
        waiting = np.divide(work.role(stack, "queueDepth"), served, out=work.target(stack))
        work.put(stack, np.multiply(waiting, bin_ms, out=waiting))
    for stack in prepared.latency:
        waiting = work.read(stack, "queueTimeMs")
        work.put(stack, np.divide(waiting, MINUTE_MS, out=work.target(stack)))
    for stack in prepared.service_time:
        counts = work.bound.positive(stack.roles["servedCount"])
        handling = work.role(stack, "processingTimeMsSum")
        work.put(stack, np.divide(handling, counts, out=work.target(stack)))
    for stack in prepared.one_part:
        (part,) = stack.metrics
        work.put(stack, work.read(stack, part))
    for stack in prepared.two_parts:
        waiting, handling = (work.read(stack, part) for part in stack.metrics)
        total = np.where(np.isnan(waiting), handling, waiting + handling)
        work.put(stack, np.where(np.isnan(handling), waiting, total))
    for stack in prepared.efficiency:
        cycle = work.read(stack, "cycleTimeMs")
        cycle = np.where(cycle > 0.0, cycle, np.nan)
        work.put(stack, work.read(stack, "serviceTimeMs") / cycle)


def _find_ratios(prepared: PreparedMetrics, work: _Work) -> None:
    for stack in prepared.throughput:
        arrivals = work.role(stack, "arrivals")
        is_plain = work.bound.lowest(stack.roles["arrivals"]) > 0.0
        if not is_plain:
            arrivals = np.where(arrivals == 0.0, np.nan, arrivals)
        ratio = np.divide(work.role(stack, "served"), arrivals, out=work.target(stack))
        if not (is_plain and work.bound.lows["served"] >= 0.0):
            np.maximum(ratio, 0.0, out=ratio)
        work.put(stack, np.minimum(ratio, 1.0, out=ratio))


def _find_retries(prepared: PreparedMetrics, work: _Work) -> None:
    for stack in prepared.attempts:
        served = work.role(stack, "served")
        if "failed" in stack.roles:
            served = np.add(served, work.role(stack, "failed"), out=work.target(stack))
        work.put(stack, served)
    for stack in prepared.tax:
        is_derived = "attempts" in stack.metrics
        tries = work.read(stack, "attempts") if is_derived else work.role(stack, "attempts")
        if not tries.min() > 0.0:
            tries = np.where(tries > 0.0, tries, np.nan)
        excess = np.subtract(tries, work.role(stack, "served"), out=work.target(stack))
        if not work.bound.low >= 0.0 or not is_derived:
            np.maximum(excess, 0.0, out=excess)
        work.put(stack, np.divide(excess, tries, out=excess))
    for stack in prepared.echo:
        failures = work.bound.counted(stack.roles["failures"])
        work.put(stack, _convolve(failures, stack.kernel, work.target(stack)))


def _convolve(failures: np.ndarray, kernel: tuple[float, ...], out: np.ndarray) -> np.ndarray:
    """The sum over ``j`` of ``failures[t-j] * kernel[j]``, with nothing before the first bin."""
    bins = failures.shape[1]
    delays = [delay for delay, tap in enumerate(kernel[:bins]) if tap]
    first = delays[0] if delays else bins
    out[:, :first] = 0.0
    if delays:
        np.multiply(failures[:, : bins - first], kernel[first], out=out[:, first:])
    for delay in delays[1:]:
        out[:, delay:] += failures[:, : bins - delay] * kernel[delay]
    return out


def _find_waiting(prepared: PreparedMetrics, work: _Work, minutes: float) -> None:
    for stack in prepared.ages:
        inflow = work.bound.counted(stack.roles["inflow"])
        depth = work.role(stack, "depth")
        ages = np.divide(depth, inflow, out=work.target(stack))
        is_rising = work.bound.lowest(stack.roles["inflow"]) >= 0.0
        settle_ages(ages, inflow, depth, stack.numbers[:, 0], never_negative=is_rising)
        work.put(stack, np.multiply(ages, minutes, out=ages))
    for stack in prepared.kingman:
        load = work.read(stack, "utilization")
        load = np.where((load > 0.0) & (load < 1.0), load, np.nan)
        handling = work.read(stack, "serviceTimeMs")
        work.put(stack, load / (1.0 - load) * stack.numbers * handling)
