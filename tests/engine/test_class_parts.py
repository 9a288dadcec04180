"""Classes: sources, propagation through everything, and content shares of queues (engine §13)."""

from __future__ import annotations

import numpy as np
import pytest

from flowtime.engine import bind, evaluate, load_template
from tests.engine.small import K3, assert_close, assert_series, document, place, run, traffic


def assert_parts(result, name, **expected):
    parts = result.parts(name)
    assert set(parts) == set(expected)
    for class_id, values in expected.items():
        assert_close(parts[class_id], values, f"{name}@{class_id}")


def assert_sums(result, tolerance=1e-9):
    """The invariant of engine §13: parts sum to their total where both are positive."""
    names = {info.id for info in result.index if "@" not in info.id}
    for name in names:
        parts = result.parts(name)
        if not parts:
            continue
        total, found = result.series(name), sum(parts.values())
        bins = np.isfinite(total) & (total > 0) & (np.max(list(parts.values()), axis=0) > 0)
        gap = np.abs(found - total)[bins]
        assert (gap <= tolerance * np.maximum(1, total[bins])).all(), name


NAN = float("nan")

RED_BLUE = traffic(x={"Red": 20, "Blue": 5})


class TestSources:
    def test_rates_split_and_minimum_keeps_the_mix(self):
        """E36."""
        result = run({"x": 10, "s": "MIN(x, 8)"}, bins=1, **RED_BLUE)

        assert_parts(result, "x", Red=[8], Blue=[2])
        assert_parts(result, "s", Red=[6.4], Blue=[1.6])

    def test_rates_of_zero_are_equal_shares(self):
        result = run({"x": 10}, bins=1, **traffic(x={"Red": 0, "Blue": 0}))

        assert_parts(result, "x", Red=[5], Blue=[5])

    def test_a_place_stands_for_its_arrivals(self):
        result = run(
            {"x": 10},
            bins=1,
            places=[place("Desk", arrivals="x", capacity=4)],
            **traffic(Desk={"Red": 1}),
        )

        assert_parts(result, "x", Red=[10])
        assert_parts(result, "desk_queue", Red=[6])

    def test_overridden_parts_are_scaled_to_the_total_with_a_warning(self):
        result = run(
            {"x": 10, "y": "x * 2"},
            bins=2,
            overrides={"x": [10, 20], "x@Red": [10, 30], "x@Blue": [0, 10]},
            **RED_BLUE,
        )

        assert_parts(result, "x", Red=[10, 15], Blue=[0, 5])
        assert_parts(result, "y", Red=[20, 30], Blue=[0, 10])
        (warning,) = [w for w in result.warnings if w.code == "class_totals_mismatch"]
        assert (warning.node, warning.bins) == ("x", ((1, 1),))


