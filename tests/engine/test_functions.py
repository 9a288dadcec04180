"""The functions of expressions, over whole arrays and bin by bin (engine §9.3)."""

from __future__ import annotations

import numpy as np
import pytest

from flowtime.engine import Limits, bind, load_template
from flowtime.engine.evaluation.plan import build_plan
from flowtime.engine.native.library import load
from tests.engine.small import assert_close, document, run

NAN, INF = np.nan, np.inf


@pytest.fixture(params=[False, True], ids=["vectors", "loops"])
def calculate(request):
    """Values of an expression over named series that may hold anything."""

    def values(text, **series):
        bins = len(next(iter(series.values()))) if series else 6
        given = {name: {"kind": "const", "source": f"file:{name}"} for name in series}
        bound = bind(load_template(document({**given, "y": text}, bins=bins)))
        plan = build_plan(
            bound, overrides=(), limits=Limits(), library=load(), is_stepwise=request.param
        )
        sources = {f"file:{name}": array for name, array in series.items()}
        return plan.run(sources=sources).series("y")

    return values


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("PULSE(3, 1)", [0, 1, 0, 0, 1, 0]),
        ("PULSE(3, 4)", [0, 0, 0, 0, 1, 0]),
        ("PULSE(2, 7)", [0] * 6),
        ("PULSE(1)", [1] * 6),
        ("MOD(5, -3)", [-1] * 6),
        ("MOD(-5, 3)", [1] * 6),
        ("ROUND(2.5) + 10 * ROUND(-2.5)", [-27] * 6),
        ("ROUND(0.49999999999999994)", [0] * 6),
        ("CLAMP(5, 3, 1)", [3] * 6),
        ("EMA(4, 0.3)", [4] * 6),
        ("CONV(2, [1, 1])", [2, 4, 4, 4, 4, 4]),
        ("SHIFT(7, 2)", [0, 0, 7, 7, 7, 7]),
        ("1 / 0", [0] * 6),
    ],
)
def test_of_literals(calculate, text, expected):
    """E29, E30 and E31."""
    assert_close(calculate(text), expected, text)


@pytest.mark.parametrize(
    ("text", "x", "expected"),
    [
        ("SHIFT(x, 1)", [10, 20, 30], [0, 10, 20]),
        ("SHIFT(x, 0)", [10, 20, 30], [10, 20, 30]),
        ("SHIFT(x, 99)", [10, 20, 30], [0, 0, 0]),
        ("SHIFT(x * 2, 2)", [10, 20, 30], [0, 0, 20]),
        ("EMA(x, 0.5)", [10, 20, 20, NAN, 0], [10, 15, 17.5, 17.5, 8.75]),
        ("EMA(x, 0.5)", [NAN, INF - INF, 8], [0, 0, 8]),
        ("CONV(x, [0, 1, 2])", [1, NAN, 3], [0, 1, 2]),
        ("CONV(x, [])", [1, 2, 3], [0, 0, 0]),
        ("CONV(x, 2)", [1, 2, 3], [2, 4, 6]),
        ("CONV(x + x, [0, 0, 0, 0, 1])", [1, 2, 3], [0, 0, 0]),
        ("MIN(x, 2, 5)", [1, NAN, 3], [1, NAN, 2]),
        ("MAX(2, x)", [1, NAN, 3], [2, NAN, 3]),
        ("STEP(x, 2)", [1, NAN, 2], [0, 0, 1]),
        ("IF(x, 1, 2)", [0, NAN, 0.5], [2, 2, 1]),
        ("ABS(x)", [-1, NAN, 2], [1, NAN, 2]),
        ("FLOOR(x) + CEIL(x)", [-1.5, NAN, 2], [-3, NAN, 4]),
        ("ROUND(x)", [-0.5, NAN, 1.5], [-1, NAN, 2]),
        ("MOD(x, 0)", [7, -1, 5], [0, 0, 0]),
        ("x / x", [0, -0.0, 4], [0, 0, 1]),
        ("-x * 2", [1, NAN, -3], [-2, NAN, 6]),
        ("PULSE(2, 1, x)", [1, 2, NAN], [0, 2, 0]),
        ("CLAMP(x, 0, 2)", [-1, 1, 3], [0, 1, 2]),
    ],
)
def test_of_a_series(calculate, text, x, expected):
    """E30, E32, and what is not finite."""
    found = calculate(text, x=np.array(x, dtype=float))

    np.testing.assert_allclose(found, expected, rtol=1e-12, err_msg=text)


def test_modulo_of_two_series(calculate):
    found = calculate("MOD(a, b)", a=np.array([7.0, -1.0, 5.0]), b=np.array([3.0, 3.0, 0.0]))

    assert_close(found, [1, 2, 0])


def test_division_by_exactly_zero_is_zero_whatever_is_divided(calculate):
    a = np.array([1.0, NAN, -3.0, 0.0])
    b = np.array([0.0, -0.0, 0.0, 2.0])

    assert_close(calculate("a / b", a=a, b=b), [0, 0, 0, 0])


def test_an_overflow_is_infinite_and_stays_silent(calculate, recwarn):
    found = calculate("x * 1e308 * 10 - 1", x=np.array([1.0, -1.0, 0.0]))

    assert found.tolist() == [INF, -INF, -1.0]
    assert not [w for w in recwarn if issubclass(w.category, RuntimeWarning)]


def test_crossed_bounds_are_warned_of_in_their_bins():
    """E31."""
    result = run({"low": [0, 5, 0, 9], "y": "CLAMP(4, low, 3)"})

    assert_close(result.series("y"), [3, 5, 3, 9])
    (warning,) = [w for w in result.warnings if w.code == "clamp_bounds_crossed"]
    assert (warning.node, warning.bins) == ("y", ((1, 1), (3, 3)))


def test_a_long_kernel_is_the_same_sum(calculate):
    taps = np.linspace(1.0, 0.0, 40)
    x = np.random.default_rng(3).normal(size=90)
    text = f"CONV(x, [{', '.join(map(repr, taps.tolist()))}])"

    assert_close(calculate(text, x=x), np.convolve(x, taps)[:90])
