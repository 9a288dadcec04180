"""References and rules between entries: one cause, one problem, and advice that helps (engine §7, §8, §20)."""

from __future__ import annotations

from typing import Any

import pytest

from flowtime.engine import Report, load_template, validate

TWO = {"arrivals": "a", "served": "b"}


def document(*nodes: dict[str, Any], places: Any = (), **more: Any) -> dict[str, Any]:
    topology = {"nodes": list(places), **more.pop("topology", {})}
    return {
        "schemaVersion": 1,
        "metadata": {"id": "case", "title": "Case", "version": "1.0.0"},
        "grid": {"bins": 3, "binSize": 1, "binUnit": "hours"},
        "nodes": [
            {"id": "a", "kind": "const", "value": 1},
            {"id": "b", "kind": "const", "value": 2},
            *nodes,
        ],
        **({"topology": topology} if any(topology.values()) else {}),
        **more,
    }


def expr(name: str, text: str, **more: Any) -> dict[str, Any]:
    return {"id": name, "kind": "expr", "expr": text, **more}


def place(name: str, kind: str = "queue", roles: Any = None, **more: Any) -> dict[str, Any]:
    return {"id": name, "kind": kind, "semantics": TWO if roles is None else roles, **more}


def found(source: dict[str, Any]) -> list[tuple[str, str]]:
    return [(problem.code, problem.path) for problem in validate(source).problems]


def test_every_kind_of_reference_is_followed() -> None:
    nodes = [
        {
            "id": "pond",
            "kind": "serviceWithBuffer",
            "inflow": "q1",
            "outflow": "q2",
            "loss": "q3",
            "wipLimitSeries": "q4",
            "wipOverflow": "Q5",
            "dispatchSchedule": {"periodBins": 2, "capacitySeries": "q6"},
        },
        {"id": "fork", "kind": "router", "inputs": {"queue": "q7"}, "routes": [{"target": "x"}]},
    ]
    desk = place(
        "Desk",
        roles={"arrivals": "q8", "served": "series:q9", "queueDepth": "desk_level"},
        constraints=["q10"],
        wipLimitSeries="q11",
        dispatchSchedule={"periodBins": 2, "capacitySeries": "q12"},
    )
    source = document(
        *nodes,
        places=[desk],
        topology={
            "edges": [{"from": "Q13", "to": "Q14:in"}],
            "constraints": [
                {
                    "id": "k",
                    "semantics": {
                        "served": "q15",
                        "arrivals": "q16",
                        "errors": "q17",
                        "latencyMinutes": "q18",
                    },
                }
            ],
        },
        classes=[{"id": "Red"}],
        traffic={
            "arrivals": [
                {"nodeId": "q19", "classId": "Q20", "pattern": {"kind": "constant", "rate": 1}}
            ]
        },
    )

    messages = [problem.message for problem in validate(source).problems]

    for number in range(1, 21):
        assert any(f"'q{number}'" in message.lower() for message in messages), number
    assert len(messages) == 20


def test_synthesised_series_may_be_named() -> None:
    names = (
        "desk_queue + desk_served + desk_overflow + hall_inflow + desk_allocation + desk_limited + "
        "k_demand + k_shortfall + desk_gated_outflow + desk_capacity + again + shop_abandoned + "
        "shop_retry_pending + level + left + `fork_unrouted`"
    )
    source = document(
        expr("x", names),
        {"id": "fork", "kind": "router", "inputs": {"queue": "a"}, "routes": [{"target": "left"}]},
        places=[
            place(
                "Desk",
                roles={"arrivals": "a", "capacity": 3},
                wipLimit=2,
                wipOverflow="Hall",
                constraints=["k"],
                dispatchSchedule={"periodBins": 2},
            ),
            place("Hall", roles={**TWO, "queueDepth": "level"}),
            place("Shop", "service", {**TWO, "failures": "b", "retryEcho": "again"}),
        ],
        topology={"constraints": [{"id": "k", "semantics": {"served": 5}}]},
    )

    assert found(source) == []


