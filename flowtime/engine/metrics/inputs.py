"""The series that metrics and checks read, gathered once a run into one dense block of rows (engine §24)."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ..evaluation.stacks import Pick, pick
from ..expansion.places import Place
from ..results.records import SeriesInfo

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


LONG = 2048
"""Bins from which on a copy costs more than reading and writing rows that lie apart."""


@dataclass(frozen=True, slots=True)
class RoleRows:
    """One role at several nodes: as rows of a gathered block, and as rows of the matrix."""

    role: str
    rows: Pick
    direct: Pick


@dataclass(frozen=True, slots=True)
class Bound:
    """The role series of one run, with NaN for all that is not finite.

    ``block`` is a dense copy of shape (m, bins); in a long window without gaps there is none, and ``matrix`` itself is
    read. ``lows`` are the least values of each role at any node, NaN where something is missing; ``low`` and ``high``
    the extremes of all that is finite; ``broken`` says whether anything is not.
    """

    matrix: np.ndarray
    block: np.ndarray | None
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
        data: np.ndarray
        data = self.matrix[stack.direct] if self.block is None else self.block[stack.rows]
        return data

    def lowest(self, stack: RoleRows) -> float:
        """A bound from below of the rows; NaN where something is missing."""
        low = self.lows[stack.role]
        return low if low > 0.0 else float(self.read(stack).min())

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
    """Which rows to gather, ordered by role and then by node, so that stacks of a role lie side by side.

    ``absent`` are the positions of classes that their series does not have: they count as zero.
    """

    rows: np.ndarray
    absent: tuple[int, ...]
    positions: Mapping[tuple[str, str], int]
    roles: Mapping[str, RoleRows]

    def at(self, role: str, nodes: Iterable[str]) -> RoleRows:
        """A role at several nodes that all have it."""
        positions = [self.positions[node, role] for node in nodes]
        return RoleRows(role, pick(positions), pick([int(self.rows[at]) for at in positions]))

    def gather(self, values: np.ndarray) -> Bound:
        """The one pass in which everything learns what is missing, and how large things are."""
        if not self.roles:
            return Bound(values, values[:0], {}, 0.0, 0.0, False)
        if values.shape[1] >= LONG and not self.absent:
            bound = self._look(values, None)
            if not bound.broken:
                return bound
        block: np.ndarray = values.take(self.rows, axis=0)
        if self.absent:
            block[list(self.absent)] = 0.0
        bound = self._look(values, block)
        if not bound.broken:
            return bound
        np.putmask(block, ~np.isfinite(block), np.nan)
        low, high = (float(find.reduce(block, axis=None)) for find in (np.fmin, np.fmax))
        return Bound(values, block, self._look(values, block).lows, low, high, True)

    def _look(self, values: np.ndarray, block: np.ndarray | None) -> Bound:
        """The extremes of all roles, as far as everything is finite."""
        if block is None:
            stacks = {role: values[stack.direct] for role, stack in self.roles.items()}
            high = max(float(data.max()) for data in stacks.values())
        else:
            stacks = {role: block[stack.rows] for role, stack in self.roles.items()}
            high = float(block.max())
        lows = {role: float(data.min()) for role, data in stacks.items()}
        is_finite = all(map(math.isfinite, (high, *lows.values())))
        return Bound(values, block, lows, min(lows.values()), high, not is_finite)


def find_inputs(places: Mapping[str, Place], index: Sequence[SeriesInfo]) -> Inputs:
    """Every role that is bound at some place; a class that its series does not have counts as zero."""
    found = {info.id: row for row, info in enumerate(index)}
    positions: dict[tuple[str, str], int] = {}
    rows: list[int] = []
    absent: list[int] = []
    roles: dict[str, RoleRows] = {}
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
            roles[role] = RoleRows(role, slice(first, len(rows)), pick(rows[first:]))
    return Inputs(np.array(rows, dtype=np.intp), tuple(absent), positions, roles)


def _key(place: Place, role: str) -> str | None:
    """The key of a role, or of what enters the queue where that is not the arrivals."""
    if role != INFLOW:
        return place.roles.get(role)
    queue = place.queue
    return queue.inflow if queue and queue.inflow != place.roles.get("arrivals") else None
