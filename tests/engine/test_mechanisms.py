"""Routers, shared capacity, retries, sinks and profiles (engine §12)."""

from __future__ import annotations

import numpy as np
import pytest

from flowtime.engine.kernels.retry import apply_kernel_policy
from tests.engine.small import K3, assert_close, assert_series, place, run, traffic


def router(source, *routes):
    return {
        "kind": "router",
        "inputs": {"queue": source},
        "routes": [
            {
                "target": target,
                **({"classes": given} if isinstance(given, list) else {"weight": given}),
            }
            for target, given in routes
        ],
    }


class TestRouters:
    @pytest.mark.parametrize("weights", [(0.5, 0.3, 0.2), (5, 3, 2)])
    def test_weights_are_shares(self, weights):
        """E13."""
        routes = zip(("a", "b", "c"), weights, strict=True)
        result = run({"s": 100, "r": router("s", *routes)}, bins=1)

        assert_series(result, a=[50], b=[30], c=[20], r=[100], r_unrouted=[0])

    def test_class_routes_come_first_and_weights_share_the_rest(self):
        """E14."""
        result = run(
            {"s": 100, "r": router("s", ("gold", ["Alpha"]), ("a", 0.75), ("b", 0.25))},
            bins=1,
            **traffic(s={"Alpha": 4, "Beta": 6}),
        )

        assert_series(result, gold=[40], a=[45], b=[15])

    def test_what_no_route_takes_is_shown_and_warned_of(self):
        """E15."""
        result = run(
            {"s": 100, "r": router("s", ("gold", ["Alpha"]))},
            bins=1,
            **traffic(s={"Alpha": 4, "Beta": 6}),
        )

        assert_series(result, gold=[40], r_unrouted=[60])
        assert "router_unrouted_flow" in {w.code for w in result.warnings}

    @pytest.mark.parametrize("is_reversed", [False, True])
    def test_routers_feed_routers_in_one_evaluation(self, is_reversed):
        """E16."""
        nodes = {
            "s": 100,
            "first": router("s", ("x", 3), ("y", 1)),
            "second": router("x", ("u", 1), ("v", 1)),
        }
        if is_reversed:
            nodes = dict(reversed(nodes.items()))
        result = run(nodes, bins=1)

        assert_series(result, x=[75], y=[25], u=[37.5], v=[37.5])

    def test_a_target_replaces_a_literal_zero_and_adds_up_over_its_routes(self):
        result = run(
            {"s": 100, "r": router("s", ("a", 1), ("b", 2), ("a", 1)), "a": "0", "b": 0},
            bins=1,
        )

        assert_series(result, a=[50], b=[50])


