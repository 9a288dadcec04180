"""The functions an expression may call: how many arguments, which of them literal, and which are extensions (engine §9.3)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal


@dataclass(frozen=True, slots=True)
class LiteralRule:
    """What a literal argument may be: an integer or any number, from ``low`` (or above it) to ``high``."""

    is_integer: bool = False
    low: float = 0
    is_low_open: bool = False
    high: float = 2**53 - 1

    def allows(self, value: float) -> bool:
        """Whether ``value`` is within the rule."""
        if self.is_integer and value != int(value):
            return False
        return (value > self.low if self.is_low_open else value >= self.low) and value <= self.high

    def __str__(self) -> str:
        kind = "a whole number" if self.is_integer else "a number"
        if not self.is_integer and self.is_low_open:
            return f"{kind} above {self.low} and at most {self.high}"
        return f"{kind} of at least {self.low}"


@dataclass(frozen=True, slots=True)
class Function:
    """``kernel`` is the position of the one argument that may be an array."""

    least: int
    most: int
    literals: Mapping[int, LiteralRule] = field(default_factory=dict)
    kernel: int | None = None
    strict: Literal["yes", "no", "two"] = "yes"

    def counts(self) -> str:
        """How many arguments it takes, in words."""
        if self.least == self.most:
            return f"{self.least} argument{'s' if self.least != 1 else ''}"
        return f"{self.least} to {self.most} arguments"


FUNCTIONS: Final[Mapping[str, Function]] = {
    "SHIFT": Function(2, 2, {1: LiteralRule(is_integer=True)}),
    "CONV": Function(2, 2, kernel=1),
    "MIN": Function(2, 16, strict="two"),
    "MAX": Function(2, 16, strict="two"),
    "CLAMP": Function(3, 3),
    "MOD": Function(2, 2),
    "FLOOR": Function(1, 1),
    "CEIL": Function(1, 1),
    "ROUND": Function(1, 1),
    "STEP": Function(2, 2),
    "PULSE": Function(
        1, 3, {0: LiteralRule(is_integer=True, low=1), 1: LiteralRule(is_integer=True)}
    ),
    "ABS": Function(1, 1, strict="no"),
    "IF": Function(3, 3, strict="no"),
    "EMA": Function(2, 2, {1: LiteralRule(is_low_open=True, high=1)}, strict="no"),
}
"""By upper-case name. ``strict`` says whether strict mode knows it, and with how many arguments."""
