"""From expression text to a syntax tree: our own tokens, our own descent, every fault with its position (engine §9)."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from ..limits import Limits
from ..model.identifiers import ID
from ..problems import quoted
from .functions import FUNCTIONS, Function
from .syntax import Array, Binary, Call, Expression, Number, Ref, Unary

# Every text matches: blanks, then one token, the end, or one character that is none.
_TOKEN: Final = re.compile(
    r"[ \t\r\n\f\v]*(?:"
    r"(?P<number>(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)"
    r"|(?P<function>[A-Za-z_][A-Za-z0-9_]*)(?=[ \t\r\n\f\v]*\()"
    r"|(?P<name>[A-Za-z_][A-Za-z0-9_]*)"
    r"|(?P<quoted>`[^`\r\n]*`)"
    r"|(?P<sign>[-+*/(),@\[\]])"
    r"|(?P<end>\Z)"
    r"|(?P<other>.))",
    re.DOTALL,
).match
_WINDOW = 80
_DEEPEST = 100


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with an expression, at a character of its text."""

    code: str
    position: int
    message: str
    word: str | None = None
    known: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Parsed:
    """``tree`` is None where there are faults."""

    tree: Expression | None
    faults: tuple[Fault, ...] = ()


def parse_expression(text: str, *, limits: Limits | None = None, strict: bool = False) -> Parsed:
    """The syntax tree of ``text``, or everything that is wrong with it; never raises."""
    bounds = limits or Limits()
    if len(text) > bounds.max_expression_chars:
        message = f"max_expression_chars is {bounds.max_expression_chars}, found {len(text)}"
        return Parsed(None, (Fault("limit_exceeded", bounds.max_expression_chars, message),))
    parser = _Parser(text, bounds, strict)
    try:
        tree = parser.parse()
    except _Halt as halt:
        return Parsed(None, (*parser.faults, halt.fault))
    return Parsed(None if parser.faults else tree, tuple(parser.faults))


def references(tree: Expression) -> Iterator[Ref]:
    """Every reference in the tree, from left to right."""
    stack: list[Expression] = [tree]
    while stack:
        node = stack.pop()
        if isinstance(node, Ref):
            yield node
        elif isinstance(node, Unary):
            stack.append(node.operand)
        elif isinstance(node, Binary):
            stack += (node.right, node.left)
        elif isinstance(node, Call):
            stack += reversed(node.arguments)


