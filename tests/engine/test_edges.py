"""What edges carry (engine §14)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from flowtime.engine import DocumentError, bind, evaluate, load_template, locate_series
from tests.engine.generated import documents
from tests.engine.small import place, run

NAN = float("nan")


def node(id: str, kind: str = "service", **roles: Any) -> dict[str, Any]:
    return place(id, kind, **(roles or {"arrivals": "a", "served": "a"}))


def test_shares_are_per_source_and_type() -> None:
    """Engine E38."""
    edges = [
        {"id": "x", "from": "A", "to": "X", "weight": 3},
        {"id": "y", "from": "A", "to": "Y", "weight": 1},
        {"id": "z", "from": "A", "to": "Z", "type": "effort", "weight": 1},
    ]

    result = run({"a": [12]}, places=[node(id) for id in "AXYZ"], edges=edges)

    volumes = [result.edge(id)["flowVolume"].tolist() for id in "xyz"]
    assert volumes == [[9], [3], [12]]


def test_a_lag_delays_and_what_is_under_way_is_a_stock() -> None:
    """Engine E39."""
    edges = [{"id": "e", "from": "A", "to": "B", "lag": 1}]

    found = run({"a": [10, 20, 30]}, places=[node("A"), node("B")], edges=edges).edge("e")

    assert {name: view.tolist() for name, view in found.items()} == {
        "flowVolume": [10, 20, 30],
        "arrivedVolume": [0, 10, 20],
        "transit": [10, 20, 30],
    }


def test_a_lag_longer_than_the_window_never_arrives() -> None:
    edges = [{"id": "e", "from": "A", "to": "B", "lag": 9}]

    found = run({"a": [1, 2]}, places=[node("A"), node("B")], edges=edges).edge("e")

    assert found["arrivedVolume"].tolist() == [0, 0]
    assert found["transit"].tolist() == [1, 3]


def test_a_missing_volume_is_not_carried_for_ever() -> None:
    series = {"a": {"kind": "const", "source": "file:a"}, "b": [1, 1, 1]}
    edges = [{"id": "e", "from": "A", "to": "B", "lag": 1}]
    sources = {"file:a": [5, NAN, 3]}

    found = run(series, places=[node("A"), node("B")], edges=edges, sources=sources).edge("e")

    assert_allclose(found["flowVolume"], [5, NAN, 3])
    assert_allclose(found["arrivedVolume"], [0, 5, NAN])
    assert_allclose(found["transit"], [5, 0, 3])


def test_weights_that_are_all_zero_count_as_equal() -> None:
    edges = [{"id": id, "from": "A", "to": id, "weight": 0} for id in "XY"]

    result = run({"a": [6]}, places=[node(id) for id in "AXY"], edges=edges)

    assert [result.edge(id)["flowVolume"].tolist() for id in "XY"] == [[3], [3]]


def test_a_weight_multiplies_effort_unless_a_multiplier_is_given() -> None:
    places = [node("A", arrivals="a", served="a", attempts="t"), node("X"), node("Y")]
    edges = [
        {"id": "x", "from": "A", "to": "X", "type": "effort", "measure": "attempts", "weight": 3},
        {"id": "y", "from": "A:load", "to": "Y", "type": "dependency", "multiplier": -0.5},
    ]

    result = run({"a": [4], "t": [6]}, places=places, edges=edges)

    assert result.edge("x") == {"attemptsVolume": [18]}
    assert result.edge("y") == {"attemptsVolume": [-2]}


def test_a_retry_rate_is_undefined_without_attempts() -> None:
    places = [node("A", arrivals="a", served="a", attempts="t", failures="f"), node("X")]
    edges = [{"id": "x", "from": "A", "to": "X", "type": "effort", "measure": "attempts"}]

    found = run({"a": [4, 0, 4], "t": [4, 0, -1], "f": [1, 0, 1]}, places=places, edges=edges).edge(
        "x"
    )

    assert_allclose(found["retryRate"], [0.25, NAN, NAN])
    assert_allclose(found["failuresVolume"], [1, 0, 1])


@pytest.mark.parametrize("measure", ["errors", "failures", "exhaustedFailures"])
def test_terminal_edges_carry_what_fails(measure: str) -> None:
    places = [
        node("A", arrivals="a", served="a", **{measure: "f"}),
        node("D", "dlq", arrivals="f"),
    ]
    edges = [{"id": "e", "from": "A", "to": "D", "type": "terminal", "measure": measure}]

    assert run({"a": [9], "f": [2]}, places=places, edges=edges).edge("e") == {
        "failuresVolume": [2]
    }


def test_an_edge_whose_role_is_not_bound_has_no_series() -> None:
    places = [node("A"), node("D", "dlq", arrivals="a")]
    edges = [{"id": "e", "from": "A", "to": "D", "type": "terminal", "measure": "failures"}]

    assert run({"a": [9]}, places=places, edges=edges).edge("e") == {}


def router(weights: Mapping[str, float]) -> dict[str, Any]:
    routes = [{"target": target, "weight": weight} for target, weight in weights.items()]
    return {"kind": "router", "inputs": {"queue": "a"}, "routes": routes}


def test_a_routers_edges_carry_the_targets_that_arrive() -> None:
    series = {"a": [100], "R": router({"x": 3, "y": 1}), "other": "y"}
    places = [
        {"id": "R", "kind": "router", "semantics": {}},
        node("X", arrivals="x", served="x"),
        node("Y", arrivals="other", served="other"),
    ]
    edges = [{"id": id, "from": "R", "to": id} for id in "XY"]

    result = run(series, places=places, edges=edges)

    assert result.edge("X")["flowVolume"].tolist() == [75]
    assert result.edge("Y")["flowVolume"].tolist() == [25]


def test_edges_that_match_one_target_split_it_by_weight() -> None:
    series = {"a": [100], "R": router({"x": 1})}
    places = [{"id": "R", "kind": "router", "semantics": {}}, node("X", arrivals="x", served="x")]
    edges = [{"id": f"e{w}", "from": "R", "to": "X", "weight": w} for w in (1, 3)]

    result = run(series, places=places, edges=edges)

    assert result.edge("e1")["flowVolume"].tolist() == [25]
    assert result.edge("e3")["flowVolume"].tolist() == [75]


def test_a_router_of_another_name_is_found_by_its_series() -> None:
    series = {"a": [100], "split": router({"x": 3, "y": 1})}
    places = [
        node("R", "router", arrivals="a", served="a"),
        node("X", arrivals="x", served="x"),
        node("Y", arrivals="y", served="y"),
    ]
    edges = [{"id": id, "from": "R", "to": id} for id in "XY"]

    result = run(series, places=places, edges=edges)

    assert [result.edge(id)["flowVolume"].tolist() for id in "XY"] == [[75], [25]]


CLASSED = {
    "classes": [{"id": "Ice"}, {"id": "Tea"}],
    "traffic": {
        "arrivals": [
            {"nodeId": "a", "classId": c, "pattern": {"kind": "constant", "ratePerBin": rate}}
            for c, rate in (("Ice", 1), ("Tea", 3))
        ]
    },
}


def test_class_parts_of_an_edge_sum_to_its_total() -> None:
    edges = [
        {"id": id, "from": "A", "to": id, "weight": w, "lag": 1} for id, w in (("X", 1), ("Y", 4))
    ]

    result = run({"a": [20, 40]}, places=[node(id) for id in "AXY"], edges=edges, **CLASSED)

    for metric in ("flowVolume", "arrivedVolume", "transit"):
        parts = result.parts(f"edge_X_{metric}")
        assert set(parts) == {"Ice", "Tea"}
        assert_allclose(sum(parts.values()), result.edge("X")[metric])
    assert_allclose(result.series("edge_X_flowVolume@Ice"), [1, 2])


def test_echoes_of_a_class_sum_to_the_echo() -> None:
    series = {"a": [8, 8, 8], "b": [4, 8, 0], "f": "a * 0.5", "l": "a + b"}
    places = [
        node("A"),
        node("B", arrivals="b", served="b"),
        node("C", arrivals="l", served="a", failures="f", retryEcho="echo", retryKernel=[0, 1]),
    ]
    edges = [{"id": id, "from": id, "to": "C"} for id in "AB"]

    result = run(series, places=places, edges=edges, **CLASSED)

    assert_allclose(result.edge("A")["retryVolume"], [0, 2, 4])
    assert_allclose(result.edge("B")["retryVolume"], [0, 2, 0])
    for id in "AB":
        assert_allclose(
            sum(result.parts(f"edge_{id}_retryVolume").values()), result.edge(id)["retryVolume"]
        )


def test_the_order_of_declaration_changes_nothing() -> None:
    series = {"a": [8, 8], "f": [2, 1]}
    places = [
        node("A", arrivals="a", served="a", failures="f", attempts="a", retryEcho="echo"),
        *(node(id) for id in "XY"),
    ]
    edges = [
        {"id": "z", "from": "A", "to": "X", "weight": 0.1},
        {"id": "y", "from": "A", "to": "Y", "weight": 0.7},
        {"id": "x", "from": "A", "to": "Y", "weight": 0.2, "lag": 1},
        {"id": "w", "from": "A", "to": "X", "type": "effort", "measure": "attempts"},
        {"id": "v", "from": "X", "to": "A"},
    ]

    first = run(series, places=places, edges=edges)
    second = run(series, places=places[::-1], edges=edges[::-1])

    assert first.index == second.index
    assert first.values.tobytes() == second.values.tobytes()
    assert first.warnings == second.warnings


TYPES = st.sampled_from(["throughput", "effort", "dependency", "terminal"])
MEASURES = st.sampled_from(["served", "attempts", "load", "errors", "failures"])


@st.composite
def connected(draw: st.DrawFn) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """A generated template, and edges between its places and two more that report what a series holds."""
    template = draw(documents())
    fork = any(entry["kind"] == "router" for entry in template["nodes"])
    template["topology"]["nodes"].append(
        {"id": "in", "kind": "service", "semantics": {"arrivals": "s0", "served": "s0"}}
    )
    if fork:
        template["topology"]["nodes"].append({"id": "fork", "kind": "router", "semantics": {}})
        template["topology"]["nodes"].append(
            {"id": "out", "kind": "sink", "semantics": {"arrivals": "t1"}}
        )
    ids = st.sampled_from([entry["id"] for entry in template["topology"]["nodes"]])
    edges = [
        {
            "id": f"e{k}",
            "from": draw(ids),
            "to": draw(ids),
            "type": draw(TYPES),
            "measure": draw(MEASURES),
            "weight": draw(st.sampled_from([0, 0.25, 1, 3])),
            "lag": draw(st.sampled_from([0, 0, 1, 9])),
        }
        for k in range(draw(st.integers(1, 6)))
    ]
    return template, edges


@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
@given(connected())
def test_edges_report_and_never_drive(
    made: tuple[dict[str, Any], list[dict[str, Any]]],
) -> None:
    template, edges = made
    try:
        alone = evaluate(bind(load_template(template)))
    except DocumentError:
        assume(False)
    template["topology"]["edges"] = edges

    result = evaluate(bind(load_template(template)))

    for info in alone.index:
        if info.origin != "derived":
            assert np.array_equal(result.series(info.id), alone.series(info.id), equal_nan=True)
    assert "ledger_violation" not in {warning.code for warning in result.warnings}
    for info in result.index:
        parts = result.parts(info.id) if info.origin == "edge" and "@" not in info.id else {}
        if parts and set(parts) == {"Red", "Blue"} and "retryRate" not in info.id:
            total = result.series(info.id)
            is_classed = np.any([part > 0 for part in parts.values()], axis=0) & (total > 0)
            gap = np.abs(sum(parts.values()) - total)
            assert (gap[is_classed] <= 1e-6 * np.maximum(1, total[is_classed])).all(), info.id


def test_a_series_of_the_name_of_an_edges_series_keeps_it() -> None:
    """Engine §10.2, §16.1: of two series of one name, the one that the engine adds gets a number."""
    result = run(
        {"i": [2, 4], "edge_e_flowVolume": [7, 7]},
        places=[place("A", "service", arrivals="i", served="i"), place("B", "sink", arrivals="i")],
        edges=[{"id": "e", "from": "A", "to": "B", "lag": 1}],
    )

    ids = [info.id for info in result.index]
    assert len(set(ids)) == len(ids)
    assert result.series("edge_e_flowVolume").tolist() == [7, 7]
    assert result.edge("e")["flowVolume"].tolist() == [2, 4]
    assert result.edge("e")["arrivedVolume"].tolist() == [0, 2]
    stored = ((info.id, info.origin, info.component) for info in result.index)
    assert locate_series(result.model, stored).edges["e"]["flowVolume"] == "edge_e_flowVolume_1"
