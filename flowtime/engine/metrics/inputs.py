"""The series that metrics and checks read, gathered once a run into one dense block of rows (engine §24)."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ..expansion.places import Place
from ..space.stacks import Pick, pick

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
CELLS = 40_000
"""Cells of one role of a strip: all that its nodes have then fits the processor's cache together."""


@dataclass(frozen=True, slots=True)
class RoleRows:
    """One role at several nodes: which rows they are of the role's stack."""

    role: str
    rows: Pick


@dataclass(frozen=True, slots=True)
class Bound:
    """The role series of one run, with NaN for all that is not finite: one stack of shape (n, bins) a role.

    A stack is a view of the matrix or a dense copy, whichever is cheaper; neither is to be written to. ``lows`` are
    the least values of each role at any node, NaN where something is missing; ``low`` and ``high`` the extremes of all
    that is finite; ``broken`` says whether anything is not.
    """

    stacks: Mapping[str, np.ndarray]
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
        data: np.ndarray = self.stacks[stack.role][stack.rows]
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


NOTHING = Bound({}, {}, 0.0, 0.0, False)
"""What is bound where no node has any role."""


@dataclass(frozen=True, slots=True)
class Inputs:
    """Which rows to gather, ordered by role and then by node, so that the nodes of a role lie side by side.

    ``absent`` are the positions of classes that their series does not have: they count as zero. ``spans`` are the
    positions of each role, ``direct`` its rows of the matrix.
    """

    rows: np.ndarray
    absent: tuple[int, ...]
    positions: Mapping[tuple[str, str], int]
    spans: Mapping[str, slice]
    direct: Mapping[str, Pick]

    def at(self, role: str, nodes: Iterable[str]) -> RoleRows:
        """A role at several nodes that all have it."""
        first = self.spans[role].start
        return RoleRows(role, pick([self.positions[node, role] - first for node in nodes]))

    def gather(self, values: np.ndarray) -> Bound:
        """The one pass in which everything learns what is missing, and how large things are."""
        if not self.spans:
            return NOTHING
        if values.shape[1] >= LONG and not self.absent:
            bound = _look({role: values[rows] for role, rows in self.direct.items()}, None)
            if not bound.broken:
                return bound
        block: np.ndarray = values.take(self.rows, axis=0)
        if self.absent:
            block[list(self.absent)] = 0.0
        stacks = {role: block[span] for role, span in self.spans.items()}
        bound = _look(stacks, block)
        if not bound.broken:
            return bound
        np.putmask(block, ~np.isfinite(block), np.nan)
        low, high = (float(find.reduce(block, axis=None)) for find in (np.fmin, np.fmax))
        return Bound(stacks, _look(stacks, block).lows, low, high, True)


def _look(stacks: Mapping[str, np.ndarray], block: np.ndarray | None) -> Bound:
    """The extremes of all roles, as far as everything is finite."""
    lows = {role: float(data.min()) for role, data in stacks.items()}
    dense = stacks.values() if block is None else (block,)
    high = max(float(data.max()) for data in dense)
    is_finite = all(map(math.isfinite, (high, *lows.values())))
    return Bound(stacks, lows, min(lows.values()), high, not is_finite)


def cut_strips(nodes: Sequence[str], bins: int) -> list[list[str]]:
    """The nodes in groups that are gone through one after another, in order: one group unless the window is long."""
    size = max(1, CELLS // bins)
    return [list(nodes[start : start + size]) for start in range(0, len(nodes), size)] or [[]]


def find_inputs(places: Mapping[str, Place], found: Mapping[str, int]) -> Inputs:
    """Every role that is bound at some place; a class that its series does not have counts as zero.

    ``found`` maps keys to rows of the matrix.
    """
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
    direct = {role: pick(rows[span]) for role, span in spans.items()}
    return Inputs(np.array(rows, dtype=np.intp), tuple(absent), positions, spans, direct)


def _key(place: Place, role: str) -> str | None:
    """The key of a role, or of what enters the queue where that is not the arrivals."""
    return place.roles.get(role) if role != INFLOW else key_of_inflow(place)


def key_of_inflow(place: Place) -> str | None:
    """What enters the queue of a place; None where that is its arrivals."""
    queue = place.queue
    return queue.inflow if queue and queue.inflow != place.roles.get("arrivals") else None
