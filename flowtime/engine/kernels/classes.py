"""Class parts through expressions: which classes a result has, and how its parts follow (engine §13.2)."""

from __future__ import annotations

from collections.abc import Mapping

from ..program.tape import Operand, Tape, Value

NEAR = 1e-9
"""Sums this close to their total are left as they are, and sides this close to a result decide its mix."""

Parts = Mapping[str, Operand]


def normalise(t: Tape, parts: Parts, total: Operand) -> dict[str, Operand]:
    """Scale the parts to ``total`` where their finite sum is positive and differs from it."""
    found = add_up(t, parts)
    differs = t.greater(t.absolute(t.subtract(found, total)), NEAR)
    factor = t.choose(t.both(t.greater(found, 0.0), differs), t.divide(total, found), 1.0)
    return {name: t.multiply(part, factor) for name, part in parts.items()}


def add_up(t: Tape, parts: Parts) -> Operand:
    """The sum of the finite parts, in ascending order of their classes."""
    return t.total([t.fin(parts[name]) for name in sorted(parts)])


def scale(t: Tape, parts: Parts, total: Operand) -> dict[str, Operand]:
    """Parts in the same mix that sum to ``total``; nothing where it is at most 0 or they sum to 0."""
    is_nothing = t.greater_equal(0.0, total)
    factor = t.divide(total, add_up(t, parts))
    return {
        name: t.choose(is_nothing, 0.0, t.multiply(part, factor)) for name, part in parts.items()
    }


def combine(
    t: Tape, op: str, left: tuple[Operand, Parts], right: tuple[Operand, Parts], total: Operand
) -> dict[str, Operand]:
    """Parts of ``left op right`` for the four operators."""
    (a, a_parts), (b, b_parts) = left, right
    if op == "*":
        classed, other = (a_parts, b) if a_parts else (b_parts, a)
        return {name: t.multiply(part, other) for name, part in classed.items()}
    if op == "/":
        is_small = t.greater(NEAR, t.absolute(a))
        factor = t.divide(total, a)
        return {
            name: t.choose(is_small, 0.0, t.multiply(part, factor))
            for name, part in a_parts.items()
        }
    join = t.add if op == "+" else t.subtract
    names = sorted({*a_parts, *b_parts})
    sums = {name: join(a_parts.get(name, 0.0), b_parts.get(name, 0.0)) for name in names}
    return normalise(t, sums, total)


def extreme(
    t: Tape, left: tuple[Operand, Parts], right: tuple[Operand, Parts], total: Operand
) -> dict[str, Operand]:
    """Parts of MIN and MAX: the mix of the side that decides the result, the left one first."""
    (a, a_parts), (b, b_parts) = left, right
    if not a_parts or not b_parts:
        return scale(t, a_parts or b_parts, total)
    is_left = _is_near(t, a, total)
    is_right = _is_near(t, b, total)
    from_left, from_right = scale(t, a_parts, total), scale(t, b_parts, total)
    chosen = {}
    for name in sorted({*a_parts, *b_parts}):
        first, second = from_left.get(name, 0.0), from_right.get(name, 0.0)
        chosen[name] = t.choose(is_left, first, t.choose(is_right, second, first))
    return chosen


def branch(t: Tape, condition: Operand, a_parts: Parts, b_parts: Parts) -> dict[str, Operand]:
    """Parts of IF: those of the branch that is chosen in the bin."""
    is_first = t.greater(condition, 0.0)
    return {
        name: t.choose(is_first, a_parts.get(name, 0.0), b_parts.get(name, 0.0))
        for name in sorted({*a_parts, *b_parts})
    }


def share_by_rates(t: Tape, total: Operand, rates: Mapping[str, float]) -> dict[str, Operand]:
    """A source split by its traffic rates, equally where all of them are 0 (engine §13.1)."""
    whole = sum(rates.values())
    shares = {name: rate / whole if whole > 0 else 1.0 / len(rates) for name, rate in rates.items()}
    return {name: t.multiply(total, shares[name]) for name in sorted(shares)}


def _is_near(t: Tape, side: Operand, total: Operand) -> Value | bool:
    return t.greater_equal(NEAR, t.absolute(t.subtract(side, total)))
