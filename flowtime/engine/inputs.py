"""The series that metrics and checks read, gathered once a run into one dense block of rows (engine §24)."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from .places import Place
from .records import SeriesInfo
from .stacks import Pick, pick

ROLES = (
    "arrivals",
    "served",
    "errors",
    "queueDepth",
    "capacity",
    "parallelism",
    "attempts",
    "failures",
    "retryEcho",
    "exhaustedFailures",
    "retryBudgetRemaining",
    "processingTimeMsSum",
    "servedCount",
)
INFLOW = "inflow"
"""A stand-in for a role: what enters the node's queue, where that is not its arrivals."""


@dataclass(frozen=True, slots=True)
class RoleRows:
    """One role at several nodes, as rows of the gathered block."""

    role: str
    rows: Pick


@dataclass(frozen=True, slots=True)
class Bound:
    """The gathered rows of one run: ``values`` of shape (m, bins) with NaN for all that is not finite.

    ``lows`` are the least values of each role at any node, NaN where something is missing; ``low`` and ``high`` the
    extremes of all that is finite; ``broken`` says whether anything is not.
    """

    values: np.ndarray
    lows: Mapping[str, float]
    low: float
    high: float
    broken: bool

    @property
    def largest(self) -> float:
        """The largest magnitude of all."""
        return max(self.high, -self.low)

    def read(self, stack: RoleRows) -> np.ndarray:
        """The rows as they are; not to be written to."""
        data: np.ndarray = self.values[stack.rows]
        return data

    def lowest(self, stack: RoleRows) -> float:
        """A bound from below of the rows; NaN where something is missing."""
        low = self.lows[stack.role]
        return low if low > 0.0 else float(self.values[stack.rows].min())

    def positive(self, stack: RoleRows) -> np.ndarray:
        """The rows with NaN wherever they are not above zero: a denominator that undefines its quotient."""
        data = self.read(stack)
        return data if self.lowest(stack) > 0.0 else np.where(data > 0.0, data, np.nan)

    def counted(self, stack: RoleRows) -> np.ndarray:
        """The rows with 0 for what is missing; not to be written to."""
        data = self.read(stack)
        return np.where(np.isnan(data), 0.0, data) if self.broken else data


@dataclass(frozen=True, slots=True)
class Inputs:
    """Which rows to gather, ordered by role and then by node, so that stacks of a role lie side by side."""

    rows: np.ndarray
    absent: tuple[int, ...]
    positions: Mapping[tuple[str, str], int]
    spans: Mapping[str, slice]

    def at(self, role: str, nodes: Iterable[str]) -> RoleRows:
        """A role at several nodes that all have it."""
        return RoleRows(role, self.pick((node, role) for node in nodes))

    def pick(self, pairs: Iterable[tuple[str, str]]) -> Pick:
        """The rows of (node, role) pairs inside the gathered block."""
        return pick([self.positions[pair] for pair in pairs])

    def gather(self, values: np.ndarray) -> Bound:
        """Copy the rows; the one pass in which everything learns what is missing, and how large things are."""
        data: np.ndarray = values.take(self.rows, axis=0)
        if self.absent:
            data[list(self.absent)] = 0.0
        if not data.size:
            return Bound(data, {}, 0.0, 0.0, False)
        lows, high = self._lows(data), float(data.max())
        if all(map(math.isfinite, (high, *lows.values()))):
            return Bound(data, lows, min(lows.values()), high, False)
        np.putmask(data, ~np.isfinite(data), np.nan)
        low, high = (float(find.reduce(data, axis=None)) for find in (np.fmin, np.fmax))
        return Bound(data, self._lows(data), low, high, True)

    def _lows(self, data: np.ndarray) -> dict[str, float]:
        return {role: float(data[span].min()) for role, span in self.spans.items()}


def find_inputs(places: Mapping[str, Place], index: Sequence[SeriesInfo]) -> Inputs:
    """Every role that is bound at some place; a class that its series does not have counts as zero."""
    found = {info.id: row for row, info in enumerate(index)}
    positions: dict[tuple[str, str], int] = {}
    rows: list[int] = []
    absent: list[int] = []
    spans: dict[str, slice] = {}
    for role in (*ROLES, INFLOW):
        first = len(rows)
        for place in places.values():
            key = _key(place, role)
            if key is None:
                continue
            if key not in found:
                absent.append(len(rows))
            positions[place.id, role] = len(rows)
            rows.append(found.get(key, 0))
        if len(rows) > first:
            spans[role] = slice(first, len(rows))
    return Inputs(np.array(rows, dtype=np.intp), tuple(absent), positions, spans)


def _key(place: Place, role: str) -> str | None:
    """The key of a role, or of what enters the queue where that is not the arrivals."""
    if role != INFLOW:
        return place.roles.get(role)
    queue = place.queue
    return queue.inflow if queue and queue.inflow != place.roles.get("arrivals") else None