class TestQueues:
    def test_what_leaves_has_the_mix_of_what_is_there(self):
        """E37."""
        result = run(
            {"x": [10, 0], "y": [0, 10], "both": "x + y"},
            bins=2,
            places=[place("Q", arrivals="both", capacity=5)],
            **traffic(x={"A": 1}, y={"B": 1}),
        )

        assert_parts(result, "q_served", A=[5, 5 / 3], B=[0, 10 / 3])
        assert_parts(result, "q_queue", A=[5, 10 / 3], B=[0, 20 / 3])

    def test_overflow_carries_its_mix_to_its_target(self):
        result = run(
            {"x": [10, 0], "y": [0, 10], "both": "x + y", "none": 0},
            bins=2,
            places=[
                place("A", arrivals="both", served="none", wipLimit=5, wipOverflow="B"),
                place("B", arrivals="none", capacity=100),
            ],
            **traffic(x={"A": 1}, y={"B": 1}),
        )

        assert_parts(result, "a_overflow", A=[5, 10 / 3], B=[0, 20 / 3])
        assert_parts(result, "b_inflow", A=[5, 10 / 3], B=[0, 20 / 3])
        assert_parts(result, "b_served", A=[5, 10 / 3], B=[0, 20 / 3])
        assert_sums(result)

    def test_a_service_that_feeds_its_own_arrivals_later_keeps_its_mix(self):
        result = run(
            {"x": 10, "again": "SHIFT(o, 1) * 0.2", "arrive": "x + again", "o": 9},
            bins=6,
            places=[place("Q", arrivals="arrive", served="o")],
            **RED_BLUE,
        )

        assert_parts(result, "again", Red=[0, *[1.44] * 5], Blue=[0, *[0.36] * 5])
        assert_sums(result)

    def test_a_seed_takes_bin_zero_where_the_inflow_depends_on_the_queue(self):
        result = run(
            {"x": [0, 10], "arrive": "x + SHIFT(o, 1)", "o": 4},
            bins=2,
            places=[place("Q", arrivals="arrive", served="o", initialCondition={"queueDepth": 8})],
            **RED_BLUE,
        )

        # Nothing classed arrives in bin 0, so the seed is split equally.
        assert_close(result.series("q_queue@Red")[0], 2)
        assert_close(result.series("o@Red")[0], 2)
        assert_sums(result)

    def test_an_outflow_with_classes_of_its_own_leaves_in_them(self):
        result = run(
            {"x": 10, "half": "x@Red * 0.5"},
            bins=1,
            places=[place("Q", arrivals="x", served="half")],
            **RED_BLUE,
        )

        assert_parts(result, "half", Red=[4])
        assert_parts(result, "q_queue", Red=[4], Blue=[2])

    def test_a_service_that_two_places_share_stays_unclassed_with_a_warning(self):
        result = run(
            {"x": 10, "o": 4},
            bins=1,
            places=[place("A", arrivals="x", served="o"), place("B", arrivals="x", served="o")],
            **RED_BLUE,
        )

        assert result.parts("o") == {}
        assert {w.node for w in result.warnings if w.code == "class_unresolved"} == {"A", "B"}

    def test_a_service_whose_mix_decides_what_arrives_stays_unclassed_with_a_warning(self):
        """Engine §13.3: the parts of what exhausts its attempts need those of the attempts in the same bin (§12.10)."""
        result = run(
            {"x": 10, "bad": "0.1 * x", "o": 5},
            places=[
                place(
                    "S", "service", arrivals="x", served="x", failures="bad", attempts="o",
                    exhaustedFailures="gone", maxAttempts=2,
                ),
                place("Q", arrivals="gone", served="o"),
            ],
            **RED_BLUE,
        )  # fmt: skip

        assert result.parts("o") == {}
        assert {w.node for w in result.warnings if w.code == "class_unresolved"} == {"Q"}

    def test_upstream_decides_first_whatever_the_names(self):
        """B's service follows from A's, so it has classes of its own once A's has: in any order of names."""
        results = []
        for first, second in (("A", "B"), ("Z", "B")):
            results.append(
                run(
                    {"x": [10, 0], "y": [0, 9], "in1": "x + y", "out1": 6, "out2": "MIN(out1, 3)"},
                    bins=2,
                    places=[
                        place(first, arrivals="in1", served="out1"),
                        place(second, arrivals="out1", served="out2"),
                    ],
                    **traffic(x={"Red": 1}, y={"Blue": 1}),
                )
            )

        for class_id in ("Red", "Blue"):
            assert_close(
                results[0].series(f"out2@{class_id}"), results[1].series(f"out2@{class_id}")
            )
        assert_parts(results[0], "out2", Red=[3, 3 * 4 / 13], Blue=[0, 3 * 9 / 13])


class TestMissing:
    """Engine §13.2 where a total or a part is no number."""

    def test_a_quotient_has_no_parts_where_there_is_nothing_to_divide(self):
        """The parts of ``a / 0`` are missing with those of ``a``; the total is 0, and so is what is made of it."""
        result = run(
            {"x": {"kind": "const", "source": "file:x"}, "y": "x / 0 / 2"},
            bins=2,
            sources={"file:x": [NAN, 10]},
            **RED_BLUE,
        )

        assert_parts(result, "y", Red=[0, 0], Blue=[0, 0])

    def test_the_extreme_of_what_is_not_above_zero_has_no_parts(self):
        result = run(
            {"x": {"kind": "const", "source": "file:x"}, "y": "MIN(x / 0, 5)"},
            bins=2,
            sources={"file:x": [NAN, 10]},
            **RED_BLUE,
        )

        assert_parts(result, "y", Red=[0, 0], Blue=[0, 0])

    def test_the_extreme_of_what_is_missing_has_missing_parts(self):
        """A result that is no number is not at most 0."""
        result = run(
            {"x": [10, 10], "gap": {"kind": "const", "source": "file:gap"}, "y": "MAX(x + gap, 0)"},
            bins=2,
            sources={"file:gap": [NAN, 10]},
            **RED_BLUE,
        )

        assert_parts(result, "y", Red=[NAN, 16], Blue=[NAN, 4])

    @pytest.mark.parametrize(
        "text", ["CONV({}, [1])", "EMA({}, 1)", "SHIFT({}, 0)", "CONV({}, [0, 1])"]
    )
    def test_a_composite_argument_is_scaled_to_its_total_at_any_lag(self, text):
        """Engine §11.2, §13: it is a series of its own, though its total has lost what its parts still have."""
        inner = "CONV(x + gap, [0, 1])"
        result = run(
            {
                "x": [10, 10, 10, 10],
                "gap": {"kind": "const", "source": "file:gap"},
                "y": text.format(inner) + " + 4",
            },
            sources={"file:gap": [NAN, 10, 10, 10]},
            **RED_BLUE,
        )

        now = 2 if "[0, 1]" in text else 1
        assert result.series("y")[now] == 4
        assert [result.series(f"y@{name}")[now] for name in ("Red", "Blue")] == [0, 0]


