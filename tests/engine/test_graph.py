"""Dependencies, components, cycles and their messages (engine §11, §20)."""

from __future__ import annotations

import pytest

from flowtime.engine import DocumentError, Limits, bind, compile_model, load_template
from flowtime.engine.graph.components import strong_components
from tests.engine.small import K3, assert_series, document, model, place, run, traffic


def problems_of(series, **rest):
    with pytest.raises(DocumentError) as caught:
        bind(load_template(document(series, **rest)))
    return caught.value.problems


def only_problem(series, **rest):
    (problem,) = problems_of(series, **rest)
    return problem


class TestCycles:
    def test_two_expressions_in_one_bin(self):
        """E48."""
        problem = only_problem({"a": "b + 1", "b": "a + 1"})

        assert problem.code == "algebraic_cycle"
        assert problem.path == "nodes[0]"
        assert "a -> b -> a" in problem.message
        assert "nodes[0], nodes[1]" in problem.message
        assert "SHIFT(b, 1)" in problem.message

    def test_a_shift_opens_the_loop(self):
        """E48."""
        result = run({"a": "b + 1", "b": "SHIFT(a, 1) + 1"}, bins=3)

        assert_series(result, a=[2, 4, 6], b=[1, 3, 5])

    @pytest.mark.parametrize("text", ["x + 1", "SHIFT(x, 0)", "CONV(x, [0.5])", "EMA(x, 0.5)"])
    def test_a_series_that_needs_itself_in_the_same_bin(self, text):
        problem = only_problem({"x": text})

        assert (problem.code, problem.path) == ("algebraic_cycle", "nodes[0]")
        assert "x -> x" in problem.message

    @pytest.mark.parametrize(
        "text",
        [
            "x / 0",
            "IF(1, 5, x)",
            "IF(0, x, 5)",
            "MOD(x, 0)",
            "IF(STEP(1, 2), x, 1)",
            "PULSE(1, 10, x)",
            "SHIFT(x / 0, 0)",
            "x * 0",
        ],
    )
    def test_no_literal_beside_it_and_no_short_window_makes_a_reference_less(self, text):
        """Engine §11.2, §11.4: dependencies follow from the text; both branches of IF are computed (§9.3)."""
        problem = only_problem({"x": text})

        assert (problem.code, problem.path) == ("algebraic_cycle", "nodes[0]")

    @pytest.mark.parametrize("bins", [1, 3, 8])
    def test_a_gate_that_no_bin_opens_is_a_dependency_all_the_same(self, bins):
        """Engine §11.3: the queue's service reads its capacity, however short the window is."""
        problem = only_problem(
            {"i": 5, "c": "q_served + 1"},
            bins=bins,
            places=[
                place(
                    "q", arrivals="i", capacity="c",
                    dispatchSchedule={"periodBins": 9, "phaseOffset": 8},
                )
            ],
        )  # fmt: skip

        assert problem.code == "algebraic_cycle"

    @pytest.mark.parametrize(
        ("attempts", "taps"),
        [(4, K3), (2, [0, 0, 0, 0, 0, 0, 0, 0, 0, 1]), (3, [0, 0]), (1, K3)],
    )
    @pytest.mark.parametrize("bins", [1, 12])
    @pytest.mark.parametrize(
        "needed", ["gone", "left", "left@Red", "s_abandoned", "s_retry_pending"]
    )
    def test_a_budget_needs_the_failures_of_its_bin_however_few_attempts_fit_the_window(
        self, attempts, taps, bins, needed
    ):
        """Engine §11.3: exhausted, budget, abandoned and pending depend on failures, attempts and echo."""
        problem = only_problem(
            {"a": 10, "f": f"0.1 * a + 0.5 * {needed}"},
            bins=bins,
            places=[
                place(
                    "s", "service", arrivals="a", served="a", failures="f", retryEcho="back",
                    exhaustedFailures="gone", retryBudgetRemaining="left",
                    retryKernel=taps, maxAttempts=attempts,
                )
            ],
            **traffic(a={"Red": 1}),
        )  # fmt: skip

        name, _, _ = needed.partition("@")
        assert problem.code == "algebraic_cycle"
        assert f"f -> {name} -> f (defined at nodes[1], topology.nodes[0]);" in problem.message

    @pytest.mark.parametrize("text", ["CONV(x, [0, 0])", "CONV(x, [0, 1])", "SHIFT(x, 1)"])
    def test_a_kernel_without_a_tap_of_now_is_no_cycle(self, text):
        assert_series(run({"x": text}), x=[0, 0, 0, 0])

    def test_the_shortest_way_through_the_least_id_is_named(self):
        problem = only_problem({"d": "a", "c": "d + b", "b": "c", "a": "b + c", "z": "a"})

        assert "a -> c -> d -> a" in problem.message or "a -> b -> c -> d -> a" in problem.message
        assert "a -> c -> d -> a" in problem.message
        assert problem.path == "nodes[3]"

    def test_each_component_is_reported_once_in_document_order(self):
        found = problems_of({"p": "q", "q": "p", "a": "b", "b": "a"})

        assert [problem.path for problem in found] == ["nodes[0]", "nodes[2]"]

    def test_classes_in_a_component_do_not_report_it_again(self):
        found = problems_of({"s": 10, "a": "s + b", "b": "s + a"}, **traffic(s={"Red": 1}))

        assert [(problem.code, problem.path) for problem in found] == [
            ("algebraic_cycle", "nodes[1]")
        ]

    def test_a_router_target_is_found_at_its_router(self):
        routes = [{"target": "t"}]
        problem = only_problem(
            {"x": "t + 1", "r": {"kind": "router", "inputs": {"queue": "x"}, "routes": routes}}
        )

        assert problem.path == "nodes[1]"
        assert "t -> x -> t" in problem.message

    def test_a_synthesised_series_is_found_at_its_place(self):
        problem = only_problem({"x": "b_queue * 2"}, places=[place("B", arrivals="x", capacity=1)])

        assert problem.path == "topology.nodes[0]"
        assert "b_queue -> x -> b_queue" in problem.message

    def test_temporaries_are_never_named(self):
        problem = only_problem(
            {"a": 1, "o": "spare", "spare": "o * 2"},
            places=[place("Q", arrivals="a", served="o", dispatchSchedule={"periodBins": 2})],
        )

        assert "__" not in problem.message
        assert "o -> spare -> o" in problem.message

    def test_members_that_feed_each_other_close_a_cycle(self):
        problem = only_problem(
            {"x": 5, "k": 3},
            places=[
                place("A", arrivals="x", capacity=9, constraints=["c"]),
                place("B", arrivals="a_served", capacity=9, constraints=["c"]),
            ],
            constraints=[{"id": "c", "semantics": {"served": "k"}}],
        )

        assert problem.code == "algebraic_cycle"

    def test_an_overflow_ring_is_not_reported_twice(self):
        problem = only_problem(
            {"i": 1},
            places=[
                place("B", arrivals="i", capacity=1, wipLimit=5, wipOverflow="A"),
                place("A", arrivals="i", capacity=1, wipLimit=5, wipOverflow="B"),
            ],
        )

        assert problem.code == "overflow_cycle"
        assert problem.path == "topology.nodes[1].wipOverflow"
        assert "A -> B -> A" in problem.message

    def test_a_budget_of_any_size_is_checked_at_once(self):
        problem = only_problem(
            {"f": "0.5 * tries", "tries": "10 + e"},
            bins=100_000,
            places=[
                place(
                    "R", "service", arrivals="tries", served="tries", failures="f",
                    retryEcho="e", retryKernel=K3, maxAttempts=10**9,
                )
            ],
        )  # fmt: skip

        assert problem.code == "limit_exceeded"


