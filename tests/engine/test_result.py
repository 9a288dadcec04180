"""What a result answers (engine §23.3), its colours (§17.5), promises (§17.6) and class coverage (§13.4)."""

from __future__ import annotations

import gc
import json
import weakref
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose

from flowtime.engine import COLOURS
from flowtime.engine.hashing import array_digest, json_digest
from tests.engine.small import place as bare_place
from tests.engine.small import run as run_hourly

NAN = float("nan")


def run(series: Mapping[str, Any], places: Sequence[Mapping[str, Any]] = (), **rest: Any) -> Any:
    return run_hourly(series, places=places, minutes=1, **rest)


def place(id: str, kind: str = "queue", **entries: Any) -> dict[str, Any]:
    return bare_place(id, kind, **({"arrivals": "a"} | entries))


def desk() -> Any:
    return run({"a": [10, 10, 0, 0], "s": [4, 4, 4, 4]}, [place("Desk", served="s", slaMin=2)])


def test_a_series_is_found_by_each_of_its_names() -> None:
    result = desk()

    by_names = [
        result.series(id).tolist() for id in ("desk_queue", "desk_queue@DESK_QUEUE@DEFAULT")
    ]

    assert by_names == [[6, 12, 8, 4], [6, 12, 8, 4]]
    assert result.role("Desk", "queueDepth").tolist() == [6, 12, 8, 4]
    assert repr(result) == "<Result of small: 9 series, 4 x 1 minutes>"


@pytest.mark.parametrize(
    ("ask", "advice"),
    [
        (lambda r: r.series("desk_queu"), "unknown series 'desk_queu'; did you mean 'desk_queue'?"),
        (lambda r: r.series("q" * 90), "unknown series"),
        (lambda r: r.role("Desk", "servd"), "did you mean 'served'?"),
        (lambda r: r.role("Dsk", "served"), "unknown topology node 'Dsk'; did you mean 'Desk'?"),
        (lambda r: r.derived("Desk", "utilisation"), "did you mean 'utilization'?"),
        (lambda r: r.derived_stack("nothing"), "unknown metric 'nothing'"),
        (lambda r: r.edge("e"), "unknown edge 'e'"),
        (lambda r: r.ledger("Desl"), "unknown queue 'Desl'; did you mean 'Desk'?"),
        (lambda r: r.parts("desk_queu"), "unknown series"),
        (lambda r: r.colours("Desl"), "unknown topology node"),
        (lambda r: r.sla("Desl"), "unknown topology node"),
    ],
)
def test_an_unknown_name_is_refused_with_advice(ask: Any, advice: str) -> None:
    with pytest.raises(KeyError) as refusal:
        ask(desk())

    assert advice in refusal.value.args[0]
    assert len(refusal.value.args[0]) < 150


def test_nothing_that_is_given_out_can_be_written_to() -> None:
    edges = [{"id": "e", "from": "Desk", "to": "Other"}]
    places = [place("Desk", served="s", slaMin=2), place("Other", "service", served="a")]
    result = run({"a": [10, 10], "s": [4, 4]}, places, edges=edges)

    given = [
        result.values,
        result.series("a"),
        result.role("Desk", "served"),
        result.edge("e")["flowVolume"],
        result.derived("Desk", "latencyMinutes"),
        result.derived("Desk", "utilization"),
        result.derived_stack("latencyMinutes")[1],
        result.colours("Desk"),
        result.sla("Desk")["completion"].values,
        *result.ledger("Desk").values(),
    ]

    for array in given:
        with pytest.raises(ValueError, match="read-only"):
            array[..., 0] = 9


def test_results_do_not_share_arrays_with_what_was_passed_in() -> None:
    given = np.array([1.0, 2.0])

    result = run({"a": [10, 10], "s": [4, 4]}, overrides={"s": given})
    given[:] = 9

    assert result.series("s").tolist() == [1, 2]


def test_a_metric_that_a_node_cannot_have_is_undefined_throughout() -> None:
    assert np.isnan(desk().derived("Desk", "utilization")).all()


def test_colours_follow_the_load() -> None:
    series = {"a": [6, 7, 8, 9, 0], "s": [6, 7, 8, 9, 0], "c": [10, 10, 10, 10, 0]}
    result = run(series, [place("Desk", "service", served="s", capacity="c")])

    assert [COLOURS[c] for c in result.colours("Desk")] == [
        "green",
        "yellow",
        "yellow",
        "red",
        "gray",
    ]


