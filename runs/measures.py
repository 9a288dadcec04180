"""What the numbers of a place are called on screen: label, the word behind a figure, unit and decimals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Measure:
    """One role or metric. ``word`` follows a figure, as in “35 waiting”."""

    label: str
    word: str
    unit: str = ""
    decimals: int = 1


MEASURES: Mapping[str, Measure] = {
    "queueDepth": Measure("Queue depth", "waiting"),
    "latencyMinutes": Measure("Wait", "min wait", "min", 0),
    "arrivals": Measure("Arrivals", "arrived"),
    "served": Measure("Served", "served"),
    "errors": Measure("Errors", "errors"),
    "utilization": Measure("Utilisation", "used", "", 2),
    "oldestAgeMin": Measure("Oldest age", "min old", "min", 0),
    "throughputRatio": Measure("Throughput ratio", "through", "", 2),
    "capacity": Measure("Capacity", "capacity"),
    "effectiveCapacity": Measure("Effective capacity", "capacity"),
    "flowLatencyMs": Measure("Flow latency", "ms through", "ms", 0),
    "queueTimeMs": Measure("Queue time", "ms wait", "ms", 0),
    "serviceTimeMs": Measure("Service time", "ms served", "ms", 0),
    "cycleTimeMs": Measure("Cycle time", "ms cycle", "ms", 0),
    "flowEfficiency": Measure("Flow efficiency", "efficient", "", 2),
    "attempts": Measure("Attempts", "attempts"),
    "failures": Measure("Failures", "failures"),
    "retryEcho": Measure("Retries", "retries"),
    "retryTax": Measure("Retry tax", "tax", "", 2),
    "retryBudgetRemaining": Measure("Retry budget left", "left"),
    "exhaustedFailures": Measure("Given up", "given up"),
    "kingmanWaitMs": Measure("Estimated wait", "ms est.", "ms", 0),
    "externalDemand": Measure("External demand", "demanded"),
    "parallelism": Measure("Parallelism", "parallel"),
    "processingTimeMsSum": Measure("Processing time", "ms worked", "ms", 0),
    "servedCount": Measure("Served count", "counted"),
    "constraintShortfall": Measure("Constraint shortfall", "short"),
    "constraintStatus": Measure("Constraint status", "limited", "", 0),
}
"""In the order in which they are offered and listed: what one asks first, first."""

DECIMALS: Mapping[str, int] = {name: measure.decimals for name, measure in MEASURES.items()}


def in_their_order(names: Mapping[str, object] | set[str]) -> list[str]:
    """Those of ``names`` that are known, as a page lists them."""
    return [name for name in MEASURES if name in names]
