"""Steps of a tape as one loop over the bins: a generated function with local variables only (engine §24.3)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from .emit import Surroundings
from .tape import Operand, Split, Step, Tape, Value

_FORMS: Mapping[str, str] = {
    "add": "{0} + {1}",
    "subtract": "{0} - {1}",
    "multiply": "{0} * {1}",
    "divide": "{0} / {1} if {1} else 0.0",
    "minimum": "{0} if {0} <= {1} or {0} != {0} else {1}",
    "maximum": "{0} if {0} >= {1} or {0} != {0} else {1}",
    "absolute": "abs({0})",
    "floor": "{0} // 1.0 if {0} - {0} == 0.0 else {0}",
    "ceil": "-(-{0} // 1.0) if {0} - {0} == 0.0 else {0}",
    "finite_or_zero": "{0} if {0} - {0} == 0.0 else 0.0",
    "greater": "{0} > {1}",
    "greater_equal": "{0} >= {1}",
    "equal": "{0} == {1}",
    "is_finite": "{0} - {0} == 0.0",
    "both": "{0} and {1}",
    "choose": "{1} if {0} else {2}",
}
"""The same operations as those of ``vectors``, on plain floats; every operand is a name or a literal."""

REGISTERS = 24
"""Taps up to which a kernel keeps its past in local variables; longer ones multiply a slice of an array."""

CELLS = 400_000
"""Cells that one stretch of a loop may hold as Python lists, about 13 MB."""


def delayed(row: np.ndarray, start: int, stop: int, lag: int, initial: float) -> list[float]:
    """Bins ``start`` to ``stop`` of a series that is ``lag`` bins late, as floats."""
    first = min(max(lag - start, 0), stop - start)
    past: list[float] = row[max(start - lag, 0) : max(stop - lag, 0)].tolist()
    return [initial] * first + past


RUNTIME: Mapping[str, object] = {"delayed": delayed, "dot": np.dot, "zeros": np.zeros}
"""What generated loops may call, beside the built-ins they are given."""


class LoopCode:
    """Generates the loop of one feedback component.

    The code is a generator: it yields before each stretch of at most ``chunk`` bins, so that the caller can stop it.
    ``own`` maps the series that the component computes to their operands; ``written`` are those that have a row.
    """

    def __init__(
        self,
        tape: Tape,
        own: Mapping[str, Operand],
        written: Iterable[str],
        around: Surroundings,
        chunk: int,
    ) -> None:
        self._tape = tape
        self._own = own
        self._written = tuple(written)
        self._around = around
        self._chunk = chunk
        self._before: list[str] = []
        self._stretch: list[str] = []
        self._feeds: dict[str, str] = {"t": "range(lo, hi)"}
        self._body: list[str] = []
        self._appends: list[str] = []
        self._updates: dict[str, str] = {}
        self._stretch_end: list[str] = []
        self._after: list[str] = []

    def lines(self) -> list[str]:
        roots = [operand for operand in self._own.values() if isinstance(operand, Value)]
        for index in self._tape.live(roots):
            self._emit(f"v{index}", self._tape.steps[index])
        self._record_notes()
        self._write_outputs()
        # One assignment for all that a bin hands to the next: a name may be read and replaced in it.
        updates = [f"{', '.join(self._updates)} = {', '.join(self._updates.values())}"]
        body = [*self._body, *self._appends, *(updates if self._updates else ())]
        targets, sources = ", ".join(self._feeds), ", ".join(self._feeds.values())
        return [
            *self._before,
            f"for lo in range(0, {self._around.bins}, {self._chunk}):",
            "    yield",
            f"    hi = min(lo + {self._chunk}, {self._around.bins})",
            *(f"    {line}" for line in self._stretch),
            f"    for {targets}, in zip({sources}):",
            *(f"        {line}" for line in body or ["pass"]),
            *(f"    {line}" for line in self._stretch_end),
            *self._after,
        ]

    def _emit(self, name: str, step: Step) -> None:
        match step.op:
            case "load":
                self._load(name, step)
            case "open":
                self._feeds[name] = f"{self._around.mask(*step.extra)}[lo:hi].tolist()"
            case "late":
                self._delay(name, _text(step.args[0]), *step.extra)
            case "constant":
                self._before.append(f"{name} = {step.extra[0]!r}")
            case "always":
                self._before.append(f"{name} = True")
            case "convolve" if len(step.extra) <= REGISTERS:
                self._shift(name, step)
            case "convolve":
                self._slide(name, step)
            case "smooth":
                self._smooth(name, step)
            case "accumulate":
                self._before.append(f"{name} = 0.0")
                self._body.append(f"{name} = {name} + {_text(step.args[0])}")
            case _:
                self._body.append(f"{name} = {_form(step)}")

    def _load(self, name: str, step: Step) -> None:
        key, lag, initial = step.extra
        start = repr(initial)
        if isinstance(initial, Split):
            parts = ", ".join(self._around.row(part) for part in initial.keys)
            start = f"split_seed({initial.seed!r}, ({parts},))[{initial.position}]"
        if key not in self._own:
            row = self._around.row(key)
            if lag:
                self._before.append(f"i{name} = {start}")
            late = f"delayed({row}, lo, hi, {lag}, i{name})"
            self._feeds[name] = late if lag else f"{row}[lo:hi].tolist()"
            return
        self._delay(name, _text(self._own[key]), lag, start)

    def _delay(self, name: str, value: str, lag: int, start: object) -> None:
        """``name`` is ``value`` of ``lag`` bins ago."""
        self._before.append(f"{name} = {start}")
        if lag == 1:
            self._updates[name] = value
            return
        self._before.append(f"h{name} = [{name}] * {lag}")
        # A list iterator sees what is appended behind it: the bin ``lag`` ago is always there in time.
        self._feeds[name] = f"h{name}"
        self._appends.append(f"h{name}.append({value})")
        self._stretch_end.append(f"del h{name}[:-{lag}]")

    def _shift(self, name: str, step: Step) -> None:
        """A short kernel: its past in one local variable a tap."""
        x = _text(step.args[0])
        past = [x, *(f"{name}_{j}" for j in range(1, len(step.extra)))]
        terms = [f"{p} * {tap!r}" for p, tap in zip(past, step.extra, strict=True) if tap]
        self._body.append(f"{name} = {' + '.join(terms)}")
        for older, newer in zip(past[1:], past, strict=False):
            self._before.append(f"{older} = 0.0")
            self._updates[older] = newer

    def _slide(self, name: str, step: Step) -> None:
        """A long kernel: one product of arrays a bin."""
        taps = self._around.kernel(step.extra)
        size = min(len(step.extra), self._around.bins)
        self._before.append(f"k{name} = {taps}[::-1]")
        self._before.append(f"b{name} = zeros({size - 1 + self._chunk})")
        self._body.append(f"b{name}[t - lo + {size - 1}] = {_text(step.args[0])}")
        self._body.append(f"{name} = float(dot(b{name}[t - lo : t - lo + {size}], k{name}))")
        kept = f"b{name}[hi - lo : hi - lo + {size - 1}].copy()"
        self._stretch_end.append(f"b{name}[:{size - 1}] = {kept}")

    def _smooth(self, name: str, step: Step) -> None:
        x, weight = _text(step.args[0]), step.extra[0]
        level = f"{weight!r} * {x} + {1.0 - weight!r} * {name} if e{name} else {x}"
        self._before += [f"{name} = 0.0", f"e{name} = False"]
        self._body += [f"if {x} - {x} == 0.0:", f"    {name} = {level}", f"    e{name} = True"]

    def _record_notes(self) -> None:
        for note in self._tape.notes:
            number = self._around.note(note)
            self._before.append(f"n{number} = []")
            self._body.append(f"if {_text(note.mask)}: n{number}.append(t)")
            self._after.append(f"notes.append(({number}, n{number}))")

    def _write_outputs(self) -> None:
        for position, key in enumerate(self._written):
            operand = self._own[key]
            row = f"{self._around.row(key)}[lo:hi]"
            if isinstance(operand, Value):
                self._stretch += [f"o{position} = []", f"a{position} = o{position}.append"]
                self._appends.append(f"a{position}({_text(operand)})")
                self._stretch_end.append(f"{row} = o{position}")
            else:
                self._stretch_end.append(f"{row} = {_text(operand)}")


def chunk_size(series: int) -> int:
    """Bins of one stretch: few enough for the lists to stay small, and for a caller who wants to stop (§23.2)."""
    return max(64, min(4096, CELLS // max(series, 1)))


def _text(operand: Operand) -> str:
    return f"v{operand.index}" if isinstance(operand, Value) else repr(operand)


def _form(step: Step) -> str:
    """The expression of an element-wise step, without the tests that its operands make needless."""
    args = [_text(arg) for arg in step.args]
    first, last = step.args[0], step.args[-1]
    if step.op == "divide" and not isinstance(last, Value) and last:
        return f"{args[0]} / {args[1]}"
    is_number = first.is_finite if isinstance(first, Value) else first == first
    if step.op in ("minimum", "maximum") and is_number:
        return f"{args[0]} if {args[0]} {'<' if step.op == 'minimum' else '>'}= {args[1]} else {args[1]}"
    return _FORMS[step.op].format(*args)
