"""Derived metrics, each computed once for all nodes that have it (engine §17.2, §24)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .ages import find_ages, look_back
from .edge_layout import lay_out
from .edges import classes_in
from .expanded import Expanded
from .inputs import Bound, Inputs, find_inputs
from .latency import Level, fill_latency, prepare_levels
from .metric_layout import METRICS, MetricLayout, lay_out_metrics
from .metric_stacks import Stack, Stacker
from .records import SeriesInfo
from .stacks import Pick, pick
from .state import State
from .tightness import Squeeze, fill_shortfall, find_squeezes

__all__ = ["METRICS", "PreparedMetrics", "compute", "prepare"]

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


def prepare(expanded: Expanded, index: Sequence[SeriesInfo]) -> PreparedMetrics:
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
        levels=prepare_levels(
            layout, edges, rows=found, inputs=inputs, bin_ms=float(expanded.model.grid.bin_ms)
        ),
    )


class _Block:
    """Some bins of a run: the gathered roles, and the metrics found so far as dense stacks."""

    __slots__ = ("bound", "found")

    def __init__(self, bound: Bound) -> None:
        self.bound = bound
        self.found: dict[str, np.ndarray] = {}

    def read(self, stack: Stack, metric: str) -> np.ndarray:
        """The rows of another metric that belong to the nodes of ``stack``."""
        data: np.ndarray = self.found[metric][stack.metrics[metric]]
        return data

    def role(self, stack: Stack, role: str) -> np.ndarray:
        data: np.ndarray = self.bound.values[stack.roles[role]]
        return data

    def put(self, stack: Stack, data: np.ndarray) -> None:
        """Keep what was computed for the nodes of ``stack``."""
        if stack.is_whole:
            self.found[stack.metric] = data
            return
        if stack.metric not in self.found:
            self.found[stack.metric] = np.empty((stack.size, data.shape[1]))
        self.found[stack.metric][stack.out] = data


def compute(plan: Any, state: State) -> None:
    """Fill the rows of every derived metric; all other rows of ``state.values`` are complete before."""
    prepared: PreparedMetrics = plan.prepared["metrics"]
    state.bound = prepared.inputs.gather(state.values)
    overflows: list[int] = []

    def note(_kind: str, flag: int) -> None:
        overflows.append(flag)

    with np.errstate(all="ignore", over="call", call=note):
        for bound in state.bound:
            _fill_block(prepared, state, bound)
        for stack in prepared.ages:
            _fill_older(prepared, stack, state)
        for squeeze in prepared.squeezes:
            fill_shortfall(squeeze, state)
        for row, key in prepared.limited:
            state.values[row] = state.series(key)
    if overflows:
        for rows in prepared.rows.values():
            data = state.values[rows]
            state.values[rows] = np.where(np.isfinite(data), data, np.nan)


def _fill_block(prepared: PreparedMetrics, state: State, bound: Bound) -> None:
    block = _Block(bound)
    view = state.values[:, bound.start : bound.stop]
    _find_capacity(prepared, block)
    _find_times(prepared, block, state.bin_minutes * MINUTE_MS)
    _find_ratios(prepared, block)
    _find_retries(prepared, block, state)
    _find_waiting(prepared, block, state.bin_minutes)
    for metric, data in block.found.items():
        view[prepared.rows[metric]] = data
    for level in prepared.levels:
        fill_latency(level, view, bound)


def _find_capacity(prepared: PreparedMetrics, block: _Block) -> None:
    for stack in prepared.capacity:
        block.put(stack, block.role(stack, "capacity"))
    for stack in prepared.servers:
        servers = block.role(stack, "parallelism")
        servers = np.where(servers > 0.0, servers, 1.0)
        block.put(stack, block.role(stack, "capacity") * servers)
    for stack in prepared.utilization:
        capacity = _above_zero(block.read(stack, "effectiveCapacity"))
        block.put(stack, block.role(stack, "served") / capacity)


def _find_times(prepared: PreparedMetrics, block: _Block, bin_ms: float) -> None:
    for stack in prepared.queue_time:
        waiting = block.role(stack, "queueDepth") / block.bound.positive(stack.roles["served"])
        waiting *= bin_ms
        block.put(stack, waiting)
        block.found["latencyMinutes"] = waiting / MINUTE_MS
    for stack in prepared.service_time:
        counts = block.bound.positive(stack.roles["servedCount"])
        block.put(stack, block.role(stack, "processingTimeMsSum") / counts)
    for stack in prepared.one_part:
        (part,) = stack.metrics
        block.put(stack, block.read(stack, part))
    for stack in prepared.two_parts:
        waiting, handling = (block.read(stack, part) for part in stack.metrics)
        total = np.where(np.isnan(waiting), handling, waiting + handling)
        block.put(stack, np.where(np.isnan(handling), waiting, total))
    for stack in prepared.efficiency:
        cycle = _above_zero(block.read(stack, "cycleTimeMs"))
        block.put(stack, block.read(stack, "serviceTimeMs") / cycle)


def _find_ratios(prepared: PreparedMetrics, block: _Block) -> None:
    for stack in prepared.throughput:
        arrivals, served = block.role(stack, "arrivals"), block.role(stack, "served")
        is_plain = block.bound.is_positive(stack.roles["arrivals"])
        ratio = served / (arrivals if is_plain else np.where(arrivals == 0.0, np.nan, arrivals))
        if not (is_plain and block.bound.low >= 0.0):
            np.maximum(ratio, 0.0, out=ratio)
        block.put(stack, np.minimum(ratio, 1.0, out=ratio))


def _find_retries(prepared: PreparedMetrics, block: _Block, state: State) -> None:
    for stack in prepared.attempts:
        served = block.role(stack, "served")
        block.put(
            stack, served + block.role(stack, "failed") if "failed" in stack.roles else served
        )
    for stack in prepared.tax:
        is_derived = "attempts" in stack.metrics
        tries = block.read(stack, "attempts") if is_derived else block.role(stack, "attempts")
        tries = _above_zero(tries)
        excess = tries - block.role(stack, "served")
        np.maximum(excess, 0.0, out=excess)
        block.put(stack, np.divide(excess, tries, out=excess))
    for stack in prepared.echo:
        if block.bound.start or block.bound.stop < state.bins:
            failures = _counted_before(stack, state, block.bound)
        else:
            failures = block.bound.counted(stack.roles["failures"])
        echo = _convolve(failures, stack.kernel)
        block.put(stack, echo[:, echo.shape[1] - block.bound.values.shape[1] :])


def _counted_before(stack: Stack, state: State, bound: Bound) -> np.ndarray:
    """The failures of a block and of the bins before it that still come back in it."""
    start = max(0, bound.start - len(stack.kernel) + 1)
    failures = np.array([state.series(key)[start : bound.stop] for (key,) in stack.keys])
    return np.where(np.isfinite(failures), failures, 0.0)


def _convolve(failures: np.ndarray, kernel: tuple[float, ...]) -> np.ndarray:
    """The sum over ``j`` of ``failures[t-j] * kernel[j]``, with nothing before the first bin."""
    bins = failures.shape[1]
    echo = np.empty_like(failures)
    delays = [delay for delay, tap in enumerate(kernel[:bins]) if tap]
    first = delays[0] if delays else bins
    echo[:, :first] = 0.0
    if delays:
        np.multiply(failures[:, : bins - first], kernel[first], out=echo[:, first:])
    for delay in delays[1:]:
        echo[:, delay:] += failures[:, : bins - delay] * kernel[delay]
    return echo


def _find_waiting(prepared: PreparedMetrics, block: _Block, minutes: float) -> None:
    for stack in prepared.ages:
        inflow = block.bound.counted(stack.roles["inflow"])
        block.put(stack, find_ages(inflow, block.role(stack, "depth"), minutes))
    for stack in prepared.kingman:
        load = block.read(stack, "utilization")
        load = np.where((load > 0.0) & (load < 1.0), load, np.nan)
        handling = block.read(stack, "serviceTimeMs")
        block.put(stack, load / (1.0 - load) * stack.numbers * handling)


def _fill_older(prepared: PreparedMetrics, stack: Stack, state: State) -> None:
    """The ages that the bins themselves do not tell, looked up in the whole window."""
    ages = state.values[prepared.rows["oldestAgeMin"]]
    suspects = ages[stack.out]
    is_older = (suspects > state.bin_minutes) | (suspects < 0.0)
    if not np.count_nonzero(is_older):
        return
    targets = np.arange(len(state.values))[prepared.rows["oldestAgeMin"]][stack.out]
    for row in np.flatnonzero(is_older.any(axis=1)).tolist():
        bins = np.flatnonzero(is_older[row])
        inflow, depth = (state.series(key) for key in stack.keys[row])
        inflow = np.where(np.isfinite(inflow), inflow, 0.0)
        found = look_back(inflow, depth, float(stack.numbers[row, 0]), bins)
        state.values[targets[row], bins] = found * state.bin_minutes


def _above_zero(data: np.ndarray) -> np.ndarray:
    """``data`` with NaN wherever it is not above zero."""
    return data if data.min() > 0.0 else np.where(data > 0.0, data, np.nan)
