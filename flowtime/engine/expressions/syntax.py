"""The syntax tree of an expression: checked, immutable, and the only form that is ever evaluated (engine §9)."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Number:
    """A literal, sign included where the grammar wants a literal argument."""

    value: float


@dataclass(frozen=True, slots=True)
class Ref:
    """A series by bare id, or the part of it that belongs to ``class_id``."""

    id: str
    class_id: str | None = None
    position: int = 0


@dataclass(frozen=True, slots=True)
class Unary:
    """``+x`` or ``-x``; minus is ``0 - x``."""

    op: str
    operand: "Expression"


@dataclass(frozen=True, slots=True)
class Binary:
    """``left op right`` with op one of ``+ - * /``; a division by exactly zero is 0."""

    op: str
    left: "Expression"
    right: "Expression"


@dataclass(frozen=True, slots=True)
class Call:
    """A function by its upper-case name. Literal arguments are ``Number``; CONV's kernel is always an ``Array``."""

    name: str
    arguments: tuple["Expression", ...]
    position: int = 0


@dataclass(frozen=True, slots=True)
class Array:
    """The kernel of CONV."""

    values: tuple[float, ...]


Expression = Number | Ref | Unary | Binary | Call | Array