class TestRemainders:
    @pytest.mark.parametrize(("rest", "divisor"), [("a", "z"), ("z", "a")])
    def test_a_classed_divisor_leaves_no_classes_whatever_the_series_are_called(
        self, rest, divisor
    ):
        """Engine §13.2, MOD; §11.1.4: no name decides which classes occur."""
        result = run({"x": [7, 9], divisor: "x / 2", rest: f"MOD(x, {divisor})"}, **RED_BLUE)

        assert result.parts(rest) == {}

    @pytest.mark.parametrize(("rest", "divisor"), [("a", "z"), ("z", "a")])
    def test_a_composite_argument_is_no_exception(self, rest, divisor):
        formula = f"SHIFT(MOD(EMA(x, 1), {divisor}), 1)"

        result = run({"x": [7, 9], divisor: "x / 2", rest: formula}, **RED_BLUE)

        assert result.parts(rest) == {}


class TestRouters:
    def test_class_routes_in_a_loop_follow_the_parts_of_the_bin(self):
        result = run(
            {
                "x": 10,
                "arrive": "x + SHIFT(back, 1)",
                "r": {
                    "kind": "router",
                    "inputs": {"queue": "arrive"},
                    "routes": [
                        {"target": "gold", "classes": ["Red"]},
                        {"target": "rest", "weight": 1},
                    ],
                },
                "back": "rest * 0.5",
            },
            bins=3,
            **RED_BLUE,
        )

        assert_series(result, gold=[8, 8, 8], rest=[2, 3, 3.5])
        assert_parts(result, "arrive", Red=[8, 8, 8], Blue=[2, 3, 3.5])
        assert_sums(result)


class TestRetries:
    @pytest.mark.parametrize("attempts", [None, 3])
    def test_echoes_have_the_classes_of_the_failures(self, attempts):
        budget = {"maxAttempts": attempts, "exhaustedFailures": "gone"} if attempts else {}
        result = run(
            {"x": [10, 0, 5, 0, 0], "tries": "x + e", "f": "tries * 0.5"},
            bins=5,
            places=[
                place(
                    "R", "service", arrivals="tries", served="tries", failures="f", attempts="tries",
                    retryEcho="e", retryKernel=K3, **budget,
                )
            ],
            **RED_BLUE,
        )  # fmt: skip

        assert set(result.parts("e")) == {"Red", "Blue"}
        assert_close(result.series("e@Red"), 0.8 * result.series("e"))
        if attempts:
            assert_close(result.series("gone@Blue"), 0.2 * result.series("gone"))
        assert_sums(result)


class TestLimiting:
    def test_limiting_in_place_scales_the_parts(self):
        result = run(
            {"x": 10, "o": "x"},
            bins=1,
            places=[place("S", "service", arrivals="x", served="o", constraints=["k"])],
            constraints=[{"id": "k", "semantics": {"served": 5}}],
            **RED_BLUE,
        )

        assert_parts(result, "o", Red=[4], Blue=[1])


class TestReferences:
    def test_a_class_that_does_not_occur_reads_as_zeros_with_a_warning(self):
        classes = {**RED_BLUE, "classes": [{"id": "Red"}, {"id": "Blue"}, {"id": "Green"}]}
        result = run({"x": 10, "y": "x@Green + 1"}, bins=2, **classes)

        assert_series(result, y=[1, 1])
        assert result.parts("y") == {}
        assert "class_not_present" in {w.code for w in result.warnings}

    def test_a_part_may_be_bound_to_a_role(self):
        result = run(
            {"x": 10}, bins=1, places=[place("Q", arrivals="x@Red", capacity=3)], **RED_BLUE
        )

        assert_series(result, q_queue=[5], q_served=[3])
        assert_parts(result, "q_queue", Red=[5])


def test_without_traffic_nothing_has_classes():
    bare = document({"x": 10}, bins=1, classes=[{"id": "Red"}])

    result = evaluate(bind(load_template(bare)))

    assert result.parts("x") == {}
    assert result.class_coverage == "missing"