class TestComponents:
    def test_are_the_largest_sets_that_reach_each_other(self):
        reads = {"a": {"b": 0}, "b": {"c": 1}, "c": {"a": 0}, "d": {"a": 0}, "e": {}}

        groups = strong_components(reads, reads)

        assert sorted(groups) == [["a", "b", "c"], ["d"], ["e"]]
        assert groups.index(["a", "b", "c"]) < groups.index(["d"])

    def test_do_not_depend_on_the_depth_of_the_stack(self):
        chain = {f"n{k}": {f"n{k + 1}": 0} for k in range(5000)}

        assert len(strong_components(chain, chain)) == 5000


class TestDescribe:
    def test_has_every_lag_of_the_text(self):
        plan = compile_model(model({"a": 1, "b": "IF(1, SHIFT(a, 9), SHIFT(b, 1)) / 0"}, bins=4))

        (vertex,) = [entry for entry in plan.describe()["vertices"] if entry["id"] == "b"]
        assert vertex["dependencies"] == [{"id": "a", "lag": 9}, {"id": "b", "lag": 1}]
        assert_series(plan.run(), b=[0, 0, 0, 0])

    @pytest.mark.parametrize("bins", [1, 2, 12])
    def test_has_what_retries_need_however_short_the_window_is(self, bins):
        """Engine §11.3."""
        plan = compile_model(
            model(
                {"a": 10, "f": 2},
                bins=bins,
                places=[
                    place(
                        "s", "service", arrivals="a", served="a", failures="f", retryEcho="back",
                        exhaustedFailures="gone", retryKernel=[0, 0, 1], maxAttempts=3,
                    )
                ],
            )
        )  # fmt: skip

        found = {
            entry["id"]: {need["id"]: need["lag"] for need in entry["dependencies"]}
            for entry in plan.describe()["vertices"]
        }
        assert {"a": 2, "f": 2}.items() <= found["back"].items()
        for name in ("gone", "s_abandoned", "s_retry_pending"):
            assert {"a": 0, "f": 0, "back": 0}.items() <= found[name].items()

    def test_says_what_is_computed_how_and_in_which_order(self):
        plan = compile_model(model({"a": "SHIFT(b, 2) + 1", "b": "a * 2", "c": "b + 1"}, bins=3))

        found = plan.describe()

        assert found["cells"] == len(plan.series_ids) * 3
        vertices = {vertex["id"]: vertex for vertex in found["vertices"]}
        assert vertices["a"]["dependencies"] == [{"id": "b", "lag": 2}]
        assert vertices["b"]["dependencies"] == [{"id": "a", "lag": 0}]
        kinds = {tuple(c["vertices"]): c["kind"] for c in found["components"]}
        assert kinds == {("a", "b"): "feedback", ("c",): "vector"}
        assert plan.series_ids == ("a@A@DEFAULT", "b@B@DEFAULT", "c@C@DEFAULT")

    def test_an_engine_made_series_has_the_lags_of_its_mechanism(self):
        plan = compile_model(
            model({"i": 5, "c": 3}, places=[place("Q", arrivals="i", capacity="c")])
        )

        vertices = {vertex["id"]: vertex for vertex in plan.describe()["vertices"]}
        lags = {d["id"]: d["lag"] for d in vertices["q_served"]["dependencies"]}
        assert lags == {"i": 0, "c": 0, "q_queue": 1}
        lags = {d["id"]: d["lag"] for d in vertices["q_queue"]["dependencies"]}
        assert lags == {"i": 0, "q_served": 0, "q_queue": 1}

    def test_too_many_cells_are_refused_before_anything_is_allocated(self):
        bound = model({f"x{k}": 1 for k in range(100)}, bins=1000)

        with pytest.raises(DocumentError) as caught:
            compile_model(bound, limits=Limits(max_cells=99_999))

        (problem,) = caught.value.problems
        assert (problem.code, problem.path) == ("limit_exceeded", "grid.bins")
        assert "max_cells is 99999, found 100000" in problem.message
        assert compile_model(bound, limits=Limits(max_cells=100_000))


def test_class_parts_that_would_close_a_cycle_stay_unresolved():
    """The queue's own arrivals are routed by the class of what it serves, in the same bin."""
    result = run(
        {
            "x": 10,
            "o": 4,
            "r": {
                "kind": "router",
                "inputs": {"queue": "o"},
                "routes": [{"target": "red", "classes": ["Red"]}, {"target": "rest"}],
            },
            "arrive": "x + red",
        },
        places=[place("Q", arrivals="arrive", served="o")],
        **traffic(x={"Red": 1}),
    )

    assert result.parts("o") == {}
    assert "class_unresolved" in {w.code for w in result.warnings}
