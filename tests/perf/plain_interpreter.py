"""The reference of the engine's benchmarks: plain Python that walks syntax trees, bin by bin and place by place.

It computes every series of the workload, derived metrics included, and no checks. It is what one would write
first.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from flowtime.engine import Model, Plan
from flowtime.engine.expressions.syntax import Array, Binary, Call, Expression, Number, Ref, Unary
from flowtime.engine.model.nodes import ConstNode, ExprNode
from flowtime.engine.model.topology import TopologyNode

KERNEL = (0.0, 0.6, 0.3, 0.1)
Rows = dict[str, list[float]]


def interpret(plan: Plan) -> Rows:
    """Every series of the workload by bare id, one bin after another."""
    model = plan.model
    nodes = {node.id: node for node in model.nodes}
    queues = {place.roles["queueDepth"].id: place for place in model.topology.nodes}
    order = [vertex["id"] for vertex in plan.describe()["vertices"]]
    rows: Rows = {name: [] for name in order}
    for t in range(model.grid.bins):
        for name in order:
            if name in queues:
                value = _depth(queues[name], rows, rows[name], t)
            else:
                value = _node(nodes[name], rows, t)
            rows[name].append(value)
    for place in model.topology.nodes:
        rows |= _metrics(place, rows, model)
    return rows


def _node(node: Any, rows: Rows, t: int) -> float:
    if isinstance(node, ConstNode):
        return float(node.values if isinstance(node.values, float) else node.values[t])
    assert isinstance(node, ExprNode)
    return _value(node.tree, rows, t)


def _value(tree: Expression, rows: Rows, t: int) -> float:
    match tree:
        case Number(value):
            return value
        case Ref(name):
            return rows[name][t] if t >= 0 else 0.0
        case Unary(op, operand):
            return _value(operand, rows, t) if op == "+" else 0.0 - _value(operand, rows, t)
        case Binary(op, left, right):
            return _OPERATORS[op](_value(left, rows, t), _value(right, rows, t))
        case Call("SHIFT", (inner, Number(bins))):
            return _value(inner, rows, t - int(bins)) if t >= bins else 0.0
        case Call("CONV", (inner, Array(taps))):
            return sum(
                (_value(inner, rows, t - j) * taps[j] for j in range(min(t, len(taps) - 1) + 1)),
                0.0,
            )
        case Call("PULSE", (Number(period), *rest)):
            phase = rest[0].value if rest and isinstance(rest[0], Number) else 0.0
            return 1.0 if t >= phase and (t - phase) % period == 0 else 0.0
        case Call(name, arguments):
            return _FUNCTIONS[name](*(_value(argument, rows, t) for argument in arguments))
    raise TypeError(tree)


_OPERATORS = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: 0.0 if b == 0 else a / b,
}
_FUNCTIONS = {"MIN": min, "MAX": max, "CLAMP": lambda x, low, high: max(low, min(high, x))}


def _role(place: TopologyNode, role: str) -> str:
    return place.roles[role].id


def _depth(place: TopologyNode, rows: Rows, depth: list[float], t: int) -> float:
    before = depth[t - 1] if t else 0.0
    gone = rows[_role(place, "served")][t] + rows[_role(place, "errors")][t]
    return max(0.0, before + rows[_role(place, "arrivals")][t] - gone)


def _metrics(place: TopologyNode, rows: Rows, model: Model) -> Mapping[str, list[float]]:
    """The derived series of one place (engine §17.2)."""
    arrivals, served, errors, capacity, depth = (
        rows[_role(place, role)]
        for role in ("arrivals", "served", "errors", "capacity", "queueDepth")
    )
    found: Rows = {name: [] for name in _METRICS}
    for t in range(model.grid.bins):
        wait = depth[t] / served[t] * model.grid.bin_ms if served[t] > 0 else math.nan
        tries = served[t] + errors[t]
        found["effective_capacity"].append(capacity[t])
        found["utilization"].append(served[t] / capacity[t] if capacity[t] > 0 else math.nan)
        found["queue_time_ms"].append(wait)
        found["latency_minutes"].append(wait / 60_000)
        found["cycle_time_ms"].append(wait)
        found["flow_latency_ms"].append(wait)
        found["attempts"].append(tries)
        found["retry_tax"].append(max(0.0, tries - served[t]) / tries if tries > 0 else math.nan)
        found["throughput_ratio"].append(
            min(1.0, max(0.0, served[t] / arrivals[t])) if arrivals[t] else math.nan
        )
        found["retry_echo"].append(
            sum(errors[t - j] * KERNEL[j] for j in range(min(t, len(KERNEL) - 1) + 1))
        )
    found["oldest_age_min"] = _ages(arrivals, depth, model.grid.bin_minutes)
    return {f"{place.id.lower()}_{name}": row for name, row in found.items()}


_METRICS = (
    "effective_capacity",
    "utilization",
    "queue_time_ms",
    "latency_minutes",
    "cycle_time_ms",
    "flow_latency_ms",
    "attempts",
    "retry_tax",
    "throughput_ratio",
    "retry_echo",
    "oldest_age_min",
)


def _ages(inflow: list[float], depth: list[float], minutes: float) -> list[float]:
    """How long the oldest work has waited: the bin in which what is now the head arrived (engine §17.3)."""
    ages = []
    came = gone = before = come_by_head = 0.0
    head = 0
    for t, (arrived, waiting) in enumerate(zip(inflow, depth, strict=True)):
        came += arrived
        gone += before + arrived - waiting
        before = waiting
        while head <= t and come_by_head + inflow[head] <= gone + 1e-9:
            come_by_head += inflow[head]
            head += 1
        if waiting <= 1e-9:
            ages.append(0.0)
        else:
            ages.append((t + 1 - head - (gone - come_by_head) / inflow[head]) * minutes)
    return ages
