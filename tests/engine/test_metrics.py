"""Derived metrics (engine §17.2-§17.4)."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose

from tests.engine.small import place, run

NAN = float("nan")


def buffer(id: str, **roles: Any) -> dict[str, Any]:
    return place(id, "serviceWithBuffer", **roles)


def test_one_bin_by_hand() -> None:
    """Engine E40."""
    roles = {"arrivals": "a", "served": "s", "capacity": 10, "queueDepth": "q"}
    desk = buffer("Desk", **roles, processingTimeMsSum="p", servedCount="s")

    result = run({"a": [20], "s": [8], "q": [12], "p": [24000]}, places=[desk])

    found = {
        metric: result.derived("Desk", metric).tolist()[0]
        for metric in (
            "queueTimeMs",
            "latencyMinutes",
            "serviceTimeMs",
            "cycleTimeMs",
            "utilization",
        )
    }
    assert found == {
        "queueTimeMs": 5_400_000,
        "latencyMinutes": 90,
        "serviceTimeMs": 3000,
        "cycleTimeMs": 5_403_000,
        "utilization": 0.8,
    }
    assert_allclose(result.derived("Desk", "flowEfficiency"), [0.000555247], atol=1e-9)


def test_latency_along_paths_is_weighted_by_flow() -> None:
    """Engine E41."""
    series = {"a": [30], "b": [10], "c": [40], "pa": [300], "pb": [200], "pc": [200]}
    places = [
        place(id, "service", arrivals=f, served=f, processingTimeMsSum=f"p{f}", servedCount=f)
        for id, f in (("A", "a"), ("B", "b"), ("C", "c"))
    ]
    edges = [{"from": "A", "to": "C"}, {"from": "B", "to": "C"}]

    result = run(series, places=places, edges=edges)

    assert result.derived("A", "flowLatencyMs").tolist() == [10]
    assert result.derived("B", "flowLatencyMs").tolist() == [20]
    assert result.derived("C", "flowLatencyMs").tolist() == [17.5]


def test_the_oldest_ticket_grows_older() -> None:
    """Engine E42."""
    desk = place("Desk", "queue", arrivals="a", capacity=4)

    result = run({"a": [10, 10, 0, 0]}, places=[desk], minutes=1)

    assert result.role("Desk", "queueDepth").tolist() == [6, 12, 8, 4]
    assert_allclose(result.derived("Desk", "oldestAgeMin"), [0.6, 1.2, 1.8, 2.4])


def pmf(*values: float) -> dict[str, Any]:
    shares = [1 / len(values)] * len(values)
    return {"kind": "pmf", "pmf": {"values": list(values), "probabilities": shares}}


def test_waiting_follows_from_two_distributions() -> None:
    """Engine E43: ca is 1, cs is 0.5."""
    desk = buffer(
        "Desk", arrivals="a", served="n", capacity=10, processingTimeMsSum="p", servedCount="n"
    )

    result = run({"a": pmf(0, 20), "p": pmf(4000, 12000), "n": [8]}, places=[desk])

    assert_allclose(result.derived("Desk", "kingmanWaitMs"), [2500])


def test_waiting_is_unknown_where_arrivals_are_no_distribution() -> None:
    desk = buffer(
        "Desk", arrivals="b", served="n", capacity=10, processingTimeMsSum="p", servedCount="n"
    )
    series = {"a": pmf(0, 20), "b": "a * 1", "p": pmf(4000, 12000), "n": [8]}

    assert np.isnan(run(series, places=[desk]).derived("Desk", "kingmanWaitMs")).all()


def test_waiting_is_unknown_where_a_variation_is_not_finite() -> None:
    """Engine §17.2: the square of such a value overflows; undefined is NaN, never an infinity."""
    desk = buffer(
        "Desk", arrivals="a", served="n", capacity=10, processingTimeMsSum="p", servedCount="n"
    )

    result = run({"a": pmf(0, 1e200), "p": pmf(4000, 12000), "n": [8]}, places=[desk])

    assert np.isnan(result.derived("Desk", "kingmanWaitMs")).all()
    assert not np.isinf(result.values).any()


def test_waiting_is_undefined_where_a_node_is_full() -> None:
    desk = buffer(
        "Desk", arrivals="a", served="n", capacity="c", processingTimeMsSum="p", servedCount="n"
    )
    series = {"a": pmf(0, 20), "p": pmf(4000, 12000), "n": [8, 8, 0], "c": [8, 10, 10]}

    found = run(series, places=[desk]).derived("Desk", "kingmanWaitMs")

    assert_allclose(found, [NAN, 2500, NAN])


def test_undefined_is_not_zero() -> None:
    series = {
        "a": [8, 0, 5],
        "s": [4, 0, 5],
        "c": [5, 0, -5],
        "p": [6, 0, 6],
        "n": [2, 0, -1],
    }
    desk = buffer(
        "Desk", arrivals="a", served="s", capacity="c", processingTimeMsSum="p", servedCount="n"
    )

    result = run(series, places=[desk])

    assert_allclose(result.derived("Desk", "utilization"), [0.8, NAN, NAN])
    assert_allclose(result.derived("Desk", "throughputRatio"), [0.5, NAN, 1])
    assert_allclose(result.derived("Desk", "serviceTimeMs"), [3, NAN, NAN])
    assert_allclose(result.derived("Desk", "retryTax"), [0, NAN, 0])
    assert_allclose(result.derived("Desk", "effectiveCapacity"), [5, 0, -5])


@pytest.mark.parametrize("servers", [[2, NAN, 0, -1]])
def test_servers_that_are_missing_or_not_positive_count_as_one(servers: list[float]) -> None:
    series = {"a": [8] * 4, "m": {"kind": "const", "source": "file:m"}}
    desk = buffer("Desk", arrivals="a", capacity=4, parallelism="m")

    result = run(series, places=[desk], sources={"file:m": servers})

    assert result.derived("Desk", "effectiveCapacity").tolist() == [8, 4, 4, 4]


def test_the_throughput_ratio_stays_between_0_and_1() -> None:
    desk = place("Desk", "service", arrivals="a", served="s")
    result = run({"a": [4, 4, -4], "s": [6, -2, 2]}, places=[desk])

    assert result.derived("Desk", "throughputRatio").tolist() == [1, 0, 0]


def test_tries_are_what_is_served_and_what_fails() -> None:
    series = {"a": [9, 9], "s": [4, 5], "f": [2, 0], "e": [1, 3]}
    roles = {"arrivals": "a", "served": "s"}
    places = [
        place("Plain", "service", **roles),
        place("Wrong", "service", **roles, errors="e"),
        place("Failed", "service", **roles, errors="e", failures="f"),
        place("Bound", "service", **roles, errors="e", attempts="a"),
    ]

    result = run(series, places=places)

    found = {p["id"]: result.derived(p["id"], "attempts").tolist() for p in places}
    assert found == {"Plain": [4, 5], "Wrong": [5, 8], "Failed": [6, 5], "Bound": [9, 9]}
    assert_allclose(result.derived("Bound", "retryTax"), [5 / 9, 4 / 9])
    assert "bound_attempts" not in {info.id for info in result.index}


def test_retries_are_derived_with_the_kernel_in_force() -> None:
    series = {"a": [9] * 5, "f": [100, 0, 0, 0, 0]}
    roles = {"arrivals": "a", "served": "a", "failures": "f"}
    places = [
        place("Usual", "service", **roles),
        place("Late", "service", **roles, retryKernel=[0, 0, 1]),
    ]

    result = run(series, places=places)

    assert_allclose(result.derived("Usual", "retryEcho"), [0, 60, 30, 10, 0])
    assert_allclose(result.derived("Late", "retryEcho"), [0, 0, 100, 0, 0])


def test_a_gap_is_a_gap_in_metrics_and_nothing_is_printed() -> None:
    series = {"a": {"kind": "const", "source": "file:a"}, "s": [1, 1, 0, 1]}
    desk = buffer("Desk", arrivals="a", served="s", errors="a", capacity="a")

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        result = run(series, places=[desk], sources={"file:a": [2, NAN, 2, 2]})

    assert_allclose(result.derived("Desk", "throughputRatio"), [0.5, NAN, 0, 0.5])
    assert_allclose(result.derived("Desk", "utilization"), [0.5, NAN, 0, 0.5])
    assert_allclose(result.derived("Desk", "retryEcho"), [0, 1.2, 0.6, 1.4])


def test_what_overflows_is_undefined_and_never_infinite() -> None:
    series = {"a": [5, 1e308], "s": [5, 1e-10], "c": [5, 1e308], "m": [1, 1e10]}
    desk = buffer("Desk", arrivals="a", served="s", capacity="c", parallelism="m")

    result = run(series, places=[desk])

    for metric in ("effectiveCapacity", "queueTimeMs", "latencyMinutes", "cycleTimeMs"):
        assert np.isfinite(result.derived("Desk", metric)[0]), metric
        assert np.isnan(result.derived("Desk", metric)[1]), metric


def test_a_cycle_time_has_one_part_or_both() -> None:
    roles = {"arrivals": "a", "served": "s"}
    times = {"processingTimeMsSum": "p", "servedCount": "s"}
    places = [
        place("Queue", "queue", **roles),
        place("Clerk", "service", **roles, **times),
        buffer("Both", **roles, **times),
    ]

    result = run({"a": [4, 4], "s": [2, 0], "p": [10, 10]}, places=places)

    assert_allclose(result.derived("Queue", "cycleTimeMs"), [3_600_000, NAN])
    assert_allclose(result.derived("Clerk", "cycleTimeMs"), [5, NAN])
    assert_allclose(result.derived("Both", "cycleTimeMs"), [3_600_005, NAN])
    assert_allclose(result.derived("Clerk", "flowEfficiency"), [1, NAN])


def test_a_delayed_edge_adds_its_delay_to_the_latency() -> None:
    times = {"processingTimeMsSum": "p", "servedCount": "a"}
    places = [
        place("A", "service", arrivals="a", served="a", **times),
        place("B", "sink", arrivals="a"),
    ]
    edges = [{"from": "A", "to": "B", "lag": 1}]

    result = run({"a": [10, 10, 0], "p": [50, 50, 50]}, places=places, edges=edges, minutes=1)

    assert_allclose(result.derived("B", "flowLatencyMs"), [NAN, 60_005, NAN])


def test_latency_is_not_carried_around_a_cycle() -> None:
    times = {"processingTimeMsSum": "p", "servedCount": "a"}
    places = [place(id, "service", arrivals="a", served="a", **times) for id in "ABC"]
    edges = [{"from": "A", "to": "B"}, {"from": "B", "to": "C"}, {"from": "C", "to": "B"}]

    result = run({"a": [10], "p": [50]}, places=places, edges=edges)

    assert [result.derived(id, "flowLatencyMs").tolist() for id in "ABC"] == [[5], [10], [15]]


def test_the_tightest_constraint_tells_the_shortfall() -> None:
    series = {"a": [30, 30, 30], "wide": [20, 50, 20], "narrow": [10, 50, 40]}
    places = [
        buffer("Desk", arrivals="a", served="a") | {"constraints": ["wide", "narrow"]},
        buffer("Free", arrivals="a", served="a"),
    ]
    constraints = [{"id": id, "semantics": {"served": id}} for id in ("wide", "narrow")]
    series["s"] = "a * 1"
    places[0]["semantics"]["served"] = "s"

    result = run(series, places=places, constraints=constraints)

    assert result.derived("Desk", "constraintShortfall").tolist() == [20, 0, 10]
    assert result.derived("Desk", "constraintStatus").tolist() == [1, 0, 1]
    assert np.isnan(result.derived("Free", "constraintStatus")).all()


def test_derived_ids_avoid_those_of_authors() -> None:
    series = {"a": [4], "desk_utilization": [9]}
    result = run(series, places=[place("Desk", "service", arrivals="a", served="a", capacity=8)])

    assert result.series("desk_utilization").tolist() == [9]
    assert result.series("desk_utilization_1").tolist() == [0.5]
    assert result.derived("Desk", "utilization").tolist() == [0.5]


def test_a_stack_holds_one_row_a_node_in_ascending_order() -> None:
    places = [place(id, "service", arrivals="a", served="s", capacity=8) for id in ("B", "A")]
    places.append(place("C", "service", arrivals="a", served="s"))

    nodes, stack = run({"a": [4, 4], "s": [4, 2]}, places=places).derived_stack("utilization")

    assert nodes == ("A", "B")
    assert stack.tolist() == [[0.5, 0.25], [0.5, 0.25]]
    assert not stack.flags.writeable
