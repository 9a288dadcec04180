"""One run of a plan: sources, overrides, samples, progress and stopping (engine §8.2, §11.5, §21, §23.2)."""

from __future__ import annotations

import tracemalloc
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from flowtime.engine import Cancelled, Pcg32, SourceError, compile_model, evaluate
from flowtime.engine.kernels.sampling import open_stream, sample
from tests.engine.small import assert_close, assert_series, model, place, run

NAN = float("nan")


def refusal(series, **rest):
    with pytest.raises(SourceError) as caught:
        run(series, **rest)
    return [(problem.code, problem.path) for problem in caught.value.problems]


class TestSources:
    FROM_FILE = {"kind": "const", "source": "file:secret/place.csv#x"}

    def test_an_array_is_taken_as_it_is_gaps_included(self):
        result = run(
            {"x": self.FROM_FILE, "y": "x + 1"},
            sources={"file:secret/place.csv#x": [1, NAN, 3, 4]},
        )

        np.testing.assert_array_equal(result.series("y"), [2, NAN, 4, 5])

    def test_a_source_wins_over_the_other_definition(self):
        result = run(
            {"x": {"kind": "expr", "expr": "7", "source": "data:x"}},
            sources={"data:x": np.arange(4)},
        )

        assert_series(result, x=[0, 1, 2, 3])

    def test_a_role_may_name_one(self):
        result = run(
            {"o": 1},
            places=[place("Q", arrivals="file:in", served="o")],
            sources={"file:in": [5, 5, 5, 5]},
        )

        assert_series(result, q_arrivals=[5, 5, 5, 5], q_queue=[4, 8, 12, 16])

    def test_all_that_are_missing_are_named_by_their_nodes_and_not_by_their_text(self):
        with pytest.raises(SourceError) as caught:
            run(
                {"x": self.FROM_FILE, "o": 1},
                places=[place("Q", arrivals="file:in", served="o")],
            )

        problems = caught.value.problems
        assert [(p.code, p.path) for p in problems] == [
            ("source_missing", "nodes[0].source"),
            ("source_missing", "topology.nodes[0].semantics.arrivals"),
        ]
        assert "'x'" in problems[0].message and "'Q'" in problems[1].message
        assert "secret" not in str(caught.value)

    @pytest.mark.parametrize(
        ("given", "code"),
        [
            ([1, 2, 3], "source_shape"),
            ([[1, 2, 3, 4]], "source_shape"),
            (5, "source_shape"),
            (["a", "b", "c", "d"], "source_shape"),
            ([1, 2, [3], 4], "source_shape"),
            ([1, float("inf"), 3, 4], "source_not_finite"),
            (np.array([1, 2 + 1j, 3, 4]), "source_shape"),
        ],
    )
    def test_one_that_does_not_fit_is_refused(self, given, code):
        found = refusal({"x": self.FROM_FILE}, sources={"file:secret/place.csv#x": given})

        assert found == [(code, "nodes[0].source")]

    def test_what_a_mask_hides_is_missing(self):
        masked = np.ma.array([1, 2, 3, 4], mask=[0, 1, 0, 0])

        result = run({"x": self.FROM_FILE}, sources={"file:secret/place.csv#x": masked})

        np.testing.assert_array_equal(result.series("x"), [1, NAN, 3, 4])

    def test_inputs_are_neither_written_nor_kept(self):
        array = np.array([1.0, 2.0, 3.0, 4.0])

        result = run(
            {"x": self.FROM_FILE},
            sources={"file:secret/place.csv#x": array},
        )
        array[:] = 9

        assert_series(result, x=[1, 2, 3, 4])