def test_a_topology_id_is_not_a_series() -> None:
    report = validate(document(expr("x", "Desk + 1"), places=[place("Desk")]))

    assert [problem.code for problem in report.problems] == ["unknown_series"]
    assert "name the series of one of its roles" in report.problems[0].message


def test_an_unknown_series_has_its_position_an_excerpt_and_advice() -> None:
    report = validate(document(expr("arrivals", "a"), expr("x", "2 * arivals + arivals")))

    problem = report.problems[0]
    assert len(report.problems) == 1
    assert str(problem) == "nodes[3].expr: unknown series 'arivals'; did you mean 'arrivals'?"
    assert (problem.position, problem.suggestion) == (4, "arrivals")
    assert problem.excerpt == "2 * arivals + arivals\n    ^"
    assert problem.to_dict()["suggestion"] == "arrivals"


@pytest.mark.parametrize(
    "faulty",
    [
        {"id": "c", "kind": "cnst", "value": 1},
        {"id": "c", "kind": "expr", "expr": "a +"},
        {"id": "c", "kind": "const", "values": [1]},
        {"id": "c", "kind": "const", "value": "x"},
        {"id": "c", "value": 1},
        {"id": "c", "kind": "router", "inputs": {"queue": "a"}},
        {"idd": "c", "kind": "const", "value": 1},
        {"id": "a", "kind": "const", "value": 1},
    ],
)
def test_a_reference_to_a_faulty_entry_is_not_reported_again(faulty: dict[str, Any]) -> None:
    reader = expr("x", "a" if faulty.get("id") == "a" else "c")

    assert len(found(document(faulty, reader))) == 1


@pytest.mark.parametrize(
    "faulty",
    [
        place("Desk", "qeue"),
        place("Desk", roles="none"),
        place("Desk", roles={**TWO, "arrivals": [1]}),
        place("Desk", roles={"arrivals": "a", "capacity": []}),
        place("Desk", wipLimit="many"),
        place("Desk", constraints=["k"]),
        place("Desk", dispatchSchedule={"periodBins": 0}),
    ],
)
def test_series_of_a_faulty_place_are_not_called_unknown(faulty: dict[str, Any]) -> None:
    source = document(
        expr("x", "desk_queue + desk_served + desk_overflow + desk_gated_outflow"), places=[faulty]
    )
    names = {"desk_served", "desk_overflow", "desk_gated_outflow"}

    problems = validate(source).problems

    assert problems[0].path.startswith("topology.nodes[0]") or faulty.get("constraints")
    wrongly = [p for p in problems[1:] if p.path == "nodes[2].expr" and "wipLimit" in faulty]
    assert not wrongly
    assert {p.message.split("'")[1] for p in problems if p.code == "unknown_series"} <= names


def test_routed_targets_of_a_node_of_unknown_kind_are_known() -> None:
    fork = {"id": "r", "kind": "rooter", "inputs": {"queue": "a"}, "routes": [{"target": "left"}]}

    assert found(document(fork, expr("x", "left"))) == [("unknown_node_kind", "nodes[2].kind")]


def test_declared_classes_are_the_only_ones() -> None:
    fork = {
        "id": "r",
        "kind": "router",
        "inputs": {"queue": "a"},
        "routes": [{"target": "left", "classes": ["Rde"]}],
    }

    declared = document(fork, expr("x", "a@Rad"), classes=[{"id": "Red"}])
    undeclared = document(fork, expr("x", "a@Rad"))

    assert found(declared) == [
        ("unknown_class", "nodes[2].routes[0].classes[0]"),
        ("unknown_class", "nodes[3].expr"),
    ]
    assert found(undeclared) == []


def test_traffic_must_name_a_class_and_may_name_a_place() -> None:
    pattern = {"kind": "constant", "ratePerBin": 1}
    entries = [
        {"nodeId": "Desk", "classId": "Red", "pattern": pattern},
        {"nodeId": "a", "pattern": pattern},
    ]
    source = document(
        places=[place("Desk")], classes=[{"id": "Red"}], traffic={"arrivals": entries}
    )

    assert found(source) == [("unknown_class", "traffic.arrivals[1].classId")]


