"""Every problem code of engine §20: what provokes it, and what comes near without doing so."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from flowtime.engine import Limits, SourceError, bind, evaluate, load_template, validate
from flowtime.engine.problems import STAGES

DEFAULT = Limits()
Source = str | bytes | dict[str, Any]


@dataclass(frozen=True, slots=True)
class Case:
    """``wrong`` is refused with ``code`` at ``path`` and nothing else; ``near`` is accepted."""

    code: str
    path: str
    wrong: Source
    near: Source
    parameters: Mapping[str, Any] = field(default_factory=dict)
    near_parameters: Mapping[str, Any] | None = None
    limits: Limits = DEFAULT
    strict: bool = False


def const(name: str = "a", values: Any = (1, 2, 3), **more: Any) -> dict[str, Any]:
    return {"id": name, "kind": "const", "values": list_of(values), **more}


def list_of(values: Any) -> Any:
    return list(values) if isinstance(values, tuple) else values


def expr(name: str, text: Any, **more: Any) -> dict[str, Any]:
    return {"id": name, "kind": "expr", "expr": text, **more}


def pmf(**more: Any) -> dict[str, Any]:
    return {
        "id": "p",
        "kind": "pmf",
        "pmf": {"values": [1, 2], "probabilities": [0.5, 0.5]},
        **more,
    }


def router(*routes: dict[str, Any], name: str = "r") -> dict[str, Any]:
    return {"id": name, "kind": "router", "inputs": {"queue": "a"}, "routes": list(routes)}


def buffer(**more: Any) -> dict[str, Any]:
    return {"id": "pond", "kind": "serviceWithBuffer", "inflow": "a", "outflow": "b", **more}


def place(
    name: str = "Desk", kind: str = "queue", *, roles: Any = None, **more: Any
) -> dict[str, Any]:
    semantics = {"arrivals": "a", "served": "b"} if roles is None else roles
    return {"id": name, "kind": kind, "semantics": semantics, **more}


def document(
    *nodes: dict[str, Any], places: Any = (), topology: Any = None, **more: Any
) -> dict[str, Any]:
    """A complete template with the series ``a`` and ``b``, and what a case needs besides."""
    parts = {"nodes": list(places), **(topology or {})}
    return {
        "schemaVersion": 1,
        "metadata": {"id": "case", "title": "Case", "version": "1.0.0"},
        "grid": {"bins": 3, "binSize": 1, "binUnit": "hours"},
        "nodes": [const("a"), const("b", (4, 5, 6)), *nodes],
        **({"topology": parts} if places or topology else {}),
        **more,
    }


def changed(key: str, **entries: Any) -> dict[str, Any]:
    """The plain document with some entries of one of its mappings replaced."""
    base = document()
    return {**base, key: {**base[key], **entries}}


def without(key: str, name: str | None = None) -> dict[str, Any]:
    base = document()
    if name is None:
        return {k: v for k, v in base.items() if k != key}
    return {**base, key: {k: v for k, v in base[key].items() if k != name}}


def parameter(**more: Any) -> dict[str, Any]:
    return {"name": "p", "type": "number", **more}


HEAD = (
    "schemaVersion: 1\n"
    "metadata: {id: case, title: Case, version: 1.0.0}\n"
    "grid: {bins: 3, binSize: 1, binUnit: hours}\n"
)
PLAIN = HEAD + "nodes: [{id: a, kind: const, value: 1}]\n"
CLASSES = [{"id": "Red"}, {"id": "Blue"}]


def arrival(**more: Any) -> dict[str, Any]:
    pattern = {"kind": "constant", "ratePerBin": 1}
    return {"arrivals": [{"nodeId": "a", "classId": "Red", "pattern": pattern, **more}]}


TEXT = [
    Case("bad_encoding", "", PLAIN.encode("utf-16"), b"\xef\xbb\xbf" + PLAIN.encode()),
    Case("yaml_syntax", "", HEAD + "nodes: [", PLAIN),
    Case("yaml_multiple_documents", "", PLAIN + "---\n" + PLAIN, "---\n" + PLAIN + "...\n"),
    Case(
        "yaml_tag",
        "nodes[0].value",
        HEAD + "nodes: [{id: a, kind: const, value: !!float 1}]\n",
        HEAD + "nodes: [{id: a, kind: const, value: 1, unit: '!!float 1'}]\n",
    ),
    Case(
        "yaml_merge_key",
        'nodes[0]["<<"]',
        HEAD + "nodes: [{id: a, kind: const, value: 1, <<: {unit: x}}]\n",
        PLAIN + "provenance: {'<<': text}\n",
    ),
    Case("duplicate_key", "mode", PLAIN + "mode: simulation\nmode: simulation\n", PLAIN),
    Case(
        "duplicate_key",
        "nodes[2].series_kind",
        document(expr("x", "a", seriesKind="flow", series_kind="flow")),
        document(expr("x", "a", series_kind="flow")),
    ),
    Case(
        "limit_exceeded",
        "nodes",
        document(const("c")),
        document(),
        limits=Limits(max_nodes=2),
    ),
    Case(
        "limit_exceeded",
        '["x-a"]',
        PLAIN + "x-a: &x [1]\nx-b: 2\n".replace("&x [1]", "'" + "y" * 20_001 + "'"),
        PLAIN + "x-a: &x [1]\n",
    ),
]

SHAPE = [
    Case("missing_key", "grid", without("grid"), document()),
    Case("missing_key", "grid.binSize", without("grid", "binSize"), document()),
    Case("unknown_key", "colour", document(colour="red"), document(**{"x-colour": "red"})),
    Case(
        "unknown_key",
        "grid.bin",
        {**without("grid", "bins"), "grid": {"bin": 3, "binSize": 1, "binUnit": "hours"}},
        document(),
    ),
    Case("wrong_type", "grid.bins", changed("grid", bins="3"), changed("grid", bins=3)),
    Case("empty_value", "metadata.title", changed("metadata", title=" "), document()),
    Case("bad_id", "nodes[2].id", document(const("9lives")), document(const("lives.9-x_"))),
    Case(
        "bad_version",
        "metadata.version",
        changed("metadata", version="1.0"),
        changed("metadata", version="1.0.0-rc.1"),
    ),
    Case(
        "bad_timestamp",
        "grid.start",
        changed("grid", start="2013-02-07T00:00:00+01:00"),
        changed("grid", start="2013-02-07T00:00:00+00:00"),
    ),
    Case(
        "bad_timezone",
        "window.timezone",
        document(window={"timezone": "Europe/Berlin"}),
        document(window={"timezone": "utc"}),
    ),
    Case("bad_enum", "mode", document(mode="simulated"), document(mode="simulation")),
    Case(
        "bad_enum",
        "grid.binUnit",
        changed("grid", binUnit="years"),
        changed("grid", binUnit="Hours"),
    ),
    Case(
        "out_of_range", "grid.binSize", changed("grid", binSize=1001), changed("grid", binSize=1000)
    ),
    Case(
        "non_finite_number",
        "nodes[0].value",
        PLAIN.replace("value: 1", "value: .inf"),
        PLAIN.replace("value: 1", "value: '1'").replace("value: '1'", "value: 1, unit: .info"),
    ),
    Case(
        "non_finite_number",
        "provenance.x",
        PLAIN + "provenance: {x: 1e999}\n",
        PLAIN + "provenance: {x: 1e308}\n",
    ),
    Case(
        "key_not_for_kind",
        "nodes[2].inflow",
        document(expr("x", "a", inflow="a")),
        document(buffer()),
    ),
    Case(
        "key_not_for_kind",
        "nodes[2].initial",
        document(expr("x", "a", initial=1)),
        document(expr("x", "SHIFT(x, 1) + a", initial=1)),
    ),
    Case(
        "unknown_node_kind",
        "nodes[2].kind",
        document({"id": "c", "kind": "Const", "value": 1}),
        document({"id": "c", "kind": "const", "value": 1}),
    ),
    Case(
        "unknown_topology_kind",
        "topology.nodes[0].kind",
        document(places=[place(kind="desk")]),
        document(places=[place(kind="QUEUE")]),
    ),
    Case(
        "unsupported_schema_version",
        "schemaVersion",
        document(schemaVersion=2),
        document(schemaVersion=1),
    ),
    Case("empty_model", "", {**document(), "nodes": []}, document()),
]

PARAMETERS = [
    Case(
        "parameter_missing",
        "overrides.p",
        document(parameters=[parameter()]),
        document(parameters=[parameter(default=1)]),
    ),
    Case(
        "unknown_parameter",
        "overrides.q",
        document(parameters=[parameter(default=1)]),
        document(parameters=[parameter(default=1)]),
        parameters={"q": 2},
        near_parameters={"p": 2},
    ),
    Case(
        "parameter_type",
        "parameters[0].default",
        document(parameters=[parameter(default="2x")]),
        document(parameters=[parameter(default="2e0")]),
    ),
    Case(
        "parameter_range",
        "overrides.p",
        document(parameters=[parameter(default=1, maximum=2)]),
        document(parameters=[parameter(default=1, maximum=2)]),
        parameters={"p": 2.5},
        near_parameters={"p": 2},
    ),
    Case(
        "bad_bounds",
        "parameters[0].maximum",
        document(parameters=[parameter(default=2, minimum=3, maximum=1)]),
        document(parameters=[parameter(default=3, minimum=3, maximum=3)]),
    ),
    Case(
        "bad_seed",
        "rng.seed",
        document(rng={"seed": 2**32}),
        document(rng={"seed": str(2**32 - 1)}),
    ),
]

BINDING = [
    Case(
        "unresolved_placeholder",
        "nodes[2].expr",
        document(expr("x", "a * ${p}")),
        document(expr("x", "a * ${ p }"), parameters=[parameter(default=2)]),
    ),
    Case(
        "malformed_placeholder",
        "generator",
        document(generator="${a.b}"),
        document(generator="$${a.b}"),
    ),
    Case(
        "placeholder_in_key",
        'provenance["${p}"]',
        document(provenance={"${p}": 1}, parameters=[parameter(default=2)]),
        document(provenance={"$p": 1}, parameters=[parameter(default=2)]),
    ),
    Case(
        "placeholder_not_allowed",
        "metadata.version",
        {**changed("metadata", version="${p}"), "parameters": [parameter(default=2)]},
        {**changed("metadata", title="${p}x"), "parameters": [parameter(default=2)]},
    ),
    Case(
        "length_mismatch", "nodes[2].values", document(const("c", (1, 2))), document(const("c", 1))
    ),
    Case(
        "length_mismatch",
        "overrides.p",
        document(parameters=[parameter(type="array", length=2, default=[1, 2])]),
        document(parameters=[parameter(type="array", length=2, default=[1, 2])]),
        parameters={"p": [1]},
        near_parameters={"p": [3, 4]},
    ),
]

EXPRESSIONS = [
    Case(
        "expression_syntax",
        "nodes[2].expr",
        document(expr("x", "a +")),
        document(expr("x", "a + + b")),
    ),
    Case(
        "unknown_function",
        "nodes[2].expr",
        document(expr("x", "SQRT(a)")),
        document(expr("x", "abs(a)")),
    ),
    Case(
        "wrong_argument_count",
        "nodes[2].expr",
        document(expr("x", "MOD(a)")),
        document(expr("x", "MOD(a, b)")),
    ),
    Case(
        "argument_not_literal",
        "nodes[2].expr",
        document(expr("x", "SHIFT(a, 1 + 1)")),
        document(expr("x", "SHIFT(a, +2.0)")),
    ),
    Case(
        "argument_out_of_range",
        "nodes[2].expr",
        document(expr("x", "EMA(a, 0)")),
        document(expr("x", "EMA(a, 1)")),
    ),
    Case(
        "array_not_allowed",
        "nodes[2].expr",
        document(expr("x", "SHIFT([1, 2], 1)")),
        document(expr("x", "CONV(a, [1, -2])")),
    ),
    Case(
        "extension_in_strict_mode",
        "nodes[2].expr",
        document(expr("x", "MAX(a, b, 1)")),
        document(expr("x", "MAX(a, b)")),
        strict=True,
    ),
]

TWO = {"arrivals": "a", "served": "b"}

REFERENCES = [
    Case("duplicate_id", "nodes[2].id", document(const("a")), document(const("aa"))),
    Case(
        "duplicate_id",
        "topology.nodes[1].id",
        document(places=[place(), place(roles={"arrivals": "a", "served": "a"})]),
        document(places=[place(), place("Desk2", roles={"arrivals": "a", "served": "a"})]),
    ),
    Case(
        "id_case_clash",
        "classes[1].id",
        document(classes=[{"id": "red"}, {"id": "Red"}]),
        document(classes=CLASSES),
    ),
    Case(
        "id_case_clash",
        "nodes[2].routes[0].target",
        document(router({"target": "A"})),
        document(router({"target": "A1"})),
    ),
    Case(
        "unknown_series",
        "nodes[2].expr",
        document(expr("x", "a + c")),
        document(expr("x", "desk_queue"), places=[place()]),
    ),
    Case(
        "unknown_topology_node",
        "topology.edges[0].to",
        document(places=[place()], topology={"edges": [{"from": "Desk", "to": "Hall"}]}),
        document(places=[place()], topology={"edges": [{"from": "Desk", "to": "Desk:in"}]}),
    ),
    Case(
        "unknown_class",
        "traffic.arrivals[0].classId",
        document(classes=CLASSES, traffic=arrival(classId="Green")),
        document(classes=CLASSES, traffic=arrival(classId="Blue")),
    ),
    Case(
        "unknown_constraint",
        "topology.nodes[0].constraints[0]",
        document(places=[place(constraints=["k"])]),
        document(
            places=[place(constraints=["k"])],
            topology={"constraints": [{"id": "k", "semantics": {"served": 9}}]},
        ),
    ),
    Case(
        "unknown_profile",
        "nodes[2].profile.name",
        document(pmf(profile={"kind": "builtin", "name": "full-moon"})),
        document(pmf(profile={"kind": "builtin", "name": "three-shift"})),
    ),
    Case(
        "dependency_missing",
        "nodes[2].dependencies",
        document(expr("x", "a + b", dependencies=["a"])),
        document(expr("x", "a + b", dependencies=["b", "a"])),
    ),
    Case(
        "dependency_extra",
        "nodes[2].dependencies[1]",
        document(expr("x", "a", dependencies=["a", "b"])),
        document(expr("x", "a", dependencies=["a"])),
    ),
    Case(
        "missing_role",
        "topology.nodes[0].semantics.served",
        document(places=[place(roles={"arrivals": "a"})]),
        document(places=[place(roles={"arrivals": "a", "capacity": 5})]),
    ),
    Case(
        "role_not_allowed",
        "topology.nodes[0].semantics.parallelism",
        document(places=[place(kind="dependency", roles={**TWO, "parallelism": 2})]),
        document(places=[place(kind="service", roles={**TWO, "capacity": 3, "parallelism": 2})]),
    ),
    Case(
        "role_not_allowed",
        "topology.nodes[0].initialCondition",
        document(places=[place(kind="service", initialCondition={"queueDepth": 1})]),
        document(places=[place(initialCondition={"queueDepth": 1})]),
    ),
    Case(
        "conflicting_start",
        "window.start",
        {**changed("grid", start="2020-01-01"), "window": {"start": "2020-01-02"}},
        {**changed("grid", start="2020-01-01"), "window": {"start": "2020-01-01T00:00Z"}},
    ),
    Case(
        "conflicting_definition",
        "topology.nodes[0].wipLimit",
        document(
            buffer(wipLimit=3), places=[place(roles={**TWO, "queueDepth": "pond"}, wipLimit=4)]
        ),
        document(
            buffer(wipLimit=3), places=[place(roles={**TWO, "queueDepth": "pond"}, wipLimit=3.0)]
        ),
    ),
    Case(
        "conflicting_definition",
        "nodes[2].value",
        document({**const("c"), "value": 1}),
        document({"id": "c", "kind": "const", "value": 1}),
    ),
    Case(
        "sink_served_differs",
        "topology.nodes[0].semantics.served",
        document(places=[place(kind="sink", roles=TWO)]),
        document(places=[place(kind="sink", roles={**TWO, "errors": "b"})]),
    ),
    Case(
        "served_shared_by_limited_nodes",
        "topology.nodes[1].semantics.served",
        document(places=[place(dispatchSchedule={"periodBins": 2}), place("Hall")]),
        document(places=[place(), place("Hall")]),
    ),
    Case(
        "wip_without_queue",
        "topology.nodes[0].wipLimit",
        document(places=[place(kind="service", wipLimit=3)]),
        document(places=[place(wipLimit=3)]),
    ),
    Case(
        "wip_without_queue",
        "topology.nodes[0].wipLimit",
        document(places=[place(roles={**TWO, "queueDepth": "a"}, wipLimit=3)]),
        document(buffer(), places=[place(roles={**TWO, "queueDepth": "pond"}, wipLimit=3)]),
    ),
    Case(
        "overflow_target_kind",
        "topology.nodes[0].wipOverflow",
        document(places=[place(wipLimit=3, wipOverflow="Hall"), place("Hall", "service")]),
        document(
            places=[
                place(wipLimit=3, wipOverflow="Hall"),
                place("Hall", "sink", roles={"arrivals": "a"}),
            ]
        ),
    ),
    Case(
        "router_target_defined",
        "nodes[2].routes[0].target",
        document(router({"target": "b"})),
        document(router({"target": "z"}), expr("z", "0")),
    ),
    Case(
        "router_target_shared",
        "nodes[3].routes[0].target",
        document(router({"target": "x"}), router({"target": "x"}, name="s")),
        document(router({"target": "x"}, {"target": "x"}), router({"target": "y"}, name="s")),
    ),
    Case(
        "router_class_repeated",
        "nodes[2].routes[1].classes[0]",
        document(
            router({"target": "x", "classes": ["Red"]}, {"target": "y", "classes": ["Red"]}),
            classes=CLASSES,
        ),
        document(
            router({"target": "x", "classes": ["Red"]}, {"target": "y", "classes": ["Blue"]}),
            classes=CLASSES,
        ),
    ),
    Case(
        "router_weights_zero",
        "nodes[2].routes",
        document(router({"target": "x", "weight": 0})),
        document(router({"target": "x", "weight": 0}, {"target": "y"})),
    ),
    Case(
        "traffic_without_classes",
        "traffic",
        document(traffic=arrival()),
        document(traffic=arrival(), classes=CLASSES),
    ),
    Case(
        "echo_without_failures",
        "topology.nodes[0].semantics.retryEcho",
        document(places=[place(kind="service", roles={**TWO, "retryEcho": "again"})]),
        document(
            places=[place(kind="service", roles={**TWO, "errors": "b", "retryEcho": "again"})]
        ),
    ),
    Case(
        "budget_kernel_starts_now",
        "topology.nodes[0].semantics.retryKernel",
        document(
            places=[
                place(
                    kind="service",
                    roles={
                        **TWO,
                        "failures": "b",
                        "retryEcho": "again",
                        "maxAttempts": 2,
                        "retryKernel": [0.1, 0.5],
                    },
                )
            ]
        ),
        document(
            places=[
                place(
                    kind="service",
                    roles={**TWO, "failures": "b", "retryEcho": "again", "retryKernel": [0.1, 0.5]},
                )
            ]
        ),
    ),
    Case(
        "pmf_not_normalised",
        "nodes[2].pmf",
        document(pmf(pmf={"values": [1], "probabilities": [0.9998]})),
        document(pmf(pmf={"values": [1], "probabilities": [0.99995]})),
    ),
    Case(
        "pmf_invalid",
        "nodes[2].pmf",
        document(pmf(pmf={"values": [1, 2], "probabilities": [1.5, -0.5]})),
        document(pmf(pmf={"1": 0.5, "2": 0.5})),
    ),
    Case(
        "profile_invalid",
        "nodes[2].profile",
        document(pmf(profile={"kind": "inline", "weights": [0, 0, 0]})),
        document(pmf(profile={"kind": "inline", "weights": [0, 0, 1]})),
    ),
    Case(
        "duplicate_edge_id",
        "topology.edges[1].id",
        document(
            places=[place()],
            topology={
                "edges": [
                    {"id": "e 1", "from": "Desk", "to": "Desk"},
                    {"id": "e_1", "from": "Desk", "to": "Desk"},
                ]
            },
        ),
        document(
            places=[place()],
            topology={
                "edges": [
                    {"id": "e1", "from": "Desk", "to": "Desk"},
                    {"id": "e_1", "from": "Desk", "to": "Desk"},
                ]
            },
        ),
    ),
]

GRAPH = [
    Case(
        "algebraic_cycle",
        "nodes[2]",
        document(expr("x", "y + 1"), expr("y", "x + 1")),
        document(expr("x", "y + 1"), expr("y", "SHIFT(x, 1) + 1")),
    ),
    Case(
        "overflow_cycle",
        "topology.nodes[0].wipOverflow",
        document(
            places=[
                place(wipLimit=3, wipOverflow="Hall"),
                place(
                    "Hall", roles={"arrivals": "b", "served": "a"}, wipLimit=3, wipOverflow="Desk"
                ),
            ]
        ),
        document(
            places=[
                place(wipLimit=3, wipOverflow="Hall"),
                place("Hall", roles={"arrivals": "b", "served": "a"}, wipLimit=3),
            ]
        ),
    ),
]

CASES = [*TEXT, *SHAPE, *PARAMETERS, *BINDING, *EXPRESSIONS, *REFERENCES, *GRAPH]
TITLES = [f"{case.code}-{case.path or 'root'}" for case in CASES]


@pytest.mark.parametrize("case", CASES, ids=TITLES)
def test_the_problem_is_reported_once_where_it_is(case: Case) -> None:
    report = validate(case.wrong, case.parameters, limits=case.limits, strict=case.strict)

    assert [(problem.code, problem.path) for problem in report.problems] == [(case.code, case.path)]
    assert report.model is None


@pytest.mark.parametrize("case", CASES, ids=TITLES)
def test_what_comes_near_is_accepted(case: Case) -> None:
    chosen = case.parameters if case.near_parameters is None else case.near_parameters
    report = validate(case.near, chosen, limits=case.limits, strict=case.strict)

    assert report.problems == ()
    assert report.model is not None


def metered() -> Any:
    template = load_template(document({"id": "m", "kind": "const", "source": "file:m.csv#v"}))
    return bind(template)


EVALUATION: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "source_missing": ({}, {"sources": {"file:m.csv#v": np.ones(3)}}),
    "source_shape": (
        {"sources": {"file:m.csv#v": np.ones(2)}},
        {"sources": {"file:m.csv#v": [1, 2, 3]}},
    ),
    "source_not_finite": (
        {"sources": {"file:m.csv#v": np.array([1, np.inf, 3])}},
        {"sources": {"file:m.csv#v": np.array([1, np.nan, 3])}},
    ),
    "unknown_override": (
        {"sources": {"file:m.csv#v": np.ones(3)}, "overrides": {"zz": np.ones(3)}},
        {"sources": {"file:m.csv#v": np.ones(3)}, "overrides": {"a": np.ones(3)}},
    ),
}


@pytest.mark.parametrize("code", EVALUATION)
def test_arrays_that_do_not_fit_are_refused(code: str) -> None:
    with pytest.raises(SourceError) as refusal:
        evaluate(metered(), **EVALUATION[code][0])

    assert [problem.code for problem in refusal.value.problems] == [code]


@pytest.mark.parametrize("code", EVALUATION)
def test_arrays_that_nearly_do_not_fit_are_taken(code: str) -> None:
    result = evaluate(metered(), **EVALUATION[code][1])

    assert result.series("m").shape == (3,)


def test_more_problems_than_the_limit_end_with_too_many_problems() -> None:
    nodes = [expr(f"x{i}", "nowhere") for i in range(5)]

    report = validate(document(*nodes), limits=Limits(max_problems=4))
    near = validate(document(*nodes), limits=Limits(max_problems=5))

    assert [problem.code for problem in report.problems] == ["unknown_series"] * 4 + [
        "too_many_problems"
    ]
    assert [problem.code for problem in near.problems] == ["unknown_series"] * 5


def test_every_code_has_a_case_and_a_near_miss() -> None:
    covered = {case.code for case in CASES} | set(EVALUATION) | {"too_many_problems"}

    assert covered == {code for codes in STAGES.values() for code in codes}