class TestSharedCapacity:
    def shared(self, series, *, bins=1, demand=None, capacity="k", **queues):
        constraint = {"id": "crew", "semantics": {"served": capacity}}
        if demand:
            constraint["demand"] = demand
        places = [place(name, constraints=["crew"], **roles) for name, roles in queues.items()]
        return run(series, bins=bins, places=places, constraints=[constraint])

    def test_what_is_wanted_is_scaled_to_what_there_is(self):
        """E17."""
        result = self.shared(
            {"a": [60, 30, 30], "b": [60, 40, 40], "k": [80, 80, 0]},
            bins=3,
            A={"arrivals": "a", "served": "a"},
            B={"arrivals": "a", "served": "b"},
        )

        assert_series(result, a=[40, 30, 0], b=[40, 40, 0], crew_demand=[120, 70, 70])
        assert_series(result, crew_shortfall=[40, 0, 70], a_limited=[1, 0, 1])

    def test_capacity_driven_members_share_by_what_they_could_serve(self):
        """E18."""
        result = self.shared(
            {"a": [60, 0, 0, 0], "b": 20, "k": 50},
            bins=4,
            A={"arrivals": "a", "capacity": 60},
            B={"arrivals": "b", "capacity": 60},
        )

        assert_series(result, a_served=[37.5, 22.5, 0, 0], b_served=[12.5, 27.5, 20, 20])
        assert_series(result, a_queue=[22.5, 0, 0, 0], b_queue=[7.5, 0, 0, 0])
        assert_series(result, a_limited=[1, 0, 0, 0])

    def test_members_that_want_little_are_left_alone_however_much_arrives(self):
        """E19."""
        result = self.shared(
            {"a": 60, "b": 60, "x": 10, "y": 10, "k": 80},
            bins=3,
            A={"arrivals": "a", "served": "x"},
            B={"arrivals": "b", "served": "y"},
        )

        assert_series(result, x=[10, 10, 10], a_queue=[50, 100, 150], b_queue=[50, 100, 150])

    def test_by_arrivals_the_cap_acts_only_in_scarce_bins(self):
        result = self.shared(
            {"a": [60, 10], "x": [50, 70], "k": 40},
            bins=2,
            demand="arrivals",
            A={"arrivals": "a", "served": "x"},
        )

        assert_series(result, x=[40, 70])
        assert result.series("a_allocation").tolist() == [40.0, np.inf]

    def test_a_capacity_that_is_no_number_caps_nothing(self):
        constraint = {"id": "crew", "semantics": {"served": "file:crew"}}
        result = run(
            {"a": 60, "x": 50},
            bins=2,
            places=[place("A", constraints=["crew"], arrivals="a", served="x")],
            constraints=[constraint],
            sources={"file:crew": [np.nan, 20]},
        )

        assert_series(result, x=[50, 20], crew_shortfall=[0, 30])
        assert result.series("a_allocation")[0] == np.inf
        assert "constraint_capacity_not_finite" in {w.code for w in result.warnings}

    def test_a_demand_that_is_no_number_is_allotted_nothing(self):
        result = run(
            {"a": 60, "x": {"kind": "const", "source": "file:x"}, "y": 30, "k": 20},
            bins=2,
            places=[
                place("A", constraints=["crew"], arrivals="a", served="x"),
                place("B", constraints=["crew"], arrivals="a", served="y"),
            ],
            constraints=[{"id": "crew", "semantics": {"served": "k"}}],
            sources={"file:x": [np.nan, 10]},
        )

        assert_series(result, a_allocation=[0, 5], y=[20, 15], crew_demand=[30, 40])