def excerpt(text: str, position: int) -> str:
    """The text around ``position`` on one line, with a caret under it."""
    start = max(0, min(position - _WINDOW // 2, len(text) - _WINDOW))
    window = "".join(c if c.isprintable() else " " for c in text[start : start + _WINDOW])
    return f"{window}\n{' ' * (position - start)}^"


class _Halt(Exception):
    """The text makes no sense from here on."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.code)
        self.fault = fault


class _Parser:
    """Recursive descent over one token at a time, so that a hopeless text costs no more than its first fault.

    ``depth`` is checked before every descent, and the height of every tree as it is built.
    """

    def __init__(self, text: str, limits: Limits, strict: bool) -> None:
        self.source = text
        self.limits = limits
        # Generated code and every walk over the tree rely on this bound, whatever the limits say.
        self.deepest = min(limits.max_expression_depth, _DEEPEST)
        self.strict = strict
        self.faults: list[Fault] = []
        self.depth = 0
        self.count = 0
        self.end = 0
        self.kind = ""
        self.text = ""
        self.position = 0

    def parse(self) -> Expression:
        self._advance()
        if self.kind == "end":
            raise self._halt("the expression is empty", 0)
        tree, _ = self._sum()
        if self.kind != "end":
            raise self._unexpected("an operator or the end of the expression")
        return tree

    def _advance(self) -> None:
        """Make the next token the current one; the kind of a sign is the sign itself."""
        match = _TOKEN(self.source, self.end)
        assert match is not None and match.lastgroup is not None
        kind = match.lastgroup
        self.text = match[kind]
        self.position = match.start(kind)
        self.end = match.end()
        self.kind = self.text if kind == "sign" else kind
        self.count += 1
        if kind == "other":
            raise self._halt(f"{quoted(self.text)} is not allowed in an expression", self.position)
        if self.count > self.limits.max_expression_tokens and kind != "end":
            message = f"max_expression_tokens is {self.limits.max_expression_tokens}, found more"
            raise _Halt(Fault("limit_exceeded", self.position, message))

    def _halt(self, message: str, position: int) -> _Halt:
        return _Halt(Fault("expression_syntax", position, message))

    def _unexpected(self, expected: str) -> _Halt:
        found = "the end" if self.kind == "end" else quoted(self.text)
        return self._halt(f"expected {expected}, found {found}", self.position)

    def _take(self, sign: str, expected: str) -> None:
        if self.kind != sign:
            raise self._unexpected(expected)
        self._advance()

    def _checked(self, height: int) -> int:
        if height > self.deepest:
            message = f"max_expression_depth is {self.deepest}, found deeper nesting"
            raise _Halt(Fault("limit_exceeded", self.position, message))
        return height

    def _sum(self) -> tuple[Expression, int]:
        self.depth = self._checked(self.depth + 1)
        left, height = self._product()
        while self.kind == "+" or self.kind == "-":
            op = self.kind
            self._advance()
            right, other = self._product()
            left, height = Binary(op, left, right), self._checked(max(height, other) + 1)
        self.depth -= 1
        return left, height

    def _product(self) -> tuple[Expression, int]:
        left, height = self._factor()
        while self.kind == "*" or self.kind == "/":
            op = self.kind
            self._advance()
            right, other = self._factor()
            left, height = Binary(op, left, right), self._checked(max(height, other) + 1)
        return left, height

    def _factor(self) -> tuple[Expression, int]:
        signs: list[str] = []
        while self.kind == "+" or self.kind == "-":
            signs.append(self.kind)
            self._checked(len(signs))
            self._advance()
        tree, height = self._primary()
        for op in reversed(signs):
            tree, height = Unary(op, tree), self._checked(height + 1)
        return tree, height

    def _primary(self) -> tuple[Expression, int]:
        kind = self.kind
        if kind == "number":
            return Number(self._number()), 1
        if kind == "name" or kind == "quoted":
            return self._reference(), 1
        if kind == "function":
            return self._call()
        if kind == "(":
            self._advance()
            tree, height = self._sum()
            self._take(")", "')'")
            return tree, height
        if kind == "[":
            message = "only CONV takes an array, as its second argument"
            self._fault("array_not_allowed", self.position, message)
            self._array()
            return Number(0.0), 1
        raise self._unexpected("a number, a series, a function or '('")

    def _number(self) -> float:
        value = float(self.text)
        if math.isinf(value):
            raise self._halt("the number is too large", self.position)
        self._advance()
        return value

    def _reference(self) -> Ref:
        position, name = self.position, self.text
        if self.kind == "quoted":
            name = name[1:-1]
            if not ID.match(name):
                raise self._halt(f"{quoted(name)} is not an id", position)
            self._extension(position, "an id in backquotes")
        self._advance()
        class_id = None
        if self.kind == "@":
            self._extension(self.position, "a reference to the part of a class")
            self._advance()
            if self.kind != "name":
                raise self._unexpected("a class id")
            class_id = self.text
            self._advance()
        return Ref(name, class_id, position)

    def _call(self) -> tuple[Expression, int]:
        position, word = self.position, self.text
        name = word.upper()
        function = FUNCTIONS.get(name)
        self._advance()
        self._advance()
        arguments: list[Expression] = []
        height = 0
        if self.kind != ")":
            while True:
                tree, inner = self._argument(name, function, len(arguments))
                arguments.append(tree)
                height = max(height, inner)
                if self.kind != ",":
                    break
                self._advance()
        self._take(")", "',' or ')'")
        if function is None:
            message = f"unknown function {quoted(word)}"
            known = tuple(FUNCTIONS)
            self.faults.append(Fault("unknown_function", position, message, name, known))
        else:
            self._check_count(name, function, position, len(arguments))
        return Call(name, tuple(arguments), position), self._checked(height + 1)

    def _argument(self, name: str, function: Function | None, place: int) -> tuple[Expression, int]:
        rule = function.literals.get(place) if function is not None else None
        is_kernel = function is not None and function.kernel == place
        if self.kind == "[" and (function is None or is_kernel):
            return Array(self._array()), 1
        if rule is None and not is_kernel:
            return self._sum()
        is_array = self.kind == "["
        position, count = self.position, self.count
        tree, _ = self._sum()
        value = _literal(tree, self.count - count)
        if value is None and not is_array:
            wanted = "an array or a number" if is_kernel else "a number"
            message = f"argument {place + 1} of {name} must be {wanted} written out"
            self._fault("argument_not_literal", position, message)
        elif rule is not None and value is not None and not rule.allows(value):
            message = f"argument {place + 1} of {name} must be {rule}"
            self._fault("argument_out_of_range", position, message)
        return Array((value or 0.0,)) if is_kernel else Number(value or 0.0), 1

    def _array(self) -> tuple[float, ...]:
        position = self.position
        self._advance()
        values: list[float] = []
        if self.kind != "]":
            while True:
                values.append(self._signed())
                if self.kind != ",":
                    break
                self._advance()
        self._take("]", "',' or ']'")
        if len(values) > self.limits.max_kernel_taps:
            message = f"max_kernel_taps is {self.limits.max_kernel_taps}, found {len(values)}"
            self._fault("limit_exceeded", position, message)
        return tuple(values)

    def _signed(self) -> float:
        is_negative = self.kind == "-"
        if is_negative or self.kind == "+":
            self._advance()
        if self.kind != "number":
            raise self._unexpected("a number")
        value = self._number()
        return -value if is_negative else value

    def _check_count(self, name: str, function: Function, position: int, count: int) -> None:
        if not function.least <= count <= function.most:
            message = f"{name} takes {function.counts()}, found {count}"
            self._fault("wrong_argument_count", position, message)
        elif function.strict == "no":
            self._extension(position, f"the function {name}")
        elif function.strict == "two" and count > 2:
            self._extension(position, f"{name} of more than two arguments")

    def _extension(self, position: int, what: str) -> None:
        if self.strict:
            message = f"{what} is an extension, which strict mode refuses"
            self._fault("extension_in_strict_mode", position, message)

    def _fault(self, code: str, position: int, message: str) -> None:
        self.faults.append(Fault(code, position, message))


def _literal(tree: Expression, tokens: int) -> float | None:
    """The number that the argument is, if it is nothing but a number with an optional sign."""
    if isinstance(tree, Number) and tokens == 1:
        return tree.value
    if isinstance(tree, Unary) and isinstance(tree.operand, Number) and tokens == 2:
        return -tree.operand.value if tree.op == "-" else tree.operand.value
    return None
