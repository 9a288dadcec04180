"""The state of a node in each bin as a colour (engine §17.5)."""

from __future__ import annotations

import numpy as np

from ..results.records import COLOURS

GRAY, GREEN, YELLOW, RED, DLQ = range(len(COLOURS))

BUSY = 0.7
"""Utilisation from which a node is yellow."""
FULL = 0.9
"""Utilisation from which a node is red."""
LATE = 1.5
"""How many times the promised time is still yellow."""


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
