"""Steps for the accelerator, put together before the first run, and what one run of them needs (kernels.c)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .library import Library

A_NUMBER, B_NUMBER, A_FIXED, B_FIXED, C_FIXED, TO_FIXED, PROVEN, LOSS, OVERFLOW_TOO = (
    1 << bit for bit in range(9)
)
"""What the form of a step says, as kernels.c defines it."""

_STEP = np.dtype(
    {
        "names": ["op", "form", "to", "a", "b", "c", "n", "k", "k2"],
        "formats": ["i4"] * 6 + ["i8", "f8", "f8"],
    },
    align=True,
)
APART = 8
"""Numbers between two strips of the work area: without them all would fall on the same lines of the cache."""
PIECE = 4096
"""Bins after which a caller who watches is asked; a multiple of every strip."""

Operand = int | float
"""A place, or a number."""


class Assembler:
    """Collects steps. A place is a row of the space, or the inverted offset of a strip in the work area."""

    def __init__(self, library: Library, bins: int) -> None:
        self.library = library
        self.bins = bins
        self.notes = 0
        self.strip = min(library.strip, bins)
        self._steps: list[tuple[Any, ...]] = []
        self._numbers: list[float] = []
        self._free: list[int] = []
        self._work = 0
        self._held: list[np.ndarray] = []
        self._scratch = 0
        self._initial: list[tuple[int, float]] = []

    def __len__(self) -> int:
        return len(self._steps)

    def emit(
        self,
        op: str,
        to: int = 0,
        a: Operand | None = None,
        b: Operand | None = None,
        c: int = 0,
        *,
        n: int = 0,
        k: float = 0.0,
        k2: float = 0.0,
        form: int = 0,
    ) -> None:
        """One more step; operands that are numbers take the place of ``k`` and ``k2``, absent ones are the one before."""
        a = to if a is None else a
        b = a if b is None else b
        if isinstance(a, float):
            a, k, form = 0, a, form | A_NUMBER
            if isinstance(b, float):
                b, k2, form = 0, b, form | B_NUMBER
        elif isinstance(b, float):
            b, k, form = 0, b, form | B_NUMBER
        self._steps.append((self.library.operations[op], form, to, a, b, c, n, k, k2))

    def mark(self) -> int:
        """Keeps a place for a step that is known later (see ``put``)."""
        self._steps.append(())
        return len(self._steps) - 1

    def put(self, at: int, op: str, *, n: int, c: int) -> None:
        self._steps[at] = (self.library.operations[op], 0, 0, 0, 0, c, n, 0.0, 0.0)

    def sort(self, first: int, last: int, ranks: Mapping[int, int]) -> None:
        """Order steps that only share finished rows: each by the highest rank of the rows it has to do with."""

        def rank(step: tuple[Any, ...]) -> int:
            return max(ranks.get(place, 0) for place in step[2:5])

        self._steps[first:last] = sorted(self._steps[first:last], key=rank)

    def reserve(self, size: int, initial: Iterable[float] = ()) -> int:
        """The offset of ``size`` numbers of the work area, zero but for those given."""
        start, self._work = self._work, self._work + size
        for position, value in enumerate(initial):
            self.start(start + position, value)
        return start

    def start(self, offset: int, value: float) -> None:
        """What a number of the work area is before the first bin."""
        self._initial.append((offset, value))

    def take(self) -> int:
        """The place of a strip that nothing else uses until it is given back."""
        return self._free.pop() if self._free else ~self.reserve(self.strip + APART)

    def give(self, place: int) -> None:
        self._free.append(place)

    def history(self, depth: int) -> int:
        """The place of a strip with ``depth`` bins of its past before it; zeros before bin 0."""
        place = ~(self.reserve(depth + self.strip + APART) + depth)
        self.emit("ROLL", place, n=depth)
        return place

    def taps(self, taps: Sequence[float]) -> int:
        """Where the taps of a kernel begin among the numbers."""
        self._numbers += taps
        return len(self._numbers) - len(taps)

    def give_array(self, row: int, array: np.ndarray) -> None:
        """Fill a row from an array of the plan, float64 of shape (bins,)."""
        held = np.ascontiguousarray(array, dtype=np.float64)
        self._held.append(held)
        self.emit("TAKE", row, n=held.ctypes.data)

    def scratch(self, size: int) -> int:
        """The offset of ``size`` numbers at the end of the work area, which begin as anything; asked for last."""
        self._scratch = size
        return self._work

    def note(self, mask: int, form: int = 0) -> int:
        """Steps that record where ``mask`` holds; the offset of what says whether it does anywhere."""
        flag = self.reserve(1)
        self.emit("NOTE", 0, mask, 0.0, flag, n=self.notes, form=form)
        self.notes += 1
        return flag

    def finish(self) -> Code:
        blank = np.zeros(self._work)
        for offset, value in self._initial:
            blank[offset] = value
        table = np.array(self._steps, dtype=_STEP)
        numbers = np.array(self._numbers)
        for array in (blank, table, numbers):
            array.setflags(write=False)
        size = self._work + self._scratch
        return Code(
            self.library, table, numbers, blank, size, self.notes, self.bins, tuple(self._held)
        )


@dataclass(frozen=True, slots=True)
class Code:
    """The steps of a plan; ``blank`` is how the work area of ``size`` numbers begins before the first bin.

    ``held`` are the arrays that steps know by their addresses.
    """

    library: Library
    table: np.ndarray
    numbers: np.ndarray
    blank: np.ndarray
    size: int
    notes: int
    bins: int
    held: tuple[np.ndarray, ...]
    _fixed: tuple[int, int] = field(init=False)

    def __post_init__(self) -> None:
        addresses = self.table.ctypes.data, self.numbers.ctypes.data
        object.__setattr__(self, "_fixed", addresses)

    def begin(self, space: np.ndarray) -> Execution:
        """What one run needs beside its space, of shape (height, bins) and laid out without gaps."""
        return Execution(self, space)


class Execution:
    """One run: its work area, and the masks of what it noted."""

    __slots__ = ("_code", "_places", "notes", "space", "work")

    def __init__(self, code: Code, space: np.ndarray) -> None:
        self._code = code
        self.space = space
        self.work = np.empty(code.size)
        self.work[: len(code.blank)] = code.blank
        self.notes = np.empty((code.notes, code.bins), dtype=bool)
        table, numbers = code._fixed
        self._places = (
            table, space.ctypes.data, self.work.ctypes.data, self.notes.ctypes.data, numbers
        )  # fmt: skip

    def once(self, first: int, last: int) -> None:
        """Take steps that look at the whole window by themselves."""
        self.go(first, last, 0, 1)

    def go(self, first: int, last: int, start: int = 0, stop: int | None = None) -> None:
        """Take the steps from ``first`` to ``last`` for the bins from ``start``, a multiple of a strip, to ``stop``."""
        table, space, work, notes, numbers = self._places
        bins = self._code.bins
        self._code.library.execute(
            table, first, last, space, work, notes, numbers, bins, start,
            bins if stop is None else min(stop, bins),
        )  # fmt: skip
