"""Derived metrics, each computed once for all nodes that have it (engine §17.2, §24)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .ages import fill_oldest_ages
from .edge_layout import lay_out
from .edges import classes_in
from .expanded import Expanded
from .inputs import Bound, Inputs, find_inputs
from .latency import Level, fill_latency, prepare_levels
from .metric_layout import METRICS, MetricLayout, lay_out_metrics
from .metric_stacks import Stack, Stacker
from .records import SeriesInfo
from .stacks import Pick, pick, store, target
from .state import State
from .tightness import Squeeze, fill_shortfall, find_squeezes

__all__ = ["METRICS", "PreparedMetrics", "compute", "prepare"]

MINUTE_MS = 60_000.0


@dataclass(frozen=True, slots=True)
class PreparedMetrics:
    """The stacks of every metric, in the order in which they are computed."""

    layout: MetricLayout
    inputs: Inputs
    derived: Pick
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


def prepare(expanded: Expanded, index: Sequence[SeriesInfo]) -> PreparedMetrics:
    """Resolve everything that does not change from run to run."""
    edges = lay_out(expanded, classes_in(index))
    layout = lay_out_metrics(expanded, edges)
    found = {info.id: row for row, info in enumerate(index)}
    rows = {(row.metric, row.node): found[row.key] for row in layout.rows}
    inputs = find_inputs(layout.places, index)
    stacks = Stacker(layout, inputs, rows)
    capacity, servers = stacks.capacities()
    one_part, two_parts = stacks.cycles()
    shortfalls = {
        node: rows["constraintShortfall", node] for node in stacks.nodes("constraintShortfall")
    }
    return PreparedMetrics(
        layout=layout,
        inputs=inputs,
        derived=pick(sorted(rows.values())),
        capacity=capacity,
        servers=servers,
        utilization=stacks.stack(
            "utilization", stacks.nodes("utilization"), ("served",), ("effectiveCapacity",)
        ),
        queue_time=stacks.by_roles("queueTimeMs", ("queueDepth", "served")),
        latency=stacks.by_metrics("latencyMinutes", ("queueTimeMs",)),
        service_time=stacks.by_roles("serviceTimeMs", ("processingTimeMsSum", "servedCount")),
        one_part=one_part,
        two_parts=two_parts,
        efficiency=stacks.by_metrics("flowEfficiency", ("serviceTimeMs", "cycleTimeMs")),
        throughput=stacks.by_roles("throughputRatio", ("served", "arrivals")),
        attempts=stacks.attempts(),
        tax=stacks.taxes(),
        echo=stacks.echoes(expanded),
        ages=stacks.ages(),
        kingman=stacks.kingman(),
        squeezes=find_squeezes(expanded, shortfalls),
        limited=tuple(
            (rows["constraintStatus", node], expanded.members[node].limited)
            for node in stacks.nodes("constraintStatus")
        ),
        levels=prepare_levels(
            layout, edges, rows=found, inputs=inputs, bin_ms=float(expanded.model.grid.bin_ms)
        ),
    )


def compute(plan: Any, state: State) -> None:
    """Fill the rows of every derived metric; all other rows of ``state.values`` are complete before."""
    prepared: PreparedMetrics = plan.prepared["metrics"]
    values = state.values
    bound = state.bound = prepared.inputs.gather(values)
    overflows: list[int] = []

    def note(_kind: str, flag: int) -> None:
        overflows.append(flag)

    with np.errstate(all="ignore", over="call", call=note):
        _fill_capacity(prepared, values, bound)
        _fill_times(prepared, values, bound, state.bin_minutes * MINUTE_MS)
        _fill_ratios(prepared, values, bound)
        _fill_retries(prepared, values, bound)
        _fill_waiting(prepared, values, bound, state.bin_minutes)
        for squeeze in prepared.squeezes:
            fill_shortfall(squeeze, state)
        for row, key in prepared.limited:
            values[row] = state.series(key)
        for level in prepared.levels:
            fill_latency(level, values, bound)
    if overflows:
        derived = values[prepared.derived]
        values[prepared.derived] = np.where(np.isfinite(derived), derived, np.nan)


def _fill_capacity(prepared: PreparedMetrics, values: np.ndarray, bound: Bound) -> None:
    for stack in prepared.capacity:
        values[stack.out] = bound.values[stack.roles["capacity"]]
    for stack in prepared.servers:
        servers = bound.values[stack.roles["parallelism"]]
        servers = np.where(servers > 0.0, servers, 1.0)
        values[stack.out] = bound.values[stack.roles["capacity"]] * servers
    for stack in prepared.utilization:
        capacity = values[stack.metrics["effectiveCapacity"]]
        if not capacity.min() > 0.0:
            capacity = np.where(capacity > 0.0, capacity, np.nan)
        _divide(stack, values, bound.values[stack.roles["served"]], capacity)


def _fill_times(prepared: PreparedMetrics, values: np.ndarray, bound: Bound, bin_ms: float) -> None:
    for stack in prepared.queue_time:
        depth, served = stack.roles["queueDepth"], stack.roles["served"]
        out = target(values, stack.out)
        np.divide(bound.values[depth], bound.positive(served), out=out)
        np.multiply(out, bin_ms, out=out)
        store(values, stack.out, out)
    for stack in prepared.latency:
        out = target(values, stack.out)
        np.divide(values[stack.metrics["queueTimeMs"]], MINUTE_MS, out=out)
        store(values, stack.out, out)
    for stack in prepared.service_time:
        handling = bound.values[stack.roles["processingTimeMsSum"]]
        _divide(stack, values, handling, bound.positive(stack.roles["servedCount"]))
    for stack in prepared.one_part:
        (part,) = stack.metrics.values()
        values[stack.out] = values[part]
    for stack in prepared.two_parts:
        waiting, handling = (values[part] for part in stack.metrics.values())
        total = np.where(np.isnan(waiting), handling, waiting + handling)
        values[stack.out] = np.where(np.isnan(handling), waiting, total)
    for stack in prepared.efficiency:
        cycle = values[stack.metrics["cycleTimeMs"]]
        positive = np.where(cycle > 0.0, cycle, np.nan)
        _divide(stack, values, values[stack.metrics["serviceTimeMs"]], positive)


def _fill_ratios(prepared: PreparedMetrics, values: np.ndarray, bound: Bound) -> None:
    for stack in prepared.throughput:
        arrivals = bound.values[stack.roles["arrivals"]]
        if not bound.is_positive(stack.roles["arrivals"]):
            arrivals = np.where(arrivals == 0.0, np.nan, arrivals)
        out = target(values, stack.out)
        np.divide(bound.values[stack.roles["served"]], arrivals, out=out)
        if not bound.is_positive(stack.roles["served"]):
            np.maximum(out, 0.0, out=out)
        np.minimum(out, 1.0, out=out)
        store(values, stack.out, out)


def _fill_retries(prepared: PreparedMetrics, values: np.ndarray, bound: Bound) -> None:
    for stack in prepared.attempts:
        served, *failed = (bound.values[rows] for rows in stack.roles.values())
        out = target(values, stack.out)
        np.add(served, failed[0] if failed else 0.0, out=out)
        store(values, stack.out, out)
    for stack in prepared.tax:
        tries = stack.metrics.get("attempts")
        attempts = bound.values[stack.roles["attempts"]] if tries is None else values[tries]
        if not attempts.min() > 0.0:
            attempts = np.where(attempts > 0.0, attempts, np.nan)
        out = target(values, stack.out)
        np.subtract(attempts, bound.values[stack.roles["served"]], out=out)
        np.maximum(out, 0.0, out=out)
        np.divide(out, attempts, out=out)
        store(values, stack.out, out)
    for stack in prepared.echo:
        out = target(values, stack.out)
        _convolve(bound.counted(stack.roles["failures"]), stack.kernel, out)
        store(values, stack.out, out)


def _convolve(failures: np.ndarray, kernel: tuple[float, ...], out: np.ndarray) -> None:
    """Fill ``out[t]`` with the sum over ``j`` of ``failures[t-j] * kernel[j]``."""
    bins = failures.shape[1]
    delays = [delay for delay, tap in enumerate(kernel[:bins]) if tap]
    first = delays[0] if delays else bins
    out[:, :first] = 0.0
    if not delays:
        return
    np.multiply(failures[:, : bins - first], kernel[first], out=out[:, first:])
    for delay in delays[1:]:
        out[:, delay:] += failures[:, : bins - delay] * kernel[delay]


def _fill_waiting(
    prepared: PreparedMetrics, values: np.ndarray, bound: Bound, minutes: float
) -> None:
    for stack in prepared.ages:
        out = target(values, stack.out)
        fill_oldest_ages(
            inflow=bound.counted(stack.roles["inflow"]),
            depth=bound.values[stack.roles["queueDepth"]],
            seeds=stack.numbers,
            minutes=minutes,
            out=out,
        )
        store(values, stack.out, out)
    for stack in prepared.kingman:
        load = values[stack.metrics["utilization"]]
        load = np.where((load > 0.0) & (load < 1.0), load, np.nan)
        handling = values[stack.metrics["serviceTimeMs"]]
        values[stack.out] = load / (1.0 - load) * stack.numbers * handling


def _divide(stack: Stack, values: np.ndarray, above: np.ndarray, below: np.ndarray) -> None:
    out = target(values, stack.out)
    np.divide(above, below, out=out)
    store(values, stack.out, out)
