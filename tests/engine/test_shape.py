"""The shape of each entry: what types, bounds and words it takes, and where a fault stands (engine §5, §7, §8)."""

from __future__ import annotations

from typing import Any

import pytest

from flowtime.engine import bind, load_template, validate
from flowtime.engine.model.nodes import PmfNode

TWO = {"arrivals": "a", "served": "b"}


def document(*nodes: Any, places: Any = (), **more: Any) -> dict[str, Any]:
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


def place(roles: Any = None, **more: Any) -> dict[str, Any]:
    return {"id": "P", "kind": "queue", "semantics": TWO if roles is None else roles, **more}


def found(source: dict[str, Any]) -> list[tuple[str, str]]:
    return [(problem.code, problem.path) for problem in validate(source).problems]


def pmf(value: Any, **more: Any) -> dict[str, Any]:
    return {"id": "p", "kind": "pmf", "pmf": value, **more}


FAIR = {"values": [1, 2], "probabilities": [0.5, 0.5]}


def profile(**facts: Any) -> dict[str, Any]:
    return pmf(FAIR, profile=facts)


def router(**more: Any) -> dict[str, Any]:
    return {
        "id": "r",
        "kind": "router",
        "inputs": {"queue": "a"},
        "routes": [{"target": "x"}],
        **more,
    }


def pond(**more: Any) -> dict[str, Any]:
    return {"id": "q", "kind": "serviceWithBuffer", "inflow": "a", "outflow": "b", **more}


