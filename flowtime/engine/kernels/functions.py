"""The functions of expressions, each as its formula in engine §9.3 says."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ..program.tape import Operand, Tape


def minimum(t: Tape, *arguments: Operand) -> Operand:
    """Least of all, folded from the left; NaN if any is NaN."""
    result, *rest = arguments
    for other in rest:
        result = t.minimum(result, other)
    return result


def maximum(t: Tape, *arguments: Operand) -> Operand:
    """Greatest of all, folded from the left; NaN if any is NaN."""
    result, *rest = arguments
    for other in rest:
        result = t.maximum(result, other)
    return result


def clamp(t: Tape, x: Operand, low: Operand, high: Operand) -> Operand:
    """``MAX(lo, MIN(hi, x))``, so that ``lo`` wins where the bounds are crossed."""
    return t.maximum(low, t.minimum(high, x))


def modulo(t: Tape, a: Operand, b: Operand) -> Operand:
    """``a - b * floor(a / b)``; 0 where ``b`` is 0."""
    remainder = t.subtract(a, t.multiply(b, t.floor(t.divide(a, b))))
    return t.choose(t.equal(b, 0.0), 0.0, remainder)


def rounded(t: Tape, x: Operand) -> Operand:
    """Nearest integer, halves away from zero, without the error of adding a half first."""
    size = t.absolute(x)
    below = t.floor(size)
    nearest = t.choose(t.greater_equal(t.subtract(size, below), 0.5), t.add(below, 1.0), below)
    return t.choose(t.greater(0.0, x), t.subtract(0.0, nearest), nearest)


def step(t: Tape, x: Operand, height: Operand) -> Operand:
    """1 from ``height`` on, 0 below it and for NaN."""
    return t.choose(t.greater_equal(x, height), 1.0, 0.0)


def branch(t: Tape, condition: Operand, a: Operand, b: Operand) -> Operand:
    """``a`` where the condition is above 0, else ``b``."""
    return t.choose(t.greater(condition, 0.0), a, b)


ELEMENTWISE: Mapping[str, Callable[..., Operand]] = {
    "MIN": minimum,
    "MAX": maximum,
    "CLAMP": clamp,
    "MOD": modulo,
    "FLOOR": Tape.floor,
    "CEIL": Tape.ceil,
    "ROUND": rounded,
    "STEP": step,
    "ABS": Tape.absolute,
    "IF": branch,
}
"""Functions of this bin's values alone. PULSE knows the bin, SHIFT, CONV and EMA the past: see ``expressions``."""