class TestOverrides:
    def test_replace_a_series_for_all_its_readers(self):
        result = run({"x": 1, "y": "x * 2"}, overrides={"x": [5, 6, 7, 8]})

        assert_series(result, x=[5, 6, 7, 8], y=[10, 12, 14, 16])

    def test_may_be_a_number(self):
        assert_series(run({"x": 1, "y": "x * 2"}, overrides={"x": 3}), y=[6, 6, 6, 6])

    def test_open_a_loop_that_would_be_a_cycle_of_lags(self):
        plan = compile_model(model({"a": "SHIFT(b, 1) + 1", "b": "a * 2"}), overrides=["b"])

        kinds = {component["kind"] for component in plan.describe()["components"]}
        assert kinds == {"vector"}
        assert_series(plan.run(overrides={"b": [1, 2, 3, 4]}), a=[1, 2, 3, 4])

    def test_are_not_gated_limited_or_capped_again(self):
        result = run(
            {"i": 10, "o": 9, "k": 2},
            places=[
                place(
                    "Q",
                    arrivals="i",
                    served="o",
                    constraints=["c"],
                    dispatchSchedule={"periodBins": 2},
                )
            ],
            constraints=[{"id": "c", "semantics": {"served": "k"}}],
            overrides={"o": [7, 7, 7, 7]},
        )

        assert_series(result, o=[7, 7, 7, 7], q_queue=[3, 6, 9, 12])

    def test_of_a_depth_are_compared_with_the_flows(self):
        result = run(
            {"i": 10, "o": 9},
            places=[place("Q", arrivals="i", served="o")],
            overrides={"q_queue": [1, 2, 9, 4]},
        )

        assert_series(result, q_queue=[1, 2, 9, 4])
        (warning,) = [w for w in result.warnings if w.code == "queue_depth_mismatch"]
        assert warning.bins[0] == (2, 2)

    def test_that_nobody_defines_or_foresaw_are_refused(self):
        assert refusal({"flow": 1}, overrides={"flaw": 1, "flow": [1, 2]}) == [
            ("source_shape", "overrides.flow"),
            ("unknown_override", "overrides.flaw"),
        ]
        plan = compile_model(model({"x": 1, "y": 2}), overrides=["x"])
        with pytest.raises(SourceError) as caught:
            plan.run(overrides={"x": 1, "y": 2})
        assert [p.code for p in caught.value.problems] == ["unknown_override"]

    @pytest.mark.parametrize("name", [5, None, ("flow",)])
    def test_that_are_not_even_named_by_text_are_refused(self, name):
        # Engine §23.4: anything else that escapes is a bug.
        with pytest.raises(SourceError) as caught:
            evaluate(model({"flow": 1}), overrides={name: 1})

        assert [problem.code for problem in caught.value.problems] == ["unknown_override"]

    def test_that_were_announced_must_come(self):
        plan = compile_model(model({"x": 1}), overrides=["x"])

        with pytest.raises(SourceError) as caught:
            plan.run()
        assert [(p.code, p.path) for p in caught.value.problems] == [
            ("source_missing", "overrides.x")
        ]


class TestSampling:
    @pytest.mark.parametrize(
        ("seed", "draws"),
        [
            (0, [1613493245, 3894649422, 2055130073, 2315086854]),
            (1, [3114030964, 3308539156, 2446277621, 2609120922]),
            (42, [1971522493, 242089394, 3457789919, 3637502659]),
            (123, [3010882749, 1711133445, 708549532, 161668841]),
        ],
    )
    def test_the_generator_draws_the_published_numbers(self, seed, draws):
        """Engine §21.1."""
        assert Pcg32(seed, 1442695040888963407).draws(4).tolist() == draws
        one_by_one = Pcg32(seed, 1442695040888963407)
        assert [one_by_one.draw() for _ in range(4)] == draws

    @pytest.mark.parametrize(
        ("seed", "node", "replicate", "draws", "values"),
        [
            (42, "demand", 0, [1066212138, 4038105592, 966719307, 1890506504], "2322122123"),
            (42, "demand", 1, [3506959764, 3030090479, 2686586189, 1124860006], "3322122333"),
            (42, "returns", 0, [3218262082, 3898744308, 2972899828, 2616261855], "3322212222"),
            (123, "demand", 0, [864169942, 2413650, 1215686609, 2002969753], "2122112212"),
        ],
    )
    def test_every_node_has_its_own_stream(self, seed, node, replicate, draws, values):
        """Engine §21.2."""
        assert open_stream(seed, node, replicate).draws(4).tolist() == draws
        stream = open_stream(seed, node, replicate)
        found = sample([1, 2, 3], [0.2, 0.5, 0.3], stream, 10)
        assert found.tolist() == [float(digit) for digit in values]

    def test_replicates_differ_and_other_nodes_do_not_matter(self):
        pmf = {"kind": "pmf", "pmf": {"values": [1, 2, 3], "probabilities": [0.2, 0.5, 0.3]}}
        rng = {"mode": "sample", "seed": 42}

        alone = run({"demand": pmf}, bins=10, rng=rng)
        beside = run({"returns": pmf, "demand": pmf}, bins=10, rng=rng)
        again = run({"demand": pmf}, bins=10, rng=rng, replicate=1)

        assert_close(beside.series("demand"), alone.series("demand"))
        assert again.series("demand").tolist() == [3, 3, 2, 2, 1, 2, 2, 3, 3, 3]

    def test_a_replicate_is_a_whole_number_however_it_is_held(self):
        # Engine §22.2: equal scenario hash, equal numbers; a text of "1.0" would open another stream.
        pmf = {"kind": "pmf", "pmf": {"values": [1, 2, 3], "probabilities": [0.2, 0.5, 0.3]}}
        rng = {"mode": "sample", "seed": 42}

        plain = run({"demand": pmf}, bins=10, rng=rng, replicate=1)
        counted = run({"demand": pmf}, bins=10, rng=rng, replicate=np.int64(1))

        assert counted.scenario_hash == plain.scenario_hash
        assert counted.result_hash == plain.result_hash
        with pytest.raises(TypeError):
            run({"demand": pmf}, bins=10, rng=rng, replicate=1.0)

    def test_a_value_of_no_probability_is_never_drawn(self):
        found = sample([1, 2, 3], [0.0, 1.0, 0.0], Pcg32(1, 3), 1000)

        assert set(found.tolist()) == {2.0}


