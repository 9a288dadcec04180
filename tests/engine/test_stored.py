"""What is known of a result without its plan is what the plan knows (engine §16, §17, decision 11)."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from flowtime.engine import (
    COLOURED_BY,
    METRICS,
    Result,
    SourceError,
    bind,
    colour_bins,
    compile_model,
    load_model,
    load_template,
    locate_series,
    measure_sla,
)
from tests.engine.small import document, run

PLACES = (
    {
        "id": "Front-desk",
        "kind": "queue",
        "semantics": {"arrivals": "a", "served": "s", "queueDepth": "held", "slaMin": 30},
        "dispatchSchedule": {"periodBins": 2, "phaseOffset": -1, "capacitySeries": 8},
    },
    # The same name in snake case: the derived series of one of them carry a number.
    {"id": "Front.desk", "kind": "queue", "semantics": {"arrivals": "a", "served": "b"}},
    {"id": "Shop", "kind": "service", "semantics": {"arrivals": "a", "served": "b", "capacity": 4}},
    {"id": "Dead", "kind": "dlq", "semantics": {"arrivals": "e"}},
)
SERIES: dict[str, Any] = {
    "a": [5, 9, 0, 3],
    "s": [2, 8, 1, 0],
    "b": [3, 4, 0, 3],
    "e": [1, 0, 0, 0],
    "front_desk_latency_minutes": [1, 1, 1, 1],
    "held": {
        "kind": "serviceWithBuffer",
        "inflow": "a",
        "outflow": "s",
        "dispatchSchedule": {"periodBins": 2, "phaseOffset": -1, "capacitySeries": 8},
    },
}
EDGES = (
    {"id": "a b", "from": "Front-desk", "to": "Shop", "lag": 1},
    {"from": "Shop", "to": "Dead", "type": "terminal"},
)


@pytest.fixture
def result() -> Result:
    return run(SERIES, places=PLACES, edges=EDGES)


def located(result: Result) -> Any:
    model = load_model(result.model.to_document())
    return locate_series(model, ((i.id, i.origin, i.component) for i in result.index))


def test_every_derived_series_is_found_under_its_metric(result: Result) -> None:
    nodes = {node.id: node for node in located(result).nodes}

    assert list(nodes) == ["Front-desk", "Front.desk", "Shop", "Dead"]
    for node, found in nodes.items():
        for metric in METRICS:
            stored = result.derived(node, metric)
            assert metric in found.derived or np.isnan(stored).all()
            if metric in found.derived:
                np.testing.assert_array_equal(result.series(found.derived[metric]), stored)
    assert sum(len(found.derived) for found in nodes.values()) == sum(
        info.origin == "derived" for info in result.index
    )


def test_a_schedule_and_a_promise_are_told(result: Result) -> None:
    desk, plain, *_ = located(result).nodes

    assert (desk.promised, desk.period, desk.phase) == (30, 2, 1)
    assert (plain.promised, plain.period, plain.phase) == (None, 0, 0)


def test_every_edge_series_is_found_under_its_metric(result: Result) -> None:
    edges = located(result).edges

    assert list(edges) == ["a b", "Shop->Dead"]
    for edge, series in edges.items():
        assert {m: result.series(key).tolist() for m, key in series.items()} == {
            metric: view.tolist() for metric, view in result.edge(edge).items()
        }
    assert set(edges["a b"]) == {"flowVolume", "arrivedVolume", "transit"}


def test_colours_out_of_stored_metrics_are_those_of_the_result(result: Result) -> None:
    for node, found in zip(result.model.topology.nodes, located(result).nodes, strict=True):
        derived = {m: result.series(found.derived[m]) for m in COLOURED_BY if m in found.derived}

        again = colour_bins(node.kind, derived, promised=found.promised, bins=4)

        np.testing.assert_array_equal(again, result.colours(node.id))


def test_promises_out_of_stored_series_are_those_of_the_result(result: Result) -> None:
    desk = located(result).nodes[0]
    observed = {
        role: result.role("Front-desk", role) for role in ("arrivals", "served", "queueDepth")
    }
    derived = {metric: result.series(key) for metric, key in desk.derived.items()}
    opened = np.arange(4) % desk.period == desk.phase

    again = measure_sla(observed, derived, promised=desk.promised, opened=opened, span=slice(1, 4))
    whole = result.sla("Front-desk", 1, 4)

    assert set(again) == set(whole) == {"completion", "backlogAge", "scheduleAdherence"}
    for name, sla in again.items():
        assert sla.share == whole[name].share
        np.testing.assert_array_equal(sla.values, whole[name].values)


def test_a_plan_tells_what_a_run_of_it_needs() -> None:
    series = {"a": {"kind": "const", "source": "file:a.csv#x"}, "s": [1, 1, 1, 1]}
    place = {"id": "Desk", "kind": "queue", "semantics": {"arrivals": "a", "served": "s"}}
    model = bind(load_template(document(series, places=[place])))

    plan, replay = compile_model(model), compile_model(model, overrides=["a", "desk_queue"])

    assert plan.source_texts == ("file:a.csv#x",)
    assert replay.source_texts == ()
    assert plan.roles == {"Desk": {"arrivals": "a", "served": "s", "queueDepth": "desk_queue"}}
    assert plan.computed_depths == {"desk_queue"}
    assert replay.computed_depths == set()


def test_a_plan_refuses_arrays_without_running() -> None:
    model = bind(load_template(document({"a": {"kind": "const", "source": "file:a.csv#x"}})))
    plan = compile_model(model)

    with pytest.raises(SourceError) as refusal:
        plan.check(sources={"file:a.csv#x": [1, 2]}, overrides={"b": 1})
    plan.check(sources={"file:a.csv#x": [1, 2, 3, 4]})

    assert [p.code for p in refusal.value.problems] == ["source_shape", "unknown_override"]


def test_a_template_knows_the_parameters_at_a_path() -> None:
    template = load_template(
        {
            **document({"a": "${rate} * ${ share }", "b": [1, 2, 3, 4]}),
            "parameters": [
                {"name": name, "type": "number", "default": 1} for name in ("rate", "share", "idle")
            ],
            "x-notes": {"odd key": ["${idle}", "$${rate}"]},
        }
    )

    assert template.parameters_at("nodes[0].expr") == {"rate", "share"}
    assert template.parameters_at("nodes") == {"rate", "share"}
    assert template.parameters_at('["x-notes"]["odd key"]') == {"idle"}
    for nowhere in ("", "nodes[1]", "nodes[7].expr", "nodes.expr", "grid.bins.more"):
        assert template.parameters_at(nowhere) == frozenset()
