"""Checks of how things develop: streaks of growth, overload and age, and halves that differ (engine §19)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np

from ..stacks import Pick
from ..tolerance import exceeds
from .context import Check, Context, Run
from .hits import Batch, Hit, Look, gaps, number

STREAK = 3
"""Bins in a row from which on a development is worth a word."""
STATIONARY = 0.25
"""The relative difference of the means of two halves above which a series is not stationary."""


def prepare_trends(context: Context) -> list[Check]:
    """The checks of this module that the model has something for."""
    places = context.places.values()
    queues = tuple(p.id for p in places if p.has_queue and p.has("queueDepth"))
    loaded = tuple(p.id for p in places if p.has("arrivals", "capacity"))
    waiting = tuple(p.id for p in places if p.has_queue and p.has("arrivals"))
    checks: list[Check] = []
    if queues:
        depths = context.inputs.pick((node, "queueDepth") for node in queues)
        checks.append(Growth(queues, depths))
    if loaded:
        arrivals = context.inputs.pick((node, "arrivals") for node in loaded)
        checks.append(Overload(loaded, arrivals, context.derived("effectiveCapacity", loaded)))
    if waiting and context.expanded.model.grid.bins >= 4:
        arrivals = context.inputs.pick((node, "arrivals") for node in waiting)
        checks.append(Stationarity(waiting, arrivals))
    for metric in ("oldestAgeMin", "latencyMinutes"):
        risky = _promised(context, metric)
        if risky:
            checks.append(AgeRisk(risky, context.derived(metric, risky)))
    return checks


def _promised(context: Context, metric: str) -> dict[str, float]:
    """Nodes with a promised time whose age is best told by ``metric``."""
    ages, latencies = (context.metrics.keys[m] for m in ("oldestAgeMin", "latencyMinutes"))
    keys = (
        ages if metric == "oldestAgeMin" else {n: k for n, k in latencies.items() if n not in ages}
    )
    return {
        node: promised
        for node in keys
        if (promised := context.places[node].sla_minutes) is not None
    }


def has_streak(bins: np.ndarray) -> np.ndarray:
    """Which rows of (n, bins) hold at least ``STREAK`` true bins in a row."""
    if bins.shape[1] < STREAK or not np.count_nonzero(bins):
        return np.zeros(len(bins), dtype=bool)
    streaks = bins[:, :-2] & bins[:, 1:-1]
    streaks &= bins[:, 2:]
    found: np.ndarray = streaks.any(axis=1)
    return found


@dataclass(frozen=True, slots=True)
class Growth:
    """``backlog_growth_streak``: a level that rises several times in a row; bin 0 is compared with nothing."""

    nodes: tuple[str, ...]
    rows: Pick

    def find(self, run: Run) -> Iterator[Batch]:
        depth = run.bound.values[self.rows]
        rises = exceeds(depth[:, 1:], depth[:, :-1], run.bound.largest)
        rows = np.flatnonzero(has_streak(rises))
        if rows.size:
            yield Batch(rows, partial(self._hit, rises, depth))

    def _hit(self, rises: np.ndarray, depth: np.ndarray, at: int) -> Hit:
        return Hit(
            code="backlog_growth_streak",
            node=self.nodes[at],
            shortest=STREAK,
            say="The queue of {node} grows in three or more bins in a row from bin {first}, by "
            "{total} altogether.",
            look=_rises(rises[at], depth[at]),
        )


def _rises(rises: np.ndarray, depth: np.ndarray) -> Look:
    return lambda: (np.concatenate(([False], rises)), np.diff(depth, prepend=0.0))


@dataclass(frozen=True, slots=True)
class Overload:
    """``backlog_overload``: more arrives than the node can complete, several bins in a row."""

    nodes: tuple[str, ...]
    rows: Pick
    capacities: Pick

    def find(self, run: Run) -> Iterator[Batch]:
        arrivals, capacity = run.bound.values[self.rows], run.values[self.capacities]
        bins = exceeds(arrivals, capacity)
        rows = np.flatnonzero(has_streak(bins))
        if rows.size:
            yield Batch(rows, partial(self._hit, bins, arrivals, capacity))

    def _hit(self, bins: np.ndarray, arrivals: np.ndarray, capacity: np.ndarray, at: int) -> Hit:
        return Hit(
            code="backlog_overload",
            node=self.nodes[at],
            shortest=STREAK,
            say="More arrives at {node} than its capacity in three or more bins in a row from bin "
            "{first}, {total} too much altogether.",
            look=gaps(bins[at], arrivals[at], capacity[at]),
        )


@dataclass(frozen=True, slots=True)
class AgeRisk:
    """``backlog_age_risk``: the oldest work waits longer than promised, several bins in a row."""

    promised: Mapping[str, float]
    rows: Pick

    def find(self, run: Run) -> Iterator[Batch]:
        ages = run.values[self.rows]
        bins = exceeds(ages, np.array([[minutes] for minutes in self.promised.values()]))
        rows = np.flatnonzero(has_streak(bins))
        if rows.size:
            yield Batch(rows, partial(self._hit, bins, ages))

    def _hit(self, bins: np.ndarray, ages: np.ndarray, at: int) -> Hit:
        node, limit = list(self.promised.items())[at]
        return Hit(
            code="backlog_age_risk",
            node=node,
            shortest=STREAK,
            say="Work at {node} waits longer than the promised {limit} minutes in three or more bins "
            "in a row from bin {first}, by up to {amount} minutes in bin {worst}.",
            words={"limit": number(limit)},
            look=gaps(bins[at], ages[at], limit),
        )


@dataclass(frozen=True, slots=True)
class Stationarity:
    """``non_stationary``: the mean arrivals of the two halves of the window are far apart."""

    nodes: tuple[str, ...]
    rows: Pick

    def find(self, run: Run) -> Iterator[Batch]:
        arrivals = run.bound.values[self.rows]
        half = arrivals.shape[1] // 2
        first, second = _means(arrivals[:, :half]), _means(arrivals[:, half:])
        larger = np.maximum(first, second)
        is_far = (larger > 0.0) & (np.abs(first - second) > STATIONARY * larger)
        if is_far.any():
            yield Batch(np.flatnonzero(is_far), partial(self._hit, first, second, half))

    def _hit(self, first: np.ndarray, second: np.ndarray, half: int, at: int) -> Hit:
        return Hit(
            code="non_stationary",
            node=self.nodes[at],
            say="The arrivals of {node} differ between the halves of the window: {one} a bin before "
            "bin {half}, {two} from there on.",
            words={
                "one": number(float(first[at])),
                "two": number(float(second[at])),
                "half": str(half),
            },
        )


def _means(rows: np.ndarray) -> np.ndarray:
    """The mean of each row over the bins in which it is known."""
    means: np.ndarray = np.add.reduce(rows, axis=1) / rows.shape[1]
    if np.isfinite(means).all():
        return means
    is_known = np.isfinite(rows)
    means = np.where(is_known, rows, 0.0).sum(axis=1) / is_known.sum(axis=1)
    return means
