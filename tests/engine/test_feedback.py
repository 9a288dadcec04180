"""Feedback: loops through lags, a series' own past, controllers (engine §11)."""

from __future__ import annotations

import numpy as np
import pytest

from flowtime.engine import compile_model
from tests.engine.small import assert_close, assert_series, model, place, run


class TestOwnPast:
    def test_starts_from_its_initial_value(self):
        """E26."""
        result = run({"x": {"kind": "expr", "expr": "SHIFT(x, 1) * 0.5 + 10", "initial": 40}})

        assert_series(result, x=[30, 25, 22.5, 21.25])

    def test_reads_the_initial_value_in_all_bins_before_bin_zero(self):
        result = run({"x": {"kind": "expr", "expr": "SHIFT(x, 3) + 1", "initial": 7}}, bins=5)

        assert_series(result, x=[8, 8, 8, 9, 9])

    def test_takes_the_initial_depth_of_the_place_that_binds_it(self):
        result = run(
            {"i": 5, "o": 3, "level": "SHIFT(level, 1) + i - o"},
            places=[
                place(
                    "Q", arrivals="i", served="o", queueDepth="level",
                    initialCondition={"queueDepth": 10},
                )
            ],
        )  # fmt: skip

        assert_series(result, level=[12, 14, 16, 18])
        assert "self_shift_without_initial" not in {w.code for w in result.warnings}

    def test_is_zero_with_a_warning_where_nothing_says_otherwise(self):
        result = run({"x": "SHIFT(x, 1) + 1"})

        assert_series(result, x=[1, 2, 3, 4])
        assert "self_shift_without_initial" in {w.code for w in result.warnings}

    def test_of_other_series_is_zero_also_where_they_have_a_seed(self):
        result = run(
            {"i": 5, "o": 3, "before": "SHIFT(q_queue, 1)"},
            places=[place("Q", arrivals="i", served="o", initialCondition={"queueDepth": 10})],
        )

        assert_series(result, q_queue=[12, 14, 16, 18], before=[0, 12, 14, 16])


class TestLoops:
    def test_pressure_throttles_what_comes_in(self):
        """E27."""
        result = run(
            {
                "raw": 100,
                "served": 20,
                "pressure": "CLAMP(q_queue / 50, 0, 1)",
                "eff": "raw * (1 - SHIFT(pressure, 1))",
            },
            bins=6,
            places=[place("Q", arrivals="eff", served="served")],
        )

        assert_series(result, eff=[100, 0, 0, 20, 20, 20], q_queue=[80, 60, 40, 40, 40, 40])
        assert_series(result, pressure=[1, 1, 0.8, 0.8, 0.8, 0.8])

    def test_a_manager_who_reacts_too_late(self):
        """E28."""
        result = run(
            {
                "arrive": 25,
                "servers": "IF(SHIFT(q_queue, 1) - 10, 3, 2)",
                "capacity": "10 * servers",
            },
            bins=8,
            places=[place("Q", arrivals="arrive", capacity="capacity")],
        )

        assert_series(result, servers=[2, 2, 2, 3, 2, 3, 2, 3])
        assert_series(result, q_queue=[5, 10, 15, 10, 15, 10, 15, 10])

    def test_a_composite_argument_of_a_lag_does_not_close_the_bin(self):
        result = run({"a": "b + 1", "b": "SHIFT(a * 2 - b, 1)"})

        assert_series(result, a=[1, 3, 5, 7], b=[0, 2, 4, 6])

    @pytest.mark.parametrize("lag", [1, 2, 7, 4099])
    def test_long_lags_cross_the_stretches_of_the_loop(self, lag):
        bins = 9000
        wave = np.random.default_rng(5).normal(size=bins)

        result = run({"w": wave.tolist(), "x": f"w + 0.5 * SHIFT(y, {lag})", "y": "x"}, bins=bins)

        expected = wave.copy()
        for t in range(lag, bins):
            expected[t] += 0.5 * expected[t - lag]
        assert_close(result.series("x"), expected)

    def test_long_kernels_cross_the_stretches_of_the_loop(self):
        bins, taps = 5000, 60
        wave = np.random.default_rng(6).normal(size=bins)
        kernel = [0.0, *[0.4 / taps] * taps]

        result = run(
            {
                "w": wave.tolist(),
                "x": "w + CONV(y, [" + ", ".join(map(str, kernel)) + "])",
                "y": "x",
            },
            bins=bins,
        )

        expected = wave.copy()
        for t in range(1, bins):
            expected[t] += 0.4 / taps * expected[max(0, t - taps) : t].sum()
        assert_close(result.series("x"), expected)

    def test_what_is_not_finite_stays_where_it_is_allowed_to_go(self):
        result = run(
            {
                "gap": {"kind": "const", "source": "file:gap"},
                "x": "gap + 0 * SHIFT(y, 1)",
                "y": "x",
                "smooth": "EMA(SHIFT(smooth, 1) * 0 + x, 0.5)",
            },
            sources={"file:gap": [1, np.nan, 3, 4]},
        )

        np.testing.assert_array_equal(result.series("y"), [1, np.nan, np.nan, np.nan])
        assert_series(result, smooth=[1, 1, 1, 1])


def test_crossed_bounds_inside_a_loop_are_found_in_their_bins():
    result = run({"x": "CLAMP(2, SHIFT(x, 1) * 2 - 1, 3)"}, bins=5)

    assert_series(result, x=[2, 3, 5, 9, 17])
    (warning,) = [w for w in result.warnings if w.code == "clamp_bounds_crossed"]
    assert warning.bins == ((2, 4),)


def test_generated_code_holds_no_text_of_the_document():
    plan = compile_model(
        model(
            {
                "evil_name": "SHIFT(evil_name, 1) + other_name",
                "other_name": "3 * SHIFT(other_name, 2) + 1",
            }
        )
    )

    stages = [*plan.program.series_stages, *plan.program.class_stages]
    names = {
        name
        for s in stages
        if s.code
        for name in (*s.code.__code__.co_names, *s.code.__code__.co_varnames)
    }
    texts = {c for s in stages if s.code for c in s.code.__code__.co_consts if isinstance(c, str)}
    assert not {n for n in names | texts if "name" in n}
