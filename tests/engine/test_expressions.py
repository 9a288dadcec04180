"""Expressions: what the grammar means, what it refuses, and where (engine §9)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowtime.engine import Limits
from flowtime.engine.expressions.parser import Parsed, excerpt, parse_expression, references
from flowtime.engine.expressions.syntax import Array, Binary, Expression, Number, Ref, Unary


def parse(text: str) -> Expression:
    parsed = parse_expression(text)
    assert parsed.faults == (), parsed.faults
    assert parsed.tree is not None
    return parsed.tree


def faults(text: str, *, strict: bool = False) -> list[tuple[str, int]]:
    parsed = parse_expression(text, strict=strict)
    assert (parsed.tree is None) == bool(parsed.faults)
    return [(fault.code, fault.position) for fault in parsed.faults]


def shape(tree: Expression) -> str:
    """The tree with every bracket written out."""
    if isinstance(tree, Number):
        return repr(tree.value).removesuffix(".0")
    if isinstance(tree, Ref):
        return tree.id if tree.class_id is None else f"{tree.id}@{tree.class_id}"
    if isinstance(tree, Unary):
        return f"({tree.op}{shape(tree.operand)})"
    if isinstance(tree, Binary):
        return f"({shape(tree.left)}{tree.op}{shape(tree.right)})"
    if isinstance(tree, Array):
        return f"[{','.join(repr(value).removesuffix('.0') for value in tree.values)}]"
    return f"{tree.name}({','.join(shape(argument) for argument in tree.arguments)})"


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("a + b * c", "(a+(b*c))"),
        ("a - b - c", "((a-b)-c)"),
        ("a / b / c", "((a/b)/c)"),
        ("-a*b", "((-a)*b)"),
        ("a - -0.5", "(a-(-0.5))"),
        ("- + -a", "(-(+(-a)))"),
        ("a * -2", "(a*(-2))"),
        ("(a + b) * c", "((a+b)*c)"),
        ("1. + .5 + 2e3 + 1E-2", "(((1+0.5)+2000)+0.01)"),
        ("min", "min"),
        ("min(min, MAX)", "MIN(min,MAX)"),
        ("Shift (a, 2.0)", "SHIFT(a,2)"),
        ("shift(a, +1)", "SHIFT(a,1)"),
        ("CONV(a, [])", "CONV(a,[])"),
        ("CONV(a, [1, -.5, +2])", "CONV(a,[1,-0.5,2])"),
        ("CONV(a, -2)", "CONV(a,[-2])"),
        ("PULSE(3)", "PULSE(3)"),
        ("PULSE(3, 1, a * 2)", "PULSE(3,1,(a*2))"),
        ("a@Red + `north-gate`@Blue", "(a@Red+north-gate@Blue)"),
        ("a\n\t+\r\nb", "(a+b)"),
        ("_x1", "_x1"),
    ],
)
def test_text_means_this_tree(text: str, meaning: str) -> None:
    assert shape(parse(text)) == meaning


@pytest.mark.parametrize(
    ("text", "code", "position"),
    [
        ("", "expression_syntax", 0),
        ("   ", "expression_syntax", 0),
        ("a +", "expression_syntax", 3),
        ("a b", "expression_syntax", 2),
        ("2x", "expression_syntax", 1),
        ("1.2.3", "expression_syntax", 3),
        ("(a", "expression_syntax", 2),
        ("a)", "expression_syntax", 1),
        ("MIN(a,)", "expression_syntax", 6),
        ("MIN(a b)", "expression_syntax", 6),
        ("a > b", "expression_syntax", 2),
        ("a ^ 2", "expression_syntax", 2),
        ("a # b", "expression_syntax", 2),
        ("'a'", "expression_syntax", 0),
        ("a.b", "expression_syntax", 1),
        ("north-gate'", "expression_syntax", 10),
        ("`no good`", "expression_syntax", 0),
        ("`", "expression_syntax", 0),
        ("a@", "expression_syntax", 2),
        ("a@1", "expression_syntax", 2),
        ("1e999", "expression_syntax", 0),
        ("é", "expression_syntax", 0),
        ("\uff11", "expression_syntax", 0),
        ("CONV(a, [1,])", "expression_syntax", 11),
        ("CONV(a, [b])", "expression_syntax", 9),
        ("CONV(a, [1", "expression_syntax", 10),
        ("SQRT(a)", "unknown_function", 0),
        ("1 + sqrt(a)", "unknown_function", 4),
        ("MIN()", "wrong_argument_count", 0),
        ("MIN(a)", "wrong_argument_count", 0),
        ("MIN(" + ",".join("a" * 17) + ")", "wrong_argument_count", 0),
        ("ABS(a, b)", "wrong_argument_count", 0),
        ("PULSE(1, 2, 3, 4)", "wrong_argument_count", 0),
        ("SHIFT(a, b)", "argument_not_literal", 9),
        ("SHIFT(a, 1+1)", "argument_not_literal", 9),
        ("SHIFT(a, (1))", "argument_not_literal", 9),
        ("SHIFT(a, --1)", "argument_not_literal", 9),
        ("CONV(a, b)", "argument_not_literal", 8),
        ("EMA(a, b)", "argument_not_literal", 7),
        ("SHIFT(a, -1)", "argument_out_of_range", 9),
        ("SHIFT(a, 1.5)", "argument_out_of_range", 9),
        ("PULSE(0)", "argument_out_of_range", 6),
        ("PULSE(2, -1)", "argument_out_of_range", 9),
        ("EMA(a, 0)", "argument_out_of_range", 7),
        ("EMA(a, 1.01)", "argument_out_of_range", 7),
        ("[1]", "array_not_allowed", 0),
        ("a + [1]", "array_not_allowed", 4),
        ("CONV([1], 2)", "array_not_allowed", 5),
        ("SHIFT(a, [1])", "array_not_allowed", 9),
        ("MAX(a, [1])", "array_not_allowed", 7),
    ],
)
def test_text_that_means_nothing_has_one_fault_at_its_place(
    text: str, code: str, position: int
) -> None:
    assert faults(text) == [(code, position)]


def test_all_faults_of_one_expression_are_found() -> None:
    found = faults("SQRT(a) + MIN(b) + SHIFT(c, d)")

    assert found == [
        ("unknown_function", 0),
        ("wrong_argument_count", 10),
        ("argument_not_literal", 28),
    ]


@pytest.mark.parametrize(
    ("text", "position"),
    [
        ("ABS(a)", 0),
        ("1 + IF(a, 1, 2)", 4),
        ("EMA(a, 0.5)", 0),
        ("MIN(a, b, 1)", 0),
        ("`a`", 0),
        ("a@Red", 1),
    ],
)
def test_extensions_are_refused_in_strict_mode_only(text: str, position: int) -> None:
    assert faults(text) == []
    assert faults(text, strict=True) == [("extension_in_strict_mode", position)]


@pytest.mark.parametrize("text", ["a + 1", "MIN(a, 1)", "PULSE(2)", "CONV(a, [1])", "SHIFT(a, 1)"])
def test_strict_mode_keeps_the_rest(text: str) -> None:
    assert faults(text, strict=True) == []


@pytest.mark.parametrize(
    ("text", "limits"),
    [
        ("a" * 11, Limits(max_expression_chars=10)),
        ("a + b + c", Limits(max_expression_tokens=4)),
        ("((a))", Limits(max_expression_depth=2)),
        ("a + b + c", Limits(max_expression_depth=2)),
        ("--a", Limits(max_expression_depth=2)),
        ("ABS(ABS(a))", Limits(max_expression_depth=2)),
        ("CONV(a, [1, 2, 3])", Limits(max_kernel_taps=2)),
    ],
)
def test_each_limit_is_kept(text: str, limits: Limits) -> None:
    found = parse_expression(text, limits=limits)

    assert [fault.code for fault in found.faults] == ["limit_exceeded"]
    assert parse_expression(text).faults == ()


@pytest.mark.parametrize("text", ["(" * 4000, "-" * 4000, "ABS(" * 1000, "a*" * 2000, "[" * 4000])
def test_deep_text_is_refused_without_descending(text: str) -> None:
    limits = Limits(max_expression_depth=10**9, max_expression_tokens=10**9)

    parsed = parse_expression(text, limits=limits)

    assert parsed.tree is None


def test_references_come_from_left_to_right() -> None:
    tree = parse("b + MAX(a, SHIFT(c, 1)) * -b")

    assert [(ref.id, ref.position) for ref in references(tree)] == [
        ("b", 0),
        ("a", 8),
        ("c", 17),
        ("b", 27),
    ]


def test_the_excerpt_puts_a_caret_under_the_place() -> None:
    assert excerpt("a + (b *", 8) == "a + (b *\n        ^"


def test_a_long_text_is_cut_around_the_place() -> None:
    text = "x + " * 100 + "?"

    line, caret = excerpt(text, 400).split("\n")

    assert len(line) == 80
    assert line[len(caret) - 1] == "?"


@given(st.text(alphabet="ab01.eE+-*/(),@[]` \nMINSHFTCOV", max_size=60))
def test_any_text_is_a_tree_or_has_faults(text: str) -> None:
    parsed = parse_expression(text)

    assert isinstance(parsed, Parsed)
    assert (parsed.tree is None) == bool(parsed.faults)
    for fault in parsed.faults:
        assert 0 <= fault.position <= len(text)
        excerpt(text, fault.position)


def trees() -> st.SearchStrategy[str]:
    leaves = st.one_of(
        st.sampled_from(["a", "b", "series_1", "`x-1`", "a@Red"]),
        st.floats(0, 1e6).map(lambda value: repr(value)),
    )
    return st.recursive(
        leaves,
        lambda inner: st.one_of(
            st.tuples(inner, st.sampled_from("+-*/"), inner).map(lambda t: f"({t[0]}{t[1]}{t[2]})"),
            inner.map(lambda text: f"-{text}"),
            st.tuples(inner, inner).map(lambda t: f"MAX({t[0]}, {t[1]})"),
            inner.map(lambda text: f"SHIFT({text}, 2)"),
        ),
        max_leaves=12,
    )


@given(trees())
def test_a_well_formed_text_always_parses_to_what_it_says(text: str) -> None:
    tree = parse(text)

    again = parse(shape(tree).replace("x-1", "`x-1`"))

    assert shape(again) == shape(tree)