def test_colours_of_a_queue_follow_its_promise() -> None:
    result = desk()

    assert result.derived("Desk", "latencyMinutes").tolist() == [1.5, 3, 2, 1]
    assert [COLOURS[c] for c in result.colours("Desk")] == ["green", "yellow", "green", "green"]


def test_a_queue_without_a_promise_is_gray_and_a_dead_letter_queue_is_itself() -> None:
    result = run({"a": [9], "s": [4]}, [place("Desk", served="s", slaMin=0), place("Dead", "dlq")])

    assert [COLOURS[c] for c in result.colours("Desk")] == ["gray"]
    assert [COLOURS[c] for c in result.colours("Dead")] == ["dlq"]


def test_promises_are_measured_over_a_range() -> None:
    found = desk().sla("Desk", 1, 3)

    assert found["completion"].values.tolist() == [0.4, 1]
    assert found["completion"].share == 0.5
    assert_allclose(found["backlogAge"].values, [1.2, 1.8])
    assert found["backlogAge"].share == 1
    assert set(found) == {"completion", "backlogAge"}


def test_an_undefined_promise_has_no_share() -> None:
    schedule = {"periodBins": 4, "phaseOffset": 3}
    result = run({"a": [9, 9], "s": [4, 4]}, [place("Desk", served="s", dispatchSchedule=schedule)])

    found = result.sla("Desk")

    assert found["completion"].share is None
    assert found["scheduleAdherence"].share is None
    assert np.isnan(found["completion"].values).all()


def test_a_queue_is_paused_while_its_gate_is_closed_and_work_waits() -> None:
    schedule = {"periodBins": 2}
    result = run(
        {"a": [0, 2, 2, 0], "s": [9, 9, 9, 9]},
        [place("Desk", capacity=9, dispatchSchedule=schedule), place("Free", capacity=9)],
    )

    assert result.is_paused("Desk").tolist() == [False, True, False, False]
    assert not result.is_paused("Free").any()


def test_a_schedule_at_a_plain_service_only_informs() -> None:
    schedule = {"periodBins": 2}
    result = run(
        {"a": [2, 2, 2, 0], "s": [2, 2, 0, 0]},
        [place("Desk", "service", served="s", dispatchSchedule=schedule)],
    )

    assert result.role("Desk", "served").tolist() == [2, 2, 0, 0]
    assert_allclose(result.sla("Desk")["scheduleAdherence"].values, [1, NAN, 0, NAN])


def test_a_ledger_is_found_by_place_and_by_computation_queue() -> None:
    buffer = {"kind": "serviceWithBuffer", "inflow": "a", "outflow": "s"}
    series = {"a": [5, 0], "s": [2, 9], "yard": buffer}
    result = run(series, [place("Yard", served="s", queueDepth="yard")])

    for name in ("Yard", "yard"):
        columns = {column: array.tolist() for column, array in result.ledger(name).items()}
        assert columns == {
            "inflow": [5, 0],
            "out": [2, 3],
            "loss": [0, 0],
            "overflow": [0, 0],
            "exhausted": [0, 0],
            "stock": [3, 0],
            "unmet": [0, 6],
        }


def test_a_ledger_of_a_stated_depth_shows_the_data() -> None:
    result = run(
        {"a": [5, 5], "s": [2, 2], "q": [3, 7]}, [place("Desk", served="s", queueDepth="q")]
    )

    assert result.ledger("Desk")["stock"].tolist() == [3, 7]
    assert result.ledger("Desk")["out"].tolist() == [2, 2]


def traffic(*pairs: tuple[str, str]) -> dict[str, Any]:
    return {
        "arrivals": [
            {"nodeId": node, "classId": id, "pattern": {"kind": "constant", "ratePerBin": 1}}
            for node, id in pairs
        ]
    }