class TestWatching:
    def long_model(self):
        return model(
            {"x": "SHIFT(y, 1) * 0.5 + 1", "y": "x", **{f"z{k}": f"x + {k}" for k in range(150)}},
            bins=20_000,
        )

    def test_progress_rises_to_exactly_one_in_few_calls(self):
        calls = []

        evaluate(self.long_model(), progress=lambda *call: calls.append(call))

        fractions = [fraction for fraction, _ in calls]
        assert fractions[0] == 0.0 and fractions[-1] == 1.0
        assert fractions == sorted(fractions)
        assert len(calls) <= 100
        phases = list(dict.fromkeys(phase for _, phase in calls))
        assert phases == ["series", "classes", "edges", "derived", "checks"]

    def test_cancel_is_asked_often_enough_to_stop_inside_a_loop(self):
        asked = []

        def cancel():
            asked.append(None)
            return len(asked) > 4

        with pytest.raises(Cancelled):
            evaluate(self.long_model(), cancel=cancel)
        assert len(asked) == 5

        asked.clear()
        evaluate(self.long_model(), cancel=lambda: bool(asked.append(None)))
        assert len(asked) > 20_000 / 4096 + 150

    def test_what_a_callback_raises_passes_through(self):
        plan = compile_model(model({"x": 1}))

        def fail(*_):
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            plan.run(progress=fail)
        assert_series(plan.run(), x=[1, 1, 1, 1])


def test_a_plan_runs_concurrently_and_gives_the_same_bits():
    bound = model(
        {"s": list(range(4)), "x": "SHIFT(y, 1) + s", "y": "x * 0.5"},
        places=[place("Q", arrivals="x", capacity=1)],
    )
    plan = compile_model(bound)

    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(lambda _: plan.run().values.tobytes(), range(16)))

    assert len(set(results)) == 1


def test_a_result_is_read_only():
    result = run({"x": [1, 2, 3, 4]})

    with pytest.raises(ValueError, match="read-only"):
        result.values[0, 0] = 5
    with pytest.raises(ValueError, match="read-only"):
        result.series("x")[0] = 5


@pytest.mark.parametrize("is_looping", [False, True])
def test_a_run_needs_little_more_memory_than_its_result(is_looping):
    """Engine §24.4: at most three times the result and 16 MiB, inputs apart."""
    past = "SHIFT(x{0}, 1)" if is_looping else "SHIFT(s + {0}, 3)"
    series = {f"x{k}": f"MIN(s * {k}, 50) + 0.1 * {past.format(k)}" for k in range(1, 21)}
    series["s"] = {"kind": "const", "source": "file:s"}
    plan = compile_model(model(series, bins=40_000))
    sources = {"file:s": np.linspace(0, 9, 40_000)}

    tracemalloc.start()
    result = plan.run(sources=sources)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert peak <= 3 * result.values.nbytes + 16 * 2**20
