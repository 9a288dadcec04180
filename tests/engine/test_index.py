"""The series index (engine §16)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from flowtime.engine import SeriesInfo, compile_model
from tests.engine.small import model, place, run

ROLES = {"arrivals": "a", "served": "s"}


def index(series: Mapping[str, Any], *places: Any, **rest: Any) -> dict[str, SeriesInfo]:
    plan = compile_model(model(series, places=places, **rest))
    return {info.id: info for info in plan.index}


def desk(id: str, kind: str = "queue", **roles: Any) -> dict[str, Any]:
    return place(id, kind, **(ROLES | roles))


def test_entries_say_what_each_series_is() -> None:
    result = run({"a": [4, 4], "s": [1, 0]}, places=[desk("Desk")])

    (queue,) = [info for info in result.index if info.id == "desk_queue"]

    assert queue == SeriesInfo(
        id="desk_queue",
        series_id="desk_queue@DESK_QUEUE@DEFAULT",
        kind="stock",
        unit="entities",
        component="Desk",
        roles=("Desk.queueDepth",),
        class_id="DEFAULT",
        origin="synthesised",
        hidden=False,
        selected=True,
        points=2,
        finite_points=2,
    )
    (latency,) = [info for info in result.index if info.id == "desk_latency_minutes"]
    assert (latency.origin, latency.kind, latency.unit) == ("derived", "time", "min")
    assert (latency.component, latency.points, latency.finite_points) == ("Desk", 2, 1)


def test_entries_are_sorted_by_full_id() -> None:
    found = index({"a": [4, 4], "s": [1, 1], "A1": [1, 1]}, desk("Desk"))

    assert list(found.values()) == sorted(found.values(), key=lambda info: info.series_id)


def test_roles_are_listed_for_every_place() -> None:
    found = index({"a": [4, 4], "s": [1, 1]}, desk("Two"), desk("One"))

    assert found["a"].roles == ("One.arrivals", "Two.arrivals")
    assert found["a"].component is None


def test_class_parts_and_edges_have_entries_of_their_own() -> None:
    traffic = {"nodeId": "a", "classId": "Gold", "pattern": {"kind": "constant", "ratePerBin": 1}}
    found = index(
        {"a": [4, 4]},
        desk("A", "service", served="a"),
        desk("B", "service", served="a"),
        edges=[{"id": "north gate", "from": "A", "to": "B"}],
        classes=[{"id": "Gold"}],
        traffic={"arrivals": [traffic]},
    )

    assert found["a@Gold"].series_id == "a@A@Gold"
    assert found["a@Gold"].class_id == "Gold"
    edge = found["edge_north_gate_flowVolume@Gold"]
    assert edge.series_id == "edge_north_gate_flowVolume@EDGE_NORTH_GATE_FLOWVOLUME@Gold"
    assert (edge.kind, edge.unit, edge.origin) == ("edge", "entities/bin", "edge")


def test_long_ids_are_cut_in_the_index_and_found_by_their_bare_id() -> None:
    long = "a" * 60
    result = run({long: [4, 4]})

    (info,) = result.index

    assert len(info.series_id) < 120
    assert result.series(long).tolist() == result.series(info.series_id).tolist() == [4, 4]


@pytest.mark.parametrize(
    ("expr", "kind"),
    [
        ("SHIFT(desk_queue, 1)", "stock"),
        ("EMA(desk_queue, 0.5)", "stock"),
        ("SHIFT(late, 1)", "stock"),
        ("SHIFT(desk_queue, 1) * 1", "flow"),
        ("MAX(desk_queue, 1)", "flow"),
    ],
)
def test_what_only_shifts_or_smooths_keeps_the_kind(expr: str, kind: str) -> None:
    series = {"a": [4, 4], "s": [1, 1], "late": "SHIFT(desk_queue, 2)", "x": expr}

    assert index(series, desk("Desk"))["x"].kind == kind


def test_a_series_that_shifts_itself_is_a_flow() -> None:
    node = {"kind": "expr", "expr": "SHIFT(x, 1)", "initial": 4}

    assert index({"x": node})["x"].kind == "flow"


def test_the_authors_words_decide() -> None:
    node = {"kind": "const", "value": 3, "seriesKind": "ratio", "unit": "share", "hidden": True}
    found = index({"a": [4, 4], "s": node}, desk("Desk"))["s"]

    assert (found.kind, found.unit, found.hidden) == ("ratio", "share", True)


def test_of_two_roles_the_first_of_the_table_decides() -> None:
    series = {"a": [4, 4], "s": [1, 1]}
    found = index(series, desk("Desk", capacity=2, parallelism="s"))["s"]

    assert (found.kind, found.unit) == ("stock", "servers")


def test_outputs_select_and_never_leave_roles_edges_or_parts_out() -> None:
    series = {"a": [4, 4], "s": [1, 1], "x": [1, 1], "y": [1, 1]}
    found = index(series, desk("Desk"), outputs=[{"series": "x"}])

    chosen = {id for id, info in found.items() if info.selected}

    assert chosen == {"a", "s", "x", "desk_queue"}
    assert not found["desk_utilization" if "desk_utilization" in found else "y"].selected


def test_without_outputs_everything_is_selected() -> None:
    found = index({"a": [4, 4], "s": [1, 1], "x": [1, 1]}, desk("Desk"))

    assert all(info.selected for info in found.values())


def test_declaration_order_changes_nothing() -> None:
    series = {"a": [4, 4], "s": [1, 1], "x": [1, 1]}
    backwards = dict(reversed(series.items()))

    assert index(series, desk("One"), desk("Two")) == index(backwards, desk("Two"), desk("One"))
