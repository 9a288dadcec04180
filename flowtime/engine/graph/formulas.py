"""Expressions on the tape: values and class parts of a checked syntax tree (engine §9, §13.2)."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from ..expansion.series_ids import part_key
from ..expressions.syntax import Array, Binary, Call, Expression, Number, Ref, Unary
from ..kernels import classes
from ..kernels.classes import Parts
from ..kernels.functions import ELEMENTWISE
from ..program.tape import Operand, Tape


@dataclass(frozen=True, slots=True)
class Formula:
    """The expression of series ``key``, a part of the definition of ``owner`` or all of it.

    ``initial`` is what the owner's own past reads before bin 0 (engine §11.4).
    """

    key: str
    owner: str
    tree: Expression
    initial: float = 0.0

    def stated_reads(self) -> tuple[tuple[str, int], ...]:
        """What the text reads, with its lags; a literal beside it may make some of that needless (engine §11.2)."""
        return tuple(
            (ref.id if ref.class_id is None else part_key(ref.id, ref.class_id), lag)
            for ref, lag in _references(self.tree)
        )

    def record(self, t: Tape) -> Operand:
        return _Reader(t, self, {}, is_noting=True).value(self.tree)

    def record_parts(self, t: Tape, known: Mapping[str, Collection[str]], total: Operand) -> Parts:
        """The class parts of a result whose value is ``total``; ``known`` names the classes of each series.

        Kernels and smoothing mix bins that have parts with bins that have none: what comes out is scaled once more.
        """
        parts = _Reader(t, self, known, is_noting=False).parts(self.tree, total)
        return parts if _is_normal(self.tree) else classes.normalise(t, parts, total)


def hoist(formula: Formula) -> tuple[Formula, list[Formula]]:
    """Take composite arguments of SHIFT and of kernels with a leading zero out, as temporaries of their own (§11.2).

    Returns the formula that reads them, and theirs; a loop can then close through the lag.
    """
    taken: list[Formula] = []

    def visit(tree: Expression) -> Expression:
        match tree:
            case Unary(op, operand):
                return Unary(op, visit(operand))
            case Binary(op, left, right):
                return Binary(op, visit(left), visit(right))
            case Call(_, arguments):
                arguments = tuple(visit(argument) for argument in arguments)
                if delay(tree) and not isinstance(arguments[0], Ref):
                    key = f"__past_{len(taken)}_{formula.owner}"
                    taken.append(replace(formula, key=key, tree=arguments[0]))
                    arguments = (Ref(key), *arguments[1:])
                return replace(tree, arguments=arguments)
        return tree

    return replace(formula, tree=visit(formula.tree)), taken


def delay(call: Call) -> int:
    """How many bins a call looks back at the least: the lag of SHIFT, the first non-zero tap of CONV."""
    match call:
        case Call("SHIFT", (_, Number(lag))):
            return int(lag)
        case Call("CONV", (_, Array(taps))):
            return next((j for j, tap in enumerate(taps) if tap), 0)
    return 0


def _references(tree: Expression, lag: int = 0) -> Iterator[tuple[Ref, int]]:
    """Every reference that the result depends on, with its lag: both branches of IF, whatever its condition."""
    match tree:
        case Ref():
            yield tree, lag
        case Unary(_, operand):
            yield from _references(operand, lag)
        case Binary(_, left, right):
            yield from _references(left, lag)
            yield from _references(right, lag)
        case Call("CONV", (_, Array(taps))) if not any(taps):
            return
        case Call(_, arguments):
            for argument in arguments:
                yield from _references(argument, lag + delay(tree))


def class_sources(tree: Expression, lag: int = 0) -> Iterator[tuple[Ref, int]]:
    """The references whose class parts reach the result, each with its lag (engine §13.2)."""
    match tree:
        case Ref():
            yield tree, lag
        case Unary(_, operand):
            yield from class_sources(operand, lag)
        case Binary(op, left, right):
            yield from class_sources(left, lag)
            if op != "/":
                yield from class_sources(right, lag)
        case Call(name, arguments):
            yield from _call_sources(tree, name, arguments, lag)


def _call_sources(
    call: Call, name: str, arguments: tuple[Expression, ...], lag: int
) -> Iterator[tuple[Ref, int]]:
    taken: Sequence[Expression] = arguments
    if name == "STEP":
        taken = ()
    elif name == "IF":
        taken = arguments[1:]
    elif name == "PULSE":
        taken = arguments[2:]
    elif name == "MOD":
        taken = arguments[:1]
    for argument in taken:
        yield from class_sources(argument, lag + delay(call))


def class_deciders(tree: Expression) -> Iterator[Ref]:
    """The references that decide which classes occur though their parts do not reach the result: divisors of MOD."""
    match tree:
        case Unary(_, operand):
            yield from class_deciders(operand)
        case Binary(_, left, right):
            yield from class_deciders(left)
            yield from class_deciders(right)
        case Call(name, arguments):
            if name == "MOD":
                yield from (ref for ref, _ in class_sources(arguments[1]))
            for argument in arguments:
                yield from class_deciders(argument)


def occurring(tree: Expression, known: Mapping[str, Collection[str]]) -> set[str]:
    """The classes that can occur in the result, given those of every series."""
    match tree:
        case Ref(name, class_id):
            found = set(known.get(name, ()))
            return found if class_id is None else found & {class_id}
        case Unary(_, operand):
            return occurring(operand, known)
        case Binary("/", left, _):
            return occurring(left, known)
        case Binary("*", left, right):
            return occurring(left, known) or occurring(right, known)
        case Binary(_, left, right):
            return occurring(left, known) | occurring(right, known)
        case Call("STEP", _):
            return set()
        case Call("MOD", (left, right)):
            return set() if occurring(right, known) else occurring(left, known)
        case Call("IF", (_, first, second)):
            return occurring(first, known) | occurring(second, known)
        case Call("CONV", (_, Array(taps))) if not any(taps):
            return set()
        case Call("PULSE", (_, _, amplitude)):
            return occurring(amplitude, known)
        case Call(_, arguments):
            return set().union(*(occurring(argument, known) for argument in arguments))
    return set()


@dataclass(slots=True)
class _Reader:
    """One walk over a tree: values, and where asked the parts that go with them."""

    t: Tape
    formula: Formula
    known: Mapping[str, Collection[str]]
    is_noting: bool

    def value(self, tree: Expression) -> Operand:
        t = self.t
        match tree:
            case Number(value):
                return value
            case Ref(name, class_id):
                return t.load(name if class_id is None else part_key(name, class_id))
            case Unary(op, operand):
                inner = self.value(operand)
                return inner if op == "+" else t.subtract(0.0, inner)
            case Binary(op, left, right):
                return self._operate(op, self.value(left), self.value(right))
            case Call():
                return self._call(tree)
        raise TypeError(f"Not an expression: {type(tree).__name__}.")

    def _operate(self, op: str, a: Operand, b: Operand) -> Operand:
        t = self.t
        operations = {"+": t.add, "-": t.subtract, "*": t.multiply, "/": t.divide}
        return operations[op](a, b)

    def _call(self, call: Call) -> Operand:
        t = self.t
        match call:
            case Call("SHIFT" | "CONV"):
                return self._past(call, call.arguments[0], None)
            case Call("EMA", (inner, Number(weight))):
                return t.smooth(self.value(inner), weight)
            case Call("PULSE", arguments):
                amplitude = self.value(arguments[2]) if len(arguments) > 2 else 1.0
                return self._pulse(arguments, amplitude)
            case Call(name, arguments):
                values = [self.value(argument) for argument in arguments]
                if name == "CLAMP" and self.is_noting:
                    crossed = t.greater(values[1], values[2])
                    t.note("clamp_bounds_crossed", self.formula.owner, crossed)
                return ELEMENTWISE[name](t, *values)

    def _pulse(self, arguments: Sequence[Expression], amplitude: Operand) -> Operand:
        period, phase = (_literal(arguments, k, default) for k, default in ((0, 1), (1, 0)))
        return self.t.choose(self.t.is_open(period, phase), amplitude, 0.0)

    def _past(self, call: Call, inner: Expression, part: str | None) -> Operand:
        """SHIFT or CONV of ``inner``, or of its part for the class ``part``."""
        t, lag = self.t, delay(call)
        taps = call.arguments[1].values if isinstance(call.arguments[1], Array) else None
        if taps is not None and not any(taps):
            return 0.0
        if lag and isinstance(inner, Ref):
            is_own = inner.id == self.formula.owner and inner.class_id is None and part is None
            initial = self.formula.initial if is_own and taps is None else 0.0
            class_id = inner.class_id or part
            key = inner.id if class_id is None else part_key(inner.id, class_id)
            past = t.load(key, lag, initial)
        elif part is None:
            past = self.value(inner)
        else:
            past = self._argument_parts(inner).get(part, 0.0)
        return past if taps is None else t.convolve(past, taps[lag:])

    def parts(self, tree: Expression, total: Operand | None) -> Parts:
        """The class parts of ``tree``; ``total`` is its value where the caller has it."""
        t = self.t
        match tree:
            case Ref(name, class_id):
                found = self.known.get(name, ())
                names = [c for c in sorted(found) if class_id in (None, c)]
                return {c: t.load(part_key(name, c)) for c in names}
            case Unary(op, operand):
                parts = self.parts(operand, None)
                if op == "+":
                    return parts
                flipped = {c: t.subtract(0.0, part) for c, part in parts.items()}
                return classes.normalise(t, flipped, self._total(tree, total))
            case Binary(op, left, right):
                sides = [(self.value(side), self.parts(side, None)) for side in (left, right)]
                return classes.combine(t, op, sides[0], sides[1], self._total(tree, total))
            case Call():
                return self._call_parts(tree, total) if occurring(tree, self.known) else {}
        return {}

    def _total(self, tree: Expression, total: Operand | None) -> Operand:
        return self.value(tree) if total is None else total

    def _call_parts(self, call: Call, total: Operand | None) -> Parts:
        t = self.t
        match call:
            case Call("SHIFT" | "CONV", (inner, _)):
                return {c: self._past(call, inner, c) for c in sorted(occurring(inner, self.known))}
            case Call("EMA", (inner, Number(weight))):
                return {c: t.smooth(p, weight) for c, p in self._argument_parts(inner).items()}
            case Call("PULSE", arguments):
                amplitude = self.parts(arguments[2], None)
                return {c: self._pulse(arguments, part) for c, part in amplitude.items()}
            case Call("IF", (condition, first, second)):
                parts = self.parts(first, None), self.parts(second, None)
                return classes.branch(t, self.value(condition), *parts)
            case Call("MOD", (left, right)):
                divisor = self.value(right)
                rests = {
                    c: ELEMENTWISE["MOD"](t, part, divisor)
                    for c, part in self.parts(left, None).items()
                }
                return classes.normalise(t, rests, self._total(call, total))
            case Call("CLAMP", (x, low, high)):
                inner = Call("MIN", (high, x))
                return self._call_parts(Call("MAX", (low, inner)), total)
            case Call("MIN" | "MAX" as name, arguments):
                return self._extreme_parts(name, arguments)
            case Call(name, (inner,)):
                rounded = {c: ELEMENTWISE[name](t, p) for c, p in self.parts(inner, None).items()}
                return classes.normalise(t, rounded, self._total(call, total))
        return {}

    def _argument_parts(self, inner: Expression) -> Parts:
        """The parts of an argument of SHIFT, CONV or EMA: a composite one is a series of its own (engine §11.2)."""
        parts = self.parts(inner, None)
        return parts if _is_normal(inner) else classes.normalise(self.t, parts, self.value(inner))

    def _extreme_parts(self, name: str, arguments: Sequence[Expression]) -> Parts:
        value, parts = self.value(arguments[0]), self.parts(arguments[0], None)
        for argument in arguments[1:]:
            other = self.value(argument), self.parts(argument, None)
            result = ELEMENTWISE[name](self.t, value, other[0])
            parts = classes.extreme(self.t, (value, parts), other, result)
            value = result
        return parts


def _literal(arguments: Sequence[Expression], position: int, default: int) -> int:
    if position < len(arguments) and isinstance(number := arguments[position], Number):
        return int(number.value)
    return default


def _is_normal(tree: Expression) -> bool:
    """Whether the parts of an expression sum to its value as they are."""
    match tree:
        case Ref() | Unary() | Binary("+" | "-") | Call("FLOOR" | "CEIL" | "ROUND" | "ABS" | "MOD"):
            return True
        case Call("SHIFT", (Ref(), _)):
            return True
    return False
