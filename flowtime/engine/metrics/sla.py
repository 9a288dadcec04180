"""Promises of a node and how often they are kept (engine §17.6)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

COMPLETED = 0.95
"""The share of its arrivals that a node must complete."""
WHOLE = slice(None)
SLA_ROLES = ("arrivals", "served", "queueDepth")
SLA_METRICS = ("throughputRatio", "oldestAgeMin")
"""The roles and metrics that promises are measured on."""


@dataclass(frozen=True, slots=True)
class Sla:
    """One descriptor over a range of bins: the value of each bin (NaN = undefined), and the share that meets it.

    ``share`` is of the defined bins, 0 to 1, and None where there is none.
    """

    values: np.ndarray
    share: float | None


def measure_sla(
    observed: Mapping[str, np.ndarray],
    derived: Mapping[str, np.ndarray],
    *,
    promised: float | None,
    opened: np.ndarray | None,
    span: slice = WHOLE,
) -> dict[str, Sla]:
    """The promises that apply to a node over a range of bins, out of its series over the whole window.

    ``observed`` are its series by role, ``derived`` its metrics; ``opened`` are the bins its schedule opens, None
    without a schedule; ``promised`` are the minutes of its slaMin.
    """
    found: dict[str, Sla] = {}
    if "arrivals" in observed and "throughputRatio" in derived:
        values = measure_completion(derived["throughputRatio"], observed["arrivals"], opened)
        found["completion"] = describe(values[span], at_least=COMPLETED)
    if promised is not None and "oldestAgeMin" in derived:
        found["backlogAge"] = describe(derived["oldestAgeMin"][span], at_most=promised)
    if opened is not None and "served" in observed:
        # Where nothing holds work back, what arrives and is not served has waited in vain.
        waiting = observed.get("queueDepth", observed.get("arrivals", np.zeros(len(opened))))
        kept = measure_adherence(observed["served"], waiting, opened)
        found["scheduleAdherence"] = describe(kept[span], at_least=1.0)
    return found


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
