"""From expression text to a syntax tree: our own tokens, our own descent, every fault with its position (engine §9)."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from .functions import FUNCTIONS, Function
from .identifiers import ID
from .model import Limits
from .problems import quoted
from .syntax import Array, Binary, Call, Expression, Number, Ref, Unary

_TOKEN: Final = re.compile(
    r"(?P<blank>[ \t\r\n\f\v]+)"
    r"|(?P<number>(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)"
    r"|(?P<name>[A-Za-z_][A-Za-z0-9_]*)"
    r"|`(?P<quoted>[^`\r\n]*)`"
    r"|(?P<sign>[-+*/(),@\[\]])"
)
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


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    position: int


class _Parser:
    """Recursive descent; ``depth`` is checked before every descent, and every tree's height as it is built."""

    def __init__(self, text: str, limits: Limits, strict: bool) -> None:
        self.text = text
        self.limits = limits
        # Generated code and every walk over the tree rely on this bound, whatever the limits say.
        self.deepest = min(limits.max_expression_depth, _DEEPEST)
        self.strict = strict
        self.faults: list[Fault] = []
        self.tokens: list[_Token] = []
        self.at = 0
        self.depth = 0

    def parse(self) -> Expression:
        self.tokens = self._tokens()
        if len(self.tokens) == 1:
            raise self._halt("the expression is empty", 0)
        tree, _ = self._sum()
        if self.tokens[self.at].kind != "end":
            raise self._unexpected("an operator or the end of the expression")
        return tree

    def _tokens(self) -> list[_Token]:
        text, position = self.text, 0
        found: list[_Token] = []
        most = self.limits.max_expression_tokens
        while position < len(text):
            match = _TOKEN.match(text, position)
            if match is None:
                raise self._halt(
                    f"{quoted(text[position])} is not allowed in an expression", position
                )
            kind = match.lastgroup or ""
            if kind != "blank":
                if len(found) >= most:
                    message = f"max_expression_tokens is {most}, found more"
                    raise _Halt(Fault("limit_exceeded", position, message))
                found.append(_Token(kind, match[kind], position))
            position = match.end()
        return [*found, _Token("end", "", len(text))]

    def _halt(self, message: str, position: int) -> _Halt:
        return _Halt(Fault("expression_syntax", position, message))

    def _unexpected(self, expected: str) -> _Halt:
        token = self.tokens[self.at]
        found = "the end" if token.kind == "end" else quoted(token.text)
        return self._halt(f"expected {expected}, found {found}", token.position)

    def _is(self, sign: str) -> bool:
        token = self.tokens[self.at]
        return token.kind == "sign" and token.text == sign

    def _take(self, sign: str, expected: str) -> None:
        if not self._is(sign):
            raise self._unexpected(expected)
        self.at += 1

    def _checked(self, height: int) -> int:
        if height > self.deepest:
            position = self.tokens[min(self.at, len(self.tokens) - 1)].position
            message = f"max_expression_depth is {self.deepest}, found deeper nesting"
            raise _Halt(Fault("limit_exceeded", position, message))
        return height

    def _sum(self) -> tuple[Expression, int]:
        self.depth = self._checked(self.depth + 1)
        left, height = self._product()
        while self._is("+") or self._is("-"):
            op = self.tokens[self.at].text
            self.at += 1
            right, other = self._product()
            left, height = Binary(op, left, right), self._checked(max(height, other) + 1)
        self.depth -= 1
        return left, height

    def _product(self) -> tuple[Expression, int]:
        left, height = self._factor()
        while self._is("*") or self._is("/"):
            op = self.tokens[self.at].text
            self.at += 1
            right, other = self._factor()
            left, height = Binary(op, left, right), self._checked(max(height, other) + 1)
        return left, height

    def _factor(self) -> tuple[Expression, int]:
        signs = []
        while self._is("+") or self._is("-"):
            signs.append(self.tokens[self.at].text)
            self.at += 1
            self._checked(len(signs))
        tree, height = self._primary()
        for op in reversed(signs):
            tree, height = Unary(op, tree), self._checked(height + 1)
        return tree, height

    def _primary(self) -> tuple[Expression, int]:
        token = self.tokens[self.at]
        if token.kind == "number":
            return self._number(), 1
        if token.kind == "name" and self._is_call():
            return self._call(token)
        if token.kind in ("name", "quoted"):
            return self._reference(token), 1
        if self._is("("):
            self.at += 1
            tree, height = self._sum()
            self._take(")", "')'")
            return tree, height
        if self._is("["):
            self._fault(
                "array_not_allowed", token, "only CONV takes an array, as its second argument"
            )
            self._array()
            return Number(0.0), 1
        raise self._unexpected("a number, a series, a function or '('")

    def _is_call(self) -> bool:
        following = self.tokens[self.at + 1]
        return following.kind == "sign" and following.text == "("

    def _number(self) -> Number:
        token = self.tokens[self.at]
        value = float(token.text)
        if math.isinf(value):
            raise self._halt("the number is too large", token.position)
        self.at += 1
        return Number(value)

    def _reference(self, token: _Token) -> Ref:
        self.at += 1
        if token.kind == "quoted":
            if not ID.match(token.text):
                raise self._halt(f"{quoted(token.text)} is not an id", token.position)
            self._extension(token, "an id in backquotes")
        class_id = None
        if self._is("@"):
            self._extension(self.tokens[self.at], "a reference to the part of a class")
            self.at += 1
            if self.tokens[self.at].kind != "name":
                raise self._unexpected("a class id")
            class_id = self.tokens[self.at].text
            self.at += 1
        return Ref(token.text, class_id, token.position)

    def _call(self, token: _Token) -> tuple[Expression, int]:
        name = token.text.upper()
        function = FUNCTIONS.get(name)
        self.at += 2
        arguments: list[Expression] = []
        starts: list[int] = []
        height = 0
        if not self._is(")"):
            while True:
                starts.append(self.at)
                tree, inner = self._argument(function, len(arguments))
                arguments.append(tree)
                height = max(height, inner)
                if not self._is(","):
                    break
                self.at += 1
        starts.append(self.at + 1)
        self._take(")", "',' or ')'")
        if function is None:
            message = f"unknown function {quoted(token.text)}"
            self._fault("unknown_function", token, message, word=name, known=tuple(FUNCTIONS))
        else:
            self._check_count(name, function, token, len(arguments))
            arguments = self._literals(name, function, arguments, starts)
        return Call(name, tuple(arguments), token.position), self._checked(height + 1)

    def _argument(self, function: Function | None, place: int) -> tuple[Expression, int]:
        if self._is("[") and (function is None or function.kernel == place):
            return self._array(), 1
        return self._sum()

    def _array(self) -> Array:
        opening = self.tokens[self.at]
        self.at += 1
        values: list[float] = []
        if not self._is("]"):
            while True:
                values.append(self._signed())
                if not self._is(","):
                    break
                self.at += 1
        self._take("]", "',' or ']'")
        if len(values) > self.limits.max_kernel_taps:
            message = f"max_kernel_taps is {self.limits.max_kernel_taps}, found {len(values)}"
            self._fault("limit_exceeded", opening, message)
        return Array(tuple(values))

    def _signed(self) -> float:
        is_negative = self._is("-")
        if is_negative or self._is("+"):
            self.at += 1
        if self.tokens[self.at].kind != "number":
            raise self._unexpected("a number")
        value = self._number().value
        return -value if is_negative else value

    def _check_count(self, name: str, function: Function, token: _Token, count: int) -> None:
        if not function.least <= count <= function.most:
            message = f"{name} takes {function.counts()}, found {count}"
            self._fault("wrong_argument_count", token, message)
        elif function.strict == "no":
            self._extension(token, f"the function {name}")
        elif function.strict == "two" and count > 2:
            self._extension(token, f"{name} of more than two arguments")

    def _literals(
        self, name: str, function: Function, arguments: list[Expression], starts: list[int]
    ) -> list[Expression]:
        checked: list[Expression] = []
        for i, tree in enumerate(arguments):
            rule = function.literals.get(i)
            is_kernel = i == function.kernel
            if (rule is None and not is_kernel) or isinstance(tree, Array):
                checked.append(tree)
                continue
            first = self.tokens[starts[i]]
            value = self._literal(tree, starts[i + 1] - 1 - starts[i])
            if value is None:
                wanted = "an array or a number" if is_kernel else "a number"
                message = f"argument {i + 1} of {name} must be {wanted} written out"
                self._fault("argument_not_literal", first, message)
                value = 0.0
            elif rule is not None and not rule.allows(value):
                message = f"argument {i + 1} of {name} must be {rule}"
                self._fault("argument_out_of_range", first, message)
            checked.append(Array((value,)) if is_kernel else Number(value))
        return checked

    @staticmethod
    def _literal(tree: Expression, tokens: int) -> float | None:
        if isinstance(tree, Number) and tokens == 1:
            return tree.value
        if isinstance(tree, Unary) and isinstance(tree.operand, Number) and tokens == 2:
            return -tree.operand.value if tree.op == "-" else tree.operand.value
        return None

    def _extension(self, token: _Token, what: str) -> None:
        if self.strict:
            message = f"{what} is an extension, which strict mode refuses"
            self._fault("extension_in_strict_mode", token, message)

    def _fault(
        self,
        code: str,
        token: _Token,
        message: str,
        *,
        word: str | None = None,
        known: tuple[str, ...] = (),
    ) -> None:
        self.faults.append(Fault(code, token.position, message, word, known))