def test_required_roles_are_warnings_in_telemetry_mode() -> None:
    source = document(places=[place("Desk", "service", {"arrivals": "a"})])

    assert found(source) == [("missing_role", "topology.nodes[0].semantics.served")]
    report: Report = validate({**source, "mode": "telemetry"})
    assert report.problems == ()
    assert "missing_role" in [warning.code for warning in report.warnings]


def test_a_router_place_takes_its_roles_from_the_router_of_its_name() -> None:
    fork = {"id": "Fork", "kind": "router", "inputs": {"queue": "a"}, "routes": [{"target": "x"}]}

    assert found(document(fork, places=[place("Fork", "router", {})])) == []
    assert found(document(places=[place("Fork", "router", {})])) == [
        ("missing_role", "topology.nodes[0].semantics.arrivals"),
        ("missing_role", "topology.nodes[0].semantics.served"),
    ]


@pytest.mark.parametrize("kind", ["dependency", "sink"])
@pytest.mark.parametrize(
    ("role", "value"),
    [
        ("queueDepth", "self"),
        ("capacity", 3),
        ("attempts", "a"),
        ("failures", "a"),
        ("retryKernel", [0, 1]),
        ("parallelism", 2),
    ],
)
def test_places_that_hold_nothing_refuse_these_roles(kind: str, role: str, value: Any) -> None:
    roles = {"arrivals": "a", "served": "a", role: value}

    assert found(document(places=[place("P", kind, roles)])) == [
        ("role_not_allowed", f"topology.nodes[0].semantics.{role}")
    ]


def test_only_a_queue_like_place_can_ask_for_its_own_queue() -> None:
    source = document(places=[place("P", "service", {**TWO, "queueDepth": "self"})])

    assert found(source) == [("role_not_allowed", "topology.nodes[0].semantics.queueDepth")]


@pytest.mark.parametrize(
    ("extra", "path"),
    [
        ({"initialCondition": {"queueDepth": 3}}, "topology.nodes[0].initialCondition.queueDepth"),
        ({"dispatchSchedule": {"periodBins": 3}}, "topology.nodes[0].dispatchSchedule"),
        ({"wipLimitSeries": "a"}, "topology.nodes[0].wipLimitSeries"),
        ({"wipOverflow": "Sea"}, "topology.nodes[0].wipOverflow"),
    ],
)
def test_a_queue_that_is_described_twice_must_agree_with_itself(
    extra: dict[str, Any], path: str
) -> None:
    pond = {
        "id": "pond",
        "kind": "serviceWithBuffer",
        "inflow": "a",
        "outflow": "b",
        "initial": 2,
        "wipLimit": 5,
        "wipOverflow": "loss",
        "dispatchSchedule": {"periodBins": 2},
    }
    lake = place("Lake", roles={**TWO, "queueDepth": "pond"}, **extra)

    source = document(pond, places=[lake, place("Sea", "sink", {"arrivals": "a"})])

    assert found(source) == [("conflicting_definition", path)]


def test_the_later_of_two_contradicting_entries_is_at_fault() -> None:
    pond = {"id": "pond", "kind": "serviceWithBuffer", "inflow": "a", "outflow": "b", "initial": 2}
    lake = place("Lake", roles={**TWO, "queueDepth": "pond"}, initialCondition={"queueDepth": 3})
    source = document(pond, places=[lake])
    backwards = dict(reversed(source.items()))

    assert found(source) == [
        ("conflicting_definition", "topology.nodes[0].initialCondition.queueDepth")
    ]
    assert found(backwards) == [("conflicting_definition", "nodes[2].initial")]