NODES: list[tuple[Any, str, str]] = [
    ("text", "wrong_type", ""),
    (None, "wrong_type", ""),
    ({"kind": "const", "value": 1}, "missing_key", ".id"),
    ({"id": "c", "value": 1}, "missing_key", ".kind"),
    ({"id": "", "kind": "const", "value": 1}, "empty_value", ".id"),
    ({"id": 7, "kind": "const", "value": 1}, "wrong_type", ".id"),
    ({"id": "c.", "kind": "const", "value": 1}, "bad_id", ".id"),
    ({"id": "c" * 61, "kind": "const", "value": 1}, "bad_id", ".id"),
    ({"id": "_c", "kind": "const", "value": 1}, "bad_id", ".id"),
    ({"id": "c", "kind": "const"}, "missing_key", ".values"),
    ({"id": "c", "kind": "const", "values": "1"}, "wrong_type", ".values"),
    ({"id": "c", "kind": "const", "values": True}, "wrong_type", ".values"),
    ({"id": "c", "kind": "const", "values": [1, "2", 3]}, "wrong_type", ".values[1]"),
    ({"id": "c", "kind": "const", "values": [1, None, 3]}, "wrong_type", ".values[1]"),
    ({"id": "c", "kind": "const", "values": [1, [2], 3]}, "wrong_type", ".values[1]"),
    ({"id": "c", "kind": "const", "values": []}, "length_mismatch", ".values"),
    ({"id": "c", "kind": "const", "value": [1]}, "wrong_type", ".value"),
    ({"id": "c", "kind": "const", "value": 1, "source": 5}, "wrong_type", ".source"),
    ({"id": "c", "kind": "const", "value": 1, "unit": 5}, "wrong_type", ".unit"),
    ({"id": "c", "kind": "const", "value": 1, "hidden": "yes"}, "wrong_type", ".hidden"),
    ({"id": "c", "kind": "const", "value": 1, "seriesKind": "flows"}, "bad_enum", ".seriesKind"),
    ({"id": "c", "kind": "const", "value": 1, "metadata": []}, "wrong_type", ".metadata"),
    ({"id": "c", "kind": "expr"}, "missing_key", ".expr"),
    ({"id": "c", "kind": "expr", "expr": ["a"]}, "wrong_type", ".expr"),
    ({"id": "c", "kind": "expr", "expr": "a", "initial": "x"}, "wrong_type", ".initial"),
    ({"id": "c", "kind": "expr", "expr": "a", "dependencies": "a"}, "wrong_type", ".dependencies"),
    (
        {"id": "c", "kind": "expr", "expr": "a", "dependencies": [1]},
        "wrong_type",
        ".dependencies[0]",
    ),
    (
        {"id": "c", "kind": "expr", "expr": "a", "dependencies": [""]},
        "empty_value",
        ".dependencies[0]",
    ),
    ({"id": "c", "kind": "expr", "expr": "a", "expression": "b"}, "duplicate_key", ".expression"),
    ({"id": "c", "kind": "pmf"}, "missing_key", ".pmf"),
    (pmf([1]), "wrong_type", ".pmf"),
    (pmf({"values": [1]}), "missing_key", ".pmf.probabilities"),
    (pmf({"values": 1, "probabilities": [1]}), "wrong_type", ".pmf.values"),
    (pmf({"values": [], "probabilities": []}), "pmf_invalid", ".pmf"),
    (pmf({"values": [1], "probabilities": [1], "weights": [1]}), "unknown_key", ".pmf.weights"),
    (pmf({"1": 0.5, "two": 0.5}), "wrong_type", ".pmf.two"),
    (pmf({"1": 0.5, "2": "x"}), "wrong_type", '.pmf["2"]'),
    (pmf({"1": 0.5, "1e999": 0.5}), "non_finite_number", '.pmf["1e999"]'),
    (profile(), "missing_key", ".profile.kind"),
    (profile(kind="weekly"), "bad_enum", ".profile.kind"),
    (profile(kind="builtin"), "missing_key", ".profile.name"),
    (profile(kind="builtin", name="flat", weights=[1]), "key_not_for_kind", ".profile.weights"),
    (profile(kind="builtin", name="flat", span="week"), "bad_enum", ".profile.span"),
    (profile(kind="inline"), "missing_key", ".profile.weights"),
    (profile(kind="inline", weights=[1, 2]), "profile_invalid", ".profile"),
    (profile(kind="inline", weights=[1, 2, -1]), "profile_invalid", ".profile"),
    (profile(kind="inline", weights=[1, 2, 3], name="flat"), "key_not_for_kind", ".profile.name"),
    (pmf(FAIR, profile="flat"), "wrong_type", ".profile"),
    ({"id": "q", "kind": "serviceWithBuffer", "outflow": "b"}, "missing_key", ".inflow"),
    (pond(inflow=5), "wrong_type", ".inflow"),
    (pond(inflow=" "), "empty_value", ".inflow"),
    (pond(loss=True), "wrong_type", ".loss"),
    (pond(initial=-1), "out_of_range", ".initial"),
    (pond(wipLimit="a"), "wrong_type", ".wipLimit"),
    (pond(wipLimitSeries=3), "wrong_type", ".wipLimitSeries"),
    (pond(dispatchSchedule=3), "wrong_type", ".dispatchSchedule"),
    (pond(dispatchSchedule={}), "missing_key", ".dispatchSchedule.periodBins"),
    (pond(dispatchSchedule={"periodBins": 2.0}), "wrong_type", ".dispatchSchedule.periodBins"),
    (
        pond(dispatchSchedule={"periodBins": 2, "kind": "daily"}),
        "bad_enum",
        ".dispatchSchedule.kind",
    ),
    ({"id": "r", "kind": "router", "routes": [{"target": "x"}]}, "missing_key", ".inputs"),
    (router(inputs={}), "missing_key", ".inputs.queue"),
    (router(inputs={"queue": 3}), "wrong_type", ".inputs.queue"),
    (router(routes=None), "empty_value", ".routes"),
    (router(routes=[]), "empty_value", ".routes"),
    (router(routes={}), "wrong_type", ".routes"),
    (router(routes=["x"]), "wrong_type", ".routes[0]"),
    (router(routes=[{"weight": 1}]), "missing_key", ".routes[0].target"),
    (router(routes=[{"target": "x", "weight": -1}]), "out_of_range", ".routes[0].weight"),
    (router(routes=[{"target": "x", "classes": []}]), "empty_value", ".routes[0].classes"),
    (
        router(routes=[{"target": "x", "classes": ["R"], "weight": 1}]),
        "conflicting_definition",
        ".routes[0].weight",
    ),
    (router(router=3), "wrong_type", ".router"),
    (router(router={"routes": [{"target": "y"}]}), "conflicting_definition", ".routes"),
]


@pytest.mark.parametrize(("node", "code", "path"), NODES)
def test_a_faulty_computation_node_has_one_problem(node: Any, code: str, path: str) -> None:
    if node is None:
        assert found(document(node)) == [("wrong_type", "nodes[2]")]
    else:
        assert found(document(node)) == [(code, f"nodes[2]{path}")]


