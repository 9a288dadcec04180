"""Steps of a tape as steps of the accelerator: the same operations in the same order as ``vectors`` and ``feedback``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..program.tape import Note, Split, Step, Tape, Value
from ..program.tape import Operand as TapeOperand
from .code import A_FIXED, APART, B_FIXED, C_FIXED, TO_FIXED, Assembler, Operand

_NAMES: Mapping[str, str] = {
    "add": "ADD",
    "subtract": "SUBTRACT",
    "multiply": "MULTIPLY",
    "divide": "DIVIDE",
    "minimum": "MINIMUM",
    "maximum": "MAXIMUM",
    "absolute": "ABSOLUTE_VALUE",
    "floor": "FLOOR",
    "ceil": "CEIL",
    "finite_or_zero": "FINITE_OR_ZERO",
    "greater": "GREATER",
    "greater_equal": "GREATER_EQUAL",
    "equal": "EQUAL",
    "is_finite": "IS_FINITE",
    "both": "BOTH",
    "choose": "CHOOSE",
}
"""Operations on single bins."""

VECTOR_TAPS = 11
"""Taps up to which numpy sums a kernel in their order; beyond it does as it likes."""
LOOP_TAPS = 24
"""Taps up to which a loop sums them in their order (``feedback.REGISTERS``)."""

Flags = list[tuple[Note, int]]
"""What was noted, each with the offset of what says whether it occurred."""


def can_take(tape: Tape, outputs: Sequence[TapeOperand], *, is_loop: bool) -> bool:
    """Whether the accelerator computes exactly what numpy or Python would."""
    most = LOOP_TAPS if is_loop else VECTOR_TAPS
    for index in tape.live(outputs):
        step = tape.steps[index]
        if step.op == "convolve" and len(step.extra) > most:
            return False
        # A split seed looks ahead: it is known only when the whole window is.
        if step.op == "load" and isinstance(step.extra[2], Split):
            return False
        if step.op == "open" and step.extra[1] < 0:
            return False
    return True


class _Tape:
    """What both ways of running a tape have in common: where values are, and which of them need a past."""

    def __init__(
        self,
        tape: Tape,
        outputs: Mapping[str, TapeOperand],
        slots: Mapping[str, int],
        code: Assembler,
    ) -> None:
        self._tape = tape
        self._slots = slots
        self._code = code
        self._outputs = outputs
        self._live = tape.live(list(outputs.values()))
        self._where: dict[int, int] = {}
        self._goals: dict[int, int] = {}
        for key, operand in outputs.items():
            if isinstance(operand, Value) and key in slots and self._op(operand) != "load":
                self._goals.setdefault(operand.index, slots[key])
        self._past = self._find_past()

    def _op(self, value: Value) -> str:
        return self._tape.steps[value.index].op

    def _place(self, operand: TapeOperand) -> int:
        """Where a value is; operands that may be numbers go through ``_pair``."""
        raise NotImplementedError

    def _pair(self, args: Sequence[TapeOperand]) -> tuple[Operand, Operand]:
        """The places or numbers of one operand or two."""
        found = [self._place(arg) if isinstance(arg, Value) else arg for arg in args]
        return found[0], found[-1] if len(found) > 1 or isinstance(found[0], int) else 0

    def _find_past(self) -> dict[int, int]:
        """How many bins of its past each value is read."""
        found: dict[int, int] = {}
        for index in self._live:
            step = self._tape.steps[index]
            if step.op in ("convolve", "late") and isinstance(step.args[0], Value):
                depth = step.extra[0] if step.op == "late" else len(step.extra) - 1
                at = step.args[0].index
                found[at] = max(min(depth, self._code.bins), found.get(at, 0))
        return found


class VectorSteps(_Tape):
    """Emits one vertex outside of loops; its strips are given back when nothing needs them."""

    def emit(self) -> Flags:
        self._left = self._count_uses()
        for index in self._live:
            self._take(index, self._tape.steps[index])
        flags = [(note, self._code.note(self._where[note.mask.index])) for note in self._tape.notes]
        for key, operand in self._outputs.items():
            if isinstance(operand, Value):
                self._write(self._slots[key], operand)
        for index, place in self._where.items():
            if self._left[index] and self._is_strip(index, place):
                self._code.give(place)
        return flags

    def _count_uses(self) -> dict[int, int]:
        uses = dict.fromkeys(self._live, 0)
        args = [arg for index in self._live for arg in self._tape.steps[index].args]
        for value in (*args, *self._outputs.values(), *(note.mask for note in self._tape.notes)):
            if isinstance(value, Value):
                uses[value.index] += 1
        return uses

    def _take(self, index: int, step: Step) -> None:
        code = self._code
        match step.op:
            case "load":
                key, lag, _ = step.extra
                if not lag:
                    self._where[index] = self._slots[key]
            case "open":
                period, phase = step.extra
                code.emit("OPEN", self._target(index), n=min(period, code.bins), k=float(phase))
            case "always":
                code.emit("FILL", self._target(index), k=1.0)
            case "constant":
                code.emit("FILL", self._target(index), k=step.extra[0])
            case "late":
                lag, initial = step.extra
                x = self._place(step.args[0])
                code.emit("DELAY", self._target(index), x, n=min(lag, code.bins), k=initial)
                self._release(step.args)
            case "convolve":
                self._convolve(index, step)
            case "smooth":
                x = self._place(step.args[0])
                state = code.reserve(2)
                code.emit("SMOOTH", self._target(index), x, n=state, k=step.extra[0])
                self._release(step.args)
            case "accumulate":
                x = self._place(step.args[0])
                # The first sum is the first number itself, also where that is a negative zero.
                state = code.reserve(1, [-0.0])
                code.emit("ACCUMULATE", self._target(index), x, n=state)
                self._release(step.args)
            case _:
                mask = self._place(step.args[0]) if step.op == "choose" else 0
                a, b = self._pair(step.args[1:] if step.op == "choose" else step.args)
                self._release(step.args)
                code.emit(_NAMES[step.op], self._target(index), a, b, mask)

    def _convolve(self, index: int, step: Step) -> None:
        (x,) = step.args
        lag = 0
        if isinstance(x, Value) and x.index not in self._where:
            key, late, initial = self._tape.steps[x.index].extra
            if initial == 0.0:
                lag, base = late, self._slots[key]
        if not lag:
            base = self._place(x)
        taps = self._code.taps(step.extra)
        to = self._target(index)
        self._code.emit("CONVOLVE", to, base, c=taps, n=len(step.extra), k=float(lag))
        self._release(step.args)

    def _write(self, row: int, value: Value) -> None:
        """An output that was not computed into its row."""
        step = self._tape.steps[value.index]
        if value.index not in self._where:
            key, lag, initial = step.extra
            self._code.emit("DELAY", row, self._slots[key], n=lag, k=initial)
        elif self._where[value.index] != row:
            self._code.emit("COPY", row, self._where[value.index])

    def _place(self, operand: TapeOperand) -> int:
        """Where a value is; a lagged load is moved into a strip now."""
        if not isinstance(operand, Value):
            raise TypeError(operand)
        index = operand.index
        if index not in self._where:
            key, lag, initial = self._tape.steps[index].extra
            self._code.emit("DELAY", self._target(index), self._slots[key], n=lag, k=initial)
        return self._where[index]

    def _target(self, index: int) -> int:
        place = self._goals.get(index)
        if place is None:
            past = self._past.get(index)
            place = self._code.take() if past is None else self._code.history(past)
        self._where[index] = place
        return place

    def _release(self, args: Sequence[TapeOperand]) -> None:
        for value in args:
            if isinstance(value, Value):
                self._left[value.index] -= 1
                place = self._where.get(value.index, 0)
                if not self._left[value.index] and self._is_strip(value.index, place):
                    self._code.give(place)

    def _is_strip(self, index: int, place: int) -> bool:
        return place < 0 and index not in self._past


class LoopSteps(_Tape):
    """Emits a feedback component: what is the same for a whole strip first, then the steps of each bin.

    Of a value that is neither a row nor read later only the present bin is kept.
    """

    def emit(self) -> Flags:
        code = self._code
        self._fixed: set[int] = set()
        self._homes = self._find_homes()
        for index in self._live:
            self._where[index] = self._find_place(index, self._tape.steps[index])
        for key, operand in self._outputs.items():
            if not isinstance(operand, Value) and key in self._homes:
                code.emit("FILL", self._homes[key], k=operand)
        for index in self._live:
            self._prepare(self._where[index], self._tape.steps[index])
        loop = code.mark()
        for index in self._live:
            self._take(index, self._tape.steps[index])
        for key, operand in self._outputs.items():
            if isinstance(operand, Value) and self._home(key) != self._where[operand.index]:
                form = A_FIXED if operand.index in self._fixed else 0
                code.emit("COPY", self._home(key), self._where[operand.index], form=form)
        flags = [(note, self._note(note)) for note in self._tape.notes]
        count = len(code) - loop - 1
        code.put(loop, "LOOP", n=count, c=code.reserve(count * code.library.bound))
        return flags

    def _find_homes(self) -> dict[str, int]:
        """Where each series of the loop that has a row, or is one number and read later, is found."""
        late: dict[str, int] = {}
        for index in self._live:
            step = self._tape.steps[index]
            if step.op == "load" and step.extra[0] in self._outputs:
                key, lag, _ = step.extra
                late[key] = max(lag, late.get(key, 0))
        homes = {key: self._slots[key] for key in self._outputs if key in self._slots}
        for key, lag in late.items():
            operand = self._outputs[key]
            if key in homes:
                continue
            if isinstance(operand, Value) and self._op(operand) != "load":
                self._past[operand.index] = max(lag, self._past.get(operand.index, 0))
            else:
                homes[key] = self._code.history(lag)
        return homes

    def _home(self, key: str) -> int:
        """Where the past of a series of the loop is found."""
        operand = self._outputs[key]
        if key in self._homes or not isinstance(operand, Value):
            return self._homes.get(key, 0)
        return self._where[operand.index]

    def _find_place(self, index: int, step: Step) -> int:
        if step.op == "load" and step.extra[0] not in self._outputs and not step.extra[1]:
            return self._slots[step.extra[0]]
        if index in self._goals:
            return self._goals[index]
        if index in self._past:
            return self._code.history(self._past[index])
        if self._is_prepared(step):
            return ~self._code.reserve(self._code.strip + APART)
        self._fixed.add(index)
        return ~self._code.reserve(1)

    def _is_prepared(self, step: Step) -> bool:
        """Whether a step reads nothing of the loop."""
        if step.op == "load":
            return step.extra[0] not in self._outputs
        return step.op in ("open", "always", "constant")

    def _prepare(self, to: int, step: Step) -> None:
        code = self._code
        match step.op:
            case "load" if step.extra[0] not in self._outputs and step.extra[1]:
                key, lag, initial = step.extra
                code.emit("DELAY", to, self._slots[key], n=lag, k=initial)
            case "open":
                period, phase = step.extra
                code.emit("OPEN", to, n=min(period, code.bins), k=float(phase))
            case "always":
                code.emit("FILL", to, k=1.0)
            case "constant":
                code.emit("FILL", to, k=step.extra[0])

    def _take(self, index: int, step: Step) -> None:
        code, to = self._code, self._where[index]
        form = TO_FIXED if index in self._fixed else 0
        match step.op:
            case "load" if not self._is_prepared(step):
                key, lag, initial = step.extra
                code.emit("PAST", to, self._home(key), n=lag, k=initial, form=form)
            case _ if step.op == "load" or self._is_prepared(step):
                pass
            case "late":
                (x, *_), (lag, initial) = step.args, step.extra
                lag = min(lag, code.bins)
                code.emit("PAST", to, self._place(x), n=lag, k=initial, form=form)
            case "convolve":
                x, taps = self._place(step.args[0]), code.taps(step.extra)
                code.emit("CONVOLVE", to, x, c=taps, n=len(step.extra), form=form)
            case "smooth":
                x, form = self._place(step.args[0]), form | self._fixes(step.args[:1])
                code.emit("SMOOTH", to, x, n=code.reserve(2), k=step.extra[0], form=form)
            case "accumulate":
                x, form = self._place(step.args[0]), form | self._fixes(step.args[:1])
                code.emit("ACCUMULATE", to, x, n=code.reserve(1), form=form)
            case "choose":
                mask, *args = step.args
                form |= self._fixes(args) | (C_FIXED if self._is_fixed(mask) else 0)
                a, b = self._pair(args)
                code.emit("CHOOSE", to, a, b, self._place(mask), form=form)
            case _:
                form |= self._fixes(step.args)
                a, b = self._pair(step.args)
                code.emit(_NAMES[step.op], to, a, b, form=form)

    def _note(self, note: Note) -> int:
        mask = note.mask
        return self._code.note(self._where[mask.index], self._fixes([mask]))

    def _fixes(self, args: Sequence[TapeOperand]) -> int:
        flags = zip(args, (A_FIXED, B_FIXED), strict=False)
        return sum(flag for arg, flag in flags if self._is_fixed(arg))

    def _is_fixed(self, operand: TapeOperand) -> bool:
        return isinstance(operand, Value) and operand.index in self._fixed

    def _place(self, operand: TapeOperand) -> int:
        if not isinstance(operand, Value):
            raise TypeError(operand)
        return self._where[operand.index]
