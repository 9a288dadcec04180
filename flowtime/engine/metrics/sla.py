"""Promises of a node and how often they are kept (engine §17.6)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

COMPLETED = 0.95
"""The share of its arrivals that a node must complete."""


@dataclass(frozen=True, slots=True)
class Sla:
    """One descriptor over a range of bins: the value of each bin (NaN = undefined), and the share that meets it.

    ``share`` is of the defined bins, 0 to 1, and None where there is none.
    """

    values: np.ndarray
    share: float | None


def measure_completion(
    ratio: np.ndarray, arrivals: np.ndarray, opened: np.ndarray | None
) -> np.ndarray:
    """The throughput ratio, 1 where nothing arrives; between open bins the last open bin's value stands."""
    values = ratio.copy()
    if opened is not None:
        last = np.maximum.accumulate(np.where(opened, np.arange(len(ratio)), -1))
        values = np.where(last >= 0, ratio[last], np.nan)
    values[arrivals <= 0.0] = 1.0
    return values


def measure_adherence(served: np.ndarray, waiting: np.ndarray, opened: np.ndarray) -> np.ndarray:
    """1 in open bins that serve something or in which nothing waits, else 0; undefined in closed bins."""
    kept = (served > 0.0) | ~(waiting > 0.0)
    return np.where(opened, kept.astype(np.float64), np.nan)


def describe(values: np.ndarray, *, at_least: float = -np.inf, at_most: float = np.inf) -> Sla:
    """The descriptor of values that are met within the given limits."""
    defined = values[~np.isnan(values)]
    values = values.copy()
    values.flags.writeable = False
    if not defined.size:
        return Sla(values, None)
    met = np.count_nonzero((defined >= at_least) & (defined <= at_most))
    return Sla(values, met / defined.size)