class TestRetries:
    def echo(self, failures, **roles):
        bins = len(failures)
        result = run(
            {"f": failures, "a": 1000},
            bins=bins,
            places=[
                place(
                    "R", "service", arrivals="a", served="a", failures="f", retryEcho="e", **roles
                )
            ],
        )
        return result

    def test_failures_come_back_by_the_kernel(self):
        """E20 and E21."""
        assert_series(self.echo([10] * 5), e=[0, 6, 9, 10, 10])
        assert_series(self.echo([100, 0, 50, 0, 0, 0]), e=[0, 60, 30, 40, 15, 5])

    def test_a_loop_through_a_kernel_that_starts_with_zero_is_legal(self):
        """E22."""
        result = run(
            {"base": 100, "failed": "0.5 * MAX(0, demand - 90)", "demand": "base + echo"},
            bins=6,
            places=[
                place(
                    "R",
                    "service",
                    arrivals="demand",
                    served="demand",
                    failures="failed",
                    retryEcho="echo",
                    retryKernel=K3,
                )
            ],
        )

        assert_series(result, demand=[100, 103, 105.4, 107.07, 108.081, 108.7548])
        assert_series(result, echo=[0, 3, 5.4, 7.07, 8.081, 8.7548])

    def test_the_policy_scales_cuts_and_corrects_kernels(self):
        """E23."""
        kernel, notes = apply_kernel_policy((0.0, 0.8, 0.6, 0.2))
        assert_close(kernel, [0, 0.5, 0.375, 0.125])
        assert len(notes) == 1

        assert apply_kernel_policy(None) == ((0.0, 0.6, 0.3, 0.1), ())
        assert apply_kernel_policy(()) == ((0.0, 0.6, 0.3, 0.1), ())
        cut, notes = apply_kernel_policy((0.0, -0.5, *(0.001,) * 40))
        assert len(cut) == 32 and cut[1] == 0.0 and len(notes) == 2

    def budget(self, base, attempts, kernel, bins):
        return run(
            {"base": base, "failed": "0.5 * tries", "tries": "base + echo"},
            bins=bins,
            places=[
                place(
                    "R",
                    "service",
                    arrivals="tries",
                    served="tries",
                    attempts="tries",
                    failures="failed",
                    retryEcho="echo",
                    exhaustedFailures="given_up",
                    retryBudgetRemaining="open",
                    retryKernel=kernel,
                    maxAttempts=attempts,
                )
            ],
        )

    def test_a_budget_of_two_gives_up_after_the_second_try(self):
        """E24."""
        result = self.budget(100, 2, K3, 5)

        assert_series(result, tries=[100, 130, 145, 150, 150], echo=[0, 30, 45, 50, 50])
        assert_series(result, failed=[50, 65, 72.5, 75, 75], given_up=[0, 15, 22.5, 25, 25])
        assert_series(result, r_retry_pending=[50, 70, 75, 75, 75])

    def test_a_budget_of_three_balances(self):
        """E25."""
        result = self.budget([100, 0, 0, 0], 3, [0, 0.8], 4)

        assert_series(result, echo=[0, 40, 16, 0], given_up=[0, 0, 8, 0], open=[80, 16, 0, 0])
        assert_series(result, r_abandoned=[10, 4, 0, 0], r_retry_pending=[40, 16, 0, 0])
        total = result.series("failed").sum()
        assert_close(total, 56 + 8 + 14)

    def test_a_budget_that_no_bin_can_reach_exhausts_nothing(self):
        result = self.budget(100, 1_000_000, [0, 0.8], 4)

        assert_series(result, given_up=[0, 0, 0, 0])
        assert result.series("open")[0] == pytest.approx(999_999 * 40)

    def test_one_attempt_means_that_every_failure_is_final(self):
        result = self.budget(100, 1, K3, 3)

        assert_series(result, echo=[0, 0, 0], given_up=[50, 50, 50], r_retry_pending=[0, 0, 0])

    def test_attempts_that_nobody_asks_about_do_no_harm(self):
        result = run(
            {"f": [5, 5], "back": [0, 1]},
            bins=2,
            places=[
                place(
                    "R",
                    "service",
                    arrivals="f",
                    served="f",
                    failures="f",
                    retryEcho="back",
                    exhaustedFailures="given_up",
                    retryKernel=[0, 0, 0.8],
                    maxAttempts=3,
                )
            ],
        )

        assert_series(result, given_up=[0, 0], back=[0, 1])


class TestSinks:
    def test_serves_what_arrives_less_its_errors(self):
        result = run(
            {"a": [5, 2], "bad": [1, 3]},
            bins=2,
            places=[
                place("Out", "sink", arrivals="a", errors="bad"),
                place("End", "sink", arrivals="a"),
            ],
        )

        assert_series(result, out_served=[4, 0])
        assert_close(result.role("End", "served"), [5, 2])


class TestDistributions:
    def test_the_expected_value_is_weighted_by_the_clock(self):
        """E33 and E34."""
        pmf = {"values": [1, 2, 3], "probabilities": [0.2, 0.5, 0.3]}
        result = run(
            {
                "flat": {"kind": "pmf", "pmf": pmf},
                "day": {
                    "kind": "pmf",
                    "pmf": {"values": [1], "probabilities": [1]},
                    "profile": {"kind": "builtin", "name": "weekday-office"},
                },
            },
            bins=6,
            minutes=240,
        )

        assert_series(result, flat=[2.1] * 6)
        expected = [0.248222, 0.639948, 1.803491, 1.725921, 1.14415, 0.438268]
        np.testing.assert_allclose(result.series("day"), expected, atol=5e-7)
