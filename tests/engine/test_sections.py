"""Claims of single sections of the specification, each with its number, that belong to no mechanism's own tests."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from flowtime.engine import (
    Cancelled,
    DocumentError,
    bind,
    compile_model,
    deterministic_run_id,
    evaluate,
    load_model,
    load_template,
    validate,
)
from flowtime.engine.expansion.naming import snake
from tests.engine.small import document, model, place, run


def problems(data: Any, parameters: Any = None, **options: Any) -> list[tuple[str, str]]:
    return [(p.code, p.path) for p in validate(data, parameters, **options).problems]


def test_every_worked_example_is_cited_by_a_test() -> None:
    """§25, §27.1."""
    tests = Path(__file__).parents[1]
    text = "\n".join(
        path.read_text(encoding="utf-8")
        for room in (tests / "engine", tests / "runs" / "catalog")
        for path in room.rglob("*.py")
    )

    assert [n for n in range(1, 50) if not re.search(rf"\bE{n}\b|_e{n}_", text)] == []


class TestGrid:
    """§2.1"""

    @pytest.mark.parametrize(
        "start", ["2026-01-05T06:00", "2026-01-05T06:00Z", "2026-01-05T06:00:00+00:00"]
    )
    def test_a_start_without_offset_is_utc(self, start):
        data = document({"a": 1})
        data["grid"]["start"] = start

        grid = bind(load_template(data)).grid

        assert grid.start == np.datetime64("2026-01-05T06:00")
        assert grid.starts()[1] == np.datetime64("2026-01-05T07:00")

    def test_a_start_may_stand_in_the_window_and_must_then_agree(self):
        data = document({"a": 1}, window={"start": "2026-01-05T06:00"})
        assert bind(load_template(data)).grid.start == np.datetime64("2026-01-05T06:00")

        data["grid"]["start"] = "2026-01-05T06:00Z"
        assert problems(data) == []
        data["grid"]["start"] = "2026-01-05T07:00Z"
        assert [code for code, _ in problems(data)] == ["conflicting_start"]

    def test_units_are_stored_in_lower_case(self):
        data = document({"a": 1})
        data["grid"] = {"bins": 3, "binSize": 2, "binUnit": "WEEKS"}

        grid = bind(load_template(data)).grid

        assert (grid.bin_unit, grid.bin_minutes, grid.bin_ms) == ("weeks", 20_160, 1_209_600_000)
        assert grid.starts() is None


class TestIdentifiers:
    """§2.2"""

    @pytest.mark.parametrize("name", ["a" * 60, "a.b-c_d", "Z9"])
    def test_a_series_may_be_called(self, name):
        assert problems(document({name: 1})) == []

    @pytest.mark.parametrize("name", ["a" * 61, "9a", "_a", "a.", "a b", "é", "__a"])
    def test_a_series_may_not_be_called(self, name):
        assert problems(document({name: 1})) == [("bad_id", "nodes[0].id")]

    @pytest.mark.parametrize("name", ["c" * 33, "default", "DEFAULT", "Default"])
    def test_a_class_may_not_be_called(self, name):
        assert problems(document({"a": 1}, classes=[{"id": name}])) == [("bad_id", "classes[0].id")]


class TestParameterValues:
    """§6.2"""

    @staticmethod
    def bound(kind: str, value: Any) -> Any:
        declared = {"name": "p", "type": kind, "default": value}
        data = {**document({"a": 1}), "parameters": [declared]}
        return bind(load_template(data)).parameters["p"]

    @pytest.mark.parametrize(
        ("kind", "given", "expected"),
        [
            ("integer", 3.0, 3), ("integer", 3 + 5e-10, 3), ("integer", "3", 3), ("int", -0.0, 0),
            ("number", 3, 3.0), ("number", "1e3", 1000.0), ("float", -0.0, 0.0),
            ("boolean", "true", True), ("bool", False, False), ("string", "", ""),
            ("array", [1, 2.5], (1.0, 2.5)), ("array", "[1, 2]", (1.0, 2.0)),
        ],
    )  # fmt: skip
    def test_is_converted(self, kind, given, expected):
        found = self.bound(kind, given)

        assert found == expected
        assert type(found) is type(expected)
        assert not isinstance(found, float) or np.copysign(1, found) == 1

    @pytest.mark.parametrize(
        ("kind", "given"),
        [
            ("integer", True), ("integer", 3.1), ("integer", "3 bins"),
            ("number", False), ("number", "0x10"), ("number", "nan"), ("boolean", 1), ("boolean", "yes"),
            ("string", 5), ("array", 5), ("array", ["1"]), ("array", [True]), ("array", "1, 2"),
        ],
    )  # fmt: skip
    def test_is_refused(self, kind, given):
        data = {
            **document({"a": 1}),
            "parameters": [{"name": "p", "type": kind, "default": given}],
        }

        assert problems(data) == [("parameter_type", "parameters[0].default")]


class TestPlaceholders:
    def test_a_negative_number_stays_one_factor(self):
        """E46, §6.4."""
        data = document({"x": 4, "y": "x * ${p}"})
        data["parameters"] = [{"name": "p", "type": "number", "default": -0.5}]

        assert evaluate(bind(load_template(data))).series("y").tolist() == [-2] * 4

    def test_a_value_adds_no_structure(self):
        """E47, §6.3."""
        text = (
            "schemaVersion: 1\nmetadata: {id: t, title: T, version: 1.0.0, description: '${p}'}\n"
            "grid: {bins: 1, binSize: 1, binUnit: hours}\nnodes: [{id: a, kind: const, value: 1}]\n"
            'parameters: [{name: p, type: string, default: "a: b  # c"}]\n'
        )

        bound = bind(load_template(text))

        assert bound.metadata["description"] == "a: b  # c"
        assert len(bound.nodes) == 1

    def test_bound_text_is_not_looked_at_again(self):
        """§6.3."""
        data = document({"a": 1})
        data["metadata"]["description"] = "${ p } and $${p}"
        data["parameters"] = [{"name": "p", "type": "string"}]

        bound = bind(load_template(data), {"p": "${q}"})

        assert bound.metadata["description"] == "${q} and ${p}"
        assert load_model(bound.to_document()) == bound


REFUSED_OF_OUTSIDERS = (
    "queueDepth",
    "capacity",
    "attempts",
    "failures",
    "retryEcho",
    "parallelism",
)


@pytest.mark.parametrize("kind", ["dependency", "sink"])
@pytest.mark.parametrize("role", REFUSED_OF_OUTSIDERS)
def test_what_is_outside_the_model_has_no_inner_roles(kind, role):
    """§7.2."""
    roles = {"arrivals": "a", "served": "a", role: "b"}
    data = document({"a": 1, "b": 1}, places=[{"id": "X", "kind": kind, "semantics": roles}])

    assert problems(data) == [("role_not_allowed", f"topology.nodes[0].semantics.{role}")]


def test_a_kind_is_read_in_any_case_and_a_node_role_may_make_a_sink():
    """§7.1."""
    places = [
        {"id": "Q", "kind": "SERVICEWITHBUFFER", "semantics": {"arrivals": "a", "served": "b"}},
        {"id": "End", "nodeRole": "sink", "semantics": {"arrivals": "a"}},
    ]

    bound = model({"a": 1, "b": 1}, places=places)

    assert [node.kind for node in bound.topology.nodes] == ["serviceWithBuffer", "sink"]


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("IncidentQueue", "incident_queue"), ("DLQ", "d_l_q"), ("API_Gateway", "a_p_i_gateway"),
        ("north-gate", "north_gate"), ("a.b", "a_b"), ("Front.Desk-2", "front_desk_2"),
    ],
)  # fmt: skip
def test_names_are_made_by_the_rule(written, expected):
    """§10.1."""
    assert snake(written) == expected


def test_a_taken_name_gets_a_number_by_ascending_topology_id():
    """§10.2."""
    places = [place(name, arrivals="a", served="b") for name in ("Hall-b", "Hall.b", "Hall_b")]

    found = {
        tuple(places[k]["id"] for k in order): {
            node: roles["queueDepth"]
            for node, roles in compile_model(
                model({"a": 1, "b": 1, "hall_b_queue": 5}, places=[places[k] for k in order])
            ).roles.items()
        }
        for order in ((0, 1, 2), (2, 0, 1))
    }

    expected = {"Hall-b": "hall_b_queue_1", "Hall.b": "hall_b_queue_2", "Hall_b": "hall_b_queue_3"}
    assert list(found.values()) == [expected, expected]


class TestEdges:
    """§14.1"""

    @staticmethod
    def bound(**edge: Any) -> Any:
        places = [
            place("A", "service", arrivals="a", served="a", attempts="a"),
            place("B", "service", arrivals="a", served="a"),
        ]
        return model({"a": 1}, places=places, edges=[edge]).topology.edges[0]

    def test_an_id_is_made_of_the_ends_ports_included(self):
        assert self.bound(**{"from": "A:out", "to": "B"}).id == "A:out->B"

    def test_ends_have_aliases_and_ports_begin_at_the_first_colon(self):
        edge = self.bound(source="A:x:y", target="B")

        assert (edge.source, edge.source_port, edge.target) == ("A", "x:y", "B")

    def test_a_port_may_say_what_is_measured(self):
        assert (
            self.bound(**{"from": "A:attempts", "to": "B", "type": "effort"}).measure == "attempts"
        )
        assert self.bound(**{"from": "A:left", "to": "B", "type": "effort"}).measure == "served"


def test_rates_of_zero_share_equally():
    """§13.1."""
    arrivals = [
        {"nodeId": "a", "classId": id, "pattern": {"kind": "constant", "rate": 0}} for id in "AB"
    ]
    result = run({"a": 6}, classes=[{"id": "A"}, {"id": "B"}], traffic={"arrivals": arrivals})

    assert {c: part.tolist() for c, part in result.parts("a").items()} == {
        "A": [3] * 4, "B": [3] * 4
    }  # fmt: skip


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("Front Desk", "run_front-desk_0123456789abcdef"),
        ("--", "run_template_0123456789abcdef"),
        ("a..b", "run_a-b_0123456789abcdef"),
        ("x" * 80, f"run_{'x' * 64}_0123456789abcdef"),
    ],
)
def test_a_run_id_is_made_by_the_rule(template, expected):
    """§22.3."""
    assert deterministic_run_id(template, "sha256:0123456789abcdef" + "0" * 48) == expected


def test_progress_and_cancel_are_asked_between_the_vertices_of_one_function():
    """§23.2: vertices that follow one another are one function, and each is still a component."""
    series = {"s0": [1.0, 2.0], **{f"s{n}": f"s{n - 1} + 1" for n in range(1, 200)}}
    plan = compile_model(model(series))
    told: list[float] = []
    asked: list[int] = []

    plan.run(progress=lambda fraction, _: told.append(fraction))
    plan.run(cancel=lambda: bool(asked.append(1)))
    with pytest.raises(Cancelled):
        plan.run(cancel=lambda: len(asked) > 300 or bool(asked.append(1)))

    assert told[0] == 0
    assert told[-1] == 1
    assert told == sorted(told)
    assert 40 < len(told) <= 100
    assert len(asked) > 300


class TestModels:
    """§23.1"""

    def test_the_document_of_a_model_loads_to_an_equal_model(self):
        bound = model({"a": 1, "b": "a * 2"}, places=[place("Q", arrivals="a", served="b")])

        again = load_model(bound.to_document())

        assert again == bound
        assert again.to_document() == bound.to_document()

    def test_what_is_only_recorded_does_not_change_the_scenario(self):
        """§5, §22.2."""
        plain = evaluate(model({"a": 1}))
        told = evaluate(
            model({"a": 1}, provenance={"by": "hand"}, generator="loom", outputs=[{"series": "a"}])
        )

        assert told.scenario_hash == plain.scenario_hash
        assert told.model.model_hash != plain.model.model_hash

    def test_an_error_names_the_first_problem_and_how_many_more(self):
        """§23.4."""
        with pytest.raises(DocumentError) as refusal:
            load_template(document({"a": "b", "c": "d", "e": "f"}))

        assert len(refusal.value.problems) == 3
        assert str(refusal.value.problems[0]) in refusal.value.message
        assert "2 more" in refusal.value.message