PLACES: list[tuple[dict[str, Any], str, str]] = [
    ({"id": "P", "kind": "queue"}, "missing_key", ".semantics"),
    (place(kind=3), "wrong_type", ".kind"),
    (place([]), "wrong_type", ".semantics"),
    (place({**TWO, "arrival": "a"}), "unknown_key", ".semantics.arrival"),
    (place({**TWO, "errors": ["a"]}), "wrong_type", ".semantics.errors"),
    (place({**TWO, "failures": 3}), "wrong_type", ".semantics.failures"),
    (place({**TWO, "queueDepth": 3}), "wrong_type", ".semantics.queueDepth"),
    (place({**TWO, "capacity": 3, "parallelism": 0.5}), "out_of_range", ".semantics.parallelism"),
    (place({**TWO, "maxAttempts": 0}), "out_of_range", ".semantics.maxAttempts"),
    (place({**TWO, "retryKernel": 0.5}), "wrong_type", ".semantics.retryKernel"),
    (place({**TWO, "retryKernel": ["x"]}), "wrong_type", ".semantics.retryKernel[0]"),
    (place({**TWO, "slaMin": "30"}), "wrong_type", ".semantics.slaMin"),
    (place({**TWO, "aliases": ["x"]}), "wrong_type", ".semantics.aliases"),
    (place({**TWO, "aliases": {"arrivals": 3}}), "wrong_type", ".semantics.aliases.arrivals"),
    (place({**TWO, "aliases": {"arivals": "x"}}), "unknown_key", ".semantics.aliases.arivals"),
    (
        place({**TWO, "externalDemand": 1, "external_demand": 2}),
        "duplicate_key",
        ".semantics.external_demand",
    ),
    (place(initialCondition=3), "wrong_type", ".initialCondition"),
    (place(initialCondition={"queueDepth": -1}), "out_of_range", ".initialCondition.queueDepth"),
    (place(ui=[1, 2]), "wrong_type", ".ui"),
    (place(ui={"x": "left"}), "wrong_type", ".ui.x"),
    (place(constraints="k"), "wrong_type", ".constraints"),
    (place(label=3), "wrong_type", ".label"),
    (place(metadata="x"), "wrong_type", ".metadata"),
    (place(wipOverflow=3), "wrong_type", ".wipOverflow"),
]


@pytest.mark.parametrize(("faulty", "code", "path"), PLACES)
def test_a_faulty_place_has_one_problem(faulty: dict[str, Any], code: str, path: str) -> None:
    assert found(document(places=[faulty])) == [(code, f"topology.nodes[0]{path}")]


def edge(**more: Any) -> dict[str, Any]:
    return document(places=[place()], topology={"edges": [{"from": "P", "to": "P", **more}]})


def constraint(**more: Any) -> dict[str, Any]:
    one = {"id": "k", "semantics": {"served": 3}, **more}
    return document(places=[place()], topology={"constraints": [one]})


REST: list[tuple[dict[str, Any], str, str]] = [
    (edge(**{"from": None}), "empty_value", "topology.edges[0].from"),
    (edge(to=3), "wrong_type", "topology.edges[0].to"),
    (edge(source="P"), "duplicate_key", "topology.edges[0].source"),
    (edge(id="x" * 129), "bad_id", "topology.edges[0].id"),
    (edge(id="x\ny"), "bad_id", "topology.edges[0].id"),
    (edge(to="P:" + "x" * 130), "bad_id", "topology.edges[0].id"),
    (edge(type="flow"), "bad_enum", "topology.edges[0].type"),
    (edge(measure="serves"), "bad_enum", "topology.edges[0].measure"),
    (edge(weight=-1), "out_of_range", "topology.edges[0].weight"),
    (edge(multiplier="2"), "wrong_type", "topology.edges[0].multiplier"),
    (edge(lag=1.0), "wrong_type", "topology.edges[0].lag"),
    (edge(lag=-1), "out_of_range", "topology.edges[0].lag"),
    (constraint(semantics={}), "missing_key", "topology.constraints[0].semantics.served"),
    (constraint(semantics=3), "wrong_type", "topology.constraints[0].semantics"),
    (
        constraint(semantics={"served": 1, "capacity": 2}),
        "duplicate_key",
        "topology.constraints[0].semantics.capacity",
    ),
    (constraint(demand="needed"), "bad_enum", "topology.constraints[0].demand"),
    ({**document(), "topology": "none"}, "wrong_type", "topology"),
    (document(classes=[{"id": "default"}]), "bad_id", "classes[0].id"),
    (document(classes=[{"id": "x" * 33}]), "bad_id", "classes[0].id"),
    (document(classes={}), "wrong_type", "classes"),
    (document(traffic=[]), "wrong_type", "traffic"),
    (document(outputs=[{}]), "missing_key", "outputs[0].series"),
    (document(outputs=[{"series": "a", "exclude": "b"}]), "wrong_type", "outputs[0].exclude"),
    (document(outputs=["a"]), "wrong_type", "outputs[0]"),
    (document(generator=3), "wrong_type", "generator"),
    (document(provenance="x"), "wrong_type", "provenance"),
    (document(rng="pcg32"), "wrong_type", "rng"),
    (document(window={"start": 2013}), "wrong_type", "window.start"),
    (document(parameters={}), "wrong_type", "parameters"),
    ({**document(), "metadata": "x"}, "wrong_type", "metadata"),
    ({**document(), "grid": [3]}, "wrong_type", "grid"),
    ({**document(), "schemaVersion": "1"}, "wrong_type", "schemaVersion"),
    ({**document(), "schemaVersion": True}, "wrong_type", "schemaVersion"),
    ({**document(), "nodes": {}}, "wrong_type", "nodes"),
]


