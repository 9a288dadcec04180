"""Checks at which the accelerator has looked in passing: what it marked is due, all else is settled (engine §19)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from ..checks.context import Check, Context, Run
from ..checks.hits import Batch, Hit
from ..checks.ledgers import QueueLedgers
from ..checks.levels import Comparison, IdleCapacity, NegativeRoles, NonFiniteRoles
from ..checks.stocks import SilentQueues
from ..checks.trends import AgeRisk, Growth, Overload, Stationarity
from ..metrics.inputs import NOTHING, Inputs, RoleRows
from ..space.stacks import Pick
from ..space.state import State
from .code import B_NUMBER, LOSS, OVERFLOW_TOO, Assembler
from .metrics import Places

Rows = Callable[[RoleRows | Pick], list[int]]

_LANES = 8
"""Sums that lie side by side for each half of a series (``add_up`` in kernels.c)."""
_SOME = 1e-3
"""A capacity that is more than nothing beyond doubt."""


@dataclass(frozen=True, slots=True)
class Looks:
    """Where it says whether some role is not finite, some role is below zero, or something else read is not finite."""

    missing: int
    negative: int
    gaps: int


class Strip:
    """The nodes in one run; their roles are gathered only if a check asks for them."""

    def __init__(self, state: State, inputs: Inputs, *, has_gaps: bool) -> None:
        self.light = Run(state, NOTHING, has_gaps)
        self._inputs = inputs
        self._full: Run | None = None

    @property
    def full(self) -> Run:
        if self._full is None:
            light = self.light
            bound = self._inputs.gather(light.state.values)
            self._full = Run(light.state, bound, light.has_gaps)
        return self._full


class Screen(Protocol):
    """A check with what the accelerator says about it in the work area."""

    def find(self, strip: Strip, work: np.ndarray) -> Iterable[Hit | Batch]: ...


class RowCheck(Protocol):
    """A check that can be told which of its rows are due."""

    def report(self, run: Run, rows: np.ndarray) -> Iterable[Hit | Batch]: ...


@dataclass(frozen=True, slots=True)
class _Whole:
    """A check that looks for itself if something is marked."""

    check: Check
    marks: slice

    def find(self, strip: Strip, work: np.ndarray) -> Iterable[Hit | Batch]:
        return self.check.find(strip.full) if work[self.marks].any() else ()


@dataclass(frozen=True, slots=True)
class _Rows:
    """A check of which exactly the marked rows are due; or, ``is_turned``, those not marked may be."""

    check: RowCheck
    marks: slice
    is_turned: bool = False

    def find(self, strip: Strip, work: np.ndarray) -> Iterable[Hit | Batch]:
        rows = np.flatnonzero((work[self.marks] == 0.0) == self.is_turned)
        return self.check.report(strip.light, rows) if rows.size else ()


@dataclass(frozen=True, slots=True)
class _Halves:
    """Sums of two halves, added up in another order than numpy's: what is too close to call it decides."""

    check: Stationarity
    sums: slice
    bins: int

    def find(self, strip: Strip, work: np.ndarray) -> Iterable[Hit | Batch]:
        sums = np.add.reduce(work[self.sums].reshape(-1, 2, _LANES), axis=2)
        first, second = sums[:, 0] / (self.bins // 2), sums[:, 1] / (self.bins - self.bins // 2)
        rows = self.check.decide(strip.light, first, second)
        return self.check.find(strip.full) if rows is None else self.check.report(strip.light, rows)


@dataclass(frozen=True, slots=True)
class _Late:
    """A check of what is settled only when the window is whole."""

    check: Check

    def find(self, strip: Strip, work: np.ndarray) -> Iterable[Hit | Batch]:
        return self.check.find(strip.light)


def emit_looks(
    code: Assembler,
    inputs: Inputs,
    others: Iterable[int],
    places: Places,
    ranks: Mapping[int, int],
) -> Looks:
    """One look at every row that is a role of some node, and at ``others`` that queues and retries read.

    ``ranks`` says which rows belong together.
    """
    start = code.reserve(3)
    looks = Looks(start, start + 1, start + 2)
    rows = sorted(set(_all_rows(inputs, places)), key=lambda row: ranks.get(row, 0))
    for at in range(0, len(rows), 3):
        a, b, c = (*rows[at : at + 3], *rows[-1:] * 2)[:3]
        code.emit("LOOK", a, a, b, c, n=looks.missing)
    for row in others:
        code.emit("GAPS", row, n=looks.gaps)
    return looks


def emit_screen(
    code: Assembler, check: Check, context: Context, looks: Looks, places: Places
) -> tuple[Screen, ...]:
    """What the accelerator is to look for on behalf of one check; nothing where no role lacks anything."""
    inputs = context.inputs

    def rows(picked: RoleRows | Pick) -> list[int]:
        return _rows(inputs, picked, places)

    match check:
        case NegativeRoles():
            return (_Whole(check, slice(looks.negative, looks.negative + 1)),)
        case NonFiniteRoles():
            return ()
        case IdleCapacity():
            marks = _each(code, "ABOVE", rows(check.capacities), k=_SOME)
            return (_Rows(check, marks, is_turned=True),)
        case Comparison():
            return (_Rows(check, _each(code, "EXCEEDS", rows(check.rows), rows(check.limits))),)
        case SilentQueues():
            depths = [places[place.roles["queueDepth"]] for place in check.places]
            return (_Rows(check, _each(code, "SILENT", depths, rows(check.served))),)
        case Growth():
            return (_Rows(check, _each(code, "STREAK", rows(check.rows), size=3, form=B_NUMBER)),)
        case Overload():
            pair = rows(check.rows), rows(check.capacities)
            return (_Rows(check, _each(code, "STREAK", *pair, size=3)),)
        case Stationarity():
            sums = _each(code, "SUM", rows(check.rows), size=2 * _LANES)
            return (_Halves(check, slice(sums.start, sums.stop), code.bins),)
        case QueueLedgers():
            return (_Whole(check, _ledgers(code, check, rows)),)
        case AgeRisk():
            return (_Late(check),)
    raise TypeError(check)


def _each(
    code: Assembler,
    op: str,
    rows: Sequence[int],
    others: Sequence[int] = (),
    *,
    size: int = 1,
    form: int = 0,
    k: float = 0.0,
) -> slice:
    """One step a row, each with ``size`` numbers of which the first is its mark; where the marks are."""
    start = code.reserve(size * len(rows))
    for at, row in enumerate(rows):
        other = others[at] if others else row
        code.emit(op, row, row, other, n=start + size * at, k=k, form=form)
    return slice(start, start + size * len(rows), size)


def _ledgers(code: Assembler, check: QueueLedgers, rows: Rows) -> slice:
    """The state of each queue is its seed, the largest flow, and the mark."""
    count = len(check.nodes)
    losses = dict(zip(_positions(check.losers), rows(check.losses), strict=True))
    overflows = dict(zip(_positions(check.limited), rows(check.overflows), strict=True))
    flows = zip(rows(check.depths), rows(check.inflows), rows(check.outflows), strict=True)
    start = code.reserve(3 * count)
    for at, (depth, inflow, outflow) in enumerate(flows):
        code.start(start + 3 * at, float(check.seeds[at]))
        form = (LOSS if at in losses else 0) | (OVERFLOW_TOO if at in overflows else 0)
        code.emit(
            "LEDGER", depth, depth, inflow, outflow, n=start + 3 * at, form=form,
            k=float(losses.get(at, 0)), k2=float(overflows.get(at, 0)),
        )  # fmt: skip
    return slice(start + 2, start + 3 * count, 3)


def _positions(picked: Pick) -> list[int]:
    if isinstance(picked, slice):
        return list(range(picked.start, picked.stop, picked.step or 1))
    return [int(position) for position in picked]


def _all_rows(inputs: Inputs, places: Places) -> list[int]:
    absent = set(inputs.absent)
    return [places[""] if at in absent else int(row) for at, row in enumerate(inputs.rows.tolist())]


def _rows(inputs: Inputs, picked: RoleRows | Pick, places: Places) -> list[int]:
    """Rows of the space: those of a role at some nodes, or of the matrix."""
    if not isinstance(picked, RoleRows):
        return _positions(picked)
    held = _all_rows(inputs, places)[inputs.spans[picked.role]]
    return [held[position] for position in _positions(picked.rows)]
