"""Shared capacity: who gets how much of it, and what is refused (engine §12.8)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from ..expansion.expanded import ConstraintDef, MemberDef
from ..program.tape import Operand, Tape, Value

TOLERANCE = 1e-6
"""An allocation this close below what was wanted does not count as a limit."""


def record_demand(t: Tape, asked: Sequence[str]) -> Operand:
    """The sum of what the members ask for; what is not finite or not positive asks for nothing."""
    return t.total([_positive(t, t.load(key))[1] for key in asked])


def record_allocation(
    t: Tape, member: MemberDef, constraints: Mapping[str, ConstraintDef]
) -> Operand:
    """The least allocation over the constraints that the member lists; infinite where no cap acts."""
    least: Operand = math.inf
    for name in member.constraints:
        least = t.minimum(least, _share(t, member, constraints[name]))
    return least


def _share(t: Tape, member: MemberDef, constraint: ConstraintDef) -> Operand:
    given = t.load(constraint.capacity)
    capacity = t.maximum(0.0, given)
    total = t.load(constraint.demand)
    asks, own = _positive(t, t.load(asked_of(member, constraint)))
    fair = t.divide(t.multiply(capacity, own), total)
    is_scarce = t.greater(total, capacity)
    if constraint.demand_mode == "arrivals":
        capped = t.choose(is_scarce, t.choose(asks, fair, 0.0), math.inf)
    else:
        capped = t.choose(asks, t.choose(is_scarce, fair, own), 0.0)
    return t.choose(t.is_finite(given), capped, math.inf)


def record_shortfall(t: Tape, constraint: ConstraintDef) -> Operand:
    """How much more was asked for than there is; 0 where the capacity is not finite."""
    given = t.load(constraint.capacity)
    missing = t.subtract(t.load(constraint.demand), t.maximum(0.0, given))
    return t.choose(t.is_finite(given), t.maximum(0.0, missing), 0.0)


def record_limited(t: Tape, member: MemberDef) -> Operand:
    """1 where the allocation is below what the member wanted, else 0."""
    allocated = t.add(t.load(member.allocation), TOLERANCE)
    return t.choose(t.greater(t.load(member.wanted), allocated), 1.0, 0.0)


def asked_of(member: MemberDef, constraint: ConstraintDef) -> str:
    """The key by which the constraint shares: what the member wants, or what arrives at it."""
    return member.arrivals if constraint.demand_mode == "arrivals" else member.wanted


def _positive(t: Tape, amount: Operand) -> tuple[Value | bool, Operand]:
    asks = t.both(t.is_finite(amount), t.greater(amount, 0.0))
    return asks, t.choose(asks, amount, 0.0)