@pytest.mark.parametrize(
    ("classes", "entries", "served", "coverage"),
    [
        ("", (), "s", "missing"),
        ("AB", (), "s", "missing"),
        ("AB", (("a", "A"), ("a", "B")), "a", "full"),
        ("AB", (("a", "A"),), "a", "partial"),
        ("A", (("a", "A"),), "s", "partial"),
    ],
)
def test_coverage_tells_how_completely_classes_are_known(
    classes: str, entries: Any, served: str, coverage: str
) -> None:
    rest: dict[str, Any] = {"classes": [{"id": id} for id in classes]} if classes else {}
    if entries:
        rest["traffic"] = traffic(*entries)

    result = run({"a": [5], "s": [2]}, [place("Desk", "service", served=served)], **rest)

    assert result.class_coverage == coverage


def test_parts_are_given_by_class() -> None:
    rest = {"classes": [{"id": "A"}, {"id": "B"}], "traffic": traffic(("a", "A"), ("a", "B"))}
    result = run({"a": [5], "b": [1]}, **rest)

    assert {c: part.tolist() for c, part in result.parts("a").items()} == {"A": [2.5], "B": [2.5]}
    assert result.parts("a@A@DEFAULT").keys() == {"A", "B"}
    assert result.parts("b") == {}


def test_equal_runs_have_equal_hashes_and_other_numbers_other_hashes() -> None:
    one, two = desk(), desk()
    other = run({"a": [10, 10, 0, 0], "s": [4, 4, 4, 5]}, [place("Desk", served="s", slaMin=2)])

    assert one.hashes() == two.hashes()
    assert one.scenario_hash != other.scenario_hash
    assert one.result_hash != other.result_hash


def test_a_replicate_and_an_override_change_the_scenario() -> None:
    series = {"a": [5, 5], "s": [2, 2]}
    hashes = {
        run(series).scenario_hash,
        run(series, replicate=1).scenario_hash,
        run(series, overrides={"s": np.array([1.0, 1.0])}).scenario_hash,
        run(series, overrides={"a": np.array([1.0, 1.0])}).scenario_hash,
    }

    assert len(hashes) == 4


def test_what_the_caller_does_to_its_arrays_afterwards_changes_no_hash() -> None:
    given = np.array([1.0, 2.0])
    before = run({"a": [5, 5]}, overrides={"a": np.array([1.0, 2.0])}).scenario_hash

    result = run({"a": [5, 5]}, overrides={"a": given})
    given[:] = 9

    assert result.scenario_hash == before


def test_a_number_overrides_like_the_array_it_stands_for() -> None:
    one = run({"a": [5, 5]}, overrides={"a": 3})
    two = run({"a": [5, 5]}, overrides={"a": np.array([3.0, 3.0])})

    assert one.hashes() == two.hashes()


def test_a_result_is_gone_when_nobody_holds_it() -> None:
    gc.disable()
    try:
        result = desk()
        values = weakref.ref(result.values.base)
        assert result.ledger("Desk")["stock"].tolist() == [6, 12, 8, 4]
        del result
        assert values() is None
    finally:
        gc.enable()


def test_the_result_hash_covers_the_selected_series() -> None:
    result = run({"a": [5], "s": [2]}, outputs=[{"series": "a"}])

    assert result.result_hash == json_digest({"a@A@DEFAULT": array_digest(np.array([5.0]))})


def test_the_graph_is_plain_data() -> None:
    places = [
        place("Desk", served="s", label="The desk", ui={"x": 1, "y": 2}),
        place("Exit", "sink"),
    ]
    edges = [{"from": "Desk:out", "to": "Exit", "weight": 2}]

    graph = run({"a": [5], "s": [2]}, places, edges=edges).graph()

    assert json.loads(json.dumps(graph)) == graph
    assert [node["id"] for node in graph["nodes"]] == ["Desk", "Exit"]
    assert graph["nodes"][0]["label"] == "The desk"
    assert graph["nodes"][0]["roles"]["queueDepth"] == "desk_queue"
    assert graph["edges"][0]["series"] == {"flowVolume": "edge_Desk_out-_Exit_flowVolume"}
    assert (graph["edges"][0]["from"], graph["edges"][0]["fromPort"]) == ("Desk", "out")


def test_errors_are_told_apart_from_warnings() -> None:
    assert not desk().has_errors
    with np.errstate(all="raise"):
        broken = run(
            {"a": [1e308, 1], "x": "a * 10"}, [place("Desk", "service", arrivals="x", served="x")]
        )
    assert broken.has_errors
