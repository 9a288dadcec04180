"""What one vertex computes, as a list of primitive steps: written once, run as whole arrays or bin by bin.

A mechanism of ``kernels`` records its formula on a ``Tape``. ``vectors`` turns the steps into whole-array operations,
``feedback`` into the body of a loop over bins. Steps are shared where they are equal, folded where all operands are
literals, and carry a bound on their magnitude that proves values finite without looking at them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Container, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

SAFE = 1e290
"""A magnitude below which a handful of further operations cannot overflow."""


@dataclass(frozen=True, slots=True, eq=False)
class Value:
    """The outcome of a step, equal only to itself; ``bound`` is a proven limit of its magnitude, else infinite."""

    index: int
    bound: float
    is_mask: bool = False

    @property
    def is_finite(self) -> bool:
        return self.bound < SAFE


Operand = Value | float


@dataclass(frozen=True, slots=True)
class Step:
    """``op`` on ``args``; ``extra`` holds its literals: key, lag and initial of a load, the taps of a kernel."""

    op: str
    args: tuple[Operand, ...] = ()
    extra: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True)
class Split:
    """Part ``position`` of ``seed``, split by the first bin in which the series ``keys`` hold something (§13.3)."""

    seed: float
    keys: tuple[str, ...]
    position: int


@dataclass(frozen=True, slots=True)
class Note:
    """A finding to record in the bins where ``mask`` is true."""

    code: str
    node: str
    mask: Value


_FOLD: Mapping[str, Callable[..., float]] = {
    "add": lambda a, b: a + b,
    "subtract": lambda a, b: a - b,
    "multiply": lambda a, b: a * b,
    "divide": lambda a, b: a / b if b else 0.0,
    "minimum": lambda a, b: a if a <= b or a != a else b,
    "maximum": lambda a, b: a if a >= b or a != a else b,
    "absolute": abs,
    "floor": lambda a: float(math.floor(a)) if math.isfinite(a) else a,
    "ceil": lambda a: float(math.ceil(a)) if math.isfinite(a) else a,
    "finite_or_zero": lambda a: a if math.isfinite(a) else 0.0,
}

_FOLD_MASK: Mapping[str, Callable[..., bool]] = {
    "greater": lambda a, b: a > b,
    "greater_equal": lambda a, b: a >= b,
    "equal": lambda a, b: a == b,
    "is_finite": math.isfinite,
}


class Inlined(Protocol):
    """A vertex whose recipe is recorded where it is read."""

    @property
    def recipe(self) -> Callable[[Tape], Mapping[str, Operand]] | None: ...


class Tape:
    """Records steps. ``keys`` are the series that exist: a reference to another one reads as zeros.

    ``scalars`` holds the series that are one number, ``bounds`` the proven magnitudes, ``inlined`` the temporaries that
    have no row. ``produced`` maps the series that are computed on this tape to their operands. ``is_structural``: what
    is read counts however short the window is (engine §11.2).
    """

    def __init__(
        self,
        keys: Container[str],
        *,
        bins: int,
        scalars: Mapping[str, float] | None = None,
        bounds: Mapping[str, float] | None = None,
        inlined: Mapping[str, Inlined] | None = None,
        is_structural: bool = False,
    ) -> None:
        self.steps: list[Step] = []
        self.values: list[Value] = []
        self.notes: list[Note] = []
        self.produced: dict[str, Operand] = {}
        self._keys = keys
        self.bins = bins
        self._scalars = scalars or {}
        self._bounds = bounds or {}
        self._inlined = inlined or {}
        self._is_structural = is_structural
        self._needed: dict[str, int] = {}
        self._known: dict[tuple[Any, ...], Value] = {}

    def load(self, key: str, lag: int = 0, initial: float | Split = 0.0) -> Operand:
        """The series ``key``, ``lag`` bins ago; before bin 0 it reads ``initial``."""
        if key not in self._keys:
            return 0.0
        if lag >= self.bins and not isinstance(initial, Split) and not self._is_structural:
            return initial
        if lag == 0 and key in self.produced:
            return self.produced[key]
        scalar = self._scalars.get(key)
        if scalar is not None and not isinstance(initial, Split):
            return self.choose(self.is_open(1, lag), scalar, initial)
        vertex = self._inlined.get(key)
        if vertex is not None and not isinstance(initial, Split):
            return self._compute(key, vertex, lag, initial)
        known = self._bounds.get(key, math.inf)
        start = initial.seed if isinstance(initial, Split) else abs(initial)
        return self._step("load", (), (key, lag, initial), max(known, start if lag else 0.0))

    def need(self, key: str, lag: int = 0) -> None:
        """The series ``key`` counts as read, also where nothing of it is used in this window (engine §11.3)."""
        if self._is_structural and key in self._keys:
            self._needed[key] = min(lag, self._needed.get(key, lag))

    def add(self, a: Operand, b: Operand) -> Operand:
        return self._elementwise("add", (a, b), bound(a) + bound(b))

    def subtract(self, a: Operand, b: Operand) -> Operand:
        return self._elementwise("subtract", (a, b), bound(a) + bound(b))

    def multiply(self, a: Operand, b: Operand) -> Operand:
        return self._elementwise("multiply", (a, b), bound(a) * bound(b))

    def divide(self, a: Operand, b: Operand) -> Operand:
        """``a / b``, and 0 where ``b`` is exactly zero (engine §9.2)."""
        if not isinstance(b, Value) and b == 0.0:
            return 0.0
        limit = math.inf if isinstance(b, Value) else bound(a) / abs(b)
        return self._elementwise("divide", (a, b), limit)

    def minimum(self, a: Operand, b: Operand) -> Operand:
        return self._elementwise("minimum", (a, b), max(bound(a), bound(b)))

    def maximum(self, a: Operand, b: Operand) -> Operand:
        return self._elementwise("maximum", (a, b), max(bound(a), bound(b)))

    def absolute(self, a: Operand) -> Operand:
        return self._elementwise("absolute", (a,), bound(a))

    def floor(self, a: Operand) -> Operand:
        return self._elementwise("floor", (a,), bound(a) + 1)

    def ceil(self, a: Operand) -> Operand:
        return self._elementwise("ceil", (a,), bound(a) + 1)

    def fin(self, a: Operand) -> Operand:
        """``a`` where it is finite, else 0 (engine §15)."""
        if isinstance(a, Value) and (a.is_finite or self.steps[a.index].op == "finite_or_zero"):
            return a
        return self._elementwise("finite_or_zero", (a,), math.inf)

    def greater(self, a: Operand, b: Operand) -> Value | bool:
        return self._compare("greater", (a, b))

    def greater_equal(self, a: Operand, b: Operand) -> Value | bool:
        return self._compare("greater_equal", (a, b))

    def equal(self, a: Operand, b: Operand) -> Value | bool:
        return self._compare("equal", (a, b))

    def is_finite(self, a: Operand) -> Value | bool:
        if isinstance(a, Value) and a.is_finite:
            return True
        return self._compare("is_finite", (a,))

    def both(self, a: Value | bool, b: Value | bool) -> Value | bool:
        if isinstance(a, bool):
            return b if a else False
        if isinstance(b, bool):
            return a if b else False
        return self._step("both", (a, b), (), 1.0, is_mask=True)

    def is_open(self, period: int, phase: int) -> Value | bool:
        """Every ``period`` bins from ``phase``, which is not reduced (engine §9.3, §12.5)."""
        if phase >= self.bins and not self._is_structural:
            return False
        if period == 1 and phase == 0:
            return True
        return self._step("open", (), (period, phase), 1.0, is_mask=True)

    def choose(self, mask: Value | bool, a: Operand, b: Operand) -> Operand:
        """``a`` where ``mask`` holds, else ``b``."""
        if isinstance(mask, bool):
            return a if mask else b
        if same(a, b):
            return a
        return self._step("choose", (mask, a, b), (), max(bound(a), bound(b)))

    def convolve(self, a: Operand, taps: tuple[float, ...]) -> Operand:
        """Sum over ``j`` of ``fin(a[t-j]) * taps[j]``; before bin 0 there is nothing."""
        while taps and taps[-1] == 0.0:
            taps = taps[:-1]
        finite = self._spread(self.fin(a))
        if not taps or not isinstance(finite, Value):
            return 0.0
        limit = bound(finite) * sum(abs(tap) for tap in taps)
        return self._step("convolve", (finite,), taps, limit)

    def smooth(self, a: Operand, weight: float) -> Operand:
        """Exponential smoothing; what is not finite repeats the last value (engine §9.3 EMA)."""
        if not isinstance(a, Value):
            return a if math.isfinite(a) else 0.0
        return self._step("smooth", (a,), (weight,), bound(a))

    def accumulate(self, a: Operand) -> Operand:
        """The running sum of ``a`` from bin 0."""
        a = self._spread(a)
        if not isinstance(a, Value):
            return 0.0
        return self._step("accumulate", (a,), (), bound(a) * self.bins)

    def total(self, parts: list[Operand]) -> Operand:
        """The sum of ``parts`` from the left."""
        result: Operand = 0.0
        for position, part in enumerate(parts):
            result = self.add(result, part) if position else part
        return result

    def note(self, code: str, node: str, mask: Value | bool) -> None:
        """Record finding ``code`` of ``node`` in the bins where ``mask`` holds."""
        if isinstance(mask, Value):
            self.notes.append(Note(code, node, mask))
        elif mask:
            self.notes.append(Note(code, node, self._step("always", (), (), 1.0, is_mask=True)))

    def reads(self, roots: Iterable[Operand]) -> dict[str, int]:
        """The series that ``roots`` and the notes need, or that were said to be, each with its smallest lag."""
        found = dict(self._needed)
        for index in self.live(roots):
            if self.steps[index].op == "load":
                key, lag, _ = self.steps[index].extra
                found[key] = min(lag, found.get(key, lag))
        return found

    def live(self, roots: Iterable[Operand]) -> list[int]:
        """The indices of the steps that ``roots`` and the notes need, in order."""
        needed: set[int] = set()
        stack = [root for root in roots if isinstance(root, Value)]
        stack += [note.mask for note in self.notes]
        while stack:
            value = stack.pop()
            if value.index not in needed:
                needed.add(value.index)
                stack += [arg for arg in self.steps[value.index].args if isinstance(arg, Value)]
        return sorted(needed)

    def _compute(self, key: str, vertex: Inlined, lag: int, initial: float) -> Operand:
        """A temporary that has no row, computed here, ``lag`` bins ago."""
        if key not in self.produced:
            self.produced.update(vertex.recipe(self) if vertex.recipe else {})
        value = self._spread(self.produced[key])
        if lag == 0 or not isinstance(value, Value):
            return value if lag == 0 else self.choose(self.is_open(1, lag), value, initial)
        return self._step("late", (value,), (lag, initial), max(value.bound, abs(initial)))

    def _spread(self, a: Operand) -> Operand:
        """A number other than 0 as a series of its own: what depends on the past is not constant over the bins."""
        if isinstance(a, Value) or a == 0.0:
            return a
        return self._step("constant", (), (a,), bound(a))

    def _elementwise(self, op: str, args: tuple[Operand, ...], limit: float) -> Operand:
        if not any(isinstance(arg, Value) for arg in args):
            return float(_FOLD[op](*args))
        return self._step(op, args, (), limit)

    def _compare(self, op: str, args: tuple[Operand, ...]) -> Value | bool:
        if not any(isinstance(arg, Value) for arg in args):
            return bool(_FOLD_MASK[op](*args))
        return self._step(op, args, (), 1.0, is_mask=True)

    def _step(
        self,
        op: str,
        args: tuple[Operand, ...],
        extra: tuple[Any, ...],
        limit: float,
        *,
        is_mask: bool = False,
    ) -> Value:
        known = self._known.get((op, args, extra))
        if known is None:
            known = Value(len(self.steps), limit if limit == limit else math.inf, is_mask)
            self._known[op, args, extra] = known
            self.steps.append(Step(op, args, extra))
            self.values.append(known)
        return known


def bound(operand: Operand) -> float:
    """A proven limit of the magnitude of ``operand``."""
    return operand.bound if isinstance(operand, Value) else abs(operand)


def same(a: Operand, b: Operand) -> bool:
    """Whether two operands are the same value, or the same number with the same sign of zero."""
    if isinstance(a, Value) or isinstance(b, Value):
        return a == b
    return a == b and math.copysign(1.0, a) == math.copysign(1.0, b)