@pytest.mark.parametrize(("source", "code", "path"), REST)
def test_a_faulty_entry_has_one_problem(source: dict[str, Any], code: str, path: str) -> None:
    assert found(source) == [(code, path)]


@pytest.mark.parametrize(
    ("key", "value", "code"),
    [
        ("id", "a b", "bad_id"),
        ("title", "", "empty_value"),
        ("title", 2024, "wrong_type"),
        ("version", "1", "bad_version"),
        ("version", "v1.0.0", "bad_version"),
        ("version", "1.0.0+x", "bad_version"),
        ("version", 1.0, "wrong_type"),
        ("tags", "x", "wrong_type"),
        ("captureKey", "a..b", "bad_id"),
        ("captureKey", ".a", "bad_id"),
        ("captureKey", "x" * 129, "bad_id"),
        ("narrative", [], "wrong_type"),
    ],
)
def test_metadata_is_checked(key: str, value: Any, code: str) -> None:
    base = document()

    assert found({**base, "metadata": {**base["metadata"], key: value}}) == [
        (code, f"metadata.{key}")
    ]


def test_nothing_given_is_nothing_asked() -> None:
    source = document(
        {"id": "c", "kind": "const", "value": 1, "source": None, "unit": None},
        {"id": "d", "kind": "const", "source": "file:x", "values": None},
        places=[place({**TWO, "errors": None}, wipLimit=None, ui=None)],
        classes=None,
        outputs=None,
        window=None,
    )

    assert found(source) == []


def test_a_traffic_entry_is_checked() -> None:
    def traffic(**more: Any) -> dict[str, Any]:
        entry = {"nodeId": "a", "classId": "R", "pattern": {"kind": "constant", "rate": 1}, **more}
        return document(classes=[{"id": "R"}], traffic={"arrivals": [entry]})

    assert found(traffic()) == []
    assert found(traffic(nodeId=None)) == [("empty_value", "traffic.arrivals[0].nodeId")]
    assert found(traffic(pattern=None)) == [("empty_value", "traffic.arrivals[0].pattern")]
    assert found(traffic(pattern={"kind": "poisson", "rate": 1})) == [
        ("bad_enum", "traffic.arrivals[0].pattern.kind")
    ]
    assert found(traffic(pattern={"kind": "constant"})) == [
        ("missing_key", "traffic.arrivals[0].pattern.ratePerBin")
    ]
    assert found(traffic(pattern={"kind": "constant", "rate": -1})) == [
        ("out_of_range", "traffic.arrivals[0].pattern.rate")
    ]
    assert found(document(classes=[], traffic=traffic()["traffic"])) == [
        ("traffic_without_classes", "traffic")
    ]


def test_a_probability_mapping_goes_from_value_to_share() -> None:
    text = (
        "schemaVersion: 1\nmetadata: {id: case, title: Case, version: 1.0.0}\n"
        "grid: {bins: 3, binSize: 1, binUnit: hours}\n"
        "nodes: [{id: p, kind: pmf, pmf: {1: 0.25, '-2.5': 0.5, 3e1: 0.25}}]\n"
    )

    node = bind(load_template(text)).nodes[0]

    assert isinstance(node, PmfNode)
    assert (node.values, node.probabilities) == ((1.0, -2.5, 30.0), (0.25, 0.5, 0.25))


@pytest.mark.parametrize("kind", ["SERVICEWITHBUFFER", "Queue", "dLq", "servicewithbuffer"])
def test_the_kind_of_a_place_ignores_letter_case(kind: str) -> None:
    model = bind(load_template(document(places=[place(kind=kind)])))

    assert model.topology.nodes[0].kind.lower() == kind.lower()
    assert model.topology.nodes[0].kind in ("serviceWithBuffer", "queue", "dlq")


def test_a_wrong_kind_suggests_the_right_one_in_any_case() -> None:
    problem = validate(document(places=[place(kind="QUEU")])).problems[0]

    assert (problem.code, problem.suggestion) == ("unknown_topology_kind", "queue")
