"""The state of a node in each bin as a colour (engine §17.5)."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ..results.records import COLOURS

GRAY, GREEN, YELLOW, RED, DLQ = range(len(COLOURS))

BUSY = 0.7
"""Utilisation from which a node is yellow."""
FULL = 0.9
"""Utilisation from which a node is red."""
LATE = 1.5
"""How many times the promised time is still yellow."""

COLOURED_BY = ("utilization", "latencyMinutes")
"""The derived metrics that decide a colour: of everything else, and of queues."""


def colour_bins(
    kind: str, derived: Mapping[str, np.ndarray], *, promised: float | None, bins: int
) -> np.ndarray:
    """The colour of a node of ``kind`` in each bin as an index of ``COLOURS``, out of its derived metrics.

    Gray where the metric that decides is absent or undefined; ``promised`` are the minutes of its slaMin.
    """
    if kind == "dlq":
        return np.full(bins, DLQ, dtype=np.int8)
    load, wait = COLOURED_BY
    values = derived.get(wait if kind == "queue" else load)
    if values is None:
        return np.full(bins, GRAY, dtype=np.int8)
    return colour_by_wait(values, promised) if kind == "queue" else colour_by_load(values)


def colour_by_load(utilization: np.ndarray) -> np.ndarray:
    """Colours of everything that is no queue; gray where the utilisation is undefined."""
    colours = np.full(utilization.shape, RED, dtype=np.int8)
    colours[utilization < FULL] = YELLOW
    colours[utilization < BUSY] = GREEN
    colours[np.isnan(utilization)] = GRAY
    return colours


def colour_by_wait(latency: np.ndarray, promised: float | None) -> np.ndarray:
    """Colours of a queue by its latency in minutes; gray where it is undefined or nothing is promised."""
    if promised is None:
        return np.full(latency.shape, GRAY, dtype=np.int8)
    colours = np.full(latency.shape, RED, dtype=np.int8)
    colours[latency <= LATE * promised] = YELLOW
    colours[latency <= promised] = GREEN
    colours[np.isnan(latency)] = GRAY
    return colours
