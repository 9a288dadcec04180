"""Checks of how things develop: streaks of growth, overload and age, and halves that differ (engine §19)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np

from ..metrics.inputs import RoleRows
from ..space.stacks import Pick, pick
from .context import Check, Context, Run
from .hits import Batch, Hit, amounts, number
from .tolerance import exceeds

STREAK = 3
"""Bins in a row from which on a development is worth a word."""
NEARLY = 1e-9
"""Means this close to a limit, relatively, are compared as numpy adds them up."""
STATIONARY = 0.25
"""The relative difference of the means of two halves above which a series is not stationary."""


def prepare_trends(context: Context) -> list[Check]:
    """The checks of this module that the model has something for."""
    places = list(context.places.values())
    queues = [p for p in places if p.has_queue and p.has("queueDepth")]
    loaded = [p for p in places if p.has("arrivals", "capacity")]
    waiting = [p for p in places if p.has_queue and p.has("arrivals")]
    checks: list[Check] = []
    if queues:
        depths = context.inputs.at("queueDepth", (p.id for p in queues))
        checks.append(Growth(tuple((p.id, p.roles["queueDepth"]) for p in queues), depths))
    if loaded:
        keys = context.metrics.keys["effectiveCapacity"]
        arrivals = context.inputs.at("arrivals", (p.id for p in loaded))
        capacities = context.capacities([p.id for p in loaded])
        overloaded = tuple((p.id, p.roles["arrivals"], keys[p.id]) for p in loaded)
        checks.append(Overload(overloaded, arrivals, capacities))
    if waiting and context.expanded.model.grid.bins >= 4:
        arrivals = context.inputs.at("arrivals", (p.id for p in waiting))
        named = tuple((p.id, p.roles["arrivals"]) for p in waiting)
        checks.append(Stationarity(named, arrivals))
    risky = _promised(context)
    if risky:
        rows = pick([context.rows[key] for _, key, _ in risky])
        checks.append(AgeRisk(tuple(risky), rows))
    return checks


def _promised(context: Context) -> list[tuple[str, str, float]]:
    """Nodes with a promised time, and the series that tells best how long work waits there."""
    ages, latencies = (context.metrics.keys[m] for m in ("oldestAgeMin", "latencyMinutes"))
    found = []
    for node, place in context.places.items():
        key = ages.get(node) or latencies.get(node)
        if key is not None and place.node.promised is not None:
            found.append((node, key, place.node.promised))
    return found


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

    nodes: tuple[tuple[str, str], ...]
    rows: RoleRows

    def find(self, run: Run) -> Iterator[Batch]:
        depth = run.bound.read(self.rows)
        found = has_streak(exceeds(depth[:, 1:], depth[:, :-1], run.bound.largest))
        if found.any():
            yield from self.report(run, np.flatnonzero(found))

    def report(self, run: Run, rows: np.ndarray) -> Iterator[Batch]:
        yield Batch(rows, partial(self._hit, run))

    def _hit(self, run: Run, at: int) -> Hit:
        node, key = self.nodes[at]
        depth = run.finite(key)
        rises = np.concatenate(([False], exceeds(depth[1:], depth[:-1])))
        return Hit(
            code="backlog_growth_streak",
            node=node,
            shortest=STREAK,
            say="The queue of {node} grows in three or more bins in a row from bin {first}, by "
            "{total} altogether.",
            look=amounts(rises, np.diff(depth, prepend=0.0)),
        )


@dataclass(frozen=True, slots=True)
class Overload:
    """``backlog_overload``: more arrives than the node can complete, several bins in a row."""

    nodes: tuple[tuple[str, str, str], ...]
    rows: RoleRows
    capacities: RoleRows | Pick

    def find(self, run: Run) -> Iterator[Batch]:
        capacity = run.read(self.capacities)
        found = has_streak(exceeds(run.read(self.rows), capacity, run.bound.largest))
        if found.any():
            yield from self.report(run, np.flatnonzero(found))

    def report(self, run: Run, rows: np.ndarray) -> Iterator[Batch]:
        yield Batch(rows, partial(self._hit, run))

    def _hit(self, run: Run, at: int) -> Hit:
        node, arrivals, capacity = self.nodes[at]
        more, less = run.finite(arrivals), run.finite(capacity)
        return Hit(
            code="backlog_overload",
            node=node,
            shortest=STREAK,
            say="More arrives at {node} than its capacity in three or more bins in a row from bin "
            "{first}, {total} too much altogether.",
            look=amounts(exceeds(more, less), more - less),
        )


@dataclass(frozen=True, slots=True)
class AgeRisk:
    """``backlog_age_risk``: the oldest work waits longer than promised, several bins in a row."""

    nodes: tuple[tuple[str, str, float], ...]
    rows: Pick

    def find(self, run: Run) -> Iterator[Batch]:
        limits = np.array([[promised] for _, _, promised in self.nodes])
        found = has_streak(exceeds(run.rows(self.rows), limits))
        if found.any():
            yield Batch(np.flatnonzero(found), partial(self._hit, run))

    def _hit(self, run: Run, at: int) -> Hit:
        node, key, promised = self.nodes[at]
        ages = run.finite(key)
        return Hit(
            code="backlog_age_risk",
            node=node,
            shortest=STREAK,
            say="Work at {node} waits longer than the promised {limit} minutes in three or more bins "
            "in a row from bin {first}, by up to {amount} minutes in bin {worst}.",
            words={"limit": number(promised)},
            look=amounts(exceeds(ages, promised), ages - promised),
        )


@dataclass(frozen=True, slots=True)
class Stationarity:
    """``non_stationary``: the mean arrivals of the two halves of the window are far apart."""

    nodes: tuple[tuple[str, str], ...]
    rows: RoleRows

    def find(self, run: Run) -> Iterator[Batch]:
        arrivals = run.bound.read(self.rows)
        half = arrivals.shape[1] // 2
        is_far = _are_far(_means(arrivals[:, :half]), _means(arrivals[:, half:]))
        if is_far.any():
            yield from self.report(run, np.flatnonzero(is_far))

    def decide(self, run: Run, first: np.ndarray, second: np.ndarray) -> np.ndarray | None:
        """The rows that are due by means which may be off by rounding; None if that may matter."""
        larger = np.maximum(first, second)
        excess = np.abs(first - second) - STATIONARY * larger
        slack = NEARLY * (1.0 + np.maximum(np.abs(first), np.abs(second)))
        close = np.flatnonzero((np.abs(excess) <= slack) | (np.abs(larger) <= slack))
        # Where nothing comes at all there is nothing to round.
        if any(run.state.series(self.nodes[at][1]).any() for at in close.tolist()):
            return None
        return np.flatnonzero((larger > 0.0) & (excess > 0.0))

    def report(self, run: Run, rows: np.ndarray) -> Iterator[Batch]:
        yield Batch(rows, partial(self._hit, run))

    def _hit(self, run: Run, at: int) -> Hit:
        node, key = self.nodes[at]
        arrivals = run.finite(key)
        half = len(arrivals) // 2
        first, second = (
            float(_means(part[None])[0]) for part in (arrivals[:half], arrivals[half:])
        )
        return Hit(
            code="non_stationary",
            node=node,
            say="The arrivals of {node} differ between the halves of the window: {one} a bin before "
            "bin {half}, {two} from there on.",
            words={"one": number(first), "two": number(second), "half": str(half)},
        )


def _are_far(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    larger = np.maximum(first, second)
    is_far: np.ndarray = (larger > 0.0) & (np.abs(first - second) > STATIONARY * larger)
    return is_far


def _means(rows: np.ndarray) -> np.ndarray:
    """The mean of each row over the bins in which it is known."""
    means: np.ndarray = np.add.reduce(rows, axis=1) / rows.shape[1]
    if np.isfinite(means).all():
        return means
    is_known = np.isfinite(rows)
    means = np.where(is_known, rows, 0.0).sum(axis=1) / is_known.sum(axis=1)
    return means
