"""Steps of a tape as whole-array operations: straight code with registers that are used again (engine §24.1)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from ..kernels.contents import split_seed
from .emit import Surroundings
from .tape import Operand, Split, Step, Tape, Value

_UFUNCS: Mapping[str, Callable[..., object]] = {
    "add": np.add,
    "subtract": np.subtract,
    "multiply": np.multiply,
    "minimum": np.minimum,
    "maximum": np.maximum,
    "absolute": np.absolute,
    "floor": np.floor,
    "ceil": np.ceil,
    "greater": np.greater,
    "greater_equal": np.greater_equal,
    "equal": np.equal,
    "is_finite": np.isfinite,
    "both": np.logical_and,
}
"""Operations that may write over what they read."""


def delay(x: np.ndarray, lag: int, initial: float, out: np.ndarray) -> None:
    """``x`` moved ``lag`` bins later, after ``initial``."""
    out[:lag] = initial
    if lag < len(out):
        out[lag:] = x[:-lag]


def convolve(x: np.ndarray, taps: np.ndarray, lead: int, out: np.ndarray) -> None:
    """The kernel ``taps`` on ``x`` moved ``lead`` bins later; ``x`` is finite.

    From the latest bin to the earliest, so that a short kernel is summed in the order of its taps, as loops sum it
    (engine §9.3). One of more than eleven numpy sums as it likes.
    """
    room = len(out) - lead
    out[:lead] = 0.0
    if room > 0:
        backwards = np.zeros(room + len(taps) - 1)
        backwards[:room] = x[:room][::-1]
        out[lead:] = np.correlate(backwards, taps, "valid")[::-1]


def divide_or_zero(a: np.ndarray, b: np.ndarray, zero: np.ndarray, out: np.ndarray) -> None:
    """``a / b``, and 0 where ``b`` is exactly zero; ``zero`` is scratch for that mask."""
    np.equal(b, 0.0, zero)
    np.divide(a, b, out)
    np.copyto(out, 0.0, where=zero)


def finite_or_zero(x: np.ndarray, finite: np.ndarray, out: np.ndarray) -> None:
    """``x`` where it is finite, else 0."""
    np.isfinite(x, finite)
    out.fill(0.0)
    np.copyto(out, x, where=finite)


def smooth(x: np.ndarray, weight: float, out: np.ndarray) -> None:
    """Exponential smoothing that skips what is not finite (engine §9.3 EMA)."""
    level, has_level, rest = 0.0, False, 1.0 - weight
    smoothed = []
    for value in x.tolist():
        if value - value == 0.0:
            level = weight * value + rest * level if has_level else value
            has_level = True
        smoothed.append(level)
    out[:] = smoothed


def keep_note(notes: list[tuple[int, np.ndarray]], number: int, mask: np.ndarray) -> None:
    """Remember the bins of a note, if there are any.

    ``any`` is a method that numpy imports when it is first called, which generated code cannot: it has no imports.
    """
    if mask.any():
        notes.append((number, mask.copy()))


RUNTIME: Mapping[str, object] = {
    **_UFUNCS,
    "copyto": np.copyto,
    "divide": np.divide,
    "accumulate": np.add.accumulate,
    "delay": delay,
    "convolve": convolve,
    "divide_or_zero": divide_or_zero,
    "finite_or_zero": finite_or_zero,
    "keep_note": keep_note,
    "smooth": smooth,
    "split_seed": split_seed,
}
"""What generated code may call, by name."""


class VectorCode:
    """Generates the body of one vertex: ``r`` are the rows of the space, ``s`` and ``m`` scratch rows and masks.

    ``outputs`` are operands that are not mere numbers. Each result is computed straight into its row where possible.
    """

    def __init__(self, tape: Tape, outputs: Mapping[str, Value], around: Surroundings) -> None:
        self._tape = tape
        self._around = around
        self._outputs = outputs
        self._lines: list[str] = []
        self._where: dict[int, str] = {}
        self._free: dict[str, list[str]] = {"s": [], "m": []}
        self._made: dict[str, int] = {"s": 0, "m": 0}
        self._live = tape.live(list(outputs.values()))
        self._left = self._count_uses()
        self._goals: dict[int, str] = {}
        for key, value in outputs.items():
            if tape.steps[value.index].op != "load":
                self._goals.setdefault(value.index, around.row(key))

    @property
    def scratch(self) -> tuple[int, int]:
        """How many scratch rows and masks the code needs."""
        return self._made["s"], self._made["m"]

    def lines(self) -> list[str]:
        for index in self._live:
            self._emit(index, self._tape.steps[index])
        for note in self._tape.notes:
            mask, number = self._where[note.mask.index], self._around.note(note)
            self._lines.append(f"keep_note(notes, {number}, {mask})")
        for key, value in self._outputs.items():
            row, found = self._around.row(key), self._place(value)
            if row != found:
                self._lines.append(f"copyto({row}, {found})")
        return self._lines

    def _count_uses(self) -> dict[int, int]:
        uses = dict.fromkeys(self._live, 0)
        kept = [*self._outputs.values(), *(note.mask for note in self._tape.notes)]
        args = [arg for index in self._live for arg in self._tape.steps[index].args]
        for value in (*args, *kept):
            if isinstance(value, Value):
                uses[value.index] += 1
        return uses

    def _emit(self, index: int, step: Step) -> None:
        match step.op:
            case "load":
                self._where[index] = self._source(step)
            case "open":
                self._where[index] = self._around.mask(*step.extra)
            case "always":
                self._where[index] = self._around.everywhere()
            case "constant":
                out = self._target(index, "s", ())
                self._lines.append(f"copyto({out}, {self._around.number(step.extra[0])})")
            case "late":
                lag, initial = step.extra
                x = self._name(step.args[0])
                out = self._target(index, "s", ())
                self._lines.append(f"delay({x}, {lag}, {initial!r}, {out})")
                self._release(step.args)
            case "convolve":
                self._convolve(index, step)
            case "choose":
                self._choose(index, step)
            case "divide" if isinstance(step.args[1], Value):
                a, b = (self._name(arg) for arg in step.args)
                zero = self._take("m")
                out = self._target(index, "s", ())
                self._lines.append(f"divide_or_zero({a}, {b}, {zero}, {out})")
                self._free["m"].append(zero)
                self._release(step.args)
            case "finite_or_zero":
                x, finite, out = self._name(step.args[0]), self._take("m"), ""
                out = self._target(index, "s", ())
                self._lines.append(f"finite_or_zero({x}, {finite}, {out})")
                self._free["m"].append(finite)
                self._release(step.args)
            case "smooth":
                out = self._target(index, "s", ())
                self._lines.append(f"smooth({self._name(step.args[0])}, {step.extra[0]!r}, {out})")
                self._release(step.args)
            case "accumulate":
                out = self._target(index, "s", ())
                self._lines.append(f"accumulate({self._name(step.args[0])}, 0, None, {out})")
                self._release(step.args)
            case _:
                names = ", ".join(self._name(arg) for arg in step.args)
                bank = "m" if self._tape.values[index].is_mask else "s"
                out = self._target(index, bank, step.args)
                self._lines.append(f"{step.op}({names}, out={out})")

    def _source(self, step: Step) -> str:
        """A load of this bin is the row itself; a lagged one stays unwritten until something reads it as an array."""
        key, lag, _ = step.extra
        return self._around.row(key) if lag == 0 else ""

    def _place(self, value: Value) -> str:
        """The register of a value; a lagged load is moved into one now."""
        found = self._where[value.index]
        if not found:
            key, lag, initial = self._tape.steps[value.index].extra
            found = self._where[value.index] = self._take("s")
            start = repr(initial)
            if isinstance(initial, Split):
                parts = ", ".join(self._around.row(part) for part in initial.keys)
                start = f"split_seed({initial.seed!r}, ({parts},))[{initial.position}]"
            lag = min(lag, self._around.bins)
            self._lines.append(f"delay({self._around.row(key)}, {lag}, {start}, {found})")
        return found

    def _convolve(self, index: int, step: Step) -> None:
        (x,) = step.args
        lead, base = 0, ""
        if isinstance(x, Value) and not self._where[x.index]:
            key, lag, initial = self._tape.steps[x.index].extra
            if initial == 0.0:
                lead, base = lag, self._around.row(key)
        out = self._target(index, "s", ())
        taps = self._around.kernel(step.extra)
        lead = min(lead, self._around.bins)
        self._lines.append(f"convolve({base or self._name(x)}, {taps}, {lead}, {out})")
        self._release(step.args)

    def _choose(self, index: int, step: Step) -> None:
        mask, a, b = (self._name(arg) for arg in step.args)
        out = self._target(index, "s", ())
        self._lines.append(f"copyto({out}, {b})")
        self._lines.append(f"copyto({out}, {a}, where={mask})")
        self._release(step.args)

    def _name(self, operand: Operand) -> str:
        if isinstance(operand, Value):
            return self._place(operand)
        return self._around.number(operand)

    def _target(self, index: int, bank: str, args: Sequence[Operand]) -> str:
        """Where a result goes; it may take the register of one of ``args`` that nothing else needs."""
        self._release(args)
        found = self._goals.get(index) or self._take(bank)
        self._where[index] = found
        return found

    def _take(self, bank: str) -> str:
        if self._free[bank]:
            return self._free[bank].pop()
        self._made[bank] += 1
        return f"{bank}[{self._made[bank] - 1}]"

    def _release(self, args: Sequence[Operand]) -> None:
        for value in args:
            if isinstance(value, Value):
                self._left[value.index] -= 1
                name = self._where[value.index]
                if not self._left[value.index] and name[:1] in self._free and name[1:2] == "[":
                    self._free[name[0]].append(name)
