"""Queues: recurrence, capacity, gates, limits and overflow (engine §12.4-§12.6)."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowtime.engine.kernels.queue import ANCHOR, scan, scan_block, trace
from tests.engine.small import assert_close, assert_series, place, run


class TestRecurrence:
    def test_shortage_is_taken_from_the_loss_first_then_from_the_outflow(self):
        """E1."""
        result = run(
            {"i": [10, 0, 4, 0], "o": [3, 8, 1, 9], "l": [1, 1, 0, 0]},
            places=[
                place("Q", arrivals="i", served="o", errors="l", initialCondition={"queueDepth": 5})
            ],
        )

        assert_series(result, q_queue=[11, 2, 5, 0])
        ledger = result.ledger("Q")
        assert_close(ledger["out"], [3, 8, 1, 5])
        assert_close(ledger["loss"], [1, 1, 0, 0])
        assert_close(ledger["unmet"], [0, 0, 0, 4])

    def test_what_is_not_finite_counts_as_nothing_and_is_warned_of(self):
        """E2."""
        result = run(
            {
                "i": {"kind": "const", "source": "file:a.csv"},
                "big": [0, 0, 1e308],
                "o": "3 + big * 10",
            },
            bins=3,
            places=[place("Q", arrivals="i", served="o")],
            sources={"file:a.csv": [10, np.nan, 10]},
        )

        assert_series(result, q_queue=[7, 4, 14])
        (warning,) = [w for w in result.warnings if w.code == "non_finite_in_queue"]
        assert warning.bins == ((1, 2),)

    def test_capacity_serves_what_is_there(self):
        """E3."""
        result = run(
            {"came": [10, 30, 5, 0, 0]},
            bins=5,
            places=[place("Q", arrivals="came", capacity=12)],
        )

        assert_series(result, q_served=[10, 12, 12, 11, 0], q_queue=[0, 18, 11, 0, 0])

    def test_a_loss_may_be_a_share_of_what_was_served(self):
        """E4."""
        result = run(
            {"came": [10, 30, 5, 0, 0], "lost": "0.1 * q_served"},
            bins=5,
            places=[place("Q", arrivals="came", capacity=12, errors="lost")],
        )

        assert_series(result, q_served=[10, 12, 12, 8.6, 0], q_queue=[0, 16.8, 8.6, 0, 0])
        assert_close(result.ledger("Q")["unmet"], [1, 0, 0, 0.86, 0])
        assert_close(result.ledger("Q")["loss"], [0, 1.2, 1.2, 0, 0])

    def test_parallelism_multiplies_capacity_and_counts_as_one_where_it_is_no_number_of_servers(
        self,
    ):
        result = run(
            {"came": [100] * 4, "crew": [2, 0, -3, 3]},
            places=[place("Q", arrivals="came", capacity=5, parallelism="crew")],
        )

        assert_series(result, q_served=[10, 5, 5, 15])


def test_many_queues_may_end_in_a_block_of_few_bins() -> None:
    net = np.ones((600, ANCHOR + 7))

    found = scan(net, np.zeros(600), np.empty_like(net))

    assert (found == np.arange(1.0, ANCHOR + 8)).all()


class TestScan:
    @given(
        st.lists(st.floats(-50, 50), min_size=1, max_size=60),
        st.floats(0, 100),
    )
    def test_agrees_with_the_recurrence(self, net, seed):
        level, expected = seed, []
        for change in net:
            level = max(0.0, level + change)
            expected.append(level)

        found = scan(np.array([net]), np.array([seed]), np.empty((1, len(net))))

        np.testing.assert_allclose(found[0], expected, atol=4e-10 * max(1, *map(abs, net)))

    def test_stays_within_its_bound_over_many_anchors(self):
        net = np.random.default_rng(7).normal(0, 1000, 5 * ANCHOR + 3)
        level, expected = 40.0, []
        for change in net.tolist():
            level = max(0.0, level + change)
            expected.append(level)

        found = scan(net.reshape(1, -1), np.array([40.0]), np.empty((1, len(net))))

        assert np.abs(found[0] - expected).max() <= 4e-10 * np.abs(net).max()
        assert (found[0][np.array(expected) == 0.0] == 0.0).all()

    @pytest.mark.parametrize("bins", [ANCHOR, ANCHOR + 8, 2 * ANCHOR + 929])
    def test_queues_side_by_side_are_scanned_as_one_by_one(self, bins):
        net = np.random.default_rng(11).normal(-1, 1000, (5, bins))
        seeds = np.array([0.0, 40.0, 1e4, 0.5, 3.0])
        levels, expected = seeds, np.empty_like(net)
        for t in range(bins):
            levels = expected[:, t] = np.maximum(0.0, levels + net[:, t])

        found = scan(net, seeds, np.empty_like(net))

        assert np.abs(found - expected).max() <= 4e-10 * np.abs(net).max()
        assert (found[expected == 0.0] == 0.0).all()

    def test_what_queues_side_by_side_are_short_of_is_told(self):
        net = np.tile([3.0, -5.0, 1.0, 0.0], (4, 512)) * np.arange(4)[:, None]
        levels, short = np.zeros(4), np.zeros(4)
        for change in net.T:
            short += np.maximum(0.0, -(levels + change))
            levels = np.maximum(0.0, levels + change)

        found = scan_block(net.copy(), np.zeros(4))

        np.testing.assert_array_equal(found, short)

    @given(st.data())
    def test_the_trace_balances_in_every_bin(self, data):
        bins = data.draw(st.integers(1, 20))
        flows = st.lists(st.floats(-5, 50), min_size=bins, max_size=bins).map(np.array)
        inflow, outflow, loss = (data.draw(flows) for _ in range(3))
        seed = data.draw(st.floats(0, 30))
        depth = scan(
            (inflow - outflow - loss).reshape(1, -1), np.array([seed]), np.empty((1, bins))
        )

        found = trace(inflow, outflow, loss, depth[0], seed, is_limited=False)

        change = np.diff(found.depth, prepend=seed)
        assert_close(found.inflow, found.out + found.lost + found.overflow + change)
        assert (found.unmet >= 0).all()


class TestDispatch:
    def gated(self, **schedule):
        series = {"c": 50, "o": 100, "i": 1000}
        return run(
            series,
            bins=6,
            places=[place("Q", arrivals="i", served="o", dispatchSchedule=schedule)],
        )

    def test_opens_every_period_from_its_phase_up_to_its_capacity(self):
        """E5."""
        result = self.gated(periodBins=2, phaseOffset=1, capacitySeries="c")

        assert_series(result, q_gated_outflow=[0, 50, 0, 50, 0, 50])

    def test_keeps_work_back_while_closed(self):
        """E6."""
        result = run(
            {"i": 10, "o": 5},
            bins=6,
            places=[place("Q", arrivals="i", served="o", dispatchSchedule={"periodBins": 3})],
        )

        assert_series(result, q_gated_outflow=[5, 0, 0, 5, 0, 0], q_queue=[5, 15, 25, 30, 40, 50])

    def test_limits_the_authored_service_in_place(self):
        """E7."""
        result = run(
            {"i": 10, "o": 100, "c": 25, "bill": "o * 2"},
            bins=6,
            places=[
                place(
                    "Q",
                    arrivals="i",
                    served="o",
                    dispatchSchedule={"periodBins": 3, "phaseOffset": 2, "capacitySeries": "c"},
                )
            ],
        )

        assert_series(
            result,
            o=[0, 0, 25, 0, 0, 25],
            bill=[0, 0, 50, 0, 0, 50],
            q_queue=[10, 20, 5, 15, 25, 10],
        )

    def test_reduces_a_negative_phase_modulo_the_period(self):
        """E8."""
        result = self.gated(periodBins=3, phaseOffset=-1, capacitySeries=7)

        assert_series(result, q_gated_outflow=[0, 0, 7, 0, 0, 7])

    def test_gates_a_capacity_driven_queue(self):
        result = run(
            {"i": 10},
            places=[place("Q", arrivals="i", capacity=15, dispatchSchedule={"periodBins": 2})],
        )

        assert_series(result, q_served=[10, 0, 15, 0], q_gated_outflow=[10, 0, 15, 0])
        assert_series(result, q_queue=[0, 10, 5, 15])

    def test_only_informs_where_nothing_would_hold_the_work_back(self):
        result = run(
            {"i": 10, "o": 8},
            places=[
                place("S", "service", arrivals="i", served="o", dispatchSchedule={"periodBins": 2})
            ],
        )

        assert_series(result, o=[8, 8, 8, 8])
        assert not any("gated" in info.id for info in result.index)


class TestLimits:
    def test_what_is_above_the_limit_overflows(self):
        """E9."""
        result = run({"i": 10, "o": 2}, places=[place("Q", arrivals="i", served="o", wipLimit=20)])

        assert_series(result, q_queue=[8, 16, 20, 20], q_overflow=[0, 0, 4, 8])

    def test_a_falling_limit_drives_out_what_is_there(self):
        """E10."""
        result = run(
            {"i": 8, "o": 0, "room": [20, 20, 5, 5]},
            places=[place("Q", arrivals="i", served="o", wipLimitSeries="room")],
        )

        assert_series(result, q_queue=[8, 16, 5, 5], q_overflow=[0, 0, 19, 8])

    @pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
    def test_a_cascade_runs_within_one_bin_whatever_the_order(self, order):
        """E11."""
        chain = [
            place("A", arrivals="i", served="five", wipLimit=10, wipOverflow="B"),
            place("B", arrivals="none", served="none", wipLimit=5, wipOverflow="C"),
            place("C", arrivals="none", served="none"),
        ]
        result = run({"i": 20, "five": 5, "none": 0}, bins=3, places=[chain[k] for k in order])

        assert_series(result, a_queue=[10, 10, 10], a_overflow=[5, 15, 15])
        assert_series(result, b_queue=[5, 5, 5], b_overflow=[0, 15, 15])
        assert_series(result, c_queue=[0, 15, 30], c_inflow=[0, 15, 15])

    def test_a_limit_applies_to_a_capacity_driven_queue(self):
        """E12."""
        result = run({"i": 20}, bins=3, places=[place("Q", arrivals="i", capacity=5, wipLimit=10)])

        assert_series(result, q_served=[5, 5, 5], q_queue=[10, 10, 10], q_overflow=[5, 15, 15])

    def test_a_limit_that_is_no_number_is_none_and_a_negative_one_is_zero(self):
        result = run(
            {"i": 3, "o": 0, "room": {"kind": "const", "source": "file:room"}},
            places=[place("Q", arrivals="i", served="o", wipLimitSeries="room")],
            sources={"file:room": [np.nan, -5, np.nan, 2]},
        )

        assert_series(result, q_queue=[3, 0, 3, 2], q_overflow=[0, 6, 0, 4])
        assert "wip_limit_not_finite" in {w.code for w in result.warnings}

    def test_overflow_reaches_the_buffer_that_a_place_binds(self):
        result = run(
            {
                "i": 10,
                "o": 0,
                "drip": 1,
                "tank": {"kind": "serviceWithBuffer", "inflow": "drip", "outflow": "o"},
            },
            bins=3,
            places=[
                place("A", arrivals="i", served="o", wipLimit=5, wipOverflow="B"),
                place("B", "serviceWithBuffer", arrivals="drip", served="o", queueDepth="tank"),
            ],
        )

        assert_series(result, tank=[6, 17, 28], b_inflow=[6, 11, 11], drip=[1, 1, 1])


def test_observed_flows_give_back_the_level_that_a_loop_found_bit_for_bit():
    """Engine §11.5: what is observed does not decide whether a level is scanned or found bin by bin."""
    draws = np.random.default_rng(20130208)
    series = {"i": list(draws.uniform(0, 10, 4_000)), "c": list(draws.uniform(0, 10, 4_000))}
    places = [place("Q", arrivals="i", capacity="c", errors="e")]
    first = run({**series, "e": "0.1 * q_served"}, places=places)
    observed = {key: first.series(key) for key in ("i", "q_served", "e")}

    again = run({**series, "e": "0.1 * q_served"}, places=places, overrides=observed)

    for key in ("q_queue", "q_oldest_age_min", "q_queue_time_ms"):
        np.testing.assert_array_equal(again.series(key), first.series(key))


def test_a_short_kernel_is_summed_in_the_order_of_its_taps_in_a_loop_and_outside():
    """Engine §9.3: the same bits either way."""
    draws = np.random.default_rng(1).uniform(0, 100, 500)
    kernel = "[0.3, 0.25, 0, 0.2, 0.15, 0.1]"
    loop = {"x": list(draws), "y": f"CONV(x, {kernel}) + 0 * SHIFT(z, 1)", "z": "y"}

    outside = run({"x": list(draws), "y": f"CONV(x, {kernel})"}).series("y")

    np.testing.assert_array_equal(run(loop).series("y"), outside)
