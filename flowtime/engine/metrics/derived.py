"""Derived metrics, each computed once for all nodes that have it (engine §17.2, §24)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ..expansion.expanded import Expanded
from ..space.layout import Layout
from ..space.stacks import Pick, pick
from ..space.state import State
from .ages import settle_ages
from .inputs import LONG, Bound, Inputs, cut_strips, find_inputs
from .latency import Level, fill_latency, prepare_levels
from .layout import MetricLayout
from .stacked import Stack, Stacker
from .tightness import Squeeze, fill_shortfall, find_squeezes

MINUTE_MS = 60_000.0


@dataclass(frozen=True, slots=True)
class Strip:
    """Some of the nodes with the stacks of every metric, in the order in which they are computed.

    ``rows`` are the rows of each metric in the matrix.
    """

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


@dataclass(frozen=True, slots=True)
class PreparedMetrics:
    """The strips of nodes that are gone through one after another, and what is computed across them."""

    layout: MetricLayout
    strips: tuple[Strip, ...]
    squeezes: tuple[Squeeze, ...]
    limited: tuple[tuple[int, str], ...]
    levels: tuple[Level, ...]


def prepare_metrics(whole: Layout) -> PreparedMetrics:
    """Resolve everything that does not change from run to run."""
    layout, rows, expanded = whole.metrics, whole.rows, whole.expanded
    grid = expanded.model.grid
    keys = layout.keys
    return PreparedMetrics(
        layout=layout,
        strips=tuple(
            _prepare_strip(layout.among(nodes), rows, expanded)
            for nodes in cut_strips(list(layout.places), grid.bins)
        ),
        squeezes=find_squeezes(
            expanded, {node: rows[key] for node, key in keys["constraintShortfall"].items()}
        ),
        limited=tuple(
            (rows[key], expanded.members[node].limited)
            for node, key in keys["constraintStatus"].items()
        ),
        levels=prepare_levels(layout, whole.edges, rows=rows, bin_ms=float(grid.bin_ms)),
    )


def _prepare_strip(layout: MetricLayout, found: Mapping[str, int], expanded: Expanded) -> Strip:
    inputs = find_inputs(layout.places, found)
    stacks = Stacker(layout, inputs)
    capacity, servers = stacks.capacities()
    one_part, two_parts = stacks.cycles()
    return Strip(
        inputs=inputs,
        rows={m: pick([found[key] for key in nodes.values()]) for m, nodes in layout.keys.items()},
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
    )


class _Work:
    """The gathered roles of a strip in one run, and the metrics found so far as stacks of all nodes that have them.

    In a long window results are computed where they belong; in a short one dense scratch is faster, and copied.
    """

    __slots__ = ("bound", "found", "placed", "strip", "values")

    def __init__(self, strip: Strip, values: np.ndarray, bound: Bound) -> None:
        self.strip = strip
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

    @property
    def tries(self) -> float:
        """A bound from below of what is derived as attempts: something served, and no failure below zero."""
        lows = self.bound.lows
        failed = min(lows.get("failures", 0.0), lows.get("errors", 0.0))
        return lows.get("served", 0.0) if failed >= 0.0 else -np.inf

    def target(self, stack: Stack) -> np.ndarray:
        """An array to compute the nodes of ``stack`` into, before ``put``."""
        rows, bins = self.strip.rows[stack.metric], self.values.shape[1]
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
                self.values[self.strip.rows[metric]] = data


def compute_metrics(prepared: PreparedMetrics, state: State) -> tuple[Bound, ...]:
    """Fill the rows of every derived metric; all other rows of ``state.values`` are complete before.

    Returns the roles gathered of each strip, which checks read again.
    """
    values = state.values
    overflows: list[int] = []

    def note(_kind: str, flag: int) -> None:
        overflows.append(flag)

    with np.errstate(all="ignore", over="call", call=note):
        bounds = tuple(_fill_strip(strip, state) for strip in prepared.strips)
        is_serving = all(bound.lows.get("served", np.inf) > 0.0 for bound in bounds)
        _fill_across(prepared, state, prepared.levels, is_serving=is_serving)
    if overflows:
        for rows in (rows for strip in prepared.strips for rows in strip.rows.values()):
            data = values[rows]
            values[rows] = np.where(np.isfinite(data), data, np.nan)
    return bounds


def complete_metrics(prepared: PreparedMetrics, state: State, *, has_latency: bool) -> bool:
    """Fill what the accelerator has left: what is computed across nodes, and flow latency unless it has done that.

    False where something grew beyond all numbers: then ``compute_metrics`` must do it all.
    """
    overflows: list[int] = []

    def note(_kind: str, flag: int) -> None:
        overflows.append(flag)

    with np.errstate(all="ignore", over="call", call=note):
        levels = () if has_latency else prepared.levels
        _fill_across(prepared, state, levels, is_serving=False)
    return not overflows


def _fill_across(
    prepared: PreparedMetrics, state: State, levels: Sequence[Level], *, is_serving: bool
) -> None:
    for squeeze in prepared.squeezes:
        fill_shortfall(squeeze, state)
    for row, key in prepared.limited:
        state.values[row] = state.series(key)
    for level in levels:
        fill_latency(level, state.values, is_serving=is_serving)


def _fill_strip(strip: Strip, state: State) -> Bound:
    """Fill the metrics of some nodes; what was gathered for them serves the checks as well."""
    work = _Work(strip, state.values, strip.inputs.gather(state.values))
    _find_capacity(strip, work)
    _find_times(strip, work, state.bin_minutes * MINUTE_MS)
    _find_ratios(strip, work)
    _find_retries(strip, work)
    _find_waiting(strip, work, state.bin_minutes)
    work.store()
    return work.bound


def _find_capacity(strip: Strip, work: _Work) -> None:
    for stack in strip.capacity:
        work.put(stack, work.role(stack, "capacity"))
    for stack in strip.servers:
        servers = work.role(stack, "parallelism")
        servers = np.where(servers > 0.0, servers, 1.0)
        work.put(stack, work.role(stack, "capacity") * servers)
    for stack in strip.utilization:
        capacity = work.read(stack, "effectiveCapacity")
        if strip.servers or not work.bound.lows["capacity"] > 0.0:
            capacity = np.where(capacity > 0.0, capacity, np.nan)
        load = np.divide(work.role(stack, "served"), capacity, out=work.target(stack))
        work.put(stack, load)


def _find_times(strip: Strip, work: _Work, bin_ms: float) -> None:
    for stack in strip.queue_time:
        served = work.bound.positive(stack.roles["served"])
        waiting = np.divide(work.role(stack, "queueDepth"), served, out=work.target(stack))
        work.put(stack, np.multiply(waiting, bin_ms, out=waiting))
    for stack in strip.latency:
        waiting = work.read(stack, "queueTimeMs")
        work.put(stack, np.divide(waiting, MINUTE_MS, out=work.target(stack)))
    for stack in strip.service_time:
        counts = work.bound.positive(stack.roles["servedCount"])
        handling = work.role(stack, "processingTimeMsSum")
        work.put(stack, np.divide(handling, counts, out=work.target(stack)))
    for stack in strip.one_part:
        (part,) = stack.metrics
        work.put(stack, work.read(stack, part))
    for stack in strip.two_parts:
        waiting, handling = (work.read(stack, part) for part in stack.metrics)
        total = np.where(np.isnan(waiting), handling, waiting + handling)
        work.put(stack, np.where(np.isnan(handling), waiting, total))
    for stack in strip.efficiency:
        cycle = work.read(stack, "cycleTimeMs")
        cycle = np.where(cycle > 0.0, cycle, np.nan)
        work.put(stack, work.read(stack, "serviceTimeMs") / cycle)


def _find_ratios(strip: Strip, work: _Work) -> None:
    for stack in strip.throughput:
        arrivals = work.role(stack, "arrivals")
        is_plain = work.bound.lowest(stack.roles["arrivals"]) > 0.0
        if not is_plain:
            arrivals = np.where(arrivals == 0.0, np.nan, arrivals)
        ratio = np.divide(work.role(stack, "served"), arrivals, out=work.target(stack))
        # Not even a negative zero: what skipping leaves out must change nothing.
        if not (is_plain and work.bound.lows["served"] > 0.0):
            np.maximum(ratio, 0.0, out=ratio)
        work.put(stack, np.minimum(ratio, 1.0, out=ratio))


def _find_retries(strip: Strip, work: _Work) -> None:
    for stack in strip.attempts:
        served = work.role(stack, "served")
        if "failed" in stack.roles:
            served = np.add(served, work.role(stack, "failed"), out=work.target(stack))
        work.put(stack, served)
    for stack in strip.tax:
        is_derived = "attempts" in stack.metrics
        tries = work.read(stack, "attempts") if is_derived else work.role(stack, "attempts")
        if not (is_derived and work.tries > 0.0) and not tries.min() > 0.0:
            tries = np.where(tries > 0.0, tries, np.nan)
        excess = np.subtract(tries, work.role(stack, "served"), out=work.target(stack))
        if not work.bound.low >= 0.0 or not is_derived:
            np.maximum(excess, 0.0, out=excess)
        work.put(stack, np.divide(excess, tries, out=excess))
    for stack in strip.echo:
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
    part = np.empty_like(failures) if len(delays) > 1 else failures
    for delay in delays[1:]:
        np.multiply(failures[:, : bins - delay], kernel[delay], out=part[:, delay:])
        out[:, delay:] += part[:, delay:]
    return out


def _find_waiting(strip: Strip, work: _Work, minutes: float) -> None:
    for stack in strip.ages:
        inflow = work.bound.counted(stack.roles["inflow"])
        depth = work.role(stack, "depth")
        ages = np.divide(depth, inflow, out=work.target(stack))
        least = work.bound.lowest(stack.roles["inflow"])
        settle_ages(ages, inflow, depth, stack.numbers[:, 0], least=least)
        work.put(stack, np.multiply(ages, minutes, out=ages))
    for stack in strip.kingman:
        load = work.read(stack, "utilization")
        load = np.where((load > 0.0) & (load < 1.0), load, np.nan)
        handling = work.read(stack, "serviceTimeMs")
        work.put(stack, load / (1.0 - load) * stack.numbers * handling)
