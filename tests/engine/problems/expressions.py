"""Problems of expressions (engine §20, stage "expressions")."""

from tests.engine.problems.documents import Case, document, expr

EXPRESSIONS = [
    Case(
        "expression_syntax",
        "nodes[2].expr",
        document(expr("x", "a +")),
        document(expr("x", "a + + b")),
    ),
    Case(
        "unknown_function",
        "nodes[2].expr",
        document(expr("x", "SQRT(a)")),
        document(expr("x", "abs(a)")),
    ),
    Case(
        "wrong_argument_count",
        "nodes[2].expr",
        document(expr("x", "MOD(a)")),
        document(expr("x", "MOD(a, b)")),
    ),
    Case(
        "argument_not_literal",
        "nodes[2].expr",
        document(expr("x", "SHIFT(a, 1 + 1)")),
        document(expr("x", "SHIFT(a, +2.0)")),
    ),
    Case(
        "argument_out_of_range",
        "nodes[2].expr",
        document(expr("x", "EMA(a, 0)")),
        document(expr("x", "EMA(a, 1)")),
    ),
    Case(
        "array_not_allowed",
        "nodes[2].expr",
        document(expr("x", "SHIFT([1, 2], 1)")),
        document(expr("x", "CONV(a, [1, -2])")),
    ),
    Case(
        "extension_in_strict_mode",
        "nodes[2].expr",
        document(expr("x", "MAX(a, b, 1)")),
        document(expr("x", "MAX(a, b)")),
        strict=True,
    ),
]