def test_overflow_needs_the_inflow_of_a_computation_queue_to_be_the_arrivals() -> None:
    pond = {"id": "pond", "kind": "serviceWithBuffer", "inflow": "b", "outflow": "b"}
    places = [
        place("Desk", wipLimit=3, wipOverflow="Lake"),
        place("Lake", roles={"arrivals": "a", "served": "a", "queueDepth": "pond"}),
    ]

    assert found(document(pond, places=places)) == [
        ("conflicting_definition", "topology.nodes[1].semantics.arrivals")
    ]
    assert found(document({**pond, "inflow": "a"}, places=places)) == []


def test_new_ids_of_roles_are_ids() -> None:
    wrong = document(places=[place("Desk", roles={**TWO, "queueDepth": "my queue"})])
    clashing = document(places=[place("Desk", roles={**TWO, "queueDepth": "A"})])

    assert found(wrong) == [("bad_id", "topology.nodes[0].semantics.queueDepth")]
    assert found(clashing) == [("id_case_clash", "topology.nodes[0].semantics.queueDepth")]


def test_retry_roles_need_failures_and_a_budget_to_be_new() -> None:
    echo = {**TWO, "retryEcho": "again"}
    exhausted = {**TWO, "failures": "b", "exhaustedFailures": "over"}

    assert found(document(places=[place("S", "service", echo)])) == [
        ("echo_without_failures", "topology.nodes[0].semantics.retryEcho")
    ]
    assert found(document(places=[place("S", "service", exhausted)])) == [
        ("unknown_series", "topology.nodes[0].semantics.exhaustedFailures")
    ]
    assert found(document(places=[place("S", "service", {**exhausted, "maxAttempts": 2})])) == []


def test_problems_come_by_stage_and_then_in_document_order() -> None:
    source = document(
        expr("x", "nowhere"),
        expr("y", "a +"),
        {"id": "c", "kind": "const", "values": [1]},
        {"id": "A", "kind": "const", "value": "x"},
        places=[place("Desk", "service", {"arrivals": "a"})],
        colour="red",
    )

    assert found(source) == [
        ("wrong_type", "nodes[5].value"),
        ("unknown_key", "colour"),
        ("length_mismatch", "nodes[4].values"),
        ("expression_syntax", "nodes[3].expr"),
        ("unknown_series", "nodes[2].expr"),
        ("id_case_clash", "nodes[5].id"),
        ("missing_role", "topology.nodes[0].semantics.served"),
    ]


def test_a_cycle_is_reported_beside_problems_that_do_not_hide_it() -> None:
    ring = [expr("x", "y + 1"), expr("y", "x + 1")]

    beside = found(document(*ring, colour="red"))
    hidden = found(document(*ring, expr("z", "a +")))

    assert beside == [("unknown_key", "colour"), ("algebraic_cycle", "nodes[2]")]
    assert hidden == [("expression_syntax", "nodes[4].expr")]


def test_a_report_holds_the_template_where_only_the_values_are_wrong() -> None:
    source = document(
        {"id": "c", "kind": "const", "values": "${v}"},
        parameters=[{"name": "v", "type": "array", "default": [1, 2, 3]}],
    )

    sound, wrong = validate(source), validate(source, {"v": [1]})
    broken = validate({**source, "colour": 1}, {"v": [1], "w": 2})

    assert sound.model is not None
    assert wrong.template is not None
    assert [p.code for p in wrong.problems] == ["length_mismatch"]
    assert broken.template is None
    assert [p.code for p in broken.problems] == [
        "unknown_key",
        "unknown_parameter",
        "length_mismatch",
    ]


def test_a_served_series_is_named_while_its_capacity_waits_for_a_parameter() -> None:
    text = """
    schemaVersion: 1
    metadata: {id: desk, title: Desk, version: 1.0.0}
    grid: {bins: 4, binSize: 1, binUnit: hours}
    parameters: [{name: rate, type: number, default: 5}]
    nodes:
    - {id: x, kind: const, values: 4}
    - {id: y, kind: expr, expr: done * 2}
    topology:
      nodes: [{id: Q, kind: queue, semantics: {arrivals: x, served: done, capacity: "${rate}"}}]
    """

    assert load_template(text).id == "desk"
